"""ttskit's Spanish frontend, spoken in the tokens of a NeMo checkpoint.

The dictionaries of NeMo know few words of everyday Rioplatense and none of its ʃ for ll and y. Here the
rules of the frontend `spanish` read the text (numbers, voseo, any dialect) and its phones are written the
way the dictionaries write them: stress before the vowel, ɾɾ for the trill, β ð ɣ inside words, ɪ ʊ for the
end of a diphthong. A phone keeps its own symbol: ʎ and ʝ never become ʃ, nor ʃ one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ttskit.errors import MismatchError
from ttskit.interfaces.frontend import Analysis, Unknown, Word
from ttskit.symbols import SymbolTable

STRESS = "ˈ"
_VOWELS = frozenset("aeiou")
_SOFT = {"b": "β", "d": "ð", "ɡ": "ɣ"}
_MARKS = {"…": "...", "—": "-"}
_ENDS = {"j": "ɪ", "w": "ʊ"}


@dataclass(frozen=True, slots=True)
class Read:
    """What was read: as `Analysis`, without the spaces at the ends."""

    normalized: str
    words: tuple[Word, ...]
    tokens: list[tuple[str, int | None]]
    unknown: tuple[Unknown, ...]


class SpanishSounds:
    """Reads text with the frontend `spanish` in the tokens of `table`.

    Raises:
        MismatchError: the inventory lacks a phone of the dialect.
    """

    def __init__(self, dialect: str, table: SymbolTable) -> None:
        from ttskit.plugins import create_registry

        plain = {"rioplatense": "es-AR", "latin_american": "es-MX", "castilian": "es-ES"}
        self._frontend = create_registry().get("frontend", "spanish").load()(dialect=dialect, locale=plain[dialect])
        self._table = table
        need = {"rioplatense": "ʃ", "latin_american": "ʝ", "castilian": "θʝ"}[dialect] + "abdefiklmnopstuxɡɲɾʃ" + STRESS
        lacking = sorted({phone for phone in need if phone not in table})
        if lacking:
            raise MismatchError(
                f"the checkpoint's tokens cannot spell {dialect} Spanish",
                f"it lacks {' '.join(lacking)}",
                "use reading: dictionary, or another dialect",
            )

    def read(self, text: str) -> Read:
        """Read `text` (NFC)."""
        analysis: Analysis = self._frontend.analyze(text)
        words = tuple(replace(w, phonemes=tuple(p for p in written(w) if p in self._table)) for w in analysis.words)
        tokens: list[tuple[str, int | None]] = []
        last: int | None = None
        for token, word in zip(analysis.tokens, analysis.token_words, strict=True):
            if word is None:
                last = None
                for mark in self._mark(token):
                    tokens.append((mark, None))
            elif word != last:
                if tokens and tokens[-1][0] not in "¿¡ ":
                    tokens.append((" ", None))
                tokens += [(phone, word) for phone in words[word].phonemes]
                last = word
        return Read(analysis.normalized, words, _spaced(tokens), analysis.unknown)

    def _mark(self, token: str) -> Iterable[str]:
        if len(token) > 1 or token == " ":  # edges and spaces of the other inventory
            return ()
        return [mark for mark in _MARKS.get(token, token) if mark in self._table]


def _spaced(tokens: list[tuple[str, int | None]]) -> list[tuple[str, int | None]]:
    """A space before an opening mark that follows something."""
    result: list[tuple[str, int | None]] = []
    for token in tokens:
        if token[0] in "¿¡" and result and result[-1][0] not in "¿¡ ":
            result.append((" ", None))
        result.append(token)
    return result


def written(word: Word) -> list[str]:
    """A word's phones in the dictionaries' spelling, one character each.

    >>> "".join(written(Word("calle", (0, 5), phonemes=("k", "ˈa", "ʃ", "e"))))
    'kˈaʃe'
    >>> "".join(written(Word("verde", (0, 5), phonemes=("b", "ˈe", "ɾ", "d", "e"))))
    'bˈeɾðe'
    """
    phones = list(word.phonemes)
    vowels = [i for i, p in enumerate(phones) if p.removeprefix(STRESS) in _VOWELS]
    if len(vowels) == 1 and not phones[vowels[0]].startswith(STRESS):
        phones[vowels[0]] = STRESS + phones[vowels[0]]  # the dictionaries stress every word of one syllable
    result: list[str] = []
    for i, phone in enumerate(phones):
        before = phones[i - 1].removeprefix(STRESS) if i else ""
        after = phones[i + 1].removeprefix(STRESS) if i + 1 < len(phones) else ""
        if phone in _SOFT and before and before not in "mnɲ" and not (phone == "d" and before == "l"):
            phone = _SOFT[phone]
        elif phone == "n" and after == "ɡ":
            phone = "ŋ"
        elif phone == "r":
            phone = "ɾɾ"
        elif phone in _ENDS and before in _VOWELS and after not in _VOWELS:
            phone = _ENDS[phone]
        result += phone
    return result
