"""Quantities with units: 21 kg, 1/2 kg, 3,5 %, -3 °C, 80 km/h, 2 x 3 m, 34° 36' S."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.degrees import sign_of_degree
from ttskit_spanish.normalize.numbers import cardinal, fraction
from ttskit_spanish.normalize.numerals import RANGE, numeral_at
from ttskit_spanish.normalize.unit_names import UNITS
from ttskit_spanish.normalize.units import unit_at
from ttskit_spanish.normalize.vulgar import Parts, parts_at
from ttskit_spanish.pattern import Pattern

_POINT_INSIDE = Pattern(r"\.(?=[,;:)]|[ \xa0][a-záéíóúñ\d])")
_INCH_SIGN = Pattern(r"(?:\"|″|''|”)(?![^\W_])")
_FEET = Pattern(r"(\d{1,2})['′’] ?(\d{1,2})(?:\"|''|″|”)")
_HEIGHT = frozenset("mide miden medía mido altura estatura alto alta largo larga ancho".split())
_PRESSURE = Pattern(r"(\d{2,3})/(\d{2,3}) ?mm ?Hg(?![^\W_])")
_BY = Pattern(r" ?[xX×] ?(?=\d)")
_INCHES = Pattern(r"(\d{1,3}(?:[,.]\d{1,2})?)(?:\"|″|''|”)(?![^\W_])")
_PLACE = Pattern(r"(\d{1,3})[°º] ?(\d{1,2})['′’](?: ?(\d{1,2}(?:,\d+)?)(?:\"|''|″|”))?(?: ?([NSEOW])(?![^\W_]))?")
_WINDS = {"N": "norte", "S": "sur", "E": "este", "O": "oeste", "W": "oeste"}
_DECADE = Pattern(r"(\d0)['’]?s(?![^\W_])")
_FULL_DECADE = Pattern(r"((?:1[5-9]|20)\d0)['’]?s(?![^\W_])")
_ROADS = frozenset("ruta rutas autopista autovía acceso camino panamericana rn rp nacional provincial".split())
_DOOR = Pattern(r"[°º] [A-Z]")
_ALONE = Pattern(r"(\d{1,3}(?:,\d+)?)'(?: ?(\d{1,2})(?:\"|''))?")


def read_measure(text: str, at: int, context: Context) -> Found | None:
    """A number or fraction with a unit.

    >>> from ttskit_spanish.normalize.context import Context, Found
    >>> def read(t):
    ...     return read_measure(t, 0, Context(t, "es-AR"))[0]
    >>> read("21 kg"), read("1 t"), read("3,5 %"), read("37°")
    ('veintiún kilos', 'una tonelada', 'tres coma cinco por ciento', 'treinta y siete grados')
    >>> read("1/2 kg"), read("3 3/5 m"), read("1 h")
    ('medio kilo', 'tres metros y tres quintos', 'una hora')
    >>> read("52'30\\"")
    'cincuenta y dos minutos treinta segundos'
    """
    feet = _feet(text, at, context)
    if feet is not None:
        return feet
    angle = _ALONE.match(text, at)
    if angle and not text[angle.end() : angle.end() + 1].isalpha():
        minutes = numeral_at(angle[1], 0, True)
        words = f"{minutes.words('m')} {'minuto' if minutes.one else 'minutos'}"
        if angle[2]:
            words += f" {numeral_at(angle[2], 0, True).words('m')} segundos"
        return words, angle.end(), "minutes and seconds"
    if (glued := _DECADE.match(text, at)) and (context.before() in ("los", "años") or text[at - 1 : at] in ("'", "’")):
        return cardinal(int(glued[1])), glued.end(), "decade"
    if decade := _FULL_DECADE.match(text, at):
        return cardinal(int(decade[1])), decade.end(), "decade"
    special = _place(text, at) or _inches(text, at) or _product(text, at, context)
    if special is not None:
        return special
    pressure = _PRESSURE.match(text, at)
    if pressure is not None:
        words = f"{cardinal(int(pressure[1]))} {cardinal(int(pressure[2]))} milímetros de mercurio"
        return words, pressure.end(), "blood pressure"
    parts = parts_at(text, at, plain=True)
    if parts is not None and parts.under > 1:
        return _fraction(text, at, parts, context)
    number = numeral_at(text, at, context.comma)
    between = RANGE.match(text, number.end) if number else None
    if between and len(between.group()) > 1 and context.arithmetic:
        between = None
    second = numeral_at(text, between.end(), context.comma) if between else None
    unit = unit_at(text, second.end) if second else None
    if unit is not None and text[unit[1] - 1] not in "°º":
        (_, many, gender), end = unit
        return f"{number.words(gender)} a {second.words(gender)} {many}", end, "range with unit"
    unit = unit_at(text, number.end) if number else None
    if unit is None:
        return None
    (one, many, gender), end = unit
    why = ""
    if text[end - 1] in "°º" and text[end - 2].isdecimal():
        degree, why = sign_of_degree(text, number.whole, end, context) if number.written.isdecimal() else (True, "a decimal")
        if not degree:
            context.doubt = (at, why)
            return None
    door = _DOOR.fullmatch(text, number.end, end) is not None
    article = number.whole <= 12 and context.before() in ("el", "al", "del")
    numbered = any(p.kind == "number" for p in context.pieces[-2 if context.recent(1) == {","} else -1 :])
    if door and (article or numbered):
        return None  # Lavalle 1234 1° C, el 2º C: a door
    on_road = not _ROADS.isdisjoint((context.before(), context.written()))
    if on_road and one == "kilómetro" and text[end : end + 2].strip().isdecimal():
        return None  # Ruta 9 km 12
    words = cardinal(number.whole, gender) if number.written.isdecimal() else number.words(gender)  # 01 h: una hora
    if text[end - 1].isalpha() and _POINT_INSIDE.match(text, end):
        end += 1  # 18 hs. y
    of = "de " if number.millions and gender != "n" else ""
    rule = f"degrees: {why}" if why else "number with unit"
    further = RANGE.match(text, end)
    last = numeral_at(text, further.end(), context.comma) if further and not context.arithmetic else None
    again = unit_at(text, last.end) if last is not None else None
    if last is not None and again is not None and again[0] == unit[0]:  # 5 %-10 %
        first = f"{words} {of}{one if number.one else many}"
        return f"{first} a {last.words(gender)} {one if last.one else many}", again[1], "range with unit"
    return f"{words} {of}{one if number.one else many}", end, rule


def _fraction(text: str, at: int, parts: Parts, context: Context) -> Found | None:
    """1/2 kg, ¾ h, 2 ½ l, 3/4": a part of a unit, or a whole number of it and a part."""
    unit = unit_at(text, parts.end)
    if unit is None and (inch := _inch_sign(text, at, parts.end)):
        unit = (UNITS["in"], inch)
    if unit is None or unit[0][2] == "n" or text[parts.end : parts.end + 1] in ("°", "º"):
        return None
    (one, many, gender), end = unit
    half = (parts.over, parts.under) == (1, 2)
    rest = ("media" if gender == "f" else "medio") if half else fraction(parts.over, parts.under)
    if parts.whole is not None:
        head, _, tail = (one if parts.whole == 1 else many).partition(" ")
        return f"{cardinal(parts.whole, gender)} {head} y {rest} {tail}".rstrip(), end, "fraction with unit"
    return f"{rest} {one}" if half else f"{rest} de {one}", end, "fraction with unit"


def _inch_sign(text: str, at: int, sign: int) -> int | None:
    """The end of an inch sign at `sign`, where no quotation that was opened before `at` can end there."""
    match = _INCH_SIGN.match(text, sign)
    if match is None or text[max(0, at - 200) : at].count('"') % 2 or text[at - 1 : at] in ('"', "“"):
        return None
    if match.group() == "”" and "“" in text[max(0, at - 200) : at]:
        return None
    return match.end()


def _feet(text: str, at: int, context: Context) -> Found | None:
    """5' 11": feet and inches where a height is spoken of, or could be meant and no time of a race."""
    match = _FEET.match(text, at)
    if match is None or int(match[2]) > 11 or _inch_sign(text, at, match.end(2)) is None:
        return None
    tall = not _HEIGHT.isdisjoint(context.recent(4)) or context.after(match.end()).lower() in ("alto", "altura", "estatura")
    if not (tall or (4 <= int(match[1]) <= 7 and (match.group()[len(match[1])] != "'" or " " in match.group()))):
        return None
    feet, inches = int(match[1]), int(match[2])
    words = f"{cardinal(feet, 'm')} {'pie' if feet == 1 else 'pies'}"
    return f"{words} {cardinal(inches, 'f')} {'pulgada' if inches == 1 else 'pulgadas'}", match.end(), "feet and inches"


def _place(text: str, at: int) -> Found | None:
    """34° 36' 12" S: degrees, minutes and seconds of a place or angle."""
    match = _PLACE.match(text, at)
    if match is None:
        return None
    parts = ((match[1], "grado"), (match[2], "minuto"), (match[3], "segundo"))
    said = [(numeral_at(n, 0, True), unit) for n, unit in parts if n]
    words = " ".join(f"{n.words('m')} {unit}{'' if n.one else 's'}" for n, unit in said)
    return words + (f" {_WINDS[match[4]]}" if match[4] else ""), match.end(), "degrees and minutes"


def _inches(text: str, at: int) -> Found | None:
    """43": inches, where no quotation is open."""
    match = _INCHES.match(text, at)
    if match is None or _inch_sign(text, at, match.end(1)) is None:
        return None
    number = numeral_at(match[1], 0, True)
    return f"{number.words('f')} {'pulgada' if number.one else 'pulgadas'}", match.end(), "inches"


def _product(text: str, at: int, context: Context) -> Found | None:
    """2 x 3 m, 5 cm x 3 cm: sizes; None unless there is a unit."""
    number = numeral_at(text, at, context.comma)
    said, end, units = [], at, 0
    for _ in range(4):
        if number is None:
            return None
        unit = unit_at(text, number.end)
        if unit is not None and unit[0][2] == "n":
            return None
        units += unit is not None
        end = unit[1] if unit is not None else number.end
        gender = unit[0][2] if unit is not None else "n"
        name = f" {unit[0][0 if number.one and not said else 1]}" if unit is not None else ""
        said.append(number.words(gender) + name)
        by = _BY.match(text, end)
        if by is None:
            break
        number = numeral_at(text, by.end(), context.comma)
    if len(said) < 2 or not units or unit is None:
        return None
    if units == 1:
        said[:-1] = [s.removesuffix("uno") + "un" if s.endswith("uno") else s for s in said[:-1]]
    return " por ".join(said), end, "size"
