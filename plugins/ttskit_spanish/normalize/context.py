"""What the token classes know of the text around them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ttskit_spanish.normalize.piece import Piece

WORD = re.compile(r"[^\W\d_]+")
# Up to one space and then a word, from the end of a token.
_NEXT = re.compile(r"[ \t\xa0]{0,2}([^\W\d_]+)")


@dataclass(slots=True)
class Context:
    """The text, where it is read, and what was read so far.

    Args:
        text: NFC text.
        locale: "es-AR", "es-ES", "es-MX" or "es-US".
        pieces: what was read before this token.
        shouting: the text is all capitals, so capitals mean nothing.
    """

    text: str
    locale: str
    pieces: list[Piece] = field(default_factory=list)
    shouting: bool = False

    @property
    def comma(self) -> bool:
        """Whether decimals are written with a comma (and thousands with a point)."""
        return self.locale in ("es-AR", "es-ES")

    def before(self, count: int = 1) -> str:
        """The word `count` pieces before, "" if there is none or it is punctuation."""
        if len(self.pieces) < count:
            return ""
        piece = self.pieces[-count]
        return "" if piece.kind == "mark" else piece.text

    def after(self, at: int) -> str:
        """The word that follows position `at` (only a space between), as written, or ""."""
        match = _NEXT.match(self.text, at)
        return match[1] if match else ""


# A token class: reads what starts at a position, gives (spoken words, end) or None. Spoken words
# may hold " , " for a pause.
Reader = Callable[[str, int, Context], "tuple[str, int] | None"]


def ends_token(text: str, at: int) -> bool:
    """Whether no letter or digit follows, so that a match may end here."""
    return at >= len(text) or not (text[at].isalnum() or text[at] == "_")
