"""What the normaliser produces."""

from __future__ import annotations

from typing import NamedTuple


class Piece(NamedTuple):
    """One spoken word, or one punctuation mark.

    Args:
        text: the word in lower case, or the mark.
        span: (start, end) characters of the text that it came from.
        kind: the token class that read it ("word", "cardinal", "date" …), "mark" for punctuation.
    """

    text: str
    span: tuple[int, int]
    kind: str = "word"
