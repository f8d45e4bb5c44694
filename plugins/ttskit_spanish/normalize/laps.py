"""Times of races and durations: 1:32.456, 1'32"501, 1:45:30."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.numbers import cardinal
from ttskit_spanish.pattern import Pattern

_LAP = Pattern(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})(?![\d:]|[.,]\d)")
_SPENT = Pattern(r"(\d{1,3}):([0-5]\d):([0-5]\d)(?![\d:]|[.,]\d|[ \xa0]?(?:hs?|horas?|[ap]\.? ?m)\b)")
# After these a time with seconds is one of day.
_OF_DAY = frozenset(
    "la las desde hasta hora horario eran hoy ayer mañana lunes martes miércoles jueves viernes sábado domingo".split()
)
_LASTING = frozenset(
    "total tiempo tiempos duración dura duró récord marca corrió corrí hizo hice ganó maratón carrera vuelta etapa video "
    "audio película "
    "cronómetro terminó completó llegó segundo tercero vencedor etapa parcial cruzó nadó pedaleó bajó".split()
)


def _units(hours: int, minutes: int, seconds: int) -> str:
    amounts = ((hours, "hora", "f"), (minutes, "minuto", "m"), (seconds, "segundo", "m"))
    said = [f"{cardinal(n, g)} {unit}{'' if n == 1 else 's'}" for n, unit, g in amounts if n]
    return " y ".join((" ".join(said[:-1]), said[-1])) if len(said) > 1 else said[0] if said else "cero segundos"


def read_lap(text: str, at: int, context: Context) -> Found | None:
    """A lap with its fraction of a second; hours, minutes and seconds that something lasted.

    >>> def read(t):
    ...     found = read_lap(t, 0, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("1:32.456"), read("1:45:30"), read("12:15:40")
    ('uno treinta y dos cuatrocientos cincuenta y seis', 'una hora cuarenta y cinco minutos y treinta segundos', None)
    """
    if ":" not in text[at : at + 4]:
        return None
    match = _LAP.match(text, at)
    scale = match is not None and (match[4] == "000" or context.before() == "escala")  # 1:50.000
    if match is not None and not scale and int(match[3]) < 60 and (match[1] is None or int(match[2]) < 60):
        whole = f"{_units(int(match[1]), 0, 0)} " if match[1] else ""
        minutes = f"{cardinal(int(match[2]))} " if int(match[2]) or match[1] else ""
        seconds = ("cero " if match[3][0] == "0" and minutes else "") + cardinal(int(match[3]))
        return f"{whole}{minutes}{seconds} {_after_point(match[4])}", match.end(), "lap"
    match = _SPENT.match(text, at)
    if match is None or context.before() in _OF_DAY:
        return None
    hours, recent = int(match[1]), context.recent(6)
    short = len(match[1]) == 1 or hours == 0 or hours > 24
    if (short or not recent.isdisjoint(_LASTING)) and (hours > 0 or match[1] != "0" or context.before()):
        return _units(hours, int(match[2]), int(match[3])), match.end(), "duration"
    return None


def _after_point(digits: str) -> str:
    """Tenths, hundredths or thousandths as they are called out: 456, 05."""
    zeros = len(digits) - len(digits.lstrip("0"))
    rest = digits.lstrip("0")
    return " ".join(["cero"] * zeros + ([cardinal(int(rest))] if rest else []))
