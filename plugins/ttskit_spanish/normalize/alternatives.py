"""Other good readings of a token, for those who check a transcript by ear."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context
from ttskit_spanish.normalize.letters import spell
from ttskit_spanish.normalize.numbers import cardinal, spelt
from ttskit_spanish.pattern import Pattern

_CLOCK = Pattern(r"(\d{1,2})[:.](\d{2})(?!\d)")
_BARE = Pattern(r"\d{2,20}")
_DAY_MONTH = Pattern(r"(\d{1,2})/(\d{1,2})")
_DECIMAL = Pattern(r"(\d{1,6})[.,](\d{2,8})")


def colloquial_time(hour: int, minute: int) -> str | None:
    """A time as people say it in conversation, None where they do not.

    >>> colloquial_time(14, 30), colloquial_time(8, 45), colloquial_time(13, 5), colloquial_time(0, 15)
    ('dos y media', 'nueve menos cuarto', 'una y cinco', 'doce y cuarto')
    """
    if not (0 <= hour <= 24 and 0 <= minute < 60):
        return None
    late = minute > 30
    shown = (hour + late - 1) % 12 + 1
    name = "una" if shown == 1 else cardinal(shown)
    left = 60 - minute if late else minute
    if left == 0:
        return name
    return f"{name} {'menos' if late else 'y'} {'cuarto' if left == 15 else 'media' if left == 30 else cardinal(left)}"


def alternatives(written: str, kind: str, context: Context) -> list[str]:
    """Readings of the same class that the rules allow beside the one chosen.

    >>> from ttskit_spanish.normalize.context import Context
    >>> plain = Context("", "es-AR")
    >>> alternatives("14:30", "time", plain), alternatives("24/3", "fraction", plain)
    (['dos y media'], ['veinticuatro de marzo', 'veinticuatro sobre tres'])
    >>> alternatives("1984", "number", plain)
    ['uno nueve ocho cuatro', 'diecinueve ochenta y cuatro']
    """
    from ttskit_spanish.normalize.dates import day_and_month

    found: list[str | None] = []
    if kind == "time" and (clock := _CLOCK.match(written)):
        found.append(colloquial_time(int(clock[1]), int(clock[2])))
    elif kind == "number" and _BARE.fullmatch(written):
        found.append(spelt(written))
        if len(written) == 4 and written[2] != "0":
            found.append(f"{cardinal(int(written[:2]))} {cardinal(int(written[2:]))}")
    elif kind == "number" and (parts := _DECIMAL.fullmatch(written)):
        sign = "coma" if "," in written else "punto"
        found.append(f"{cardinal(int(parts[1]))} {sign} {spelt(parts[2])}")
    elif kind == "fraction" and (parts := _DAY_MONTH.fullmatch(written)):
        found += [day_and_month(int(parts[1]), int(parts[2])), f"{cardinal(int(parts[1]))} sobre {cardinal(int(parts[2]))}"]
    elif kind == "roman":
        found.append(spell(written, context.locale))
    return [f for f in found if f]
