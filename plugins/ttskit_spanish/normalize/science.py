"""Numbers as science and other countries write them: 3×10⁸, 2,5E-3, 1'000'000."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context, Found, ends_token
from ttskit_spanish.normalize.nouns import gender_after
from ttskit_spanish.normalize.numbers import LIMIT, cardinal
from ttskit_spanish.normalize.numerals import numeral_at
from ttskit_spanish.normalize.units import unit_at
from ttskit_spanish.pattern import Pattern

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺−–", "0123456789-+--")
_HINT = Pattern(r"\d[\d.,]{0,24}[ \xa0]?[’'eExX×·⋅*⁻^]")
_POWER_OF_TEN = Pattern(r"[ \xa0]?[xX×·⋅*][ \xa0]?10(?:\^([-−–+]?\d{1,3})|([⁻⁺]?[⁰¹²³⁴-⁹]{1,3}))(?!\d)")
_TEN = Pattern(r"10(?:\^([-−–]\d{1,3})|(⁻[⁰¹²³⁴-⁹]{1,3}))(?!\d)")
# 1e6 may be a code; a sign or a decimal makes it a number.
_EXPONENT = Pattern(r"\d{1,9}(?:[.,]\d{1,9}[eE]([-−–+]?\d{1,3})|[eE]([-−–+]\d{1,3}))")
_APOSTROPHES = Pattern(r"\d{1,3}(?:['’]\d{3})+(?!\d)")


def _power(written: str) -> str:
    """An exponent in words."""
    number = int(written.translate(_RAISED))
    return f"diez elevado a {cardinal(number)}"


def _with_unit(words: str, text: str, end: int) -> Found:
    unit = unit_at(text, end)
    return (words, end, "power of ten") if unit is None else (f"{words} {unit[0][1]}", unit[1], "power of ten")


def read_science(text: str, at: int, context: Context) -> Found | None:
    """A number times a power of ten; thousands with apostrophes.

    >>> from ttskit_spanish.normalize.context import Context
    >>> def read(t):
    ...     found = read_science(t, 0, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("3×10⁸"), read("1,6 x 10^-19"), read("10⁻³"), read("1E3")
    ('tres por diez elevado a ocho', 'uno coma seis por diez elevado a menos diecinueve', 'diez elevado a menos tres', None)
    >>> read("2.5e-3"), read("1'000'000")
    ('dos punto cinco por diez elevado a menos tres', 'un millón')
    """
    if _HINT.match(text, at) is None:
        return None
    ten = _TEN.match(text, at)
    if ten is not None:
        return _with_unit(_power(ten[1] or ten[2]), text, ten.end())
    apart = _APOSTROPHES.match(text, at)
    if apart is not None and ends_token(text, apart.end()):
        whole = int(apart.group().replace("'", "").replace("’", ""))
        if whole < LIMIT:
            return cardinal(whole, gender_after(context, apart.end())), apart.end(), "thousands with apostrophes"
    exponent = _EXPONENT.match(text, at)
    if exponent is not None and ends_token(text, exponent.end()):
        written = exponent.group()
        mantissa = numeral_at(written[: written.lower().index("e")], 0, context.comma)
        if mantissa is not None:
            return _with_unit(f"{mantissa.words()} por {_power(exponent[1] or exponent[2])}", text, exponent.end())
    number = numeral_at(text, at, context.comma)
    power = _POWER_OF_TEN.match(text, number.end) if number is not None else None
    if number is None or power is None:
        return None
    return _with_unit(f"{number.words()} por {_power(power[1] or power[2])}", text, power.end())
