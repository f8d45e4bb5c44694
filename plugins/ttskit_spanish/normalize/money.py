"""Amounts of money: $ by locale, signs and codes before or after, cents, millions."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found, ends_token
from ttskit_spanish.normalize.currencies import CODES, DOLLAR, PESO, SIGNS, WORDS, Currency
from ttskit_spanish.normalize.numbers import cardinal, fraction
from ttskit_spanish.normalize.numerals import Numeral, numeral_at, scale_at
from ttskit_spanish.normalize.units import per_at
from ttskit_spanish.normalize.vulgar import SIGNS as FRACTION_SIGNS
from ttskit_spanish.normalize.vulgar import Parts, parts_at
from ttskit_spanish.pattern import Pattern

_LOCAL = {"USD": DOLLAR, "ARS": PESO}
_BEFORE_ONLY = frozenset(("S/", "S/.", "B/", "B/.", "Rs.", "Fr.", "Pta."))
_FIRST = frozenset((*(sign[0] for sign in SIGNS), "$", "-"))


def _signs(but: frozenset[str] = frozenset()) -> str:
    return "|".join(re.escape(s) for s in sorted([*(SIGNS.keys() - but), "$"], key=len, reverse=True))


_BEFORE_SIGN = Pattern(rf"(-)?({_signs()})[ \xa0]?([-−])?(?=\d)")
_BEFORE_CODE = Pattern(r"([a-z]{2,3})(?:[ \xa0](-)|[ \xa0]?)(?=\d)", re.IGNORECASE | re.ASCII)
_NEAR = Pattern(r"-?[^\s\d]{1,5}[ \xa0]?[-−]?\d")  # what an amount with its sign before it begins with
_QUETZALES = Pattern(r"Q\.?[ \xa0]?(?=\d{1,3}(?:,\d{3})*[.,]\d\d(?!\d))")
_CODE_BEHIND = Pattern(r"[ \xa0]([A-Z]{3})(?![^\W_])")
_TO = Pattern(r"[ \xa0]?[-–][ \xa0]?(?=[^\W\d_]{0,3}\$|[€£])")
_AFTER = Pattern(rf"[ \xa0]?({_signs(_BEFORE_ONLY)}|[A-Za-z]{{2,3}}(?![^\W\d_]))")
_BY_NAME = {c.many: c for c in (PESO, DOLLAR, *(CODES[code] for code in ("eur", "brl", "gbp", "pen", "pyg", "bob")))}
_NAMED = Pattern(rf"[ \xa0](?:de[ \xa0])?({'|'.join(_BY_NAME)})(?![^\W_])")
_OF = Pattern(r"[ \xa0]de(?=[ \xa0])")
_AIRES = Pattern(r"\.?[ \xa0]?As(?![^\W\d_])")
_LETTER_SCALE = Pattern(r"(m|mn|bn)(?![^\W_])", re.ASCII)
_LETTER_SCALES = {"m": "millones", "mn": "millones", "bn": "mil millones"}


def _currency(sign: str, context: Context) -> Currency | None:
    if sign in _LOCAL and context.locale == "es-AR":
        return _LOCAL[sign]  # beside pesos a dollar needs no country
    if sign == "$":
        return PESO if context.locale in ("es-AR", "es-MX") else DOLLAR
    found = SIGNS.get(sign)
    if found is None:
        if not (sign.isupper() or sign.islower()):
            return None  # Bob 3
        code = sign.lower()
        found = CODES.get(code) if code not in WORDS or (sign.isupper() and not context.shouting) else None
        if code == "cop" and context.before() in ("la", "cumbre", "conferencia"):
            return None  # la COP 26
    return found


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
    digit = text[at].isdecimal()
    if text[at] in FRACTION_SIGNS and (part := parts_at(text, at)):
        return _part(text, part, context)  # ½ €
    if not digit and _NEAR.match(text, at) is None:
        return None
    if text[at] == "Q" and (quetzales := _QUETZALES.match(text, at)):
        number = numeral_at(text, quetzales.end(), context.comma)
        return (*_said(text, number, CODES["gtq"]), "quetzales") if number is not None else None
    signed = _BEFORE_SIGN.match(text, at) if not digit and text[at] in _FIRST else None
    match = None if digit else signed or _BEFORE_CODE.match(text, at)
    if match:
        number = numeral_at(text, match.end(), context.comma)
        if number is None:
            return None
        minus = "menos " if (match[1] or match[3] if signed else match[2]) else ""
        currency = _currency(match[2] if signed else match[1], context)
        if currency is None or (
            signed is None and match[1].lower() in WORDS and not _apart(text, match.end(), match[1], number)
        ):
            return None
        behind = _CODE_BEHIND.match(text, number.end) if signed and match[2] == "$" else None  # $ 50 MXN
        of_code = _currency(behind[1], context) if behind and behind[1].lower() not in WORDS else None
        words, end = _said(text, number, of_code or currency, before=True)
        end = behind.end() if behind and of_code else end
        if signed and match[2] == "$" and (named := _NAMED.match(text, end)):  # $ 100 dólares
            words, _ = _said(text, number, _BY_NAME[named[1]], before=True)
            end = named.end()
        end += 2 if text[end : end + 2] == ".-" else 0  # $ 100.-
        further = _further(text, end, context)
        if further is not None:
            return f"{minus}{words} a {further[0]}", further[1], "amounts from to"
        per = per_at(text, end)
        if per is not None:
            words, end = f"{words} {per[0]}", per[1]
        return minus + words, end, "sign or code before"
    if not digit:
        return None
    part = parts_at(text, at, plain=True)
    if part is not None and part.under > 1:
        return _part(text, part, context)
    number = numeral_at(text, at, context.comma)
    if number is None:
        return None
    scale = scale_at(text, number.end, short=True)
    start = scale[1] if scale else number.end
    of = _OF.match(text, start) if scale else None  # un billón de USD
    start = of.end() if of else start
    sign = text[start + 1 : start + 2] if text[start : start + 1] in (" ", "\xa0") else text[start : start + 1]
    after = _AFTER.match(text, start) if sign in _FIRST or (sign.isascii() and sign.isalpha()) else None
    if after is None or (after[1][-1].isalpha() and not ends_token(text, after.end())):
        return None
    if re.match(r"[ \xa0]?\d", text[after.end() : after.end() + 2]) and not after[1][-1].isalpha():
        return None  # the sign belongs to the next amount
    currency = _currency(after[1], context)
    if after[1].startswith("Bs") and _AIRES.match(text, after.end()):
        return None  # 24 Bs. As.
    if currency is None or (after[1].lower() in WORDS and context.after(after.end()).isupper()):
        return None  # 5 TOP MODELS
    words, end = _said(text, number, currency)
    end = max(end, after.end())
    per = per_at(text, end)
    return (f"{words} {per[0]}", per[1], "sign or code after") if per else (words, end, "sign or code after")


def _part(text: str, parts: Parts, context: Context) -> Found | None:
    """½ €, 1/2 £, 2 ½ €: a part of a currency."""
    after = _AFTER.match(text, parts.end)
    currency = _currency(after[1], context) if after is not None and ends_token(text, after.end()) else None
    if after is None or currency is None:
        return None
    half = (parts.over, parts.under) == (1, 2)
    part = ("media" if currency.gender == "f" else "medio") if half else fraction(parts.over, parts.under)
    if parts.whole is not None:
        words = f"{cardinal(parts.whole, currency.gender)} {currency.name(parts.whole == 1)} y {part}"
    else:
        words = f"{part}{'' if half else ' de'} {currency.name(True)}"
    return words, after.end(), "part of a currency"


def _apart(text: str, at: int, code: str, number: Numeral) -> bool:
    """Whether an amount that begins at `at` stands apart from its code, and is no version: PHP 8."""
    return text[at - 1] in " \xa0" and (code != "PHP" or number.whole > 20)


def _further(text: str, at: int, context: Context) -> tuple[str, int] | None:
    """The second amount of $ 100-$ 200."""
    dash = _TO.match(text, at)
    signed = _BEFORE_SIGN.match(text, dash.end()) if dash is not None else None
    number = numeral_at(text, signed.end(), context.comma) if signed is not None else None
    currency = _currency(signed[2], context) if signed is not None else None
    return _said(text, number, currency) if number is not None and currency is not None else None


def _said(text: str, number: Numeral, currency: Currency, *, before: bool = False) -> tuple[str, int]:
    letters = _LETTER_SCALE.match(text, number.end) if before else None  # £2m
    scale = (_LETTER_SCALES[letters[1]], letters.end()) if letters else scale_at(text, number.end, short=True)
    if scale is not None:
        name, end = scale
        name = "millón" if name == "millones" and number.one else name
        tail = re.compile(rf" de {currency.many}\b").match(text, end)
        link = " de " if name != "mil" else " "
        gender = "f" if currency.gender == "f" and name == "mil" else "m"
        amount = number.words("n" if number.digits else gender)
        if name == "mil millones" and number.one:
            amount = ""  # £1bn
        return f"{amount} {name}{link}{currency.name(False)}".strip(), tail.end() if tail else end
    cents = int((number.digits + "0")[:2]) if len(number.digits) <= 2 and number.digits and currency.cent else None
    if number.digits and cents is None:
        return f"{number.words(currency.gender)} {currency.name(False)}", number.end
    small = ""
    if cents:
        one, many = currency.coins
        small = f"{cardinal(cents, 'f' if one[-1] == 'a' else 'm')} {one if cents == 1 else many}"
        if number.whole == 0:
            return small, number.end
    link = " de " if number.whole >= 1_000_000 and number.whole % 1_000_000 == 0 else " "
    words = f"{cardinal(number.whole, currency.gender)}{link}{currency.name(number.whole == 1)}"
    return words + (f" con {small}" if small else ""), number.end
