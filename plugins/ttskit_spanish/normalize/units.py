"""Units of measure: their names, and what stands behind a bar: km/h, hab/km², mg/ml."""

from __future__ import annotations

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
    "mm Hg": ("milímetro de mercurio", "milímetros de mercurio", "m"), "L": ("litro", "litros", "m"),
    "cl": ("centilitro", "centilitros", "m"), "lt": ("litro", "litros", "m"), "mt": ("metro", "metros", "m"),
    "dm³": ("decímetro cúbico", "decímetros cúbicos", "m"), "mm³": ("milímetro cúbico", "milímetros cúbicos", "m"),
    "hm³": ("hectómetro cúbico", "hectómetros cúbicos", "m"), "dm²": ("decímetro cuadrado", "decímetros cuadrados", "m"),
    "ppm": ("parte por millón", "partes por millón", "f"), "ppb": ("parte por mil millones", "partes por mil millones", "f"),
    "fps": ("cuadro por segundo", "cuadros por segundo", "m"), "lpm": ("latido por minuto", "latidos por minuto", "m"),
    "msnm": ("metro sobre el nivel del mar", "metros sobre el nivel del mar", "m"), "hab": ("habitante", "habitantes", "m"),
    "qq": ("quintal", "quintales", "m"), "HP": ("caballo de fuerza", "caballos de fuerza", "m"),
    "CV": ("caballo de vapor", "caballos de vapor", "m"), "kcals": ("kilocaloría", "kilocalorías", "f"),
    "Mpx": ("megapíxel", "megapíxeles", "m"), "MP": ("megapíxel", "megapíxeles", "m"),
    "dpi": ("punto por pulgada", "puntos por pulgada", "m"),
    "kVA": ("kilovoltio amperio", "kilovoltios amperios", "m"), "Ω": ("ohmio", "ohmios", "m"),
    "kΩ": ("kilohmio", "kilohmios", "m"),
    "mcg": ("microgramo", "microgramos", "m"), "UI": ("unidad internacional", "unidades internacionales", "f"),
    "kB": ("kilobyte", "kilobytes", "m"), "Mb": ("megabit", "megabits", "m"), "lm": ("lumen", "lúmenes", "m"),
    "kN": ("kilonewton", "kilonewtons", "m"), "MPa": ("megapascal", "megapascales", "m"), "bar": ("bar", "bares", "m"),
    "TWh": ("teravatio hora", "teravatios hora", "m"), "Wh": ("vatio hora", "vatios hora", "m"),
    "TW": ("teravatio", "teravatios", "m"),
    "μm": ("micrómetro", "micrómetros", "m"), "µs": ("microsegundo", "microsegundos", "m"),
    "ns": ("nanosegundo", "nanosegundos", "m"),
    "kgf": ("kilogramo fuerza", "kilogramos fuerza", "m"), "Nm": ("newton metro", "newtons metro", "m"),
    "cm/s": ("centímetro por segundo", "centímetros por segundo", "m"),
    "km/s": ("kilómetro por segundo", "kilómetros por segundo", "m"),
}  # fmt: skip
_LOWER = {unit.lower(): said for unit, said in reversed(_UNITS.items())}
_UNIT = Pattern(
    r"[ \xa0]?(° [kK]|mm Hg|m ?s\. ?n\. ?m\.|m\.s\.n\.m\.|[%‰]|[°º](?: ?[CFK](?![^\W\d_]))?(?![^\W\d_])|"
    r"[kcdhm]?m[23](?![^\W_])|[a-zA-ZµμΩ]{1,5}[²³]?)(?:/([a-zA-Zµáéíóúñ]{1,10}[²³23]?))?(?![^\W_])"
)
_MAINS = Pattern(r"(?<!\d)(?:12|24|48|110|220|230|380)$")
_PER = Pattern(r"[ \xa0]?/[ \xa0]?([a-zA-Zµ]{1,3}[²³23]?|[a-záéíóúñ]{3,12})(?![^\W_/])")
_SQUARED = {"s²": "segundo al cuadrado"}
_PLAIN_WORDS = frozenset(
    "día mes año hora noche semana persona habitante paciente unidad docena minuto segundo metro kilo litro tonelada turno "
    "jornada "
    "alumno mil millón hectárea cabeza caja bolsa paquete viaje función".split()
)


def _squared(written: str) -> str:
    """m2 as m²."""
    return written[:-1] + "²³"[int(written[-1]) - 2] if written[-1] in "23" else written


def _per(written: str) -> str | None:
    """What stands behind a bar, in the singular: h, km², día."""
    key = _squared(written)
    if key in _SQUARED or key in _PLAIN_WORDS:
        return _SQUARED.get(key, key)
    said = _UNITS.get(key) or _LOWER.get(key.lower())
    return said[0] if said is not None else None


def per_at(text: str, at: int) -> tuple[str, int] | None:
    """ "/kg", "/ m²", "/hora" after an amount: "por kilo", with its end.

    >>> per_at("$ 5/kg", 3), per_at("5/persona", 1), per_at("a/b", 1)
    (('por kilo', 6), ('por persona', 9), None)
    """
    match = _PER.match(text, at)
    said = _per(match[1]) if match is not None else None
    return (f"por {said}", match.end()) if said is not None else None


def unit_at(text: str, at: int) -> tuple[tuple[str, str, str], int] | None:
    """The unit after a number, with its end: (singular, plural, gender).

    >>> unit_at("5 kg/ha", 1), unit_at("9,8 m/s²", 3)[0][1]
    ((('kilo por hectárea', 'kilos por hectárea', 'm'), 7), 'metros por segundo al cuadrado')
    """
    match = _UNIT.match(text, at)
    if match is None:
        return None
    written, behind = match[1].replace("º", "°"), match[2]
    if written[-1] == ".":
        written = "msnm"
    if len(written) > 1:
        written = _squared(written)
    if written.startswith("°") and written != "° k":
        written = written.replace(" ", "")
    said = (behind and _UNITS.get(f"{written}/{behind}")) or (behind and _LOWER.get(f"{written}/{behind}".lower()))
    if not said:
        alone = len(written) == 1 and written.isalpha()
        said = _UNITS.get(written) or (None if alone and written in "kavw" else _LOWER.get(written.lower()))
        if said is None:
            return None
        if behind is not None:
            per = _per(behind)
            if per is None:
                return None
            said = (f"{said[0]} por {per}", f"{said[1]} por {per}", said[2])
    apart = text[at : at + 1] in (" ", "\xa0")
    if written == "A" and apart:
        return None  # "3 A": a letter is more likely
    if written == "V" and apart and not _MAINS.search(text[max(0, at - 4) : at]):
        return None
    if len(written) == 1 and written.isupper() and (written not in _UNITS or (written == "K" and not apart)):
        return None  # 5G, 4K
    return said, match.end()
