"""Word errors of a transcription: what was said and what was understood, both brought to the same words first."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from ttskit.plugins import Registry

__all__ = ["Normalise", "normaliser", "word_errors"]

Normalise = Callable[[str], list[str]]


def normaliser(registry: Registry, frontend: str = "spanish", *, accents: bool = False) -> Normalise:
    """What turns a text into its words as they are spoken: "3" becomes "tres", case and punctuation go.

    Args:
        frontend: whose reading of numbers and abbreviations counts; its options are the plugin's own.
        accents: whether a missing accent is an error. By default it is none ("ñ" always is a letter of its own).

    Raises:
        InputError: no such frontend.
    """
    analyze = registry.get("frontend", frontend).load()().analyze

    def words(text: str) -> list[str]:
        found = [word.text.casefold() for word in analyze(text).words]
        return found if accents else [_plain(word) for word in found]

    return words


def word_errors(said: str, understood: str, normalise: Normalise) -> tuple[int, int]:
    """Substitutions, deletions and insertions that turn what was said into what was understood, and the words that were said.

    Args:
        normalise: as `normaliser` gives it.
    """
    expected = normalise(said)
    return _distance(expected, normalise(understood)), len(expected)


def _plain(word: str) -> str:
    """Without accents and diaeresis, but with the tilde of "ñ"."""
    kept = "".join(c for c in unicodedata.normalize("NFD", word) if unicodedata.category(c) != "Mn" or c == "\u0303")
    return unicodedata.normalize("NFC", kept)


def _distance(said: Sequence[str], understood: Sequence[str]) -> int:
    """The edit distance of Levenshtein (1966), over words."""
    last = list(range(len(understood) + 1))
    for i, word in enumerate(said, 1):
        row = [i]
        for j, other in enumerate(understood, 1):
            row.append(min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (word != other)))
        last = row
    return last[-1]
