"""Phonemes written in the text: `El grupo [[ˈwa i m]] toca hoy`."""

from __future__ import annotations

import re
from typing import NamedTuple

from ttskit.symbols import SymbolTable
from ttskit_spanish.lexicon.entries import parse_phonemes
from ttskit_spanish.pattern import Pattern

_INLINE = Pattern(r"\[\[([^\[\]\n]{1,400})\]\]")


class Inline(NamedTuple):
    """Phonemes that stand in the text.

    Args:
        text: as written, brackets included.
        span: (start, end) characters of it.
        phonemes: what it says.
    """

    text: str
    span: tuple[int, int]
    phonemes: tuple[str, ...]


def find_inline(text: str, symbols: SymbolTable) -> tuple[str, dict[int, Inline]]:
    """`text` with a word of the same length in place of each `[[phonemes]]`, and those by their start.

    Brackets that hold anything but phonemes of `symbols` stay as they are, so that the normaliser
    reads or reports what is in them.

    >>> from ttskit_spanish.phones import symbol_table
    >>> masked, found = find_inline("ya [[kaˈsa]] no", symbol_table())
    >>> masked, found[3].phonemes
    ('ya tatatatat no', ('k', 'a', 's', 'ˈa'))
    """
    found: dict[int, Inline] = {}

    def mask(match: re.Match) -> str:
        phonemes, wrong = parse_phonemes(match.group(1))
        start, end = match.span()
        glued = text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()
        if wrong or glued or not phonemes or any(p not in symbols for p in phonemes):
            return match.group()
        found[start] = Inline(match.group(), (start, end), phonemes)
        return ("ta" * (end - start))[: end - start]

    return (_INLINE.sub(mask, text), found) if "[[" in text else (text, found)
