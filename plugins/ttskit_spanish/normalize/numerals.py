"""Written numbers: thousands and decimals by locale, cardinals that agree, ranges, arithmetic."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ttskit_spanish.normalize.context import Context, Found, ends_token
from ttskit_spanish.normalize.nouns import gender_after
from ttskit_spanish.normalize.numbers import LIMIT, cardinal, decimals, spelt
from ttskit_spanish.pattern import Pattern

_GAP = "[ \u00a0\u2009\u202f]"
_COMMA = Pattern(rf"(?:\d{{1,3}}(?:\.\d{{3}})+|\d{{1,3}}(?:{_GAP}\d{{3}})+|\d+)(?![\d])(?:,\d+)?")
_POINT = Pattern(rf"(?:\d{{1,3}}(?:,\d{{3}})+|\d{{1,3}}(?:{_GAP}\d{{3}})+|\d+)(?![\d])(?:\.\d+)?")
_POINT_ONLY = Pattern(r"\d{1,3}(?:,\d{3})+\.\d+(?![\d.,]\d)")
_COMMA_ONLY = Pattern(r"\d{1,3}(?:\.\d{3})+,\d+(?![\d.,]\d)")
SCALES = {
    "k": "mil",
    "mil millones": "mil millones",
    "m": "millones",
    "mm": "millones",
    "mill": "millones",
    "mill.": "millones",
    "mil": "mil",
    "millón": "millón",
    "millones": "millones",
    "millon": "millón",
    "billón": "billón",
    "billones": "billones",
    "trillón": "trillón",
    "trillones": "trillones",
}
_SCALE = Pattern(
    r"[ \xa0]+(mil millones|mil|mill[oóÓ]n(?:es)?|bill[oóÓ]n(?:es)?|trill[oóÓ]n(?:es)?)(?![a-zñáéíóú])",
    re.IGNORECASE | re.ASCII,
)
_SHORT_SCALE = Pattern(r"[ \xa0]?(MM|M|mill\.|(?<=\d)[kK]|k(?=[€$£]))(?![^\W_])")
_MILLIONS = Pattern(r"[ \xa0]?MM?(?=[ \xa0]de[ \xa0][a-záéíóú]{3,20}s(?![^\W_]))")
_THOUSANDS = Pattern(r"[kK](?![^\W_])")
RANGE = Pattern(r" ?[-–] ?(?=\d)")
_OUT_OF = Pattern(r" ?/ ?(5|10|20|100)(?![\d/])")
_MODELS = frozenset("boeing embraer airbus mercedes modelo".split())
_OTHER_DECIMAL = Pattern(r"[.,](\d+)")
_TIMES = Pattern(r" ?[xX×] ?(?=\d)")


class Numeral(NamedTuple):
    """A number as written: whole part, digits behind the sign ("" for none), where it ends."""

    whole: int
    digits: str
    end: int
    written: str
    sign: str = "coma"

    def words(self, gender: str = "n") -> str:
        """In words, agreeing with a noun of that gender."""
        if self.digits:
            return f"{self._whole('n')} {self.sign} {decimals(self.digits)}"
        if self.written.startswith("0") and len(self.written) > 1 and self.written.isdecimal():
            zeros = len(self.written) - len(self.written.lstrip("0"))
            rest = f" {cardinal(self.whole, gender)}" if self.whole else ""
            return "cero " * (zeros - 1) + "cero" + rest
        return self._whole(gender)

    def _whole(self, gender: str) -> str:
        if self.whole >= LIMIT:
            return spelt(re.sub(r"\D", "", self.written.removesuffix(self.digits)))
        return cardinal(self.whole, gender)

    @property
    def millions(self) -> bool:
        """Whether it ends in whole millions, so that a noun follows with de."""
        return self.whole >= 1_000_000 and self.whole % 1_000_000 == 0 and not self.digits

    @property
    def one(self) -> bool:
        """Whether a noun beside it is singular."""
        return self.whole == 1 and not self.digits


@lru_cache(maxsize=16)  # each token class asks again about the same place
def numeral_at(text: str, at: int, comma: bool) -> Numeral | None:
    """The number that starts at `at`, read with a decimal comma or point.

    >>> n = numeral_at("1.234,56", 0, True)
    >>> n.words()
    'mil doscientos treinta y cuatro coma cincuenta y seis'
    >>> numeral_at("3.5", 0, True).words(), numeral_at("1,234.5", 0, False).words()
    ('tres punto cinco', 'mil doscientos treinta y cuatro punto cinco')
    """
    if (_POINT_ONLY if comma else _COMMA_ONLY).match(text, at):
        comma = not comma  # both signs, the other way round
    match = (_COMMA if comma else _POINT).match(text, at)
    if match is None:
        return None
    written, sign, mark = match.group(), "coma" if comma else "punto", "," if comma else "."
    whole, _, digits = written.partition(mark)
    end = match.end()
    if not digits and whole.isdecimal():  # the other locale's decimal sign, where it cannot be thousands
        other = _OTHER_DECIMAL.match(text, end)
        ends = other is not None and (ends_token(text, other.end()) or _SHORT_SCALE.match(text, other.end()))  # 2.5M
        if other and text[end] != mark and ends and len(other[1]) != 3:
            digits, sign, end = other[1], "punto" if comma else "coma", other.end()
    bare = re.sub(r"\D", "", whole)
    return Numeral(int(bare) if len(bare) < 60 else LIMIT, digits, end, text[at:end], sign)


def scale_at(text: str, at: int, *, short: bool = False) -> tuple[str, int] | None:
    """ "millones" and the like after a number, with its end; `short`: also M, MM and mill."""
    match = _SCALE.match(text, at) or (_SHORT_SCALE.match(text, at) if short else None)
    return (SCALES.get(match[1].lower(), match[1].lower()), match.end()) if match else None


def read_numeral(text: str, at: int, context: Context) -> Found | None:
    """Cardinals, decimals, ranges.

    >>> from ttskit_spanish.normalize.context import Context
    >>> def read(t):
    ...     return read_numeral(t, 0, Context(t, "es-AR"))[0]
    >>> read("21 casas"), read("1 perro"), read("1,5 millones"), read("10-12 años"), read("2x1"), read("007")
    ('veintiuna', 'un', 'uno coma cinco millones', 'diez a doce', 'dos por uno', 'cero cero siete')
    """
    number = numeral_at(text, at, context.comma)
    if number is None:
        return None
    end = number.end
    if number.written.isdecimal() and len(number.written) > 15:
        return spelt(number.written), end, "digits of an account"
    span = RANGE.match(text, end)
    if span and (len(span.group()) == 1 or not context.arithmetic):
        second = numeral_at(text, span.end(), context.comma)
        if second is not None and ends_token(text, second.end):
            gender = gender_after(context, second.end)
            if context.before() in _MODELS:
                return f"{number.words()} {second.words()}", second.end, "model"
            return f"{number.words(gender)} a {second.words(gender)}", second.end, "range"
    mark = _OUT_OF.match(text, end) if number.digits else None
    if mark:
        return f"{number.words()} sobre {cardinal(int(mark[1]))}", mark.end(), "mark"  # 8,5/10
    product = _TIMES.match(text, end)
    if product:
        second = numeral_at(text, product.end(), context.comma)
        if second is not None and ends_token(text, second.end):
            return f"{number.words()} por {second.words()}", second.end, "product"
    if _THOUSANDS.match(text, end) and context.after(end + 1).islower() and gender_after(context, end + 1) != "n":
        return f"{number.words(gender_after(context, end + 1))} mil", end + 1, "thousands"  # 15k seguidores
    scale = scale_at(text, end)
    millions = _MILLIONS.match(text, end) if scale is None else None
    if millions is not None:  # 8 MM de pesos
        scale = ("millón" if number.one else "millones", millions.end())
    if scale is not None:
        return f"{number.words('n' if number.digits else 'm')} {scale[0]}", scale[1], "scale"
    gender = gender_after(context, end)
    of = " de" if number.millions and gender != "n" and context.after(end) != "de" else ""
    return number.words(gender) + of, end, "decimal" if number.digits else "cardinal"
