"""The marks of the page's texts: emphasis, code and formulas among plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["formulas_of", "marked", "plain_pieces"]

_MARKS = re.compile(r"\$(?P<math>[^$]+)\$|\*\*(?P<strong>.+?)\*\*|\*(?P<em>[^*]+)\*|`(?P<code>[^`]+)`", re.DOTALL)


def marked(text: str) -> Iterator[tuple[str, str]]:
    """Pieces in order, each with its kind: "plain", "math", "strong", "em" or "code"."""
    place = 0
    for found in _MARKS.finditer(text):
        if found.start() > place:
            yield "plain", text[place : found.start()]
        kind = found.lastgroup or "plain"
        yield kind, found[kind]
        place = found.end()
    if place < len(text):
        yield "plain", text[place:]


def plain_pieces(text: str) -> list[str]:
    """What has places to be filled: all but formulas and code, whose braces are their own."""
    return [piece for kind, piece in marked(text) if kind not in ("math", "code")]


def formulas_of(text: str) -> list[str]:
    """LaTeX of the formulas."""
    return [piece for kind, piece in marked(text) if kind == "math"]
