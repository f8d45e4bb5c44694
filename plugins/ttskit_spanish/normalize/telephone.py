"""Telephone numbers and other strings of digits that are not quantities."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.acronyms import capitals
from ttskit_spanish.normalize.context import Context, Found, ends_token
from ttskit_spanish.normalize.letters import spell
from ttskit_spanish.normalize.numbers import cardinal, spelt
from ttskit_spanish.pattern import Pattern

_INTERNATIONAL = Pattern(r"(?:\+|00[ -])(\d{1,3})((?:[ .-]?\(?\d{1,12}\)?){1,6})(?!\d)")
_LOCAL = Pattern(
    r"(?:0\d{2,4}[ -]\d{6,7}|\d{2}[- ]\d{4}-\d{4}|(?:11|15)[ -]\d{4}[ -]\d{4}|"
    r"(?:11|15|[23]\d{2})[ -](?:15[ -])?\d{3}[ -]\d{4}|[23]\d{3}[ -](?:15[ -])?\d{2}[ -]\d{4}|"
    r"(?:\(?0?\d{2,4}\)?[ -])(?:15[ -])?\d{2,4}[ -]\d{3,4}(?<=\d{4})|"
    r"0\d{2,4} - \d{2,4}[ -]\d{4}|\(?0\d{2,4}\)?[ -](?:15[ -])?\d{6,7}|"
    r"(?:11|15)-\d{8}|\d{2,3}\.\d{3,4}\.\d{4}|\d{2,3} \d{2,3} \d{2} \d{2}|"
    r"0\d{2,3}[ -]\d-\d{6}|0[ -]?[89]\d0[ -]\d{3}[ -]\d{3,4}|0-?[89]\d0[ -]\d{7}|\d{3}-\d{3}-\d{3,4})(?!\d)"
)
_VANITY = Pattern(
    r"(?:\+?1[ .-]?)?(?:0[ -]?[89]\d0|[89]\d{2})(?:[ -]\d{1,4}){0,2}"
    r"(?:(?:-|(?<=1.800) )[A-ZÑ]{3,12})(?:-(?:\d{1,4}|[A-ZÑ]{1,12})){0,3}(?![\w-])"
)
_ZERO_APART, _ONE_JOINED = Pattern(r"^0[ -]"), Pattern(r"^(\+?1)(?=[89])")
_VANITY_PART = Pattern(r"\d+|[A-ZÑ]+")
_STARRED = Pattern(r"\d{3}(?![\d.,]\d|[\d*]|[^\n*]{0,80}\*)")  # *611; but *21 casas* is emphasis
_PAIRS = Pattern(r"\d{2,3} \d{2,3} \d{2} \d{2}")
_AREA = Pattern(r"\(?0\d{1,4}\)?|\(\d{2,4}\)|0-?[89]\d0")  # what the third form above must begin with
_SHORT = Pattern(r"\d{4}-\d{4}(?!\d)")
_SPACED = Pattern(r"\d{4} \d{4}(?!\d)|\d{3}[ -]\d{4}(?!\d)")
_EXTENSION = Pattern(r"(?:-| ?x ?| ?(?:ext|int|interno)\.? ?)(\d{2,5})(?!\d)")
_OR = Pattern(r"/(\d{2}|\d{4})(?![\d/])")
_SEVEN = Pattern(r"\d{3}-\d{4}(?!\d)")
_TAX = Pattern(r"(\d{2})[-. /](\d{8}|\d{2}\.\d{3}\.\d{3})[-. /](\d)(?!\d)")
_BARE = Pattern(r"\d{6,15}(?![\d]|[.,]\d)")
_PLATE = Pattern(r"([A-Z]{2}) ?(\d{3}) ?([A-Z]{2})(?![^\W_])|([A-Z]{3}) ?(\d{3})(?![^\W_])")
_EMERGENCY = Pattern(r"(?:911|10[0-9]|11[0-9]|14[0-9]|13[0-9]|144|137)(?!\d|[.,]\d)")
_CALLING = frozenset(
    "llamá llama llamar llame llamó llamen llamando discá discar marcá marcar marque teléfono teléfonos tel línea llamado "
    "llamados llamadas celular celulares whatsapp wsp wpp wasap fax contacto contactos contactate contactarse comunicarse "
    "comunicate comunícate emergencia emergencias urgencias policía consultas reservas turnos informes móvil cel".split()
)
_TAXES = frozenset("cuit cuil cdi".split())
_TAX_KINDS = ("20", "23", "24", "27", "30", "33", "34")
# What any of them begins with, but an emergency number and one after a star.
_BEGINS = Pattern(r"[+(]|\d{6}|\d{1,5}\)?(?: ?[-./] ?| )[\d(A-ZÑ]")
_PAST = frozenset("al a el los número números por mi tu su de del nuestro es : n . y o , —".split())


def group(digits: str) -> str:
    """A group of digits as telephone numbers are said: pairs, hundreds after a zero, else digit by digit.

    >>> group("1234"), group("011"), group("0800"), group("0810"), group("333"), group("05")
    ('doce treinta y cuatro', 'cero once', 'cero ochocientos', 'cero ochocientos diez', 'tres tres tres', 'cero cinco')
    """
    if len(digits) == 4 and digits[0] == "0" and (digits[1] in "89" or (digits[1] != "0" and digits.endswith("00"))):
        return "cero " + cardinal(int(digits))
    if len(digits) in (2, 4):
        pairs = [digits[i : i + 2] for i in range(0, len(digits), 2)]
        return " ".join(spelt(p) if p[0] == "0" else cardinal(int(p)) for p in pairs)
    if len(digits) == 3 and digits[0] == "0" and digits[1] != "0":
        return "cero " + cardinal(int(digits))
    return spelt(digits)


def groups(digits: str) -> list[str]:
    """The groups of an Argentine number that is written without gaps, from its end: line, exchange, area.

    >>> groups("1143215678"), groups("5491155551234"), groups("2214551234"), groups("43215678"), groups("4251234")
    (['11', '4321', '5678'], ['54', '9', '11', '5555', '1234'], ['221', '455', '1234'], ['4321', '5678'], ['425', '1234'])
    """
    if digits.startswith("00") and len(digits) > 11:
        return ["00", *groups(digits[2:])]
    if len(digits) in (12, 13) and digits.startswith("54"):
        nine = ["9"] if digits[2] == "9" and len(digits) == 13 else []
        return ["54", *nine, *groups(digits[-10:])]
    if len(digits) == 11 and digits[0] == "0":
        first, *rest = groups(digits[1:])
        return ["0" + first, *rest]
    if len(digits) == 11 and digits[:4] in ("0800", "0810"):
        return [digits[:4], digits[4:7], digits[7:]]
    if len(digits) == 10:
        area = 2 if digits[:2] in ("11", "15") else 3
        return [digits[:area], digits[area:-4], digits[-4:]]
    if len(digits) in (6, 7, 8):
        return [digits[:-4], digits[-4:]]
    return [digits]


def calling(context: Context) -> bool:
    """Whether the words before speak of a telephone number."""
    for piece in context.pieces[:-6:-1]:
        if piece.text in _CALLING or piece.kind == "telephone":
            return True
        if piece.text not in _PAST:
            return False
    return False


def read_telephone(text: str, at: int, context: Context) -> Found | None:
    """A telephone number, with extension; a tax number.

    >>> from ttskit_spanish.normalize.context import Context
    >>> from ttskit_spanish.normalize.piece import Piece
    >>> def read(t, before=""):
    ...     found = read_telephone(t, 0, Context(t, "es-AR", [Piece(before, (0, 0))] if before else None))
    ...     return found and found[0]
    >>> read("011 4555-1234")
    'cero once , cuarenta y cinco cincuenta y cinco , doce treinta y cuatro'
    >>> read("+54 911 1234-5678")
    'más cincuenta y cuatro , nueve uno uno , doce treinta y cuatro , cincuenta y seis setenta y ocho'
    >>> read("43215678", "teléfono"), read("43215678"), read("2214551")
    ('cuarenta y tres veintiuno , cincuenta y seis setenta y ocho', None, None)
    """
    if _BEGINS.match(text, at) is None and text[at - 1 : at] != "*":
        match = _EMERGENCY.match(text, at)
        return (spelt(match.group()), match.end(), "emergency number") if match is not None and calling(context) else None
    tax = _TAX.match(text, at)
    if tax:
        number = int(tax[2].replace(".", ""))
        return f"{cardinal(int(tax[1]))} , {cardinal(number)} , {cardinal(int(tax[3]))}", tax.end(), "CUIT or CUIL"
    short = _STARRED.match(text, at) if text[at - 1 : at] == "*" else None
    if short is not None:
        return spelt(short.group()), short.end(), "number after a star"
    called = calling(context)
    if called:
        match = _EMERGENCY.match(text, at)
        if match:
            return spelt(match.group()), match.end(), "emergency number"
    named = _named(text, at, context)
    if named is not None:
        return named
    bare = _bare(text, at, context, called)
    if bare is not None:
        return bare
    international = _INTERNATIONAL.match(text, at)
    longer = international or _local(text, at)
    match = longer or _SHORT.match(text, at) or (_spaced(text, at, called))
    seven = _SEVEN.match(text, at) if match is None else None
    if seven and int(seven.group()[4:]) % 50 and not context.after(seven.end()).islower():
        match = longer = seven  # 455-1234; but 500-1000 personas
    if match is None or not ends_token(text, match.end()):
        return None
    parts = re.findall(r"\d+", match.group())
    if international and (len(parts) == 1 or not 8 <= sum(map(len, parts)) <= 15):
        parts = groups(parts[0]) if len(parts) == 1 else []
        if len(parts) < 3:
            return None
    if longer is None and all(1000 <= int(g) <= 2100 for g in parts):
        return None  # two years
    if parts[0] == "0" and len(parts) > 1:  # 0-800
        parts[:2] = [parts[0] + parts[1]]
    last = ""
    if len(parts) > 3 and len(parts[-1]) == 2 and len(parts[-2]) == 4:
        last = " , interno " + group(parts.pop())
    words = " , ".join(group(part) for whole in parts for part in (groups(whole) if len(whole) > 4 else [whole])) + last
    if match.group().startswith("+"):
        words = "más " + words
    end = match.end()
    other = _OR.match(text, end)
    if other:
        return f"{words} , {group(other[1])}", other.end()
    extension = _EXTENSION.match(text, end)
    if extension:
        words += " , interno " + group(extension[1])
        end = extension.end()
    return words, end


def _named(text: str, at: int, context: Context) -> Found | None:
    """A number with letters to remember it by: 1-800-FLORES, 0800-333-DATO."""
    match = _VANITY.match(text, at)
    if match is None:
        return None
    words = ["más"] if match.group().startswith("+") else []
    for part in _VANITY_PART.findall(_ONE_JOINED.sub(r"\1 ", _ZERO_APART.sub("0", match.group()))):
        words.append(group(part) if part.isdecimal() else capitals(part, context))
        words.append(",")
    return " ".join(words[:-1]), match.end(), "number with letters"


def _spaced(text: str, at: int, called: bool) -> re.Match | None:
    """4444 5555 where the text speaks of a telephone, or an extension follows."""
    match = _SPACED.match(text, at)
    return match if match is not None and (called or _EXTENSION.match(text, match.end())) else None


def _local(text: str, at: int) -> re.Match | None:
    match = _LOCAL.match(text, at)
    if match is None:
        return None
    digits = sum(c.isdecimal() for c in match.group())
    area = _AREA.match(text, at)
    plain = match.group()[0] in "0(" or match.group().count("-") > 1 or match.group()[:2] in ("11", "15") or digits == 10
    plain = plain or _PAIRS.fullmatch(match.group()) is not None
    return match if area or (plain and digits >= 9) else None


def _bare(text: str, at: int, context: Context, called: bool) -> Found | None:
    """Digits without gaps: a tax number by its kind, a telephone number by its length, area code and context."""
    match = _BARE.match(text, at)
    if match is None or not ends_token(text, match.end()):
        return None
    digits = match.group()
    taxed = not _TAXES.isdisjoint(context.recent(3))
    if len(digits) == 11 and (taxed or (digits[:2] in _TAX_KINDS and _checks(digits) and not called)):
        said = (int(digits[:2]), int(digits[2:10]), int(digits[10]))
        return " , ".join(cardinal(n) for n in said), match.end(), "CUIT or CUIL"
    follows = context.after(match.end())
    counted = follows.islower() and len(follows) > 3 and not called  # 2345678901 habitantes
    likely = len(digits) == 10 and (digits[:2] in ("11", "15") or digits[0] in "23")
    likely = likely or (len(digits) in (14, 15) and digits.startswith("0054"))
    likely = likely or (len(digits) == 11 and digits[0] == "0") or (len(digits) in (12, 13) and digits.startswith("54"))
    likely = likely and not digits.endswith("000") and not counted
    if not (likely or (called and len(digits) in (6, 7, 8, 10, 11, 12, 13))):
        return None
    return " , ".join(group(part) for part in groups(digits)), match.end(), "number without gaps"


def _checks(digits: str) -> bool:
    """Whether the last digit of a CUIT is the one that the others ask for (modulus 11)."""
    total = sum(int(d) * weight for d, weight in zip(digits[:10], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True))
    return (11 - total % 11) % 11 == int(digits[10])


def read_plate(text: str, at: int, context: Context) -> Found | None:
    """A number plate: AB 123 CD, ABC 123; letters and digits one by one."""
    match = _PLATE.match(text, at)
    if match is None or (match[4] and context.before() not in ("patente", "dominio", "chapa")):
        return None
    first, digits, last = (match[1], match[2], match[3]) if match[1] else (match[4], match[5], "")
    return " ".join(filter(None, (spell(first), spelt(digits), spell(last) if last else ""))), match.end()
