"""Looking a word up: whole words, then beginnings, then endings; a project's lexicon before the built-in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING

from ttskit_spanish.lexicon.entries import Entry, from_tsv, parse_phonemes, read_entries
from ttskit_spanish.phones import ALLOPHONES

if TYPE_CHECKING:
    from pathlib import Path

_BUILTIN = ("loans.tsv", "names.tsv")
_NATIVE = "native.tsv"
_KEY = 3  # letters by which beginnings and endings are found; none may be shorter


class Table:
    """Readings for one dialect, filled when the first word is looked up.

    Args:
        entries: gives the entries; later ones win over earlier ones, those for the dialect over those for all.
        dialect: which dialect's entries count.
    """

    words: dict[str, str]
    _starts: dict[str, list[tuple[str, str]]]
    _ends: dict[str, list[tuple[str, str]]]

    def __init__(self, entries: Callable[[], Iterable[Entry]], dialect: str) -> None:
        self._entries, self._dialect = entries, dialect

    def __getattr__(self, name: str) -> dict:
        if name not in ("words", "_starts", "_ends"):
            raise AttributeError(name)
        words: dict[str, str] = {}
        starts: dict[str, list[tuple[str, str]]] = {}
        ends: dict[str, list[tuple[str, str]]] = {}
        own: list[Entry] = []
        for rows, dialect in ((self._entries(), None), (own, self._dialect)):
            for entry in rows:
                word, reading, spoken, _ = entry
                if spoken != dialect:
                    if spoken == self._dialect:
                        own.append(entry)
                elif word[-1] == "-":
                    self._add(starts, word[:-1], word[:_KEY], reading)
                elif word[0] == "-":
                    self._add(ends, word[1:], word[-_KEY:], reading)
                else:
                    words[word] = reading
        self._starts, self._ends, self.words = starts, ends, words  # words last: two threads at once set the same
        return getattr(self, name)

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
        """A word that is not listed itself, with a listed beginning or else a listed ending (or its plural in s) respelt.

        None if it has neither.

        >>> table = Table(lambda: from_tsv("hack-\\tjak-\\n-ware\\t-wer"), "castilian")
        >>> table.respelt("hackear"), table.respelt("firmware"), table.respelt("adwares"), table.respelt("casa")
        ('jakear', 'firmwer', 'adwers', None)
        """
        for part, reading in self._starts.get(word[:_KEY], ()):
            if word.startswith(part):
                return reading + word[len(part) :]
        for part, reading in self._ends.get(word[-_KEY:], ()):
            if word.endswith(part) and len(word) > len(part):
                return word[: -len(part)] + reading
        if word[-1] == "s" and word[-1 - _KEY : -1] in self._ends:
            singular = self.respelt(word[:-1])
            return None if singular is None else singular + "s"
        return None


@cache
def builtin_entries(names: str = "hispanicised") -> tuple[Entry, ...]:
    """The loans and names that ship with the frontend.

    Args:
        names: hispanicised, or native: names and loans whose use is divided in the reading of their own language.
    """
    from pathlib import Path

    folder = Path(__file__).parent
    files = (*_BUILTIN, _NATIVE) if names == "native" else _BUILTIN
    return tuple(entry for name in files for entry in from_tsv((folder / name).read_text(encoding="utf-8")))


@cache
def builtin_table(dialect: str, names: str = "hispanicised") -> Table:
    """The built-in lexicon for a dialect."""
    return Table(lambda: builtin_entries(names), dialect)


def project_table(path: Path, dialect: str, names: str = "hispanicised") -> tuple[Table, str]:
    """The built-in lexicon with a project's entries over it, and the SHA-256 of the project's file."""
    import hashlib

    from ttskit_spanish.lexicon.check import require_sound

    entries = read_entries(path)
    require_sound(path, entries)
    return Table(lambda: (*builtin_entries(names), *entries), dialect), hashlib.sha256(path.read_bytes()).hexdigest()
