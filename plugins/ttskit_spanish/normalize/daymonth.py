"""24/12 without a year: a day or a fraction, weighed by its numbers and by what stands on both sides."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, ends_token
from ttskit_spanish.normalize.scores import read_score
from ttskit_spanish.normalize.units import unit_at
from ttskit_spanish.pattern import Pattern

SLASHED = Pattern(r"(\d{1,2})([º°])?/(\d{1,2})(?![\d/]|[.,]\d)")
ENOUGH = 2
WEEKDAYS = frozenset("lunes martes miércoles jueves viernes sábado sábados domingo domingos".split())
_ARTICLES = frozenset(("el", "del", "al"))
# What dates follow: the nearer to a label of a form, the surer.
_SURE = frozenset(
    "fecha vence vencen venció vencimiento vencimientos feriado feriados nacimiento nacido nacida nació inscripción "
    "inscripciones "
    "entrega válido válida vigencia hasta desde día días emisión emitido".split()
)
_LIKELY = frozenset(
    "hoy ayer mañana este próximo próxima pasado para fechas cierre cierra cierran inicio inicia empieza empiezan comienza "
    "termina "
    "finaliza turno turnos reunión show shows estreno función cerramos abrimos cerrado cerrados abierto abierta abre salida "
    "salgo "
    "salimos viajo viajamos vuelvo "
    "volvemos regreso ida vuelta llegada llego llegan cumple cumpleaños casamiento control consulta clase clases examen "
    "exámenes "
    "parcial parciales recuperatorio final finales mesa pagado pagada pago pagué cobrado cobran recibido enviado válidos "
    "vigente "
    "cosecha siembra publicado actualizado semana actualización acto paro marcha asamblea recital partido fiesta evento "
    "elecciones "
    "vacunación vacuna límite tope última último nac oferta promo promoción retiro ingreso egreso "
    "alta baja ".split()
)
# What a number with a bar after them is, is no day.
_OTHERWISE = frozenset(
    "fojas folio folios página páginas artículo artículos ruta rutas compás ritmo presión tensión visión llave caño tornillo "
    "mecha manguera talle calza nota notas puntaje calificación sacó saqué sacaron puntuó ley leyes decreto dnu resolución "
    "causa "
    "expediente ordenanza acordada disposición número números circular oficina departamento unidad local lote lotes parcela "
    "interno ramal".split()
)
_LINKS = frozenset(("y", "o", "e", ",", ";", "al", "a", "el", "del", "hasta", "—", "."))
_MEASURED = frozenset(
    "taza tazas cucharada cucharadas cucharadita cucharaditas kilo kilos litro litros docena vaso vasos paquete lata pote "
    "hora horas "
    "vuelta vueltas limón cebolla pollo página parte partes metro metros sueldo pulgada pulgadas tanque morrón ají zapallo "
    "manzana naranja pan barra sobre ambiente jornada día turno".split()
)
_HARDLY = (7, 9, 11, 12)  # denominators that are seldom written
_SMALL = frozenset("en de es un una a era fue está estaba tenía con".split())
_KITCHEN = frozenset(((1, 2), (1, 3), (2, 3), (1, 4), (3, 4)))
_OF = Pattern(r"[ \xa0]del?[ \xa0](?!\d)(?!noche|mañana|tarde|madrugada)")
_WORD_AFTER = Pattern(r"[ \xa0]([a-záéíóúñü]{3,20})(?![^\W_])")
_STATED = Pattern(r"[ \xa0](?:no |ya |se )?(?:es|fue|será|cae|hay|habrá|vence|empieza|cierra|abre|juega)[ \xa0]")
_TIME_AFTER = Pattern(
    r"[ \xa0]?[,–-]?[ \xa0]?"
    r"(?:a las? \d|desde las? \d|de \d{1,2}(?:[.:]\d\d)? a|\d{1,2}(?:[.:]\d\d)?[ \xa0]?hs?\b|\d{1,2}:\d\d)"
)
_LABEL_AFTER = Pattern(r"[ \xa0]?[:–—-](?![\d-])")
_NEXT = Pattern(r"[ \xa0]?(?:,|y|o|e|al?|hasta|-|–)[ \xa0]?(?:el |al )?(\d{1,2})/(\d{1,2})(?![\d/])")
_SIGNS = "+=*×÷^√<>"


def weigh(text: str, at: int, match: re.Match, context: Context) -> tuple[int, str]:
    """How much speaks for a day (`ENOUGH` is enough; less, for a fraction), and the weightiest reason.

    >>> def is_day(t):
    ...     at = 0
    ...     match = SLASHED.match(t, at)
    ...     return weigh(t, at, match, Context(t, "es-AR"))[0] >= ENOUGH
    >>> is_day("24/12 y 31/12"), is_day("3/4 de taza"), is_day("5/11: asamblea")
    (True, False, True)
    """
    day, month, end = int(match[1]), int(match[3]), match.end()
    before = context.before()
    label = before or (context.before(2) if context.recent(1) <= {":", ",", "."} else "")
    if label in _OTHERWISE or _named(context) in _OTHERWISE or context.written() in ("dnu", "fs.", "fs"):
        return -9, "a number with a bar stands after that word"
    if read_score(text, at, context) is not None:
        return -9, "a result"
    found = [*_of_itself(match), *_of_what_follows(text, end, day < month)]
    if before in WEEKDAYS or (not before and context.before(2) in WEEKDAYS):
        found.append((8, "after a weekday"))
    elif before in _ARTICLES:
        found.append((6 if day > 1 else 5, "after an article"))
    elif label in _SURE:
        found.append((5, f"after “{label}”"))
    else:
        near = next((p.text for p in context.pieces[:-6:-1] if p.text in _LIKELY or p.text in _SURE), None)
        if near is not None:
            found.append((3, f"near “{near}”"))
    if _beside_a_date(context):
        found.append((4, "another date stands before"))
    follows = _NEXT.match(text, end)
    if follows is not None and (int(follows[1]) > int(follows[2]) or "0" in (follows[1][0], follows[2][0])):
        found.append((3, "another date follows"))
    elif follows is not None and int(follows[2]) == month and month in _HARDLY:
        found.append((3, "another day of the same month follows"))
    if not before and _LABEL_AFTER.match(text, end):
        found.append((5, "as a label of what follows"))
    around = text[max(0, at - 2) : at].strip()[-1:] + text[end : end + 2].strip()[:1]
    if context.equation or any(c in _SIGNS for c in around):
        found.append((-9, "inside a sum"))
    total = sum(weight for weight, _ in found)
    side = 1 if total >= ENOUGH else -1
    reasons = [(side * weight, why) for weight, why in found if side * weight > 0]
    return total, max(reasons)[1] if reasons else ""


def _named(context: Context) -> str:
    """The word before, small ones left out: la presión está en 13/8."""
    return next((p.text for p in context.pieces[:-5:-1] if p.text not in _SMALL), "")


def _of_itself(match: re.Match) -> list[tuple[int, str]]:
    day, month = int(match[1]), int(match[3])
    found = []
    if match[2]:
        found.append((5, "an ordinal day"))
    if "0" in (match[1][0], match[3][0]):
        found.append((4, "a zero in front"))
    if month == 1 or day > month:
        found.append((3, "no fraction has these numbers"))
    elif (day, month) in _KITCHEN:
        found.append((-3, "a fraction that people measure with"))
    elif month in _HARDLY:
        found.append((1, "hardly a fraction"))
    elif day < month:
        found.append((-1, ""))
    return found


def _of_what_follows(text: str, end: int, proper: bool) -> list[tuple[int, str]]:
    found = []
    if proper:
        word = _WORD_AFTER.match(text, end)
        if _OF.match(text, end):
            found.append((-4, "“de” follows"))
        elif unit_at(text, end) is not None or (word is not None and word[1] in _MEASURED):
            found.append((-5, "what is measured follows"))
        elif word is not None and word[1].endswith("s") and len(word[1]) > 4:
            found.append((-2, "what is counted follows"))
    if _STATED.match(text, end):
        found.append((3, "what a day is follows"))
    if _TIME_AFTER.match(text, end):
        found.append((3, "a time follows"))
    return found


def _beside_a_date(context: Context) -> bool:
    """Whether only links stand between this number and a date before it."""
    for piece in context.pieces[:-6:-1]:
        if piece.kind == "date":
            return True
        if piece.text not in _LINKS:
            return False
    return False


def is_day(text: str, at: int, context: Context) -> tuple[re.Match, str] | None:
    """The match of a day without its year and why it is one, or None; `context.doubt` then says why not."""
    match = SLASHED.match(text, at)
    if match is None or not ends_token(text, match.end()) or not (1 <= int(match[1]) <= 31 and 1 <= int(match[3]) <= 12):
        return None
    if match.group() == "24/7":
        return None
    if context.choices.slash == "date":
        return match, "as chosen"
    total, why = weigh(text, at, match, context)
    bare = not context.pieces and not text[match.end() :].strip()
    if total >= ENOUGH and not (bare and int(match[1]) <= 12):
        return match, why
    context.doubt = (at, why)
    return None
