"""Quantities with units: 21 kg, 1/2 kg, 3,5 %, -3 °C, 80 km/h."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.numbers import cardinal
from ttskit_spanish.normalize.numerals import RANGE, numeral_at
from ttskit_spanish.normalize.ordinals import read_fraction
from ttskit_spanish.pattern import Pattern

# unit -> (singular, plural, gender); exact case first, then lower case.
_UNITS = {
    "%": ("por ciento", "por ciento", "n"), "‰": ("por mil", "por mil", "n"),
    "kg": ("kilo", "kilos", "m"), "g": ("gramo", "gramos", "m"), "gr": ("gramo", "gramos", "m"),
    "mg": ("miligramo", "miligramos", "m"),
    "t": ("tonelada", "toneladas", "f"), "tn": ("tonelada", "toneladas", "f"), "lb": ("libra", "libras", "f"),
    "oz": ("onza", "onzas", "f"),
    "km": ("kilómetro", "kilómetros", "m"), "m": ("metro", "metros", "m"), "mts": ("metro", "metros", "m"),
    "cm": ("centímetro", "centímetros", "m"), "mm": ("milímetro", "milímetros", "m"), "nm": ("nanómetro", "nanómetros", "m"),
    "km²": ("kilómetro cuadrado", "kilómetros cuadrados", "m"), "m²": ("metro cuadrado", "metros cuadrados", "m"),
    "cm²": ("centímetro cuadrado", "centímetros cuadrados", "m"), "m³": ("metro cúbico", "metros cúbicos", "m"),
    "cm³": ("centímetro cúbico", "centímetros cúbicos", "m"), "cc": ("centímetro cúbico", "centímetros cúbicos", "m"),
    "ha": ("hectárea", "hectáreas", "f"), "l": ("litro", "litros", "m"), "lts": ("litro", "litros", "m"),
    "ml": ("mililitro", "mililitros", "m"),
    "h": ("hora", "horas", "f"), "hs": ("hora", "horas", "f"), "hrs": ("hora", "horas", "f"), "min": ("minuto", "minutos", "m"),
    "s": ("segundo", "segundos", "m"), "seg": ("segundo", "segundos", "m"), "ms": ("milisegundo", "milisegundos", "m"),
    "km/h": ("kilómetro por hora", "kilómetros por hora", "m"), "m/s": ("metro por segundo", "metros por segundo", "m"),
    "mph": ("milla por hora", "millas por hora", "f"), "rpm": ("revolución por minuto", "revoluciones por minuto", "f"),
    "°C": ("grado", "grados", "m"), "ºC": ("grado", "grados", "m"), "°": ("grado", "grados", "m"),
    "°F": ("grado fahrenheit", "grados fahrenheit", "m"), "°K": ("grado kelvin", "grados kelvin", "m"),
    "° k": ("grado kelvin", "grados kelvin", "m"), "K": ("kelvin", "kelvin", "m"),
    "W": ("vatio", "vatios", "m"), "kW": ("kilovatio", "kilovatios", "m"), "MW": ("megavatio", "megavatios", "m"),
    "kWh": ("kilovatio hora", "kilovatios hora", "m"), "V": ("voltio", "voltios", "m"), "A": ("amperio", "amperios", "m"),
    "Hz": ("hercio", "hercios", "m"), "kHz": ("kilohercio", "kilohercios", "m"), "MHz": ("megahercio", "megahercios", "m"),
    "GHz": ("gigahercio", "gigahercios", "m"), "dB": ("decibel", "decibeles", "m"),
    "mg/dl": ("miligramo por decilitro", "miligramos por decilitro", "m"), "g/l": ("gramo por litro", "gramos por litro", "m"),
    "mg/l": ("miligramo por litro", "miligramos por litro", "m"), "kcal": ("kilocaloría", "kilocalorías", "f"),
    "KB": ("kilobyte", "kilobytes", "m"), "MB": ("megabyte", "megabytes", "m"), "GB": ("gigabyte", "gigabytes", "m"),
    "TB": ("terabyte", "terabytes", "m"), "Mbps": ("megabit por segundo", "megabits por segundo", "m"),
    "psi": ("libra por pulgada cuadrada", "libras por pulgada cuadrada", "f"), "hPa": ("hectopascal", "hectopascales", "m"),
    "dl": ("decilitro", "decilitros", "m"), "hl": ("hectolitro", "hectolitros", "m"), "dm": ("decímetro", "decímetros", "m"),
    "hm": ("hectómetro", "hectómetros", "m"), "kV": ("kilovoltio", "kilovoltios", "m"),
    "mV": ("milivoltio", "milivoltios", "m"),
    "mA": ("miliamperio", "miliamperios", "m"), "mAh": ("miliamperio hora", "miliamperios hora", "m"),
    "GW": ("gigavatio", "gigavatios", "m"), "GWh": ("gigavatio hora", "gigavatios hora", "m"),
    "MWh": ("megavatio hora", "megavatios hora", "m"), "ft": ("pie", "pies", "m"), "mi": ("milla", "millas", "f"),
    "yd": ("yarda", "yardas", "f"), "gal": ("galón", "galones", "m"), "µg": ("microgramo", "microgramos", "m"),
    "μg": ("microgramo", "microgramos", "m"), "µm": ("micrómetro", "micrómetros", "m"), "Pa": ("pascal", "pascales", "m"),
    "kPa": ("kilopascal", "kilopascales", "m"), "atm": ("atmósfera", "atmósferas", "f"), "cal": ("caloría", "calorías", "f"),
    "kJ": ("kilojulio", "kilojulios", "m"), "Gb": ("gigabit", "gigabits", "m"), "Kb": ("kilobit", "kilobits", "m"),
    "Gbps": ("gigabit por segundo", "gigabits por segundo", "m"), "kbps": ("kilobit por segundo", "kilobits por segundo", "m"),
    "km³": ("kilómetro cúbico", "kilómetros cúbicos", "m"), "mm²": ("milímetro cuadrado", "milímetros cuadrados", "m"),
    "grs": ("gramo", "gramos", "m"), "kgs": ("kilo", "kilos", "m"), "kms": ("kilómetro", "kilómetros", "m"),
    "px": ("píxel", "píxeles", "m"), "mmHg": ("milímetro de mercurio", "milímetros de mercurio", "m"),
}  # fmt: skip
_LOWER = {unit.lower(): said for unit, said in reversed(_UNITS.items())}
_UNIT = Pattern(r"[ \xa0]?(° [kK]|[kcm]?m[23](?![^\W_])|[%‰]|[°º] ?[CFK]?(?![^\W\d_])|"
                r"[a-zA-Zµμ]{1,4}(?:[²³/][a-zA-Z]{0,2})?(?![^\W_]))")
_NOT_NOUNS = frozenset(
    "a al y o u e de del en con sin bajo sobre hasta que por para centígrados celsius fahrenheit kelvin".split()
)
_POINT_INSIDE = Pattern(r"\.(?=,|[ \xa0][a-záéíóúñ\d])")
_MAINS = Pattern(r"(?<!\d)(?:12|24|48|110|220|230|380)$")
_ALONE = Pattern(r"(\d{1,3}(?:,\d+)?)'(?: ?(\d{1,2})(?:\"|''))?")


def unit_at(text: str, at: int) -> tuple[tuple[str, str, str], int] | None:
    """The unit after a number, with its end."""
    match = _UNIT.match(text, at)
    if match is None:
        return None
    written = match[1].replace("º", "°")
    if written[-1] in "23":
        written = written[:-1] + "²³"[int(written[-1]) - 2]
    if written.startswith("°") and written != "° k":
        written = written.replace(" ", "")
    said = _UNITS.get(written) or (_LOWER.get(written.lower()) if written[:1].isalpha() or written[0] in "°%‰" else None)
    if said is None:
        return None
    apart = text[at : at + 1] in (" ", "\xa0")
    if written in ("A", "a", "k", "v", "w") and apart:
        return None  # "3 a 5": a letter is more likely
    if written == "V" and apart and not _MAINS.search(text[max(0, at - 4) : at]):
        return None
    if len(written) == 1 and written.isupper() and (written not in _UNITS or (written == "K" and not apart)):
        return None  # 5G, 4K
    return said, match.end()


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
    angle = _ALONE.match(text, at)
    if angle and not text[angle.end() : angle.end() + 1].isalpha():
        minutes = numeral_at(angle[1], 0, True)
        words = f"{minutes.words('m')} {'minuto' if minutes.one else 'minutos'}"
        if angle[2]:
            words += f" {numeral_at(angle[2], 0, True).words('m')} segundos"
        return words, angle.end(), "minutes and seconds"
    parts = re.compile(r"(?:(\d{1,6}) )?(\d{1,3})/(\d{1,3})").match(text, at)
    if parts:
        unit = unit_at(text, parts.end())
        said = read_fraction(text, at, context)
        if unit is None or said is None or unit[0][2] == "n":
            return None
        (one, many, gender), end = unit
        if parts[1]:
            whole = numeral_at(parts[1], 0, True)
            rest = read_fraction(f"{parts[2]}/{parts[3]}", 0, context)[0]
            rest = "media" if rest == "medio" and gender == "f" else rest
            head, _, tail = (one if whole.one else many).partition(" ")
            return f"{whole.words(gender)} {head} y {rest} {tail}".rstrip(), end, "fraction with unit"
        if said[0] == "medio":
            return f"{'media' if gender == 'f' else 'medio'} {one}", end, "fraction with unit"
        return f"{said[0]} de {one}", end, "fraction with unit"
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
    if text[end - 1] in "°º" and _is_ordinal(text, number.whole, end, context):
        return None
    words = cardinal(number.whole, gender) if number.written.isdecimal() else number.words(gender)  # 01 h: una hora
    if text[end - 1].isalpha() and _POINT_INSIDE.match(text, end):
        end += 1  # 18 hs. y
    return f"{words} {one if number.one else many}", end, "number with unit"


def _is_ordinal(text: str, number: int, end: int, context: Context) -> bool:
    """5º, and 5° before a noun (5° piso): the degree sign is often typed for º."""
    if text[end - 1] == "º":
        return True
    word = context.after(end)
    return number <= 40 and word.islower() and word not in _NOT_NOUNS
