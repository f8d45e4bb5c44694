"""E-mail addresses, URLs, handles, hashtags, versions and codes of letters and digits."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.acronyms import has_vowel
from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.inclusive import read_inclusive
from ttskit_spanish.normalize.letters import sayable, spell
from ttskit_spanish.normalize.numbers import cardinal, spelt
from ttskit_spanish.normalize.telephone import group
from ttskit_spanish.normalize.weekdays import SHORT_DAYS, SURE_DAYS
from ttskit_spanish.pattern import Pattern

_EMAIL = Pattern(r"(?:mailto:)?[A-Za-z0-9][\w.+-]{0,80}@[A-Za-z0-9-]{1,60}(?:\.[A-Za-z0-9-]{1,30}){1,5}")
_URL = Pattern(r"(?:https?://|ftp://|www\.)(?:[^\s<>«»“”\"()\[\]]|\([^\s()<>]{0,60}\)){2,300}", re.IGNORECASE)
_HOST = Pattern(r"(?:localhost|\d{1,3}(?:\.\d{1,3}){3}):\d{2,5}(?:/[^\s<>«»“”\"()\[\]]{0,200})?(?![\w@])")
_DOMAIN = Pattern(
    r"[A-Za-z0-9][A-Za-z0-9-]{0,60}(?:\.[a-z0-9-]{1,30}){0,3}"
    r"\.(?:com|org|net|edu|gob|gov|info|io|ar|es|mx|uy|cl|ly|app|dev|tv|br|co|uk|eu|fm|ai|py|pe|bo|ve|ec|gt|cat|coop|example)"
    r"(?:\.[a-z]{2})?(?::\d{2,5}(?!\d))?(?:/(?:[^\s<>«»“”\"()\[\]]|\([^\s()<>]{0,60}\)){0,200})?(?![\w@])"
)
_PATH = Pattern(r"[A-Za-z]:\\[^\s<>«»“”\"|?*]{1,200}")
_UNIX = Pattern(
    r"(?:~|/(?:usr|home|etc|var|tmp|opt|bin|root|mnt|dev|srv|media|Users|lib))(?:/[\w.-]{1,40}){1,10}/?(?![^\s.,;:)])"
)
_IP = Pattern(r"\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_HANDLE = Pattern(r"@([A-Za-z0-9_ñÑáéíóúÁÉÍÓÚ]{2,40}(?:\.[A-Za-z0-9_]{2,40}){0,3})")
_POINTED_CODE = Pattern(r"([A-Za-z]{1,5})(\d{1,3})([.,])(\d{1,3})(?![\w]|[.,]\d)")
_HASHTAG = Pattern(r"#([A-Za-z0-9_ñÑáéíóúüÁÉÍÓÚ]{2,80})")
_VERSION = Pattern(r"[vV](\d{1,4}(?:\.\d{1,4}){1,3})(?![\w.]?\d)")
_DOTTED = Pattern(r"(?!\d{1,3}(?:\.\d{3})+(?!\d))\d{1,4}(?:\.\d{1,5}){2,4}(?![\w.]?\d)")
_CODE = Pattern(r"(?=[^\W_]{0,24}\d)(?=[^\W_]{0,24}[^\W\d_])[^\W_]{2,24}(?![^\W_])")
_PRODUCT = Pattern(r"\d+[xX]\d+")
_CODE_PART = Pattern(r"[^\W\d_]+|\d+")
_WITH_DIGIT = Pattern(r"[^\W\d_]{0,25}+[-–]?\d")
_HYPHENED = Pattern(r"([^\W\d_]{1,20})[-–](\d{1,4})(?![\w-])")
_SYMBOLS = {
    ".": "punto",
    "@": "arroba",
    "_": "guion bajo",
    "-": "guion",
    "/": "barra",
    ":": "dos puntos",
    "?": "signo de pregunta",
    "=": "igual",
    "&": "y",
    "#": "numeral",
    "%": "por ciento",
    "+": "más",
    "~": "tilde",
    "^": "acento circunflejo",
    "*": "asterisco",
    ",": "coma",
    ";": "punto y coma",
    "!": "signo de exclamación",
    "$": "pesos",
    "'": "apóstrofo",
    "|": "barra vertical",
    "\\": "barra invertida",
    "{": "abre llave",
    "}": "cierra llave",
    "[": "abre corchete",
    "]": "cierra corchete",
    "(": "abre paréntesis",
    ")": "cierra paréntesis",
    "<": "menor que",
    ">": "mayor que",
    '"': "comillas",
    "`": "acento grave",
}
_PIECE = Pattern(r"[A-Za-zñÑáéíóúüÁÉÍÓÚÜ]+|\d+|.", re.DOTALL)
# Consonants that no Spanish reader says together.
_CLUSTER = Pattern(r"^[^aeiouáéíóú]*$|[^aeiouáéíóú]{3}$|[^aeiouáéíóú]{4}|^[^aeiouáéíóú]{3}")
_ONSET = Pattern(r"^(?:s[cpt][rl]|[cst]h[rl])")  # script, three: said together
_TOP_LEVEL = frozenset("com net org edu gob gov info example".split())
_CAMEL = Pattern(r"[A-ZÁÉÍÓÚÑ]?[a-záéíóúñü]+|[A-ZÁÉÍÓÚÑ]+(?![a-záéíóúñü])|\d+")


def spoken_address(written: str, locale: str) -> str:
    """An address part by part: words where they can be said, letters where not.

    >>> spoken_address("juan_89@gmail.com.ar", "es-AR")
    'juan guion bajo ochenta y nueve arroba gmail punto com punto a erre'
    """
    words = []
    pieces = _PIECE.findall(written)
    for at, piece in enumerate(pieces):
        if piece[0].isdecimal():
            words.append(_number(piece, at > 0 and pieces[at - 1] == ":"))
        elif piece.isalpha():
            low = piece.lower()
            known = low in _TOP_LEVEL or sayable(low) or (len(low) > 3 and _CLUSTER.search(_ONSET.sub("s", low)) is None)
            words.append(low if known else spell(low, locale))
        else:
            words.append(_SYMBOLS.get(piece, ""))
    return " ".join(w for w in words if w)


def _number(digits: str, port: bool) -> str:
    """Digits of an address: a number of one or two and a year as such, a port by its pairs, all else digit by digit.

    >>> _number("89", False), _number("2020", False), _number("456", False), _number("8080", True)
    ('ochenta y nueve', 'dos mil veinte', 'cuatro cinco seis', 'ochenta ochenta')
    """
    if digits[0] == "0" or len(digits) > 4 or (port and len(digits) in (2, 4) and not digits.endswith("00")):
        return group(digits)
    whole = len(digits) < 3 or 1900 <= int(digits) < 2100 or (port and digits.endswith("00"))
    return cardinal(int(digits)) if whole else spelt(digits)


def read_electronic(text: str, at: int, context: Context) -> Found | None:
    """E-mail, URL, domain, IP address, @handle or #hashtag.

    >>> from ttskit_spanish.normalize.context import Context, Found
    >>> def read(t):
    ...     return read_electronic(t, 0, Context(t, "es-AR"))[0]
    >>> read("#NiUnaMenos"), read("#24M"), read("@archivo")
    ('hashtag ni una menos', 'hashtag veinticuatro eme', 'arroba archivo')
    >>> read("192.168.0.1")
    'ciento noventa y dos punto ciento sesenta y ocho punto cero punto uno'
    """
    first = text[at]
    if first == "#":
        match = _HASHTAG.match(text, at)
        if match is None or match[1].isdecimal():
            return None
        return "hashtag " + _camel(match[1], context.locale), match.end(), "hashtag"
    if first in "/~":
        path = _UNIX.match(text, at) if not text[at - 1 : at].strip() else None
        return (spoken_address(path.group().rstrip("."), context.locale), path.end(), "path") if path else None
    if first == "@":
        match = _HANDLE.match(text, at)
        return ("arroba " + spoken_address(match[1], context.locale), match.end(), "handle") if match else None
    if not context.linked:
        return None
    host = _HOST.match(text, at) if first == "l" or first.isdecimal() else None
    if first.isdecimal() and host is None:
        match = _IP.match(text, at)
        if match and all(int(n) < 256 and n == str(int(n)) for n in match.group().split(".")):
            return " punto ".join(cardinal(int(n)) for n in match.group().split(".")), match.end(), "IP address"
    match = (_PATH.match(text, at) if text[at + 1 : at + 2] == ":" else None) or None
    if match:
        return spoken_address(match.group(), context.locale), match.end(), "file name"
    match = _EMAIL.match(text, at) or host or _URL.match(text, at) or _DOMAIN.match(text, at)
    if match is None:
        return None
    written = match.group().rstrip(".,;:!?'")
    rule = "e-mail" if "@" in written else "URL"
    return spoken_address(written, context.locale), at + len(written), rule


def _camel(written: str, locale: str) -> str:
    words = []
    for part in _CAMEL.findall(written):
        if part.isdecimal():
            words.append(cardinal(int(part)) if len(part) < 16 else spelt(part))
        elif (len(part) == 1 and part.lower() not in "aeouy") or not (has_vowel(part.lower()) or part in "yY"):
            words.append(spell(part, locale))
        else:
            words.append(part.lower())
    return " ".join(words)


def read_code(text: str, at: int, context: Context) -> Found | None:
    """Versions and codes: v3.5, MP3, H2O, COVID-19, X9.

    >>> from ttskit_spanish.normalize.context import Context, Found
    >>> def read(t):
    ...     return read_code(t, 0, Context(t, "es-AR"))[0]
    >>> read("v3.5"), read("MP3"), read("H2O"), read("COVID-19"), read("C1406"), read("packx6")
    ('versión tres punto cinco', 'eme pe tres', 'hache dos o', 'covid diecinueve', 'ce mil cuatrocientos seis', 'pack por seis')
    """
    if text[at].isalpha() and _WITH_DIGIT.match(text, at) is None:
        return None
    match = _VERSION.match(text, at)
    if match:
        words = " punto ".join(cardinal(int(n)) for n in match[1].split("."))
        return ("" if context.before() == "versión" else "versión ") + words, match.end(), "version"
    match = _DOTTED.match(text, at)
    if match:
        return " punto ".join(cardinal(int(n)) for n in match.group().split(".")), match.end(), "version"
    match = _POINTED_CODE.match(text, at)
    if match:
        sign = "punto" if match[3] == "." else "coma"
        words = f"{_letters(match[1], context)} {cardinal(int(match[2]))} {sign} {cardinal(int(match[4]))}"
        return words, match.end(), "code with point"
    match = _HYPHENED.match(text, at)
    if match:
        minus = "menos " if match[1] in ("GMT", "UTC") else ""
        return f"{_letters(match[1], context)} {minus}{cardinal(int(match[2]))}", match.end(), "name-number"
    match = _CODE.match(text, at)
    if match is None or _PRODUCT.fullmatch(match.group()):
        return None
    words = []
    parts = _CODE_PART.findall(match.group())
    for part in parts:
        glued = part[-1] in "xX" and len(part) > 2 and part is not parts[-1]
        if glued and not part.isupper() and read_inclusive(part.lower(), 0, context) is not None:
            words += [_letters(part[:-1], context), "por"]  # packx6
        elif not part.isdecimal():
            words.append(_letters(part, context))
        elif part.isascii():
            words.append(group(part) if part[0] == "0" and len(part) > 1 else cardinal(int(part)))
        else:
            return None
    return " ".join(words), match.end(), "letters and digits"


def _letters(part: str, context: Context) -> str:
    if part.lower() in SURE_DAYS:
        return SHORT_DAYS[part.lower()]  # sábx6: as it is read where it stands alone
    if len(part) == 1 or not has_vowel(part.lower()) or (part.isupper() and not (sayable(part) and len(part) > 3)):
        return spell(part, context.locale)
    low = part.lower()
    inclusive = read_inclusive(low, 0, context) if "x" in low[-2:] else None  # todxs-2: as a second reading would have it
    return inclusive[0] if inclusive is not None else low
