"""15k and 3M: thousands and millions as people write them, unless a race, a screen or a brand is meant."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.numbers import cardinal, decimals
from ttskit_spanish.pattern import Pattern

_SCALED = Pattern(r"(\d{1,4})(?:[.,](\d{1,2}))?(k|K|M|MM)(?![^\W_])")
_RACES = frozenset(
    "corrí corrió corre corro corremos corrimos correr corren maratón media carrera carreras running trote entrenamiento "
    "pista meta "
    "inscripción circuito tele teles televisor televisores tv pantalla pantallas video videos resolución monitor cámara "
    "cámaras ultra "
    "calidad netflix".split()
)
_PAID = frozenset(
    "sale salen salió salía gasté gastó gastamos gastan pagué pagó pago pagamos pagan cuesta cuestan costó vale valen cobra "
    "cobro cobran "
    "cobré gana gano ganan debés debo debe deben precio precios sueldo sueldos presupuesto presté prestame transferime "
    "transferí mandame "
    "cobrale vendió vendo vendí facturó factura facturan recaudó junté juntamos ahorré inversión invirtió cachet alquiler "
    "expensas pesos dólares usd mil millones ganancia deuda bajó subió oferta ofrecen ofrecieron tiene tienen visitas vistas "
    "seguidores".split()
)
_BRANDS = frozenset("marca cinta cintas empresa firma compañía filtro post-it canal talle talles".split())
_OF = Pattern(r"[ \xa0]de[ \xa0][a-záéíóúñ]{3}")


def read_short_scale(text: str, at: int, context: Context) -> Found | None:
    """Thousands (k) and millions (M) typed short.

    >>> def read(t):
    ...     found = read_short_scale(t, 0, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("15k y"), read("3M de pesos"), read("1M de vistas"), read("4K"), read("2,5k"), read("3M")
    ('quince mil', 'tres millones', 'un millón', None, 'dos mil quinientos', None)
    """
    match = _SCALED.match(text, at)
    if match is None:
        return None
    recent = context.recent(9)
    letter, whole = match[3], int(match[1])
    paid = not recent.isdisjoint(_PAID)
    if letter in ("k", "K"):
        if not recent.isdisjoint(_RACES) or (letter == "K" and not paid):
            return None
        thousands = whole * 1000 + (int((match[2] + "00")[:3]) if match[2] else 0)
        why = "an amount stands near" if paid else "no race or screen stands near"
        return cardinal(thousands, "m"), match.end(), f"thousands: {why}"
    if not (paid or _OF.match(text, match.end())) or context.before() in _BRANDS:
        return None
    number = cardinal(whole, "n" if match[2] else "m") + (f" coma {decimals(match[2])}" if match[2] else "")
    why = "what is counted follows" if _OF.match(text, match.end()) else "an amount stands near"
    return f"{number} {'millón' if whole == 1 and not match[2] else 'millones'}", match.end(), f"millions: {why}"
