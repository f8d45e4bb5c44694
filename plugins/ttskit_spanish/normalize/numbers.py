"""Number words: cardinals with gender and apocope, ordinals, fractions (RAE & ASALE, Nueva gramática 2009, ch. 21)."""

from __future__ import annotations

_SMALL = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho "
    "diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve"
).split()
_TENS = "_ _ _ treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()
_HUNDREDS = (
    "_ ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
).split()
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
