"""Shortened words of courts, offices, students and advertisements that only their neighbours explain."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.pattern import Pattern

_NUMBER = r"(?:n[.º°ro]{1,4}[ \xa0]?)?\d"
_FILED = r"(?=[ \xa0]?(?:n[.º°ro]{1,4}[ \xa0]?)?\d[\d.]*/\d)"
_DECREE = Pattern(
    rf"dto\.(?:{_FILED}|(?=[ \xa0](?:n[.º°ro]{{1,4}}[ \xa0]?\d|reg|de nec|pen\b|ley|nac|prov|\d{{3,4}}(?![\d\"]|[ "
    '\xa0]["A-Z]))))|'
    rf"decr?\.(?=[ \xa0]?(?:{_NUMBER}|reg|ley|nac|prov|del? (?:pen|poder)))",
    re.IGNORECASE,
)
_LAW = Pattern(
    r"(?:disp|res|ord|acord|resol|sent)\."
    r"(?=[ \xa0]?(?:n[.º°ro]{1,4}[ \xa0]?)?\d"
    r"|[ \xa0](?-i:[A-Z]{3,6})[ \xa0](?:n[.º°ro]{1,4}[ \xa0]?)?\d|[ \xa0](?:gral|conj|min|adm|gen|mun|prov|nac)\.)",
    re.IGNORECASE,
)
_LAW_NAMES = {
    "disp": "disposición",
    "res": "resolución",
    "resol": "resolución",
    "ord": "ordenanza",
    "acord": "acordada",
    "sent": "sentencia",
}
_PAGES = Pattern(r"fs\.?(?=[ \xa0]?\d)", re.IGNORECASE)
_RANGE_OF_PAGES = Pattern(r"[ \xa0]?(\d{1,5})([/-])(\d{1,5})(?![\d/])")
_BACK = Pattern(r"vta\.?(?![^\W_])", re.IGNORECASE)
_ACCORDING = Pattern(
    r"conf\.(?=[ \xa0](?:arts?|incs?|ley|leyes|dto|dec|res|disp|fs|cn|c\.n|lo |el |la |doctrina|surge|cláusula)\b)",
    re.IGNORECASE,
)
_CONSTITUTION = Pattern(r"C\.[ \xa0]?N\.")
_NATION = frozenset("inciso incisos artículo artículos".split())
_COVERAGE = Pattern(r"cap\.(?=[ \xa0](?:m[aá]x|m[ií]n|\d+[ \xa0](?:pers|lts?|l|kg|litros|personas)\b))", re.IGNORECASE)
_TRADE = Pattern(r"com\.", re.IGNORECASE)
_UNIT = Pattern(r"u\.", re.IGNORECASE)
_DOZEN = Pattern(r"doc\.(?![^\W_])", re.IGNORECASE)
_DOCUMENTS = Pattern(r"docs\.?(?![^\W_])", re.IGNORECASE)
_HISTORY = Pattern(r"univ\.", re.IGNORECASE)
_HIGHWAY = Pattern(r"AU(?=[ \xa0](?:[A-ZÁÉÍÓÚÑ][a-záéíóúñü]+|\d{1,2} de |\d(?!\d)))")
_RENT = Pattern(r"alq\.", re.IGNORECASE)
_CLOSING = Pattern(r"exp\.", re.IGNORECASE)
_COSTS = frozenset("más con sin bajas altas pocas baja paga alquiler y".split())
_NEEDED = Pattern(r"c/n(?![^\W_])|c\.n\.(?=[ \xa0]?(?:$|[,;)]|[a-z]))")
_AMOUNT = Pattern(r"[ \xa0]?(?:U?S?\$|\d)")


def read_paper(text: str, at: int, context: Context) -> Found | None:
    """Dto. 70/2023 (decreto; Dto. 3 is a flat), fs. 12 vta., conf. art. 5, C. N., AU La Plata, c/n, alq.

    >>> def read(t):
    ...     found = read_paper(t, 0, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("Dto. 70/2023"), read("Dto. 3"), read("Disp. 7/25"), read("AU La Plata"), read("AU pair"), read("c/n")
    ('decreto', None, 'disposición', 'autopista', None, 'cantidad necesaria')
    """
    first = text[at]
    if first in "dD":
        if match := _DECREE.match(text, at):
            return "decreto", match.end(), "a number of a norm follows"
        if (match := _DOCUMENTS.match(text, at)) and context.pieces:
            return "documentos", _kept(text, match.end()), "documents"
        if context.before() in ("por", "media", "cada") and (match := _DOZEN.match(text, at)):
            return "docena", _kept(text, match.end()), "by the dozen"
    if first in "dDrRoOaAsS" and (match := _LAW.match(text, at)):
        return _LAW_NAMES[match.group()[:-1].lower()], match.end(), "a number of a norm follows"
    if first in "fF" and (match := _PAGES.match(text, at)):
        return "fojas", match.end(), "pages of a file"
    if first in "vV" and (match := _BACK.match(text, at)):
        if not context.recent(6).isdisjoint(("fojas", "foja", "folio")):
            return "vuelta", _kept(text, match.end()), "back of a page"
        return None
    if first in "cC":
        if match := _NEEDED.match(text, at):
            return "cantidad necesaria", _kept(text, match.end()), "as much as needed"
        if match := _ACCORDING.match(text, at):
            return "conforme", match.end(), "a norm follows"
        if not _NATION.isdisjoint(context.recent(7)) and (match := _CONSTITUTION.match(text, at)):
            return "constitución nacional", _kept(text, match.end()), "after an article"
        if "civil" in context.recent(3) and (match := _TRADE.match(text, at)):
            return "comercial", _kept(text, match.end()), "civil and commercial"
        if match := _COVERAGE.match(text, at):
            return "capacidad", match.end(), "an amount follows"
    if first in "aA":
        if match := _HIGHWAY.match(text, at):
            return "autopista", match.end(), "a name follows"
        if match := _RENT.match(text, at):
            before = context.before()
            said = "alquiler" if _AMOUNT.match(text, match.end()) else "alquila" if before else "alquilo"
            return said, match.end(), "before an amount" if said == "alquiler" else "as a verb"
    if first in "eE" and context.before() in _COSTS and (match := _CLOSING.match(text, at)):
        return "expensas", _kept(text, match.end()), "costs of a flat"
    if first in "uU" and context.before() in ("por", "cada") and (match := _UNIT.match(text, at)):
        return "unidad", _kept(text, match.end()), "by the unit"
    if first in "uU" and context.before() in ("historia", "geografía", "literatura") and (match := _HISTORY.match(text, at)):
        return "universal", match.end(), "after a subject"
    return None


def read_pages(text: str, at: int, context: Context) -> Found | None:
    """fs. 12/15: pages from and to."""
    if context.before() not in ("fojas", "foja", "páginas", "folios", "líneas"):
        return None
    match = _RANGE_OF_PAGES.match(text, at)
    if match is None or int(match[1]) >= int(match[3]):
        return None
    from ttskit_spanish.normalize.numbers import cardinal

    return f"{cardinal(int(match[1]))} a {cardinal(int(match[3]))}", match.end(), "pages from and to"


def _kept(text: str, end: int) -> int:
    """The end without a point that ends the text."""
    return end - 1 if text[end - 1] == "." and not text[end:].strip() else end
