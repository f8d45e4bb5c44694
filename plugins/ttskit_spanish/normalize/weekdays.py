"""Shortened weekdays without their point: sáb 29/11, lun a vie, Mar y jue 19 hs, L a V."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found, folded
from ttskit_spanish.pattern import Pattern

_WEEK = "lunes martes miércoles jueves viernes sábado domingo".split()
SHORT_DAYS = {
    "lun": "lunes", "mar": "martes", "mié": "miércoles", "mie": "miércoles", "miér": "miércoles", "mier": "miércoles",
    "jue": "jueves", "vie": "viernes", "vier": "viernes", "sáb": "sábado", "sab": "sábado", "dom": "domingo",
}  # fmt: skip
_TWO = {"lu": "lunes", "ma": "martes", "mi": "miércoles", "ju": "jueves", "vi": "viernes", "sa": "sábado", "sá": "sábado",
        "do": "domingo"}  # fmt: skip
_NAME = r"(?:" + "|".join(sorted((*SHORT_DAYS, *(d.rstrip("s") for d in _WEEK)), key=len, reverse=True)) + r")s?"
_SHORT = Pattern(r"(" + "|".join(sorted(SHORT_DAYS, key=len, reverse=True)) + r")(?![^\W_])", re.IGNORECASE)
_DATE = Pattern(r",?[ \xa0]\d{1,2}(?:/\d{1,2}|[ \xa0]de[ \xa0][a-z])")
_HOUR = Pattern(r",?[ \xa0](?:de |a las? |desde las? )?\d{1,2}(?:[.:]\d\d)?(?:[ \xa0]?hs?\b|[ \xa0]a[ \xa0]\d|-\d|:\d|\.\d\d)")
_WHEN = Pattern(
    r",?[ \xa0](?:a la[ \xa0](?:noche|tarde|mañana)|al mediodía|(?:a|desde|hasta) las?[ \xa0]\d|tipo[ \xa0]\d|que viene|pasado)"
    r"(?![^\W\d_])",
    re.IGNORECASE,
)
SURE_DAYS, _CLEAR = frozenset(("sáb", "mié", "miér")), frozenset(("sab", "mie", "mier", "lun", "jue", "vie", "vier"))
_POINTS = frozenset("el del al este próximo los todos cada".split())
_NUMBER = Pattern(r",?[ \xa0]\d{1,2}(?![\d%]|[.,]\d{3})")
_DAY_NUMBER = Pattern(r"[ \xa0]?\d{1,2}(?!\d)")
_ANOTHER = Pattern(
    r"(?:\.?,[ \xa0]?|[ \xa0]{0,9}[/&()–-][ \xa0]{0,9}|[ \xa0]{1,9}(?:a|y|e|o|al)[ \xa0]{1,9})"
    rf"(?:{_NAME}|feriados?|(?:l|lu|s|v)[ \xa0][ay][ \xa0](?:v|vi|d|do|s|sa))(?![^\W_])",
    re.IGNORECASE,
)
_LETTERS = Pattern(
    r"([LMXJVSD])( a | al | y |-|–)([MXJVSD])(?![\w/-])(?=([ \xa0]?(?:de |desde |:|,|\()?[ \xa0]?\(?\d|[ \xa0]?[.,:;)]|$)?)"
)
_PAIRS = Pattern(r"(lu|ma|mi|ju|vi|s[aá])\.?( a | al | y |-|–|/)(ma|mi|ju|vi|s[aá]|do)(?![^\W_])\.?", re.IGNORECASE)
_ONE = Pattern(r"(lu|ma|mi|ju|vi|s[aá]|do)\.(?=[ \xa0]\d)", re.IGNORECASE)
_INITIALS = {"L": 0, "M": 1, "X": 2, "J": 3, "V": 4, "S": 5, "D": 6}
_SIZES = frozenset("talle talles talla tallas tamaño tamaños vitamina vitaminas letra letras entre de plan grupo clase".split())


def read_weekday(text: str, at: int, context: Context) -> Found | None:
    """A shortened weekday beside a date, an hour or another weekday; two initials of weekdays.

    >>> def read(t):
    ...     found = read_weekday(t, 0, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("sáb 29/11"), read("lun a vie"), read("mar y sol"), read("L a V de 8 a 12"), read("S a L"), read("dom")
    ('sábado', 'lunes', None, 'lunes a viernes', None, None)
    """
    if text[at] in "LMXJVSD":
        match = _LETTERS.match(text, at)
        timed = match is not None and context.before() == "de" and match[1] == "L" and match[3] in "VSD"
        if match is not None and (timed or context.before() not in _SIZES):
            first, last = _INITIALS[match[1]], _INITIALS[match[3]]
            listed = match[2].strip() in ("y",)
            if first < last and (match[4] is not None or not listed) and not (listed and match[4].strip(" .,:;)") == ""):
                return f"{_WEEK[first]} {'y' if listed else 'a'} {_WEEK[last]}", match.end(3), "initials of weekdays"
    if text[at] in "SD" and _HOUR.match(text, at + 1) and not context.recent(12).isdisjoint(("viernes", "sábado", "lunes")):
        return _WEEK[_INITIALS[text[at]]], at + 1, "initial of a weekday after others"
    pairs = _PAIRS.match(text, at)
    if pairs is not None and (pairs[1][0].isupper() or _HOUR.match(text, pairs.end())):
        link = "y" if pairs[2].strip() == "y" else "a"
        return f"{_TWO[folded(pairs[1])]} {link} {_TWO[folded(pairs[3])]}", pairs.end(), "initials of weekdays"
    alone = _ONE.match(text, at)
    if alone is not None and _HOUR.match(text, alone.end()) and not context.recent(14).isdisjoint(_WEEK):
        return _TWO[folded(alone[1])], alone.end(), "initials of a weekday after others"
    match = _SHORT.match(text, at)
    if match is None:
        return None
    key, end = folded(match[1]), match.end()
    day = SHORT_DAYS[key]
    if text[end : end + 1] == ".":  # mar. is March as well; the others are read with their point elsewhere
        found = key == "mar" and (
            (context.before() in ("el", "este") and _DAY_NUMBER.match(text, end + 1))
            or _DATE.match(text, end + 1)
            or _ANOTHER.match(text, end + 1)
        )
        return (day, end + 1, "weekday before a date") if found else None
    if _DATE.match(text, end):
        return day, end, "weekday before a date"
    if _ANOTHER.match(text, end):
        return day, end, "weekday before another"
    recent = [p.text for p in context.pieces[-3:]]
    linked = recent and (recent[-1] in ("y", "a", "e", "o", ",", "al") or text[at - 1 : at] in ("/", "-", "–"))
    if linked and any(word.rstrip("s") in [d.rstrip("s") for d in _WEEK] for word in recent):
        return day, end, "weekday after another"
    if _HOUR.match(text, end) or (key not in ("mar", "dom") and _NUMBER.match(text, end)):
        return day, end, "weekday before an hour"
    if key in SURE_DAYS or (key in _CLEAR and (context.before() in _POINTS or _WHEN.match(text, end))):
        return day, end, "weekday"
    return None
