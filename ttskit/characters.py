"""CharacterFrontend: letters as tokens, for checkpoints that were trained on letters of a given inventory."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ttskit.errors import ConfigError
from ttskit.interfaces.frontend import Analysis, Frontend, Unknown, Word
from ttskit.symbols import SymbolTable

__all__ = ["CharacterFrontend", "CharacterOptions"]

_SPANISH = ("<pad>", " ", *"!\"'(),-.:;?¡¿", *"abcdefghijklmnopqrstuvwxyzáéíñóúü")


@dataclass(frozen=True)
class CharacterOptions:
    """Options of the frontend `characters`.

    Args:
        symbols: the inventory, in id order; those of one character can be written.
        pad: the padding symbol.
        case: "lower" (texts are put in lower case) or "as written".
    """

    symbols: tuple[str, ...] = _SPANISH
    pad: str = "<pad>"
    case: Literal["lower", "as written"] = "lower"


class CharacterFrontend(Frontend):
    """Every character that is in the inventory is a token; the others are reported.

    >>> CharacterFrontend().phonemize("¿Che?")
    '¿ c h e ?'
    """

    name = "characters"
    version = "1"

    def __init__(self, symbols: tuple[str, ...] = _SPANISH, pad: str = "<pad>", case: str = "lower") -> None:
        if case not in ("lower", "as written"):
            raise ConfigError(f"unknown case {case!r}", "cases: lower, as written", "use lower")
        self.options: Mapping[str, Any] = {"symbols": list(symbols), "pad": pad, "case": case}
        written = {s for s in symbols if len(s) == 1 and s != pad}
        silent = {s for s in symbols if not any(c.isalnum() for c in s)} | {pad}
        self._table = SymbolTable(tuple(symbols), pad, " " if " " in written else None, silent=frozenset(silent))
        self._written, self._case = written, case

    @property
    def symbols(self) -> SymbolTable:
        """The inventory."""
        return self._table

    def analyze(self, text: str) -> Analysis:
        """Read `text` (NFC first: spans count the characters of `Analysis.text`)."""
        text = unicodedata.normalize("NFC", text)
        tokens: list[tuple[str, int | None]] = []
        words: list[Word] = []
        unknown: list[Unknown] = []
        for match in re.finditer(r"(?P<word>\w+)|(?P<space>\s+)|(?P<mark>.)", text):
            if match["space"]:
                if " " in self._written and tokens:
                    tokens.append((" ", None))
                continue
            known = []
            for position, character in enumerate(match[0], match.start()):
                shown = character.lower() if self._case == "lower" else character
                if set(shown) <= self._written:
                    known += shown
                else:
                    unknown.append(Unknown(character, position))
            spoken = any(c.isalnum() for c in known)
            tokens += [(c, len(words) if spoken else None) for c in known]
            if spoken:
                words.append(Word(match[0].lower(), match.span(), phonemes=tuple(known)))
        while tokens and tokens[-1][0] == " ":
            tokens.pop()
        owners = tuple(w for _, w in tokens)
        normalized = " ".join(word.text for word in words)
        return Analysis(text, normalized, tuple(words), tuple(t for t, _ in tokens), owners, tuple(unknown))
