"""What the token classes know of the text around them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from ttskit.interfaces.frontend import Reading, Unknown
from ttskit_spanish.normalize.choices import DEFAULT, Choices
from ttskit_spanish.normalize.piece import Piece
from ttskit_spanish.pattern import Pattern

# Letters; marks that no composed letter exists for (Guaraní g̃) stay with their letter.
_NO_LETTERS = "\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u209c\u2150-\u2189\u2460-\u24ff"  # superscripts, fractions: \w for Python
WORD = Pattern(rf"[^\W\d_{_NO_LETTERS}](?:[^\W\d_{_NO_LETTERS}]|[\u0300-\u036f])*")
# Up to two spaces and then a word, from the end of a token.
_NEXT = Pattern(r"[ \t\xa0]{0,2}([^\W\d_]+)")


class Context:
    """The text, where it is read, and what was read so far.

    Args:
        text: NFC text.
        locale: "es-AR", "es-ES", "es-MX" or "es-US".
        pieces: what was read before this token.
        shouting: the text is all capitals, so capitals mean nothing.
        choices: how uncertain classes are read.
        readings: how each stretch of the text was read.
        unknown: characters that were not read.
    """

    def __init__(
        self, text: str, locale: str, pieces: list[Piece] | None = None, shouting: bool = False, choices: Choices = DEFAULT
    ) -> None:
        self.text, self.locale, self.shouting, self.choices = text, locale, shouting, choices
        self.pieces: list[Piece] = pieces if pieces is not None else []
        self.readings: list[Reading] = []
        self.unknown: list[Unknown] = []
        self.doubt: tuple[int, str] = (-1, "")  # where a day was thought of, and why it is none

    @property
    def comma(self) -> bool:
        """Whether decimals are written with a comma (and thousands with a point)."""
        return self.locale in ("es-AR", "es-ES")

    @cached_property
    def equation(self) -> bool:
        """Whether the text has an equals sign, so that dashes between numbers are minus signs."""
        return "=" in self.text[:10_000]

    @cached_property
    def arithmetic(self) -> bool:
        """Whether the text has a sum or an equation."""
        return self.equation or "+" in self.text[:10_000]

    def before(self, count: int = 1) -> str:
        """The word `count` pieces before, "" if there is none or it is punctuation."""
        if len(self.pieces) < count:
            return ""
        piece = self.pieces[-count]
        return "" if piece.kind == "mark" else piece.text

    def written(self) -> str:
        """The stretch of the text that was last read aloud, in lower case: dnu, though it was spelt."""
        return next((r.text.lower() for r in reversed(self.readings[-3:]) if r.spoken), "")

    def recent(self, count: int) -> set[str]:
        """The last `count` words and marks."""
        return {piece.text for piece in self.pieces[-count:]}

    def after(self, at: int) -> str:
        """The word that follows position `at` (only a space between), as written, or ""."""
        match = _NEXT.match(self.text, at)
        return match[1] if match else ""

    def silent(self, start: int, end: int, rule: str) -> None:
        """Note that this stretch is not said, by rule."""
        self.readings.append(Reading((start, end), self.text[start:end], "", "silent", rule))

    def report(self, start: int, end: int) -> None:
        """Note that these characters were not read."""
        self.unknown += [Unknown(self.text[i], i) for i in range(start, end)]


# A token class: reads what starts at a position, gives (spoken words, end) or None; a third item names the
# rule where the class has several. Spoken words may hold " , " for a pause.
Found = tuple[str, int] | tuple[str, int, str]
Reader = Callable[[str, int, Context], "Found | None"]


def ends_token(text: str, at: int) -> bool:
    """Whether no letter or digit follows, so that a match may end here."""
    return at >= len(text) or not (text[at].isalnum() or text[at] == "_")
