"""Ordinals (1.º, 3er, 5ª) and fractions (2/3, 1 1/2, ¾)."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found, ends_token
from ttskit_spanish.normalize.degrees import NUMBERED, noun_after
from ttskit_spanish.normalize.nouns import gender_after, gender_of
from ttskit_spanish.normalize.numbers import cardinal, fraction, ordinal
from ttskit_spanish.normalize.vulgar import parts_at
from ttskit_spanish.pattern import Pattern

_ORDINAL = Pattern(
    r"(\d{1,3}(?:[. \xa0]\d{3}){0,3}|\d{1,9})"
    r"\.?(º|°|ª|ᵉʳ|ᵒˢ|ᵃˢ|ᵒ|ᵃ|(?:er|e?r[oa]s?|d[oa]s?|t[oa]s?|m[oa]s?|a?v[oa]s?|n[oa]s?|os|as)\b)"
)
_MASCULINE_SHORT = ("ᵉʳ", "er")
_SMALL_RAISED = str.maketrans("ᵒᵃˢ", "oas")
_FRACTION = Pattern(r"(?:(\d{1,6}) )?(\d{1,3}(?:\.\d{3})+|\d{1,9})/(\d{1,3}(?:\.\d{3})+|\d{1,9})")
_NOUN = Pattern(r"[ \xa0]([a-záéíóúñü]{3,20})(?![^\W_])")
_NO_NOUN = frozenset("del por para con sin que más las los una uno como entre sobre hasta desde partes veces".split())
_DOOR = Pattern(r"[A-Z](?![^\W_])|[ \xa0]?[\"“«'][A-Z][\"”»']|[ \xa0][A-Z](?![^\W_])")
_ER_POINT, _POINT = Pattern(r"\.(?=[ \xa0][^\W\d_])"), Pattern(r"\.(?=[ \xa0][a-záéíóúñ])")
# What is had in parts: ¼ hora is un cuarto de hora.
_PORTIONS = frozenset(
    "hora taza tazas cucharada cucharadita vaso litro metro pulgada milla página cuadra onza libra vuelta".split()
)
_FINAL = Pattern(r" (?:avos )?de (?:la )?final(?![^\W\d_])", re.IGNORECASE)
_STAGES = {2: "semi", 4: "cuartos", 8: "octavos", 16: "dieciseisavos", 32: "treintaidosavos"}
_AFTER_HALF = frozenset("de del en con por para a al y o desde hasta que más antes después aprox comemos cerca salimos".split())
_FILES = frozenset(
    "ley leyes decreto dnu resolución causa expediente ordenanza acordada disposición número números circular "
    "oficina departamento unidad local lote lotes".split()
)
_BAR_YEAR = Pattern(r"(?:1[5-9]|20)\d\d$")
_SEASON = Pattern(r"((?:19|20)\d\d)/(\d\d)(?![\d/])")
_MARKED = frozenset("nota notas puntaje calificación puntuación sacó sacaron saqué saca calificó puntuó valoración".split())


def read_ordinal(text: str, at: int, context: Context) -> Found | None:
    """An ordinal; small numbers with the degree sign that no unit claimed count as º.

    >>> from ttskit_spanish.normalize.context import Context
    >>> def read(t):
    ...     return read_ordinal(t, 0, Context(t, "es-AR"))[0]
    >>> read("5ª"), read("3er piso"), read("12º"), read("1ro"), read("1.ᵉʳ"), read("1º piso"), read("10mo")
    ('quinta', 'tercer', 'duodécimo', 'primero', 'primer', 'primer', 'décimo')
    """
    match = _ORDINAL.match(text, at)
    if match is None or not (ends_token(text, match.end()) or (match[2] in "º°" and _DOOR.match(text, match.end()))):
        return None
    number, mark = int(re.sub(r"\D", "", match[1])), match[2]
    if number == 0 or (mark == "°" and number > 40):
        return None
    plural = mark[-1] == "s"
    mark = mark.translate(_SMALL_RAISED)
    plural = plural or mark[-1] == "s"
    named = context.before() in NUMBERED  # artículo 5º bis: the noun stands before
    after = not named and noun_after(context, match.end())
    feminine = mark == "ª" or mark.rstrip("s").endswith("a") or (mark in ("º", "°") and after and context.before() == "la")
    noun = after and gender_after(context, match.end()) == "m"
    short = mark in _MASCULINE_SHORT or (mark in ("º", "°") and noun)
    said = ordinal(number, "f" if feminine else "m", short=short and not feminine and not plural)
    why = f": {context.doubt[1]}" if context.doubt[0] == at and mark in ("º", "°") else ""
    return said + ("s" if plural else ""), _after_point(text, match), "ordinal" + why


def _after_point(text: str, match: re.Match) -> int:
    """The end of an ordinal, its own point included: 3er. Encuentro, 4ta. fecha."""
    end = match.end()
    return end + 1 if (_ER_POINT if match[2] == "er" else _POINT).match(text, end) else end


def read_fraction(text: str, at: int, context: Context) -> Found | None:
    """A fraction; n/year with a number before it is a file number, read with "barra".

    >>> from ttskit_spanish.normalize.context import Context
    >>> def read(t):
    ...     return read_fraction(t, 0, Context(t, "es-AR"))[0]
    >>> read("2/3"), read("1 1/2"), read("¾"), read("1/2 kg"), read("4521/2019")
    ('dos tercios', 'uno y medio', 'tres cuartos', 'medio', 'cuatro mil quinientos veintiuno barra dos mil diecinueve')
    """
    sign = parts_at(text, at)
    if sign is not None and sign.under > 1:
        if sign.whole is not None:
            return _mixed(sign.whole, sign.over, sign.under, sign.end, context)
        if context.after(sign.end).lower() == "partes" and sign.under > 2:
            return f"{cardinal(sign.over, 'f')} {_of_parts(sign.over, sign.under)}", sign.end, "parts"
        said = _half(_said(None, sign.over, sign.under), (sign.over, sign.under), sign.end, context)
        of = " de" if (sign.over, sign.under) != (1, 2) and context.after(sign.end) in _PORTIONS else ""
        return said + of, sign.end, "fraction sign"
    match = _FRACTION.match(text, at)
    if match is None or not ends_token(text, match.end()) or text[match.end() : match.end() + 1] == "/":
        return None
    over, under = int(match[2].replace(".", "")), int(match[3].replace(".", ""))
    if match.group() == "24/7":
        return "veinticuatro siete", match.end(), "day and week"
    stage = _FINAL.match(text, match.end()) if over == 1 and match[1] is None else None
    if stage and under in _STAGES:
        return _STAGES[under] + ("final" if under == 2 else ""), stage.end() if under == 2 else match.end(), "stage of a cup"
    season = _SEASON.match(text, at)
    if season and int(season[2]) == (int(season[1]) + 1) % 100:
        return f"{cardinal(int(season[1]))} {cardinal(int(season[2]))}", season.end(), "season"
    marked = match[1] is None and not _MARKED.isdisjoint(context.recent(4))
    if marked and under in (5, 10, 20, 100) and over <= under:
        return f"{cardinal(over)} sobre {cardinal(under)}", match.end(), "mark"
    norm = match[1] is None and under > 12 and under % 10 and not _FILES.isdisjoint(context.recent(8))
    filed = norm or (match[1] is None and not _FILES.isdisjoint((context.before(), context.written())))
    if filed or (len(match[3]) == 2 and match[3][0] == "0"):
        return f"{cardinal(over)} barra {numeral(match[3])}", match.end(), "file number"
    alone = over == 1 and not context.pieces and match.end() == len(text)  # 1/2000 by itself
    if (_BAR_YEAR.match(match[3]) and not alone) or under < 2:
        whole = f"{cardinal(int(match[1]))} " if match[1] else ""
        return f"{whole}{cardinal(over)} barra {cardinal(under)}", match.end(), "file number"
    if match[1] is None and context.after(match.end()).lower() == "partes" and 3 <= under <= 10:
        return f"{cardinal(over, 'f')} {_of_parts(over, under)}", match.end(), "parts"
    if match[1] and over < under:
        return _mixed(int(match[1]), over, under, match.end(), context)
    said = _said(int(match[1]) if match[1] else None, over, under)
    why = f": {context.doubt[1]}" if context.doubt[0] == at and context.doubt[1] else ""
    of = " de" if (over, under) != (1, 2) and match[1] is None and context.after(match.end()) in _PORTIONS else ""
    return _half(said, (over, under), match.end(), context) + of, match.end(), "fraction" + why


def _of_parts(over: int, under: int) -> str:
    """Before partes: terceras, quinta."""
    return ordinal(under, "f") + ("" if over == 1 else "s")


def _half(said: str, parts: tuple[int, int], end: int, context: Context) -> str:
    """Media where what is halved is feminine."""
    return said.removesuffix("o") + "a" if parts == (1, 2) and _is_feminine(context, end) else said


def _mixed(whole: int, over: int, under: int, end: int, context: Context) -> Found:
    """1 1/2 taza: una taza y media. The noun is read with its number."""
    noun = _NOUN.match(context.text, end)
    if noun is None or noun[1] in _NO_NOUN:
        said = _half(_said(whole, over, under), (over, under), end, context)
        return said, end, "fraction"
    gender = gender_after(context, end)
    name = singular(noun[1]) if whole == 1 else noun[1]
    part = fraction(over, under) if (over, under) != (1, 2) else "media" if gender == "f" else "medio"
    return f"{cardinal(whole, gender)} {name} y {part}", noun.end(), "fraction with noun"


def singular(noun: str) -> str:
    """The singular of a regular plural.

    >>> [singular(n) for n in ("tazas", "litro", "panes", "veces", "meses", "mes")]
    ['taza', 'litro', 'pan', 'vez', 'mes', 'mes']
    """
    if noun.endswith("ces"):
        return noun[:-3] + "z"
    if noun.endswith(("nes", "les", "res", "des", "ses")) and len(noun) > 4:
        return noun[:-2]
    return noun[:-1] if noun.endswith(("as", "os", "es")) and len(noun) > 3 else noun


def numeral(digits: str) -> str:
    """The number after a file's bar: a zero in front is said.

    >>> numeral("08"), numeral("2023")
    ('cero ocho', 'dos mil veintitrés')
    """
    return ("cero " if digits[0] == "0" and len(digits) > 1 else "") + cardinal(int(digits.replace(".", "")))


def _is_feminine(context: Context, end: int) -> bool:
    """1/2 docena, las siete y 1/2, dos horas y 1/2: media."""
    if context.before() == "y" and len(context.pieces) > 1:
        before = context.pieces[-2]
        after = context.after(end).lower()
        if before.kind != "number" and (not after or after in _AFTER_HALF):
            return before.kind != "mark" and gender_of(before.text) == "f"
        if after and after not in _AFTER_HALF and gender_after(context, end) == "f":
            return True
        hour = {p.text for p in context.pieces[-5:-1]}
        return not hour.isdisjoint(("las", "la")) or before.text == "una"
    return gender_after(context, end) == "f"


def _said(whole: int | None, over: int, under: int) -> str:
    part = "medio" if (over, under) == (1, 2) else fraction(over, under)
    return part if whole is None else f"{cardinal(whole)} y {part}"
