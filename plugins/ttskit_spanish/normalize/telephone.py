"""Telephone numbers and other strings of digits that are not quantities."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found, ends_token
from ttskit_spanish.normalize.numbers import cardinal, spelt
from ttskit_spanish.pattern import Pattern

_INTERNATIONAL = Pattern(r"\+(\d{1,3})((?:[ -]?\(?\d{2,5}\)?){1,6})(?!\d)")
_LOCAL = Pattern(
    r"(?:0\d{2,3} \d{6,7}|\d{2}[- ]\d{4}-\d{4}|"
    r"(?:\(?0\d{2,4}\)?[ -])(?:15[ -])?\d{2,4}[ -]\d{3,4}|0-?[89]00[ -]\d{3}[ -]\d{3,4}|\d{3}-\d{3}-\d{3,4})(?!\d)"
)
_SHORT = Pattern(r"\d{4}-\d{4}(?!\d)")
_EXTENSION = Pattern(r"(?:-| ?(?:ext|int|interno)\.? ?)(\d{2,5})(?!\d)")
_TAX = Pattern(r"(\d{2})-(\d{8})-(\d)(?!\d)")
_PLATE = Pattern(r"([A-Z]{2}) ?(\d{3}) ?([A-Z]{2})(?![^\W_])|([A-Z]{3}) ?(\d{3})(?![^\W_])")
_EMERGENCY = Pattern(r"(?:911|10[0-9]|11[0-9]|14[0-9]|13[0-9]|144|137)(?!\d|[.,]\d)")
_CALLING = frozenset(
    "llamá llama llamar llame llamó llamen llamando discá discar marcá marcar marque teléfono teléfonos tel línea".split()
)


def group(digits: str) -> str:
    """A group of digits as telephone numbers are said: pairs, hundreds after a zero, else digit by digit.

    >>> group("1234"), group("011"), group("0800"), group("333"), group("05")
    ('doce treinta y cuatro', 'cero once', 'cero ochocientos', 'tres tres tres', 'cero cinco')
    """
    if len(digits) == 4 and digits[0] == "0" and digits[1] != "0" and digits.endswith("00"):
        return "cero " + cardinal(int(digits))
    if len(digits) in (2, 4):
        pairs = [digits[i : i + 2] for i in range(0, len(digits), 2)]
        return " ".join(spelt(p) if p[0] == "0" else cardinal(int(p)) for p in pairs)
    if len(digits) == 3 and digits[0] == "0" and digits[1] != "0":
        return "cero " + cardinal(int(digits))
    return spelt(digits)


def read_telephone(text: str, at: int, context: Context) -> Found | None:
    """A telephone number, with extension.

    >>> from ttskit_spanish.normalize.context import Context
    >>> def read(t):
    ...     return read_telephone(t, 0, Context(t, "es-AR"))[0]
    >>> read("011 4555-1234")
    'cero once , cuarenta y cinco cincuenta y cinco , doce treinta y cuatro'
    >>> read("+54 911 1234-5678")
    'más cincuenta y cuatro , nueve uno uno , doce treinta y cuatro , cincuenta y seis setenta y ocho'
    """
    tax = _TAX.match(text, at)
    if tax:
        return f"{cardinal(int(tax[1]))} , {cardinal(int(tax[2]))} , {cardinal(int(tax[3]))}", tax.end(), "CUIT or CUIL"
    if context.before() in _CALLING or (context.before() in ("al", "el") and context.before(2) in _CALLING):
        match = _EMERGENCY.match(text, at)
        if match:
            return spelt(match.group()), match.end(), "emergency number"
    international = _INTERNATIONAL.match(text, at)
    longer = international or _LOCAL.match(text, at)
    match = longer or _SHORT.match(text, at)
    if match is None or not ends_token(text, match.end()):
        return None
    groups = re.findall(r"\d+", match.group())
    if len(groups) == 1 and international:
        return None
    if longer is None and all(1000 <= int(g) <= 2100 for g in groups):
        return None  # two years
    last = ""
    if len(groups) > 3 and len(groups[-1]) == 2 and len(groups[-2]) == 4:
        last = " , interno " + group(groups.pop())
    words = " , ".join(group(g) for g in groups) + last
    if match.group().startswith("+"):
        words = "más " + words
    end = match.end()
    extension = _EXTENSION.match(text, end)
    if extension:
        words += " , interno " + group(extension[1])
        end = extension.end()
    return words, end


def read_plate(text: str, at: int, context: Context) -> Found | None:
    """A number plate: AB 123 CD, ABC 123; letters and digits one by one."""
    from ttskit_spanish.normalize.letters import spell

    match = _PLATE.match(text, at)
    if match is None or (match[4] and context.before() not in ("patente", "dominio", "chapa")):
        return None
    first, digits, last = (match[1], match[2], match[3]) if match[1] else (match[4], match[5], "")
    return " ".join(filter(None, (spell(first), spelt(digits), spell(last) if last else ""))), match.end()
