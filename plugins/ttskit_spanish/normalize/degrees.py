"""° and º after a number: degrees, or an ordinal, by what stands around them."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context
from ttskit_spanish.normalize.nouns import VERB
from ttskit_spanish.pattern import Pattern

# What is numbered by an ordinal that stands after it: artículo 5°, piso 3°.
NUMBERED = frozenset(
    "artículo artículos inciso incisos piso pisos puesto lugar punto puntos apartado apartados cláusula cláusulas capítulo "
    "título "
    "párrafo año división sección sala acto tomo parte categoría cámara juzgado turno entrepiso escalera subsuelo nivel ciclo "
    "anexo base considerando".split()
)
_SCHOOL = frozenset(
    "acto alumnos alumnas alumno alumna chicos chicas curso cursos egresados aula padres familias maestra maestro seño profe "
    "cursa "
    "cursan escuela primaria secundaria grado grados división tarea cuaderno repite pasó promoción colegio viaje prueba".split()
)
_RANKED = frozenset(
    "terminó terminamos terminé salió salimos salí quedó quedamos quedé llegó finalizó clasificó entró largó largará largó "
    "marcha "
    "está "
    "van va vamos viene sigue ranking posición tabla puntero figura vive vivo viven oficina consultorio".split()
)
_WEATHER = frozenset(
    "mínima máxima mínimas máximas mínimo máximo temperatura temperaturas térmica sensación fiebre horno hornear hornea horneá "
    "horneamos "
    "calor frío grados ángulo ángulos giro giró gira girá rota rotar latitud longitud inclinación pendiente esperan espera "
    "marcó "
    "marca "
    "hace hacen hacía hizo clima pronóstico cocinar cociná cocinamos lavar alcohol vuelta celsius mercurio termómetro "
    "bajo".split()
)
_THERE = frozenset(("el", "al", "del"))
_NOT_NOUNS = frozenset(
    "a al y o u e de del en con sin bajo sobre hasta que por para centígrados celsius fahrenheit kelvin durante esta este hoy "
    "mañana ayer anoche ahora siempre también todavía afuera adentro cuando pero desde a la vs versus porque como más menos "
    "aprox "
    "quedan queda son están está va van vino vienen es fue leen hacen tiene tienen".split()
)
_LONGEST_LIST = 12
_CHAIN = Pattern(r"(?:,|[ \xa0](?:y|o|e|al?))[ \xa0](?:el[ \xa0])?(\d{1,3})([º°])")
_DIVISION = Pattern(r"[ \xa0]?[\"“«'‘][A-ZÑ\d][\"”»'’]|[ \xa0]?[A-BD-EG-JL-MP-RT-VX-ZÑ](?![\w.'’])")
_OF_SCHOOL = Pattern(
    r"[ \xa0]de (?:la )?(?:primaria|secundaria|grado|escuela|medicina|abogacía|derecho|polimodal|EGB|jardín|nivel)"
)
_CLAUSE = Pattern(r"[ \xa0](?!Celsius|Fahrenheit|Kelvin|[NSEO] )[A-ZÁÉÍÓÚÑ][a-záéíóúñü]")
_LABEL = Pattern(r"[ \xa0]?[:)]|\.-|[ \xa0]?[–—-][ \xa0]")
_OF_WEATHER = Pattern(
    r"[ \xa0](?:de|y|como)[ \xa0](?:m[aá]x|m[ií]n|t[eé]rmica|sensaci|temperatura|calor|lat|long|inclin)|[ \xa0]a la sombra"
)
_COLD = Pattern(r"[ \xa0](?:bajo|sobre) cero|[ \xa0]?[CF](?![^\W_])")


def sign_of_degree(text: str, number: int, end: int, context: Context, *, listed: bool = False) -> tuple[bool, str]:
    """Whether the sign that ends at `end` after a whole `number` is one of degrees, and why.

    >>> def degree(t, number):
    ...     return sign_of_degree(t, number, len(str(number)) + 1, Context(t, "es-AR"))[0]
    >>> degree("28º en CABA", 28), degree('3° "B"', 3), degree("5° piso", 5), degree("37°", 37), degree("4º", 4)
    (True, False, False, True, False)
    """
    before, typed = context.before(), text[end - 1] == "º"
    if _COLD.match(text, end):
        return True, "cold or heat follows"
    if before in NUMBERED:
        return False, f"after “{before}”"
    if _DIVISION.match(text, end):
        return False, "a door or class follows"
    if _OF_WEATHER.match(text, end):
        return True, "what is measured in degrees follows"
    if _after_ordinal(context):
        return False, "after another ordinal"
    if _OF_SCHOOL.match(text, end):
        return False, "of a school"
    word = context.after(end)
    if noun_after(context, end) and (number <= 40 or typed):
        return False, "a noun follows"
    last = None if listed else _last_of_list(text, end)
    if last is not None and number <= 40 and int(last[1]) <= 40:
        degree, why = sign_of_degree(text, int(last[1]), last.end(), context, listed=True)
        if not degree and why in ("a noun follows", "a door or class follows"):
            return False, "of a list whose last is an ordinal"
    recent = context.recent(6)
    if before in _THERE and number <= 40:
        return False, "after an article"
    if not recent.isdisjoint(_WEATHER):
        return True, "words of weather or angles stand near"
    if number <= 20 and (before in _RANKED or not recent.isdisjoint(_SCHOOL)):
        return False, "words of rank or school stand near"
    started = not context.pieces or context.pieces[-1].kind == "mark"
    if number <= 40 and started and (_LABEL.match(text, end) or _CLAUSE.match(text, end)):
        return False, "as a label of what follows"
    if number <= 20 and typed:
        return False, "the sign of ordinals"
    if typed and not (word or before):
        return False, "the sign of ordinals alone"
    return True, "no ordinal stands here" if number > 20 else "the sign of degrees"


def _last_of_list(text: str, end: int) -> re.Match | None:
    """The last of a list of signed numbers that goes on here: 2° y 3° año."""
    last = None
    for _ in range(_LONGEST_LIST):
        match = _CHAIN.match(text, end)
        if match is None:
            break
        last, end = match, match.end()
    return last


def noun_after(context: Context, end: int) -> bool:
    """Whether a noun in small letters follows, by all that can be seen: no verb, no small word."""
    word = context.after(end)
    return word.islower() and word not in _NOT_NOUNS and VERB.search(word) is None


def _after_ordinal(context: Context) -> bool:
    """Whether a list of ordinals goes on: arts. 5°, 6° y 7°, 3° a 7°."""
    for links, piece in enumerate(context.pieces[:-5:-1]):
        if piece.kind == "ordinal":
            return links > 0
        if piece.text not in ("y", "a", "e", "o", ",", "al", "el"):
            return False
    return False
