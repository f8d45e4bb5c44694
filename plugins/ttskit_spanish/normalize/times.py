"""Times of day: 14:30 hs, 9.15 h, 12h02m, 5:02 p.m."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found, ends_token
from ttskit_spanish.normalize.numbers import cardinal
from ttskit_spanish.normalize.zones import zone_at
from ttskit_spanish.pattern import Pattern

_CLOCK = Pattern(r"(\d{1,2})([:.])(\d{2})(?::(\d{2}))?(?![\d,]|\.000(?!\d))")
_LETTERED = Pattern(r"(\d{1,2})h(\d{2})(?:m(?:(\d{2})s)?)?")
_HOURS = Pattern(r" ?(?:hs?|hrs?|horas?)\b\.?", re.IGNORECASE)
_HALF = Pattern(r"[ \xa0]?([ap])\.?[ \xa0]?m\b\.?", re.IGNORECASE)
_HOUR_HALF = Pattern(r"(\d{1,2})[ \xa0]?([ap])(?:\.[ \xa0]?m\b\.?|m\b\.?)", re.IGNORECASE)
_NOON = Pattern(r"12(?:([:.])00)? m\.(?= [a-záéíóúñ]|[,;)]|\s*$)")
_SENTENCE_ENDS = Pattern(r"[\s\"'»”)]*$|\s+[¿¡«\"“(—]*[A-ZÁÉÍÓÚÑ]")
_DURATION = Pattern(r"(\d{1,3}) ?hs? (\d{1,2}) ?(?:min\.?|m|')(?: (\d{1,2}) ?(?:seg|s)\.?)?(?![^\W_])")
_UNTIL = Pattern(r"[ \xa0]?[-–][ \xa0]?(?=\d{1,2}[:.]\d{2}(?![\d.:]))")
_LAP = Pattern(r"(\d{1,2})h ?(\d{1,2})['′’](\d{1,2})(?:\"|''|″|”)")
_AFTER_HOUR = frozenset(
    "las la desde hora hoy mañana tarde noche ayer lunes martes miércoles jueves viernes sábado domingo horario".split()
)


def _colloquial(match: re.Match, lettered: bool) -> str | None:
    """The time as in conversation, if it has no seconds."""
    if lettered or match[4]:
        return None
    from ttskit_spanish.normalize.alternatives import colloquial_time

    return colloquial_time(int(match[1]), int(match[3]))


def read_time(text: str, at: int, context: Context, *, further: bool = True) -> Found | None:
    """A time. With a point it is one only where nothing that is counted follows.

    >>> from ttskit_spanish.normalize.context import Context
    >>> read_time("1 h 10 min", 0, Context("1 h 10 min", "es-AR"))[0]
    'una hora y diez minutos'
    >>> def read(t):
    ...     return read_time(t, 0, Context(t, "es-AR"))[0]
    >>> read("14:30 hs"), read("9:00"), read("01:05"), read("5:02 p.m.")
    ('catorce treinta horas', 'nueve', 'una y cinco', 'cinco y dos de la tarde')
    >>> read("12:15:40"), read("00:00")
    ('doce quince y cuarenta segundos', 'cero horas')
    """
    lap = _lap(text, at)
    if lap is not None:
        return lap
    spent = _DURATION.match(text, at)
    if spent:
        amounts = zip(spent.groups(), (("hora", "f"), ("minuto", "m"), ("segundo", "m")), strict=True)
        parts = [f"{cardinal(int(n), g)} {unit}{'' if int(n) == 1 else 's'}" for n, (unit, g) in amounts if n]
        return " ".join(parts[:-1]) + " y " + parts[-1], spent.end() - _keeps_point(text, spent.end()), "duration"
    noon = _NOON.match(text, at) if text.startswith("12", at) else None
    if noon and (noon[1] or context.before() == "las"):  # 12 m. de largo
        return "doce del mediodía", noon.end() - _keeps_point(text, noon.end()), "noon"
    alone = _HOUR_HALF.match(text, at)
    if alone and 1 <= int(alone[1]) <= 12 and ends_token(text, alone.end()):
        hour = int(alone[1])
        words = ("una" if hour == 1 else cardinal(hour)) + _part_of_day(alone[2].lower(), hour)
        end = alone.end()
        return words, end - _keeps_point(text, end), "hour with a. m. or p. m."
    clock = _CLOCK.match(text, at)
    match = clock or _LETTERED.match(text, at)
    if match is None:
        return None
    lettered = clock is None
    hour, minute = int(match[1]), int(match[2] if lettered else match[3])
    second = match[3] if lettered else match[4]
    if hour > 24 or minute > 59 or (second and int(second) > 59):
        return None
    end = match.end()
    unit = _HOURS.match(text, end)
    half = _HALF.match(text, end)
    zulu = zone_at(text, end, context.locale, exact=True) if text[end : end + 1] == "Z" else None
    if not (ends_token(text, end) or unit or half or zulu):
        return None
    if not lettered and match[2] == ".":
        follows = context.after(end)
        if text[end : end + 1] == "." and text[end + 1 : end + 2].isdecimal():
            return None
        zone = follows.isupper() or follows.lower() in ("est", "pst", "utc", "gmt")
        alone = not follows and not context.before()
        if not (unit or half or zone or alone or context.before() in _AFTER_HOUR):
            return None  # Python 3.11
        if text[end : end + 2].strip().startswith(("%", "°", "$", "€")):
            return None
    words = "una" if hour == 1 else cardinal(hour, "f")
    if minute:
        words += (" y " if minute < 10 else " ") + cardinal(minute)
    elif hour == 0:
        words += " horas"
    if second and int(second):
        words += " y " + cardinal(int(second), "m") + (" segundo" if int(second) == 1 else " segundos")
    informal = _colloquial(match, lettered) if context.choices.clock == "colloquial" else None
    if informal:
        words = informal + (_part_of_day("p" if hour > 11 else "a", hour % 12 or 12) if unit or half else "")
        end = (unit or half or match).end()
        return words, end - _keeps_point(text, end), "clock in conversation"
    if unit:
        end = unit.end() - _keeps_point(text, unit.end())
        if minute or hour > 1:
            words += " horas"
        elif hour == 1:
            words += " hora"
    elif half:
        end = half.end() - _keeps_point(text, half.end())
        words += _part_of_day(half[1].lower(), hour)
    offset = zulu or zone_at(text, end, context.locale)
    if offset is not None:
        words, end = f"{words} {offset[0]}", offset[1]
    until = _UNTIL.match(text, end) if further and not context.arithmetic else None
    later = read_time(text, until.end(), context, further=False) if until is not None else None
    if later is not None:
        return f"{words} a {later[0]}", later[1], "from to"  # 9:00-17:30 h
    return words, end


def _lap(text: str, at: int) -> Found | None:
    """1h32'15": hours, minutes and seconds."""
    match = _LAP.match(text, at)
    if match is None:
        return None
    parts = zip(match.groups(), (("hora", "f"), ("minuto", "m"), ("segundo", "m")), strict=True)
    said = [f"{cardinal(int(n), g)} {unit}{'' if int(n) == 1 else 's'}" for n, (unit, g) in parts]
    return f"{said[0]} {said[1]} y {said[2]}", match.end(), "duration"


def _keeps_point(text: str, end: int) -> bool:
    """Whether an abbreviation's point that ends at `end` also ends the sentence."""
    return text[end - 1] == "." and _SENTENCE_ENDS.match(text, end) is not None


def _part_of_day(half: str, hour: int) -> str:
    if half == "a":
        return " de la noche" if hour == 12 else " de la mañana"
    return " del mediodía" if hour == 12 else " de la tarde" if hour < 8 else " de la noche"
