"""Units of measure: their names, and what stands behind a bar: km/h, hab/km², mg/ml."""

from __future__ import annotations

from ttskit_spanish.normalize.numbers import cardinal
from ttskit_spanish.normalize.unit_names import ANY_CASE, UNITS, Name
from ttskit_spanish.pattern import Pattern

_UNIT = Pattern(
    r"[ \xa0]?(° [kK]|mm Hg|fl\.? oz|m ?s\. ?n\. ?m\.|m\.s\.n\.m\.|[%‰]|[°º](?: ?[CFK](?![^\W\d_]))?(?![^\W\d_])|"
    r"(?:[kcdhm]?m|in|ft|yd|mi)[23](?![^\W_])|[a-zA-ZµμΩ]{1,5}(?:[²³]|\^[23](?!\d))?)(?:[·⋅]([a-zA-ZΩ]{1,3}))?"
    r"(?:/(?:(\d{1,3}) ?)?([a-zA-ZµμΩáéíóúñ]{1,10}(?:[²³23]|\^[23](?!\d))?))?(?![^\W_])"
)
# A letter that is a unit only where it is measured out: 10 N, 0,5 J.
_MEASURED = Pattern(r"(?:\d\d|,\d{1,3})$")
_MILLIONS = Pattern(r"[ \xa0]de[ \xa0][a-záéíóú]{3,20}s(?![^\W_])")
_GOES_ON = Pattern(r"[ \xa0](?:[A-Z\d]|[a-z]{3})")
_MAINS = Pattern(r"(?<!\d)(?:12|24|48|110|220|230|380)$")
_PER = Pattern(r"[ \xa0]?/[ \xa0]?([a-zA-Zµ]{1,3}[²³23]?|[a-záéíóúñ]{3,12})(?![^\W_/])")
_SQUARED = {"s²": "segundo al cuadrado", "s³": "segundo al cubo"}
_PLAIN_WORDS = frozenset(
    "día mes año hora noche semana persona habitante paciente unidad docena minuto segundo metro kilo litro tonelada turno "
    "jornada "
    "alumno mil millón hectárea cabeza caja bolsa paquete viaje función".split()
)


def _squared(written: str) -> str:
    """m2 and m^2 as m²."""
    return written[:-1].rstrip("^") + "²³"[int(written[-1]) - 2] if written[-1] in "23" else written


def _per(written: str) -> str | None:
    """What stands behind a bar, in the singular: h, km², día."""
    key = _squared(written)
    if key in _SQUARED or key in _PLAIN_WORDS:
        return _SQUARED.get(key, key)
    said = UNITS.get(key) or ANY_CASE.get(key.lower())
    return said[0] if said is not None else None


def per_at(text: str, at: int) -> tuple[str, int] | None:
    """ "/kg", "/ m²", "/hora" after an amount: "por kilo", with its end.

    >>> per_at("$ 5/kg", 3), per_at("5/persona", 1), per_at("a/b", 1)
    (('por kilo', 6), ('por persona', 9), None)
    """
    match = _PER.match(text, at)
    said = _per(match[1]) if match is not None else None
    return (f"por {said}", match.end()) if said is not None else None


def _times(said: Name, other: str) -> Name | None:
    """N·m: newtons metro."""
    second = UNITS.get(other)
    return (f"{said[0]} {second[0]}", f"{said[1]} {second[0]}", said[2]) if second is not None else None


def _per_amount(hundred: str, behind: str) -> str | None:
    """l/100 km: cien kilómetros."""
    said = UNITS.get(_squared(behind)) if len(behind) > 1 else UNITS.get(behind)
    return f"{cardinal(int(hundred), said[2])} {said[1]}" if said is not None else None


def unit_at(text: str, at: int) -> tuple[Name, int] | None:
    """The unit after a number, with its end: (singular, plural, gender).

    >>> unit_at("5 kg/ha", 1), unit_at("9,8 m/s²", 3)[0][1]
    ((('kilo por hectárea', 'kilos por hectárea', 'm'), 7), 'metros por segundo al cuadrado')
    >>> unit_at("7 l/100 km", 1)[0][1], unit_at("5 N·m", 1)[0][1]
    ('litros cada cien kilómetros', 'newtons metro')
    """
    match = _UNIT.match(text, at)
    if match is None:
        return None
    end = match.end()
    written, times, hundred, behind = match[1].replace("º", "°"), match[2], match[3], match[4]
    if written[-1] == ".":
        written = "msnm"
    if len(written) > 1:
        written = _squared(written)
    if written.startswith("°") and written != "° k":
        written = written.replace(" ", "")
    whole = f"{written}/{behind}"
    said = None if behind is None or hundred or times else UNITS.get(whole) or ANY_CASE.get(whole.lower())
    if not said:
        alone = len(written) == 1 and written.isalpha()
        said = UNITS.get(written.replace(".", "")) or (None if alone and written in "kavw" else ANY_CASE.get(written.lower()))
        if said is not None and times is not None:
            said = _times(said, times)
        if said is None:
            return None
        if behind is not None:
            per = _per(behind) if not hundred else _per_amount(hundred, behind)
            if per is None and not hundred:
                return None
            link = "cada" if hundred else "por"
            if per is None:
                end = match.end(1)  # 4 l/7 d: two numbers
            else:
                said = (f"{said[0]} {link} {per}", f"{said[1]} {link} {per}", said[2])
    apart = text[at : at + 1] in (" ", "\xa0")
    if written == "A" and apart:
        return None  # "3 A": a letter is more likely
    if written == "V" and apart and not _MAINS.search(text[max(0, at - 4) : at]):
        return None
    if len(written) == 1 and written.isupper() and (written not in UNITS or (written == "K" and not apart)):
        return None  # 5G, 4K
    goes_on = _GOES_ON.match(text, match.end()) is not None
    alone = written in ("J", "N") and behind is None and times is None
    if alone and (goes_on or not apart or not _MEASURED.search(text[max(0, at - 4) : at])):
        return None  # 3 J, 10 N 123
    if written == "MM" and _MILLIONS.match(text, match.end()):
        return None  # 8 MM de pesos
    if written == "in" and goes_on:
        return None  # 3 in vitro
    return said, end
