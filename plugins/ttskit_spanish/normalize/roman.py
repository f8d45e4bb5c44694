"""Roman numerals, by context: centuries and chapters, kings and popes; single letters stay letters."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found, ends_token
from ttskit_spanish.normalize.letters import sayable, spell
from ttskit_spanish.normalize.nouns import gender_of
from ttskit_spanish.normalize.numbers import cardinal, ordinal
from ttskit_spanish.normalize.rulers import RULERS, name_gender, title_gender
from ttskit_spanish.pattern import Pattern

_ROMAN = Pattern(r"(?=[ivxlcdm])m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})", re.IGNORECASE | re.ASCII)
_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
# Nouns that Roman numerals follow; read as cardinals.
_COUNTED = frozenset(
    "siglo siglos capítulo capítulos tomo tomos volumen fase fases acto actos parte partes título artículo sección "
    "libro anexo inciso "
    "tipo tipos tabla figura cuadro gráfico apéndice lámina módulo factor par ley jornada sesión semestre trimestre "
    "cuatrimestre estadio serie bloque "
    "nivel grado escena etapa milenio dinastía categoría grupo zona región canto unidad unidades capítulos libros "
    "artículos títulos anexos tablas figuras escenas secciones actos volúmenes fascículo episodio temporada lección tema "
    "módulos ejercicio apartado párrafo cuaderno curso ciclo reglamento protocolo".split()
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
    "distrito circunscripción cohorte promoción aniversario festividad bienio plan censo "
    "centenario sesión entrega temporada gala".split()
)
_SHORT_LOWER = frozenset(("ii", "iv", "ix", "xi", "xv", "xx"))  # "vi" is a verb: a Juan vi ayer
_YEARS = frozenset(("aniversario", "centenario", "edición"))
_ARTICLES = frozenset("el la los las un una del al".split())
_LETTERS = Pattern(r"[IVXLCDM]{2,12}")


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
    if before in RULERS and (len(word) > 2 or word in _SHORT_LOWER) and set(word) <= set("ivx"):
        return _of_ruler(number, before)
    return None


def _of_ruler(number: int, name: str, gender: str | None = None) -> str:
    if number > 10:
        return cardinal(number)
    return ordinal(number, gender or name_gender(name))


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
    if context.choices.roman == "never":
        return None
    match = _ROMAN.match(text, at)
    if match is None or not match.group() or not ends_token(text, match.end()):
        return None
    letters, before = match.group(), context.before()
    if not (letters.isupper() or letters.islower()) and before not in _COUNTED and before not in RULERS:
        return None
    number = value(letters)
    follows = context.after(match.end())
    event = follows.lower() if follows.lower() in _EVENTS else ""
    if letters in ("C", "D", "L", "M") and before not in ("siglo", "siglos") and event not in _YEARS:
        return None  # grupo C, nivel D
    titled = letters.isupper() and set(letters) <= set("IVXL") and before not in _COUNTED
    title = title_gender(context) if titled else None
    if title is not None and context.pieces[-1].kind == "word" and text[context.pieces[-1].span[0]].isupper():
        return _of_ruler(number, before, title), match.end(), "ruler"
    ruled = context.choices.roman != "never" and before == "y" and any(p.kind == "roman" for p in context.pieces[-8:])
    if ruled and letters.isupper() and text[match.end() : match.end() + 4] == " de " and context.pieces[-2].kind != "roman":
        return _of_ruler(number, "felipe"), match.end(), "ruler"  # Carlos I de España y V de Alemania
    studied = before in _SUBJECTS or (before == "general" and context.before(2) in _SUBJECTS)
    if studied and letters.isupper() and number < 10 and text[match.end() : match.end() + 2] != ". ":
        return cardinal(number), match.end(), "after a subject"
    if before in _COUNTED and (letters.isupper() or before in ("siglo", "siglos")):
        return cardinal(number), match.end(), "after a noun"
    if (
        before in RULERS
        and (letters.isupper() or len(letters) > 2 or letters in _SHORT_LOWER)
        and set(letters.lower()) <= set("ivx")
    ):
        return _of_ruler(number, before), match.end(), "ruler"
    if before == "año" and letters.isupper() and number > 100:
        return cardinal(number), match.end(), "after a noun"
    named = bool(event) and (follows[0].isupper() or len(letters) > 1 or before in _ARTICLES)
    if named and letters.isupper() and number <= 100 and set(letters) <= set("IVXLC"):
        plural = event.endswith("s")
        gender = "f" if before in ("la", "las", "una") else "m" if before in ("el", "los", "un") else gender_of(event)
        return ordinal(number, gender, short=not plural) + ("s" if plural else ""), match.end(), "before an event"
    small = set(letters) <= set("IVX") if len(letters) < 4 else True
    if letters.isupper() and len(letters) > 1 and small and not context.shouting:
        return cardinal(number), match.end(), "capitals"
    return None


def read_no_numeral(text: str, at: int, context: Context) -> Found | None:
    """Letters of numerals in an order that writes no number: IIII, IXX, VX letter by letter; CIVIL and MIX are words.

    >>> from ttskit_spanish.normalize.context import Context
    >>> [(f := read_no_numeral(t, 0, Context(t, "es-AR"))) and f[0] for t in ("IXX", "IIII", "XIX", "CIVIL")]
    ['i equis equis', 'i i i i', None, None]
    """
    match = _LETTERS.match(text, at) if text[at] in "IVX" and context.choices.roman != "never" else None
    if match is None or not ends_token(text, match.end()):
        return None
    letters = match.group()
    if (
        letters == "VIX"
        or _ROMAN.fullmatch(letters)
        or not set(letters) <= set("IVX")
        or (context.shouting and sayable(letters))
    ):
        return None
    return spell(letters, context.locale), match.end(), "no Roman numeral"
