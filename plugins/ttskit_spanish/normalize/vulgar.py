"""Fractions as they are written: 3/4, 3⁄4, ½, ³⁄₁₆, and mixed numbers: 1 1/2, 2¾, 5 ⅞."""

from __future__ import annotations

from typing import NamedTuple

from ttskit_spanish.pattern import Pattern

# Every sign of Unicode's Number Forms and Latin-1 that is a fraction.
SIGNS = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5), "⅘": (4, 5),
    "⅙": (1, 6), "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8), "⅑": (1, 9), "⅒": (1, 10),
}  # fmt: skip
_RAISED, _LOWERED = "⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉"
_DIGITS = str.maketrans(_RAISED + _LOWERED, "0123456789" * 2)
_SIGN = Pattern(rf"(?:(\d{{1,6}})[ \xa0]?)?([{''.join(SIGNS)}])")
_BUILT = Pattern(rf"(?:(\d{{1,6}})[ \xa0]?)?([{_RAISED}]{{1,3}})[⁄/]([{_LOWERED}]{{1,4}})")
_SLASH = Pattern(r"(?:(\d{1,6})[ \xa0])?(\d{1,3})⁄(\d{1,4})(?!\d)")
_PLAIN = Pattern(r"(?:(\d{1,6})[ \xa0])?(\d{1,3})/(\d{1,3})(?![\d/])")

_HINT = Pattern(rf"\d{{0,6}}[ \xa0]?(?:[{''.join(SIGNS)}{_RAISED}]|\d{{0,3}}[⁄/])")  # what any of them begins with


class Parts(NamedTuple):
    """A fraction with its whole number (None for none), and where it ends."""

    whole: int | None
    over: int
    under: int
    end: int


def parts_at(text: str, at: int, *, plain: bool = False) -> Parts | None:
    """The fraction that starts at `at`, written with signs of its own; `plain`: or as 3/4 with up to three digits each.

    >>> parts_at("½", 0), parts_at("2 ¾ kg", 0), parts_at("1³⁄₁₆", 0)
    (Parts(whole=None, over=1, under=2, end=1), Parts(whole=2, over=3, under=4, end=3), Parts(whole=1, over=3, under=16, end=5))
    >>> parts_at("3/4", 0), parts_at("1 3/4", 0, plain=True)
    (None, Parts(whole=1, over=3, under=4, end=5))
    """
    if _HINT.match(text, at) is None:
        return None
    sign = _SIGN.match(text, at)
    if sign is not None:
        return Parts(int(sign[1]) if sign[1] else None, *SIGNS[sign[2]], sign.end())
    match = _BUILT.match(text, at) or _SLASH.match(text, at) or (_PLAIN.match(text, at) if plain else None)
    if match is None:
        return None
    over, under = (int(digits.translate(_DIGITS)) for digits in (match[2], match[3]))
    return Parts(int(match[1]) if match[1] else None, over, under, match.end())
