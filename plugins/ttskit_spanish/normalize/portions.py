"""Counted things in short: 2 cdas., 1/2 doc., 3/4 tz., 1 ½ kg, 6-8 porc., 4 u., 9 pts, 2 dorm."""

from __future__ import annotations

import unicodedata

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.numbers import cardinal, decimals, fraction
from ttskit_spanish.normalize.units import unit_at
from ttskit_spanish.pattern import Pattern

_NAMES = {
    "cucharada": "cda cdas cuch cuchs", "cucharadita": "cdta cdtas cdita cditas ctda ctdas", "taza": "tz tzs tza tzas",
    "paquete": "paq paqs pqte pqtes pqt", "docena": "doc docs dna dnas", "unidad": "u un uds uni unid unids unidad",
    "porción": "porc porcs",
    "persona": "pers pers pax", "parte": "pte ptes", "diente": "dte dtes", "botella": "bot bots", "cápsula": "cáps caps cps",
    "comprimido": "comp comps compr", "ampolla": "amp amps", "gota": "gts gtas", "cuota": "cta ctas cuot cuots",
    "página": "pág págs pag pags",
    "punto": "pts pt ptos pto", "ambiente": "amb ambs", "dormitorio": "dorm dorms", "habitación": "hab habs", "baño": "bñs",
    "semana": "sem sems", "rebanada": "reb rebs", "rodaja": "rod rods",
    "feta": "fet fets", "pieza": "pza pzas pz pzs", "alumno": "alum alums", "jugador": "jug jugs",
    
    "cajón": "caj cajs", "atado": "atdo", "cochera": "coch cochs", "vuelta": "vtas", 
}  # fmt: skip
_SHORT = {short: name for name, shorts in _NAMES.items() for short in shorts.split()}
# Only with their point, or with "de" behind them: u as the conjunction, un, doc. of a computer, cta. of a bank.
_POINTED = frozenset("u un doc docs pte ptes cta ctas amb pt hab habs sem caj bot comp caps amp pers rod pza pto".split())
_OF_ONLY = frozenset("cta ctas".split())
_KITCHEN = frozenset("cta ctas".split())
_FULL = frozenset("taza cucharada cucharadita docena vaso paquete lata pote botella copa".split())
_PLURALS = {"porción": "porciones", "unidad": "unidades", "habitación": "habitaciones", "cucharón": "cucharones",
    "cajón": "cajones",
            "jugador": "jugadores"}  # fmt: skip
_FEMININE = frozenset("porción unidad habitación".split())
_HALF = r"[\u00bc-\u00be\u2150-\u215e]"
_SIGN = Pattern(rf"(?:(\d{{1,4}})(?:[ \xa0]|[ \xa0]y[ \xa0])?)?({_HALF})")
_HAS_SIGN = Pattern(_HALF)
_PARTS = Pattern(r"(?:(\d{1,4})[ \xa0](?:y[ \xa0])?)?(\d{1,2})/(\d{1,2})(?![\d/])")
_WHOLE = Pattern(r"(\d{1,6})(?:,(\d{1,2}))?(?:[ \xa0]?[-–][ \xa0]?(\d{1,6}))?(?![\d.,/])")
_NAME = Pattern(r"[ \xa0]?([A-Za-zñáéíóú]{1,8})(?![^\W_]|[.]\w)(\.?)")
_OF = Pattern(r"[ \xa0](?:de|del|x|por|c/|y|a)(?![^\W_])|[ \xa0]?[,;)+]|[ \xa0]?$")
_SENTENCE = Pattern(r"[ \xa0]*$|[ \xa0]*\n|[ \xa0]+[¿¡«\"“(—]*[A-ZÁÉÍÓÚÑ]")


def plural(name: str) -> str:
    """The plural of a counted name.

    >>> plural("cucharada"), plural("porción")
    ('cucharadas', 'porciones')
    """
    return _PLURALS.get(name) or name + "s"


def read_portion(text: str, at: int, context: Context) -> Found | None:
    """A number, fraction or both with a shortened name of what is counted; a sign of fraction with a unit.

    >>> def read(t):
    ...     found = read_portion(t, 0, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("2 cdas. de azúcar"), read("1/2 doc. de huevos"), read("3/4 tz. de leche"), read("1 ½ kg de pan")
    ('dos cucharadas', 'media docena', 'tres cuartos de taza', 'un kilo y medio')
    >>> read("6-8 porc."), read("4 u. x cliente"), read("7 u 8"), read("½ taza"), read("24/12 y")
    ('seis a ocho porciones', 'cuatro unidades', None, 'media taza', None)
    """
    match = _SIGN.match(text, at) if _HAS_SIGN.search(text, at, at + 9) else None
    if match is not None:
        parts = _fraction_of(match[2])
        return _shared(text, match.end(), match[1], parts, context, signed=True) if parts is not None else None
    match = _PARTS.match(text, at) if "/" in text[at : at + 9] else None
    if match is not None:
        over, under = int(match[2]), int(match[3])
        return _shared(text, match.end(), match[1], (over, under), context, signed=False) if over < under else None
    match = _WHOLE.match(text, at)
    found = _named(text, match.end(), context) if match is not None else None
    if found is None:
        return None
    name, end = found
    gender = "f" if name in _FEMININE or name.endswith("a") else "m"
    said = cardinal(int(match[1]), gender)
    if match[2]:
        said = f"{cardinal(int(match[1]))} coma {decimals(match[2])}"
    if match[3]:
        said += f" a {cardinal(int(match[3]), gender)}"
    one = int(match[1]) == 1 and not match[2] and not match[3]
    return f"{said} {name if one else plural(name)}", end, "number with a shortened name"


def _fraction_of(sign: str) -> tuple[int, int] | None:
    """½ as (1, 2)."""
    over, bar, under = unicodedata.normalize("NFKC", sign).partition("\u2044")
    return (int(over), int(under)) if bar and over and under else None


def _named(text: str, at: int, context: Context) -> tuple[str, int] | None:
    """The shortened name at `at`, in full, with its end (before a point that ends the sentence)."""
    match = _NAME.match(text, at)
    name = _SHORT.get(match[1].lower()) if match is not None else None
    if match is None or name is None or (match[1].isupper() and len(match[1]) > 1 and not context.shouting):
        return None
    key, end = match[1].lower(), match.end()
    if key in _POINTED and not match[2] and not (len(key) > 2 and (context.shouting or _OF.match(text, end))):
        return None
    if key in _OF_ONLY and text[end : end + 4] != " de ":
        return None
    name = "cucharadita" if key in _KITCHEN else name
    if match[2] and _SENTENCE.match(text, end):
        end -= 1
    return name, end


def _shared(text: str, at: int, whole: str | None, parts: tuple[int, int], context: Context, *, signed: bool) -> Found | None:
    """1/2 doc., 1 ½ kg: the name after a fraction."""
    found = _named(text, at, context)
    if found is not None:
        name, end = found
        names = (name, plural(name), "f" if name in _FEMININE or name.endswith("a") else "m")
    else:
        word = context.after(at)
        full = word.removesuffix("s") in _FULL and word.islower() and (parts != (1, 2) or signed)
        unit = unit_at(text, at) if signed else None
        if full:
            name, end = word.removesuffix("s"), text.index(word, at) + len(word)
            names = (name, plural(name), "f" if name.endswith("a") else "m")
        elif unit is not None and unit[0][2] != "n" and text[unit[1] - 1].isalnum():
            names, end = unit
        elif (
            signed and whole and word in ("litro", "litros", "kilo", "kilos", "metro", "metros", "hora", "horas", "año", "años")
        ):
            name, end = word.removesuffix("s"), text.index(word, at) + len(word)
            names = (name, name + "s", "f" if name.endswith("a") else "m")
        else:
            return None
    one, many, gender = names
    half = "media" if gender == "f" else "medio"
    if whole is not None:
        rest = half if parts == (1, 2) else fraction(*parts)
        head, _, tail = (one if int(whole) == 1 else many).partition(" ")
        return f"{cardinal(int(whole), gender)} {head} y {rest} {tail}".rstrip(), end, "fraction with a name"
    said = f"{half} {one}" if parts == (1, 2) else f"{fraction(*parts)} de {one}"
    return said, end, "fraction with a name"
