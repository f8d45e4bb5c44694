"""Looking a word up: whole words, then beginnings, then endings; a project's lexicon before the built-in one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ttskit_spanish.lexicon.entries import Entry, from_tsv, parse_phonemes, read_entries
from ttskit_spanish.phones import ALLOPHONES

_BUILTIN = tuple(Path(__file__).with_name(name) for name in ("loans.tsv", "names.tsv"))
_KEY = 3  # letters by which beginnings and endings are found; none may be shorter


class Table:
    """Readings for one dialect.

    Args:
        entries: later ones win over earlier ones, those for the dialect over those for all.
        dialect: which dialect's entries count.
    """

    __slots__ = ("_ends", "_starts", "words")

    def __init__(self, entries: Iterable[Entry], dialect: str) -> None:
        self.words: dict[str, str] = {}
        self._starts: dict[str, list[tuple[str, str]]] = {}
        self._ends: dict[str, list[tuple[str, str]]] = {}
        mine = [e for e in entries if e.dialect in (None, dialect)]
        for entry in sorted(mine, key=lambda e: e.dialect is not None):
            if entry.word.endswith("-"):
                self._add(self._starts, entry.word[:-1], entry.word[:_KEY], entry.reading)
            elif entry.word.startswith("-"):
                self._add(self._ends, entry.word[1:], entry.word[-_KEY:], entry.reading)
            else:
                self.words[entry.word] = entry.reading

    @property
    def allophones(self) -> bool:
        """Whether a reading in phonemes uses a symbol beyond the phonemes."""
        listed = (parse_phonemes(r)[0] for r in self.words.values() if r.startswith("/"))
        return any(phone in ALLOPHONES for phones in listed for phone in phones)

    @staticmethod
    def _add(parts: dict[str, list[tuple[str, str]]], part: str, key: str, reading: str) -> None:
        rows = [row for row in parts.get(key, ()) if row[0] != part]
        parts[key] = sorted([*rows, (part, reading.strip("-"))], key=lambda row: -len(row[0]))

    def respelt(self, word: str) -> str | None:
        """A word that is not listed itself, with a listed beginning or else a listed ending respelt; None if it has neither.

        >>> table = Table(from_tsv("hack-\\tjak-\\n-ware\\t-wer"), "castilian")
        >>> table.respelt("hackear"), table.respelt("firmware"), table.respelt("casa")
        ('jakear', 'firmwer', None)
        """
        for part, reading in self._starts.get(word[:_KEY], ()):
            if word.startswith(part):
                return reading + word[len(part) :]
        for part, reading in self._ends.get(word[-_KEY:], ()):
            if word.endswith(part) and len(word) > len(part):
                return word[: -len(part)] + reading
        return None


@cache
def builtin_entries() -> tuple[Entry, ...]:
    """The loans and names that ship with the frontend."""
    return tuple(entry for path in _BUILTIN for entry in from_tsv(path.read_text(encoding="utf-8")))


@cache
def builtin_table(dialect: str) -> Table:
    """The built-in lexicon for a dialect."""
    return Table(builtin_entries(), dialect)


def project_table(path: Path, dialect: str) -> tuple[Table, str]:
    """The built-in lexicon with a project's entries over it, and the SHA-256 of the project's file."""
    import hashlib

    from ttskit_spanish.lexicon.check import require_sound

    entries = read_entries(path)
    require_sound(path, entries)
    return Table((*builtin_entries(), *entries), dialect), hashlib.sha256(path.read_bytes()).hexdigest()
