"""Results of games: 6/4 6/3 in tennis, 4-3-3, 50/50; told from fractions and ranges by their numbers and context."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.numbers import cardinal
from ttskit_spanish.normalize.telephone import group
from ttskit_spanish.pattern import Pattern

_SLASHED = Pattern(r"(\d{1,2})/(\d{1,2})(?![\d/]|[.,]\d)")
_ANOTHER = Pattern(r"(?:,| y|;|,? e)? ?(?=\d{1,2}/\d{1,2}(?![\d/]))")
_CHAIN = Pattern(r"\d{1,5}(?:[-–]\d{1,5}){2,6}(?![\w/]|[-–]\w)")
_BARS = Pattern(r"\d{1,4}(?:/\d{1,4}){2,4}(?![\w/])")
_SCALE = Pattern(r"(\d{1,3}):(\d{1,3}(?:[. ]\d{3}){1,3}|\d{1,8})(?![\d:]|[.,]\d)")
_SCALES = frozenset("escala proporción relación razón ratio mezcla".split())
_NO_DIGIT = Pattern(r"\D")
_GAMES = frozenset(
    "ganó ganaron gana ganar ganado perdió perdieron pierde perder venció vencieron vence vencer derrotó derrota derrotar "
    "batió superó superar cayó cayeron eliminó impuso imponerse triunfo triunfó victoria set sets parcial parciales marcador "
    "tenis tenista tenistas partido partidos final semifinal empató empataron remontó".split()
)
_YEAR = range(1500, 2101)


def _tennis(one: int, other: int) -> bool:
    """Whether a set can end so."""
    high, low = max(one, other), min(one, other)
    return (high == 6 and low <= 4) or (high == 7 and low in (5, 6))


def read_score(text: str, at: int, context: Context) -> Found | None:
    """A set of tennis, shares of a hundred, or three and more numbers joined by hyphens.

    >>> from ttskit_spanish.normalize.context import Context
    >>> def read(t):
    ...     found = read_score(t, 0, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("6/4, 7/5"), read("6/4 del total"), read("50/50"), read("4-3-3"), read("978-950")
    ('seis cuatro', None, 'cincuenta cincuenta', 'cuatro tres tres', None)
    """
    chain = _CHAIN.match(text, at)
    if chain is not None:
        parts = chain.group().replace("–", "-").split("-")
        small = all(len(p) < 3 and p[0] != "0" for p in parts)
        said = (cardinal(int(p)) if small or int(p) in _YEAR else group(p) for p in parts)
        return " ".join(said), chain.end(), "numbers joined by hyphens"
    bars = _BARS.match(text, at)
    if bars is not None:
        return " ".join(cardinal(int(n)) for n in bars.group().split("/")), bars.end(), "numbers joined by bars"
    scale = _SCALE.match(text, at)
    plain = scale is not None and (scale[2].endswith("000") or (len(scale[2]) > 2 and scale[2].isdecimal()))  # not a lap
    if scale is not None and (plain or not _SCALES.isdisjoint(context.recent(3))):
        return f"{cardinal(int(scale[1]))} a {cardinal(int(_NO_DIGIT.sub('', scale[2])))}", scale.end(), "scale"
    match = _SLASHED.match(text, at)
    if match is None:
        return None
    one, other = int(match[1]), int(match[2])
    if one + other == 100 and one % 5 == 0 and 0 < one < 100:
        return f"{cardinal(one)} {cardinal(other)}", match.end(), "shares of a hundred"
    if not context.recent(3).isdisjoint(("presión", "visión", "arterial", "tensión")):
        return f"{cardinal(one)} {cardinal(other)}", match.end(), "pressure or sight"
    if match[1][0] == "0" or (match[2][0] == "0" and len(match[2]) > 1) or not _tennis(one, other):
        return None
    follows = _ANOTHER.match(text, match.end())
    another = _SLASHED.match(text, follows.end()) if follows else None
    game = another is not None and _tennis(int(another[1]), int(another[2]))
    game = game or (bool(context.pieces) and any(p.kind == "score" for p in context.pieces[-4:]))
    game = game or not _GAMES.isdisjoint(context.recent(14))
    return (f"{cardinal(one)} {cardinal(other)}", match.end(), "set") if game else None
