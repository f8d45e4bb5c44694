"""What is wrong with a lexicon, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from ttskit.errors import InputError
from ttskit_spanish.lexicon.entries import DIALECTS, Entry, parse_phonemes, read_entries
from ttskit_spanish.phones import STRESS, VOWELS
from ttskit_spanish.spelling import plain
from ttskit_spanish.syllables import syllabify


@dataclass(frozen=True, slots=True)
class LexiconProblem:
    """Something wrong with an entry.

    Args:
        line: in the file, from 1; 0 if unknown.
        word: whose entry it is.
        what: what is wrong and what to write instead.
        serious: False for a remark: the lexicon can be used all the same.
    """

    line: int
    word: str
    what: str
    serious: bool = True

    def __str__(self) -> str:
        return f"line {self.line}: {self.word or '(no word)'}: {self.what}" + ("" if self.serious else " (remark)")


def check_entries(entries: Sequence[Entry]) -> list[LexiconProblem]:
    """Problems of a lexicon's entries, in their order.

    >>> for problem in check_entries([Entry("Zoom", "zum", None, 1), Entry("tour", "/tur/", "andaluz", 2)]):
    ...     print(problem)
    line 1: Zoom: words are looked up in lower case: write 'zoom'
    line 2: tour: unknown dialect 'andaluz': rioplatense, latin_american, castilian or nothing for all
    """
    found: list[LexiconProblem] = []
    seen: dict[tuple[str, str | None], int] = {}
    for entry in entries:
        found += [LexiconProblem(entry.line, entry.word, what) for what in _wrong(entry)]
        key = (entry.word, entry.dialect)
        if key in seen:
            found.append(LexiconProblem(entry.line, entry.word, f"listed before, at line {seen[key]}: keep one"))
        seen.setdefault(key, entry.line)
        if entry.word == entry.reading and entry.dialect is None:
            found.append(
                LexiconProblem(
                    entry.line,
                    entry.word,
                    "its respelling is the word itself: it only keeps rules of beginnings, endings and plurals off",
                    serious=False,
                )
            )
    return found


def _wrong(entry: Entry) -> list[str]:
    word, reading = entry.word, entry.reading
    out = []
    if not word.strip("-"):
        return ["there is no word"]
    if word != word.lower():
        out.append(f"words are looked up in lower case: write {word.lower()!r}")
    if any(c.isspace() for c in word):
        out.append("a word has no spaces: list its words one by one")
    part = word.startswith("-") or word.endswith("-")
    if part and len(word.strip("-")) < 3:
        out.append("a beginning or ending has three letters or more")
    if entry.dialect is not None and entry.dialect not in DIALECTS:
        near = get_close_matches(entry.dialect, DIALECTS, n=1)
        out.append(f"unknown dialect {entry.dialect!r}: {near[0] if near else ', '.join(DIALECTS) + ' or nothing for all'}")
    if not reading:
        out.append("there is no reading: put a tab and a respelling, or /phonemes/")
    elif reading.startswith("/"):
        out += _wrong_phonemes(reading, part)
    elif any(c.isspace() for c in reading):
        out.append(f"a reading is one word: write {''.join(reading.split())!r} or /phonemes/")
    elif plain(reading.strip("-").lower()) is None or (not part and syllabify(reading.lower()) is None):
        out.append(f"{reading!r} cannot be read as Spanish spelling: respell it, or write /phonemes/")
    return out


def _wrong_phonemes(reading: str, part: bool) -> list[str]:
    if part:
        return ["a beginning or ending is respelt in letters, not phonemes"]
    if len(reading) < 3 or not reading.endswith("/"):
        return ["phonemes stand between two slashes: /k ˈa s a/"]
    phones, wrong = parse_phonemes(reading[1:-1])
    if wrong:
        return [f"no phoneme of this frontend: {', '.join(repr(c) for c, _ in wrong)}"]
    nuclei = sum(p.removeprefix(STRESS) in VOWELS for p in phones)
    stresses = sum(p.startswith(STRESS) for p in phones)
    if nuclei == 0:
        return ["phonemes without a vowel"]
    return ["mark the stressed vowel with ˈ"] if nuclei > 1 and stresses == 0 else []


def check_lexicon(path: Path) -> list[LexiconProblem]:
    """Problems of the lexicon at `path`; a file that cannot be read at all is an `InputError`."""
    return check_entries(read_entries(path))


def require_sound(path: Path, entries: Sequence[Entry]) -> None:
    """An `InputError` with the first problems if `entries` cannot be used."""
    serious = [p for p in check_entries(entries) if p.serious]
    if serious:
        shown = "\n".join(str(p) for p in serious[:8])
        more = f"\nand {len(serious) - 8} more" if len(serious) > 8 else ""
        raise InputError(f"lexicon has errors: {path}", shown + more, f"ttskit text check-lexicon {path}")
