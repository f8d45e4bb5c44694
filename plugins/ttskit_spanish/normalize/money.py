"""Amounts of money: $ by locale, signs and codes before or after, cents, millions."""

from __future__ import annotations

import re
from typing import NamedTuple

from ttskit_spanish.normalize.context import Context, Found, ends_token
from ttskit_spanish.normalize.numbers import cardinal
from ttskit_spanish.normalize.numerals import Numeral, numeral_at, scale_at
from ttskit_spanish.normalize.units import per_at
from ttskit_spanish.pattern import Pattern


class Currency(NamedTuple):
    """Its name in singular and plural, gender, what follows the name, and its hundredth."""

    one: str
    many: str
    gender: str = "m"
    of: str = ""
    cent: str = "centavo"

    def name(self, one: bool) -> str:
        """The name, with its adjective in the same number."""
        extra = self.of
        if extra and not one and not extra.startswith("de "):
            extra = " ".join(w + ("s" if w[-1] in "aeo" else "es") for w in extra.split())
        return (self.one if one else self.many) + (f" {extra}" if extra else "")


PESO, DOLLAR = Currency("peso", "pesos"), Currency("dólar", "dólares")
_EURO = Currency("euro", "euros", cent="céntimo")
_POUND = Currency("libra", "libras", "f", cent="penique")
_YEN = Currency("yen", "yenes")
_MARK, _RUPEE = Currency("marco", "marcos"), Currency("rupia", "rupias", "f")
_REAL, _COLON, _FRANC = Currency("real", "reales"), Currency("colón", "colones", cent="céntimo"), Currency("franco", "francos")
_SIGNS = {
    "US$": DOLLAR,
    "U$S": DOLLAR,
    "u$s": DOLLAR,
    "U$D": DOLLAR,
    "AR$": PESO,
    "$U": Currency("peso", "pesos", of="uruguayo"),
    "CLP$": Currency("peso", "pesos", of="chileno"),
    "COP$": Currency("peso", "pesos", of="colombiano"),
    "A$": Currency("dólar", "dólares", of="australiano"),
    "C$": Currency("dólar", "dólares", of="canadiense"),
    "MEX$": Currency("peso", "pesos", of="mexicano"),
    "MX$": Currency("peso", "pesos", of="mexicano"),
    "R$": _REAL,
    "€": _EURO,
    "£": _POUND,
    "¥": _YEN,
    "₩": Currency("won", "wones"),
    "₧": Currency("peseta", "pesetas", "f"),
    "₡": _COLON,
    "₹": _RUPEE,
    "₲": Currency("guaraní", "guaraníes"),
    "₽": Currency("rublo", "rublos"),
    "¢": Currency("centavo", "centavos"),
    "₿": Currency("bitcóin", "bitcoines"),
}
_CODES = {
    "ars": Currency("peso", "pesos", of="argentino"),
    "usd": Currency("dólar", "dólares", of="estadounidense"),
    "eur": _EURO,
    "gbp": _POUND,
    "jpy": _YEN,
    "brl": _REAL,
    "clp": Currency("peso", "pesos", of="chileno"),
    "uyu": Currency("peso", "pesos", of="uruguayo"),
    "mxn": Currency("peso", "pesos", of="mexicano"),
    "cop": Currency("peso", "pesos", of="colombiano"),
    "bop": Currency("peso", "pesos", of="boliviano"),
    "bob": Currency("boliviano", "bolivianos"),
    "pyg": Currency("guaraní", "guaraníes"),
    "pen": Currency("sol", "soles", cent="céntimo"),
    "chf": Currency("franco", "francos", of="suizo"),
    "cad": Currency("dólar", "dólares", of="canadiense"),
    "aud": Currency("dólar", "dólares", of="australiano"),
    "hkd": Currency("dólar", "dólares", of="de hong kong"),
    "crc": Currency("colón", "colones", of="costarricense", cent="céntimo"),
    "nio": Currency("córdoba", "córdobas", "f"),
    "pab": Currency("balboa", "balboas"),
    "awg": Currency("florín", "florines", of="arubeño"),
    "cny": Currency("yuan", "yuanes"),
    "inr": _RUPEE,
    "rs": _RUPEE,
    "mk": _MARK,
    "fr": _FRANC,
    "ves": Currency("bolívar", "bolívares"),
    "dop": Currency("peso", "pesos", of="dominicano"),
    "gtq": Currency("quetzal", "quetzales"),
    "hnl": Currency("lempira", "lempiras", "f"),
    "svc": Currency("colón", "colones"),
    "nzd": Currency("dólar", "dólares", of="neozelandés"),
    "sgd": Currency("dólar", "dólares", of="de singapur"),
    "twd": Currency("dólar", "dólares", of="taiwanés"),
    "sek": Currency("corona", "coronas", "f", "sueca"),
    "nok": Currency("corona", "coronas", "f", "noruega"),
    "dkk": Currency("corona", "coronas", "f", "danesa"),
    "czk": Currency("corona", "coronas", "f", "checa"),
    "huf": Currency("florín", "florines", of="húngaro"),
    "pln": Currency("esloti", "eslotis"),
    "rub": Currency("rublo", "rublos"),
    "zar": Currency("rand", "rands"),
    "ils": Currency("séquel", "séqueles"),
    "krw": Currency("won", "wones"),
    "thb": Currency("baht", "bahts"),
    "vnd": Currency("dong", "dongs"),
    "php": Currency("peso", "pesos", of="filipino"),
    "aed": Currency("dírham", "dírhams"),
    "egp": Currency("libra", "libras", "f", "egipcia"),
    "uah": Currency("grivna", "grivnas", "f"),
    "idr": _RUPEE,
    "ttd": Currency("dólar", "dólares", of="trinitense"),
    "jmd": Currency("dólar", "dólares", of="jamaiquino"),
    "bsd": Currency("dólar", "dólares", of="bahameño"),
    "bzd": Currency("dólar", "dólares", of="beliceño"),
    "htg": Currency("gourde", "gourdes"),
    "ang": Currency("florín", "florines", of="antillano"),
    "xaf": Currency("franco", "francos"),
    "xof": Currency("franco", "francos"),
}
_LOCAL = {"USD": DOLLAR, "ARS": PESO}
_SIGN = "|".join(re.escape(s) for s in sorted([*_SIGNS, "$"], key=len, reverse=True))
_BEFORE_SIGN = Pattern(rf"(-)?({_SIGN}|mex\$)[ \xa0]?(-)?(?=\d)")
_BEFORE_CODE = Pattern(rf"({'|'.join(_CODES)})[ \xa0]?(?=\d)", re.IGNORECASE | re.ASCII)
_TO = Pattern(r"[ \xa0]?[-–][ \xa0]?(?=[^\W\d_]{0,3}\$|[€£])")
_AFTER = Pattern(rf"[ \xa0]?({_SIGN}|(?:{'|'.join(_CODES)})(?![^\W\d_]))", re.IGNORECASE | re.ASCII)


def _currency(sign: str, context: Context) -> Currency:
    if sign in _LOCAL and context.locale == "es-AR":
        return _LOCAL[sign]  # beside pesos a dollar needs no country
    if sign == "$":
        return PESO if context.locale in ("es-AR", "es-MX") else DOLLAR
    return _SIGNS.get(sign) or _SIGNS.get(sign.upper()) or _CODES[sign.lower()]


def read_money(text: str, at: int, context: Context) -> Found | None:
    """An amount with its sign or code before or after it.

    >>> from ttskit_spanish.normalize.context import Context
    >>> def read(t, locale="es-AR"):
    ...     return read_money(t, 0, Context(t, locale))[0]
    >>> read("$ 1.500,50"), read("US$ 2,5 millones")
    ('mil quinientos pesos con cincuenta centavos', 'dos coma cinco millones de dólares')
    >>> read("21 €"), read("$1"), read("0,55 $")
    ('veintiún euros', 'un peso', 'cincuenta y cinco centavos')
    >>> read("$1", "es-US"), read("usd 2"), read("1 £"), read("$1.000.000")
    ('un dólar', 'dos dólares estadounidenses', 'una libra', 'un millón de pesos')
    """
    signed = _BEFORE_SIGN.match(text, at)
    match = signed or _BEFORE_CODE.match(text, at)
    if match:
        number = numeral_at(text, match.end(), context.comma)
        if number is None:
            return None
        minus = "menos " if signed and (match[1] or match[3]) else ""
        sign = match[2] if signed else match[1]
        words, end = _said(text, number, _currency(sign, context))
        end += 2 if text[end : end + 2] == ".-" else 0  # $ 100.-
        further = _further(text, end, context)
        if further is not None:
            return f"{minus}{words} a {further[0]}", further[1], "amounts from to"
        per = per_at(text, end)
        if per is not None:
            words, end = f"{words} {per[0]}", per[1]
        return minus + words, end, "sign or code before"
    if not text[at].isdecimal():
        return None
    number = numeral_at(text, at, context.comma)
    if number is None:
        return None
    scale = scale_at(text, number.end, short=True)
    after = _AFTER.match(text, scale[1] if scale else number.end)
    if after is None or (after[1][-1].isalpha() and not ends_token(text, after.end())):
        return None
    if re.match(r"[ \xa0]?\d", text[after.end() : after.end() + 2]) and not after[1][-1].isalpha():
        return None  # the sign belongs to the next amount
    words, end = _said(text, number, _currency(after[1], context))
    return words, max(end, after.end()), "sign or code after"


def _further(text: str, at: int, context: Context) -> tuple[str, int] | None:
    """The second amount of $ 100-$ 200."""
    dash = _TO.match(text, at)
    signed = _BEFORE_SIGN.match(text, dash.end()) if dash is not None else None
    number = numeral_at(text, signed.end(), context.comma) if signed is not None else None
    return _said(text, number, _currency(signed[2], context)) if number is not None else None


def _said(text: str, number: Numeral, currency: Currency) -> tuple[str, int]:
    scale = scale_at(text, number.end, short=True)
    if scale is not None:
        name, end = scale
        name = "millón" if name == "millones" and number.one else name
        tail = re.compile(rf" de {currency.many}\b").match(text, end)
        link = " de " if name != "mil" else " "
        gender = "f" if currency.gender == "f" and name == "mil" else "m"
        amount = number.words("n" if number.digits else gender)
        return f"{amount} {name}{link}{currency.name(False)}", tail.end() if tail else end
    cents = int((number.digits + "0")[:2]) if len(number.digits) <= 2 and number.digits else None
    if number.digits and cents is None:
        return f"{number.words(currency.gender)} {currency.name(False)}", number.end
    small = ""
    if cents:
        small = f"{cardinal(cents, 'm')} {currency.cent if cents == 1 else currency.cent + 's'}"
        if number.whole == 0:
            return small, number.end
    link = " de " if number.whole >= 1_000_000 and number.whole % 1_000_000 == 0 else " "
    words = f"{cardinal(number.whole, currency.gender)}{link}{currency.name(number.whole == 1)}"
    return words + (f" con {small}" if small else ""), number.end
