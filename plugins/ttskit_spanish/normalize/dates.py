"""Dates: 24/03/1976, 2024-03-24, 1 de mayo, mar. de 2025, junio 21 2021."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found, ends_token
from ttskit_spanish.normalize.daymonth import is_day
from ttskit_spanish.normalize.numbers import cardinal, spelt
from ttskit_spanish.normalize.times import read_time
from ttskit_spanish.normalize.zones import zone_at
from ttskit_spanish.pattern import Pattern

MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()
_ROMAN_MONTHS = "I II III IV V VI VII VIII IX X XI XII".split()
_SHORT = (
    {m[:3]: m for m in MONTHS} | {"sept": "septiembre", "set": "septiembre", "setiembre": "setiembre"} | {m: m for m in MONTHS}
)
_DAYS = {
    "lun": "lunes",
    "mar": "martes",
    "mié": "miércoles",
    "mier": "miércoles",
    "miér": "miércoles",
    "mart": "martes",
    "miérc": "miércoles",
    "jue": "jueves",
    "juev": "jueves",
    "vie": "viernes",
    "vier": "viernes",
    "sáb": "sábado",
    "sab": "sábado",
    "dom": "domingo",
}
_MONTH = r"(?P<month>" + "|".join(sorted(_SHORT, key=len, reverse=True)) + r")"
_NUMERIC = Pattern(r"(\d{1,2})(?:[º°]|ro|er)?([/.-])(\d{1,2})\2(\d{4}|\d{2})")
_NAMED_MONTH = Pattern(
    rf"(\d{{1,2}})([-/. \xa0]){_MONTH}\.?(?:\2|[-/ \xa0])(?P<year>\d{{4}}|(?<=[-/])\d{{2}}(?!\d))(?!\d|[.,:/-]\d)",
    re.IGNORECASE,
)
_CLOCK_BEHIND = Pattern(r"T(?=\d{2}:\d{2})")
_FRACTION_OF_SECOND = Pattern(r"[.,]\d{1,9}(?=Z|[+-]\d|$|[^\w])")
_NO_DATE = Pattern(r"(\d{1,2})/(\d{1,2})/(\d{4})(?![\d/])")
_ROMAN_MONTH = Pattern(r"(\d{1,2})([/.-])(I{1,3}|I?V|VI{1,3}|I?X|XI{1,2})\2(\d{4}|\d{2})(?!\d)")
_DAY_DASH_MONTH = Pattern(r"(\d{1,2})-(\d{1,2})(?![\d/-]|[.,]\d)")
_FULL = Pattern(r"(0[1-9]|[12]\d|3[01])([-./])(0[1-9]|1[0-2])\2((?:1[5-9]|20)\d\d)(?![\d]|-\d)")
_ISO = Pattern(r"(\d{4})([-/]|(?<=19\d\d|20\d\d)\.)(\d{2})\2(\d{2})")
_DAY_MONTH = Pattern(
    rf"(?P<day>\d{{1,2}})(?P<first>\.?[º°]|ro)? (?:de )?{_MONTH}(?P<dot>\.)?(?![^\W\d_])"
    r"(?: (?P<of>de |del )?(?P<year>\d{4})(?!\d))?",
    re.IGNORECASE,
)
_MONTH_YEAR = Pattern(rf"{_MONTH}(?P<dot>\.)? (?P<of>del? )(?P<year>\d{{4}})(?!\d)", re.IGNORECASE)
_MONTH_THEN_YEAR = Pattern(rf"{_MONTH}(?:\. ?|[-/])(?P<year>\d{{4}})(?!\d)", re.IGNORECASE)
_MONTH_SHORT_YEAR = Pattern(rf"{_MONTH}[-/'](?P<year>[0-9]\d)(?![\w/-]|[.,]\d)", re.IGNORECASE)
_MONTH_DAY = Pattern(rf"{_MONTH}(?P<dot>\.)? (?P<day>\d{{1,2}})(?:,? (?P<year>\d{{4}}))?(?!\d|[.,:/]\d)", re.IGNORECASE)
# What a day with a dash and without its year stands after.
_WEEKDAYS = frozenset("lunes martes miércoles jueves viernes sábado sábados domingo domingos vencimiento vence".split())
_WEEKDAY = Pattern(r"(" + "|".join(sorted(_DAYS, key=len, reverse=True)) + r")\. (?=\d)", re.IGNORECASE)
_WEEKDAY_DATE = Pattern(
    rf"(lun|mié|mier|jue|vie|vier|sáb|sab|dom),? (?=\d{{1,2}}(?:[/-]\d{{1,2}}|(?: de)? {_MONTH}))", re.IGNORECASE
)

# A month with its point and without a number, after a preposition; mar. and may. are left as they are.
_ALONE = Pattern(r"(ene|feb|abr|jun|jul|ago|sept?|oct|nov|dic)\.", re.IGNORECASE)
_IN = frozenset("en de desde hasta para a fines principios mediados entre y".split())
_ANY_WEEKDAY = Pattern(r"(lun|mié|jue|vie|sáb|dom)\.(?=[ \xa0](?-i:[a-záéíóúñ\d])|[,/-])", re.IGNORECASE)


def _key(written: str) -> str:
    """Lower case as in the tables (ſ and İ also match s and i where case is ignored)."""
    return written.lower().replace("ſ", "s").replace("i\u0307", "i")


def _day(number: int) -> str:
    return "primero" if number == 1 else cardinal(number)


def _said(day: int, month: int | str, year: str | None, of: str = "de") -> str:
    name = MONTHS[month - 1] if isinstance(month, int) else month
    if year is None:
        return f"{_day(day)} de {name}"
    if len(year) == 2:  # 17/10/45: del cuarenta y cinco; 1/6/05: de dos mil cinco
        of, year = ("de", "20" + year) if year[0] == "0" else ("del", year)
    return f"{_day(day)} de {name} {of} {cardinal(int(year))}"


def day_and_month(day: int, month: int) -> str | None:
    """24, 3: veinticuatro de marzo; None if there is no such day."""
    return _said(day, month, None) if 1 <= day <= 31 and 1 <= month <= 12 else None


def read_full_date(text: str, at: int, context: Context) -> Found | None:
    """05-08-2024: two digits, two digits and a year are a day before they are a telephone number."""
    match = _FULL.match(text, at) if text[at + 2 : at + 3] in ("-", ".", "/") and context.locale != "es-US" else None
    if match is None or not ends_token(text, match.end()):
        return None
    return _said(int(match[1]), int(match[3]), match[4]), match.end(), "day/month/year"


def read_date(text: str, at: int, context: Context) -> Found | None:
    """A date that begins with a digit.

    >>> from ttskit_spanish.normalize.context import Context
    >>> def read(t, locale="es-AR"):
    ...     return read_date(t, 0, Context(t, locale))[0]
    >>> read("24/03/1976"), read("1 de mayo")
    ('veinticuatro de marzo de mil novecientos setenta y seis', 'primero de mayo')
    >>> read("2024-03-01"), read("30 julio del 2020")
    ('primero de marzo de dos mil veinticuatro', 'treinta de julio del dos mil veinte')
    >>> read("3/24/2020", "es-US")
    'veinticuatro de marzo de dos mil veinte'
    """
    match = _ISO.match(text, at)
    if match and 1 <= int(match[3]) <= 12 and 1 <= int(match[4]) <= 31:
        said = _said(int(match[4]), int(match[3]), match[1])
        if _CLOCK_BEHIND.match(text, match.end()):
            return _with_clock(said, text, match.end() + 1, context)
        if ends_token(text, match.end()):
            return said, match.end(), "year-month-day"
    match = _NUMERIC.match(text, at)
    if match and ends_token(text, match.end()):
        day, month = int(match[1]), int(match[3])
        if context.locale == "es-US" and month <= 31 and day <= 12:
            day, month = month, day
        if 1 <= day <= 31 and 1 <= month <= 12:
            return _said(day, month, match[4]), match.end(), "day/month/year"
    match = _NAMED_MONTH.match(text, at)
    if match and 1 <= int(match[1]) <= 31:
        return _said(int(match[1]), _SHORT[_key(match["month"])], match["year"]), match.end(), "day-month-year"
    match = _NO_DATE.match(text, at)
    if match and ends_token(text, match.end()):
        return " barra ".join(map(_digits, match.groups())), match.end(), "no date"
    match = _ROMAN_MONTH.match(text, at)
    if match and 1 <= int(match[1]) <= 31:
        return _said(int(match[1]), _ROMAN_MONTHS.index(match[3]) + 1, match[4]), match.end(), "day/Roman month/year"
    found = is_day(text, at, context) if context.choices.slash != "fraction" else None
    if found is not None:
        match, why = found
        return _said(int(match[1]), int(match[3]), None), match.end(), f"day/month: {why}"
    match = _DAY_DASH_MONTH.match(text, at)
    if match is not None and ends_token(text, match.end()):
        named = context.before() in _WEEKDAYS
        if named or (int(match[1]) > 12 and context.before() in ("el", "del", "al")):  # el 25-5; but el 3-1 a Chile
            said = day_and_month(int(match[1]), int(match[2]))
            if said:
                return said, match.end(), "day-month"
    match = _DAY_MONTH.match(text, at)
    if match and 1 <= int(match["day"]) <= 31:
        key = _key(match["month"])
        if key not in MONTHS and len(key) < 4 and not match["dot"] and key in ("mar", "may", "set"):
            return None  # "5 mar" without its point may be the sea
        of = (match["of"] or "de ").strip().lower()
        return _said(int(match["day"]), _SHORT[key], match["year"], of), match.end(), "day month"
    return None


def _with_clock(said: str, text: str, at: int, context: Context) -> Found | None:
    """A date of ISO 8601 with its time: 2024-05-01T13:30:00Z."""
    clock = read_time(text, at, context, further=False)
    if clock is None:
        return None
    end = clock[1]
    part = _FRACTION_OF_SECOND.match(text, end)
    end = part.end() if part is not None else end
    zone = zone_at(text, end, context.locale, exact=True)
    behind, end = (f" {zone[0]}", zone[1]) if zone is not None else ("", end)
    return f"{said} , {clock[0]}{behind}", end, "date and time"


def _digits(written: str) -> str:
    """45, 05, 00: as a number, its zeros said."""
    return spelt(written) if not int(written) else "cero " * (written[0] == "0") + cardinal(int(written))


def read_month(text: str, at: int, context: Context) -> Found | None:
    """A date that begins with a month or a shortened weekday.

    >>> from ttskit_spanish.normalize.context import Context
    >>> def read(t):
    ...     found = read_month(t, 0, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("vie. de 9 a 18"), read("lun. a")
    ('viernes', 'lunes')
    >>> read("mar. de 2025"), read("junio 21 2021"), read("abr. 22"), read("vier. 10"), read("mayo")
    ('marzo de dos mil veinticinco', 'veintiuno de junio de dos mil veintiuno', 'veintidós de abril', 'viernes', None)
    """
    match = _WEEKDAY.match(text, at)
    if match and _key(match[1]) == "mar" and _DAY_MONTH.match(text, match.end()):
        return "martes", match.end() - 1, "shortened weekday"
    match = match or _WEEKDAY_DATE.match(text, at)
    if match and _key(match[1]) not in _SHORT:
        return _DAYS[_key(match[1])], match.end() - 1, "shortened weekday"
    match = _ALONE.match(text, at) if context.before() in _IN else None
    if match is not None:
        end = match.end()
        return _SHORT[_key(match[1])], end - 1 if not text[end:].strip() else end, "shortened month"
    match = _ANY_WEEKDAY.match(text, at)
    if match:
        return _DAYS[_key(match[1])], match.end(), "shortened weekday"
    match = _MONTH_SHORT_YEAR.match(text, at)
    if match and ends_token(text, match.end()):
        return f"{_SHORT[_key(match['month'])]} del {cardinal(int(match['year']))}", match.end(), "month year"
    match = _MONTH_THEN_YEAR.match(text, at)
    if match and ends_token(text, match.end()):
        return f"{_SHORT[_key(match['month'])]} de {cardinal(int(match['year']))}", match.end(), "month year"
    match = _MONTH_YEAR.match(text, at)
    if match and ends_token(text, match.end()):
        key = _key(match["month"])
        if match["dot"] and key not in MONTHS:
            said = f"{_SHORT[key]} {match['of'].strip()} {cardinal(int(match['year']))}"
            return said, match.end(), "month of year"
        return None
    match = _MONTH_DAY.match(text, at)
    if match and ends_token(text, match.end()) and 1 <= int(match["day"]) <= 31:
        key = _key(match["month"])
        if key in MONTHS or match["dot"] or (match["year"] and key not in ("mar", "set")):
            if key in MONTHS and context.before() in ("de", "del") and not match["year"]:
                return None  # "el 3 de mayo 20 personas"
            return _said(int(match["day"]), _SHORT[key], match["year"]), match.end(), "month day"
    return None
