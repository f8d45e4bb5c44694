"""Names of units of measure: SI units with their prefixes, customary units, squares and cubes (BIPM, SI brochure, 9th ed.)."""

from __future__ import annotations

Name = tuple[str, str, str]  # singular, plural, gender

# Said otherwise than base and prefix would have it, and units that take no prefix. Also found in other letter case.
USUAL: dict[str, Name] = {
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

# base -> its name and the prefixes that are in use with it; found only in the letter case of the table.
_BASES: dict[str, tuple[Name, str]] = {
    "m": (("metro", "metros", "m"), "k h da d c m µ n"),
    "g": (("gramo", "gramos", "m"), "h da d c m µ n"),
    "t": (("tonelada", "toneladas", "f"), "k M G"),
    "l": (("litro", "litros", "m"), "h da d c m µ n"),
    "L": (("litro", "litros", "m"), "h d c m µ n"),
    "s": (("segundo", "segundos", "m"), "m µ n p"),
    "A": (("amperio", "amperios", "m"), "k m µ n"),
    "V": (("voltio", "voltios", "m"), "M k m µ"),
    "W": (("vatio", "vatios", "m"), "T G M k m µ"),
    "J": (("julio", "julios", "m"), "G M k m"),
    "N": (("newton", "newtons", "m"), "k m"),
    "Pa": (("pascal", "pascales", "m"), "G M k h m"),
    "bar": (("bar", "bares", "m"), "m k"),
    "Hz": (("hercio", "hercios", "m"), "T G M k m"),
    "F": (("faradio", "faradios", "m"), "m µ n p"),
    "H": (("henrio", "henrios", "m"), "m µ n"),
    "C": (("culombio", "culombios", "m"), "m µ n"),
    "Ω": (("ohmio", "ohmios", "m"), "G M k m"),
    "Wb": (("wéber", "wéberes", "m"), "m"),
    "mol": (("mol", "moles", "m"), "m µ n k"),
    "eV": (("electronvoltio", "electronvoltios", "m"), "T G M k m"),
    "Sv": (("sievert", "sieverts", "m"), "m µ"),
    "Gy": (("gray", "grays", "m"), "m µ"),
    "Bq": (("becquerel", "becquereles", "m"), "T G M k"),
    "Wh": (("vatio hora", "vatios hora", "m"), "T G M k m"),
    "Ah": (("amperio hora", "amperios hora", "m"), "k m"),
    "cal": (("caloría", "calorías", "f"), "k M"),
    "B": (("byte", "bytes", "m"), "E P T G M k"),
    "bit": (("bit", "bits", "m"), "T G M k"),
    "bps": (("bit por segundo", "bits por segundo", "m"), "T G M k"),
    "pc": (("pársec", "pársecs", "m"), "k M"),
    "lm": (("lumen", "lúmenes", "m"), "k"),
    "lx": (("lux", "lux", "m"), "k"),
}
# Alone they are letters, or something else: grupo B, 3 H, una PC.
_NEVER_ALONE = frozenset(("F", "H", "C", "B", "pc"))
_PREFIXES = {
    "E": "exa", "P": "peta", "T": "tera", "G": "giga", "M": "mega", "k": "kilo", "h": "hecto", "da": "deca", "d": "deci",
    "c": "centi", "m": "mili", "µ": "micro", "n": "nano", "p": "pico",
}  # fmt: skip
# The stress of metro moves to the prefix.
_METRES = {"kilo": "kiló", "hecto": "hectó", "deca": "decá", "deci": "decí", "centi": "centí", "mili": "milí", "micro": "micró",
           "nano": "nanó"}  # fmt: skip
_BYTES = {"Ki": "kibi", "Mi": "mebi", "Gi": "gibi", "Ti": "tebi", "Pi": "pebi"}
_CUSTOMARY: dict[str, Name] = {
    "in": ("pulgada", "pulgadas", "f"), "pulg": ("pulgada", "pulgadas", "f"),
    "fl oz": ("onza líquida", "onzas líquidas", "f"), "lbs": ("libra", "libras", "f"),
    "qt": ("cuarto de galón", "cuartos de galón", "m"), "bbl": ("barril", "barriles", "m"),
    "kn": ("nudo", "nudos", "m"), "kts": ("nudo", "nudos", "m"), "nmi": ("milla náutica", "millas náuticas", "f"),
    "tsp": ("cucharadita", "cucharaditas", "f"), "tbsp": ("cucharada", "cucharadas", "f"),
    "rad": ("radián", "radianes", "m"), "ct": ("quilate", "quilates", "m"),
    "dpt": ("dioptría", "dioptrías", "f"),
    "hPa": ("hectopascal", "hectopascales", "m"), "cmHg": ("centímetro de mercurio", "centímetros de mercurio", "m"),
    "bpm": ("pulsación por minuto", "pulsaciones por minuto", "f"),
    "rps": ("revolución por segundo", "revoluciones por segundo", "f"),
    "dBA": ("decibel a", "decibeles a", "m"), "dBm": ("decibel miliwatt", "decibeles miliwatt", "m"),
    "Torr": ("torr", "torrs", "m"),
    "BTU": ("be te u", "be te u", "m"), "Tb": ("terabit", "terabits", "m"),
    "ua": ("unidad astronómica", "unidades astronómicas", "f"),
}  # fmt: skip
_LENGTHS = ("km", "hm", "dam", "m", "dm", "cm", "mm", "µm", "nm", "in", "ft", "yd", "mi")


def _prefixed(prefix: str, base: str) -> Name:
    said = _PREFIXES[prefix]
    one, many, gender = _BASES[base][0]
    if base == "m":
        return _METRES[said] + one, _METRES[said] + many, gender
    if base == "Ω" and prefix == "k":
        said = "kil"
    return said + one, said + many, gender


def _powers(name: Name) -> tuple[Name, Name]:
    """Its square and its cube: pulgada cuadrada, metros cúbicos."""
    one, many, gender = name
    end = "a" if gender == "f" else "o"
    square = (f"{one} cuadrad{end}", f"{many} cuadrad{end}s", gender)
    return square, (f"{one} cúbic{end}", f"{many} cúbic{end}s", gender)


def _all() -> dict[str, Name]:
    found: dict[str, Name] = {}
    for base, (name, prefixes) in _BASES.items():
        if base not in _NEVER_ALONE:
            found[base] = name
        for prefix in prefixes.split():
            found[prefix + base] = _prefixed(prefix, base)
    for prefix, said in _BYTES.items():
        found[prefix + "B"] = (said + "byte", said + "bytes", "m")
    found |= _CUSTOMARY
    found |= USUAL
    for length in _LENGTHS:
        square, cube = _powers(found[length])
        found.setdefault(length + "²", square)
        found.setdefault(length + "³", cube)
    return found | {key.replace("µ", "μ"): name for key, name in found.items() if "µ" in key}


UNITS = _all()
_SMALL = {key.lower(): name for key, name in reversed(UNITS.items()) if len(key) > 2 and key != key.lower() and key.isascii()}
# What is found whatever the letter case, when the exact one is not in UNITS.
ANY_CASE = _SMALL | {key.lower(): name for key, name in reversed(USUAL.items())}
