"""Roman numerals, by context: centuries and chapters, kings and popes; single letters stay letters."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found, ends_token
from ttskit_spanish.normalize.nouns import gender_of
from ttskit_spanish.normalize.numbers import cardinal, ordinal
from ttskit_spanish.pattern import Pattern

_ROMAN = Pattern(r"(?=[ivxlcdm])m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})", re.IGNORECASE | re.ASCII)
_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
# Nouns that Roman numerals follow; read as cardinals.
_COUNTED = frozenset(
    "siglo siglos capítulo capítulos tomo tomos volumen fase fases acto actos parte partes título artículo sección "
    "libro anexo inciso "
    "tipo tipos tabla figura cuadro gráfico apéndice lámina módulo factor par ley jornada sesión semestre trimestre "
    "cuatrimestre estadio serie bloque "
    "nivel grado escena etapa milenio dinastía categoría grupo zona región canto".split()
)
# What students number: Física I, Análisis II; general and the like after them.
_SUBJECTS = frozenset(
    "física química álgebra análisis matemática matemáticas historia inglés anatomía derecho contabilidad economía "
    "programación "
    "estadística práctica taller seminario filosofía psicología sociología lengua literatura geometría cálculo biología "
    "fisiología "
    "administración microeconomía macroeconomía pedagogía didáctica música arquitectura dibujo proyecto informática sistemas "
    "francés "
    "alemán italiano portugués latín griego antropología lógica electrónica mecánica termodinámica hidráulica estructuras "
    "diseño "
    "residencia metodología investigación civil penal comercial orgánica inorgánica universal ramal".split()
)
# What is numbered by a Roman ordinal before it: I Congreso, II Guerra Mundial.
_EVENTS = frozenset(
    "congreso jornada jornadas festival cumbre guerra encuentro encuentros edición feria bienal simposio seminario foro "
    "conferencia asamblea copa torneo maratón premio premios certamen concurso juegos coloquio región ciclo curso marcha "
    "convención concilio brigada división cuerpo ejército república dinastía cruzada muestra salón reunión taller semana "
    "olimpíada olimpíadas olimpiada olimpiadas campeonato exposición fiesta concierto internacional nacional imperio reich "
    "distrito circunscripción cohorte promoción aniversario festividad bienio plan censo".split()
)
# Names that rulers and popes share.
_RULERS = frozenset(
    "luis carlos felipe pablo juan alfonso isabel enrique fernando pío benedicto francisco jorge eduardo napoleón "
    "guillermo león gregorio "
    "catalina pedro nicolás ramsés ricardo jacobo sancho maría juana clemente inocencio urbano sixto julio alejandro "
    "ana margarita "
    "cristina federico otón balduino alberto leopoldo manuel amadeo josé ramiro bermudo ordoño garcía teobaldo "
    "celestino bonifacio "
    "adriano esteban martín calixto paulo mohamed abdalá hassan ptolomeo tutmosis darío jerjes artajerjes constantino teodosio "
    "iván boris vladimir segismundo ladislao casimiro estanislao cristián haroldo olaf gustavo umberto humberto víctor".split()
)


def value(letters: str) -> int:
    """The number that Roman letters write.

    >>> value("XIV"), value("mcmxc")
    (14, 1990)
    """
    digits = [_VALUES[c] for c in letters.lower()]
    return sum(-d if d < max(digits[i:]) else d for i, d in enumerate(digits))


def lower_roman(word: str, before: str, context: Context) -> str | None:
    """What a numeral in small letters is read as after the word `before`: after "siglo" and rulers only."""
    if context.choices.roman == "never" or not _ROMAN.fullmatch(word):
        return None
    number = value(word)
    if before in ("siglo", "siglos"):
        return cardinal(number)
    if before in _RULERS and len(word) > 2 and set(word) <= set("ivx"):
        return _of_ruler(number, before)
    return None


def _of_ruler(number: int, name: str) -> str:
    if number > 10:
        return cardinal(number)
    return ordinal(number, "f" if name == "isabel" or gender_of(name) == "f" else "m")


def read_roman(text: str, at: int, context: Context) -> Found | None:
    """A Roman numeral after a noun or ruler that takes one, or of two letters and more of I, V, X.

    >>> from ttskit_spanish.normalize.context import Context
    >>> from ttskit_spanish.normalize.piece import Piece
    >>> def read(before, t):
    ...     found = read_roman(t, 0, Context(t, "es-AR", [Piece(before, (0, 0))]))
    ...     return found and found[0]
    >>> read("siglo", "xix"), read("carlos", "V"), read("luis", "XVI"), read("isabel", "II"), read("malcolm", "X")
    ('diecinueve', 'quinto', 'dieciséis', 'segunda', None)
    """
    match = _ROMAN.match(text, at) if context.choices.roman != "never" else None
    if match is None or not match.group() or not ends_token(text, match.end()):
        return None
    letters, before = match.group(), context.before()
    if not (letters.isupper() or letters.islower()) and before not in _COUNTED and before not in _RULERS:
        return None
    number = value(letters)
    if letters in ("C", "D", "L", "M") and before not in ("siglo", "siglos"):
        return None  # grupo C, nivel D
    ruled = context.choices.roman != "never" and before == "y" and any(p.kind == "roman" for p in context.pieces[-8:])
    if ruled and letters.isupper() and text[match.end() : match.end() + 4] == " de " and context.pieces[-2].kind != "roman":
        return _of_ruler(number, "felipe"), match.end(), "ruler"  # Carlos I de España y V de Alemania
    studied = before in _SUBJECTS or (before == "general" and context.before(2) in _SUBJECTS)
    if studied and letters.isupper() and number < 10 and text[match.end() : match.end() + 2] != ". ":
        return cardinal(number), match.end(), "after a subject"
    if before in _COUNTED and (letters.isupper() or before in ("siglo", "siglos")):
        return cardinal(number), match.end(), "after a noun"
    if before in _RULERS and (letters.isupper() or len(letters) > 2) and set(letters.lower()) <= set("ivx"):
        return _of_ruler(number, before), match.end(), "ruler"
    follows = context.after(match.end())
    named = follows[:1].isupper() and follows.lower() in _EVENTS
    if named and letters.isupper() and number < 100 and set(letters) <= set("IVXL"):
        event = follows.lower()
        plural = event.endswith("s")
        return ordinal(number, gender_of(event), short=not plural) + ("s" if plural else ""), match.end(), "before an event"
    small = set(letters) <= set("IVX") if len(letters) < 4 else True
    if letters.isupper() and len(letters) > 1 and small and not context.shouting:
        return cardinal(number), match.end(), "capitals"
    return None
