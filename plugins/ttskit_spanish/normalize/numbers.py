"""Number words: cardinals with gender and apocope, ordinals, fractions (RAE & ASALE, Nueva gramática 2009, ch. 21)."""

from __future__ import annotations

_SMALL = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho "
    "diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve"
).split()
_TENS = "_ _ _ treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()
_HUNDREDS = ("_ ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos").split()
_MILLIONS = (("", ""), ("millón", "millones"), ("billón", "billones"), ("trillón", "trillones"), ("cuatrillón", "cuatrillones"))
LIMIT = 10 ** (6 * len(_MILLIONS))


def _below_thousand(n: int, gender: str) -> list[str]:
    """1 … 999; gender "m" (veintiún libros), "f" (veintiuna casas) or "n" (veintiuno)."""
    words: list[str] = []
    if n == 100:
        return ["cien"]
    if n >= 100:
        hundred = _HUNDREDS[n // 100]
        words.append(hundred[:-2] + "as" if gender == "f" and n >= 200 else hundred)
        n %= 100
    if n == 0:
        return words
    if n >= 30:
        words.append(_TENS[n // 10])
        n %= 10
        if n == 0:
            return words
        words.append("y")
    if n in (1, 21):
        words.append({"m": ("un", "veintiún"), "f": ("una", "veintiuna"), "n": ("uno", "veintiuno")}[gender][n == 21])
    else:
        words.append(_SMALL[n])
    return words


def cardinal(n: int, gender: str = "n") -> str:
    """Words of a whole number; `gender` is that of the noun counted: "m", "f", or "n" for none.

    >>> cardinal(0), cardinal(16), cardinal(100), cardinal(21, "m"), cardinal(231, "f")
    ('cero', 'dieciséis', 'cien', 'veintiún', 'doscientas treinta y una')
    >>> cardinal(1_021_000, "f"), cardinal(2_000_001), cardinal(-5)
    ('un millón veintiuna mil', 'dos millones uno', 'menos cinco')
    >>> cardinal(10**18 * 100_000)
    'cien mil trillones'
    """
    if n < 0:
        return "menos " + cardinal(-n, gender)
    if n == 0:
        return "cero"
    if n >= LIMIT:
        return " ".join(_SMALL[int(d)] for d in str(n))
    groups = []
    rest = n
    while rest:
        groups.append(rest % 1_000_000)
        rest //= 1_000_000
    words: list[str] = []
    for power in range(len(groups) - 1, -1, -1):
        group = groups[power]
        if not group:
            continue
        own = gender if power == 0 else "m"
        thousands, units = divmod(group, 1000)
        if thousands == 1:
            words.append("mil")
        elif thousands:
            words += [*_below_thousand(thousands, "f" if own == "f" else "m"), "mil"]
        if units:
            words += _below_thousand(units, own)
        if power:
            words.append(_MILLIONS[power][0 if group == 1 else 1])
    return " ".join(words)


_NO_ACCENTS = str.maketrans("áéíóú", "aeiou")
_ORDINAL_UNITS = "_ primero segundo tercero cuarto quinto sexto séptimo octavo noveno".split()
_ORDINAL_TENS = "_ décimo vigésimo trigésimo cuadragésimo quincuagésimo sexagésimo septuagésimo octogésimo nonagésimo".split()
_ORDINAL_HUNDREDS = (
    "_ centésimo ducentésimo tricentésimo cuadringentésimo quingentésimo sexcentésimo septingentésimo octingentésimo "
    "noningentésimo"
).split()
_JOINED = {1: "decimo", 2: "vigesimo"}  # decimotercero, vigesimoprimero


def _joined(n: int) -> str:
    """A number as the first part of one word: treintaiunmilésimo (RAE & ASALE, Ortografía 2010, ch. VIII)."""
    return "" if n == 1 else cardinal(n, "m").replace(" y ", "i").replace(" ", "").translate(_NO_ACCENTS)


def ordinal(n: int, gender: str = "m", *, short: bool = False) -> str:
    """Ordinal words of 1 … 999,999,999; `short` is the form before a masculine noun (primer, tercer).

    >>> ordinal(1, "f"), ordinal(3, short=True), ordinal(10), ordinal(12), ordinal(13, "f"), ordinal(28)
    ('primera', 'tercer', 'décimo', 'duodécimo', 'decimotercera', 'vigesimoctavo')
    >>> ordinal(134, "f"), ordinal(1248)
    ('centésima trigésima cuarta', 'milésimo ducentésimo cuadragésimo octavo')
    """
    words: list[str] = []
    millions, n = divmod(n, 1_000_000)
    if millions:
        words.append(_joined(millions) + "millonésimo")
    thousands, rest = divmod(n, 1000)
    if thousands:
        words.append(_joined(thousands) + "milésimo")
    hundreds, rest = divmod(rest, 100)
    if hundreds:
        words.append(_ORDINAL_HUNDREDS[hundreds])
    tens, units = divmod(rest, 10)
    if rest == 11:
        words.append("undécimo")
    elif rest == 12:
        words.append("duodécimo")
    elif tens in _JOINED and units:
        unit = _ORDINAL_UNITS[units]
        joined = _JOINED[tens] + ("séptimo" if units == 7 else unit)
        words.append(joined.replace("oo", "o"))
    else:
        if tens:
            words.append(_ORDINAL_TENS[tens])
        if units:
            words.append(_ORDINAL_UNITS[units])
    if gender == "f":
        words = [w[:-1] + "a" for w in words]
    if short and gender == "m" and words and words[-1].endswith(("primero", "tercero")):
        words[-1] = words[-1][:-1]
    return " ".join(words)


_PARTS = "_ _ medio tercio cuarto quinto sexto séptimo octavo noveno décimo".split()


_DECIMAL_PARTS = {
    10 ** (power + 2): name
    for power, name in enumerate(
        "centésimo milésimo diezmilésimo cienmilésimo millonésimo diezmillonésimo cienmillonésimo milmillonésimo".split()
    )
}


def fraction(over: int, under: int) -> str:
    """A fraction in words; large denominators are read with "sobre".

    >>> fraction(1, 2), fraction(2, 3), fraction(1, 15), fraction(1, 100), fraction(5, 112)
    ('un medio', 'dos tercios', 'un quinceavo', 'un centésimo', 'cinco sobre ciento doce')
    """
    if 2 <= under <= 10:
        part = _PARTS[under]
    elif under in _DECIMAL_PARTS:
        part = _DECIMAL_PARTS[under]
    elif 11 <= under < 100:
        base = cardinal(under).replace(" y ", "i")
        plain = base.translate(_NO_ACCENTS)
        part = (plain[:-1] if plain.endswith(("a", "uno")) else plain) + "avo"  # treintavo, treintaiunavo, onceavo
    else:
        return f"{cardinal(over)} sobre {cardinal(under)}"
    return f"{cardinal(over, 'm')} {part}{'' if over == 1 else 's'}"


def decimals(digits: str, gender: str = "n") -> str:
    """What stands behind the decimal sign: up to two digits as a number, else digit by digit.

    >>> decimals("5"), decimals("56"), decimals("05"), decimals("125")
    ('cinco', 'cincuenta y seis', 'cero cinco', 'uno dos cinco')
    """
    if len(digits) <= 2 and digits[0] != "0":
        return cardinal(int(digits), "n" if gender == "f" else gender)
    return spelt(digits)


def spelt(digits: str) -> str:
    """Digits one by one.

    >>> spelt("907")
    'nueve cero siete'
    """
    return " ".join(_SMALL[int(d)] for d in digits)
