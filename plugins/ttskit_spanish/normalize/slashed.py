"""A letter and a bar for a preposition, by what it joins: c/ s/ p/ e/ h/; x for por."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.units import unit_at
from ttskit_spanish.pattern import Pattern

_BAR = Pattern(r"([cspehdCSPEH])/[ \xa0]?(?=([^\W_]+))")
_SAYING = Pattern(r"[ \xa0](?:el|la|los|las)[ \xa0][A-Z]{3,6}(?![^\W_])")
_TIMES = Pattern(
    r"\d{1,3}(?:[ \xa0]?[-–a][ \xa0]?\d{1,3})?[ \xa0]?(?:hs?|hrs?|horas?|min|minutos?|d[ií]as?|semanas?|"
    r"mes(?:es)?|años?|kms?|g|gr|kg|m|mts|metros)\.?"
    r"(?![^\W_])|\d{1,3}['’′\"”″]"
)
# What a price or dose is reckoned by.
_EACH = frozenset(
    "uno una litro kilo kg docena metro unidad hora persona bolsa caja par noche día clase porción entrada pack botella lata "
    "paquete "
    "mes cuota cliente alumno".split()
)
_TURNS = frozenset("día semana mes año noche hora vez lado ojo comida tanto pierna brazo".split())
# What no "con" can follow: en c/ojo, de c/ lado.
_WORD_BEFORE = Pattern(r"(?<![^\W\d_.])(?<!\.)([a-zé]+)[ \xa0]*$")  # a word, and no letter of an abbreviation (S.A. c/ …)
_PREPOSITIONS = frozenset("en de a por para sobre entre desde hacia".split())
_PER = frozenset("persona kilo litro metro hora día noche mes año unidad docena cabeza cliente familia alumno semana".split())
_THE = frozenset(
    "el la los las un una unos unas este esta estos estas ese esa su sus tu tus mi mis lo cómo qué aquel aquella nuestro "
    "nuestra".split()
)
_NORMS = frozenset(
    "ley art arts artículo dto decreto res resolución disp ord contrato factura indec corresponda norma normas tabla fs "
    "anexo".split()
)
# What has a subject: informe s/ la obra, impuesto s/ ingresos.
_TOPICS = frozenset(
    "informe informes charla debate dudas duda consulta consultas info información libro libros ley proyecto taller curso "
    "opinión "
    "texto trabajo impuesto impuestos nota notas artículo artículos datos documental conferencia tesis estudio estudios apunte "
    "apuntes monografía ordenanza decreto resolución tp seminario interés intereses recargo descuento calculado".split()
)
_ROADS = frozenset("av avda avenida ruta calle autopista au bv diagonal diag costanera colectora pje ruta rn rp camino".split())
_PLACES = frozenset(
    "local casa lote terreno frente galpón salida acceso puente campo depto departamento chalet quinta esquina choque "
    "accidente".split()
)
_OFFICES = frozenset("INDEC ANSES AFIP ARCA OMS ONU SMN BCRA CNV ANMAT INTA".split())
_GAMES = frozenset(
    "partido fecha gol goles cancha torneo copa juega juegan clásico semifinal final vs liga penales sábado domingo "
    "visitante local".split()
)
_CASES = frozenset("autos causa caratulado caratulada caratulados expediente expte fallo sentencia juicio demanda".split())
_CHARGES = frozenset(
    "sucesión amparo daños despido divorcio alimentos desalojo cobro ejecución homicidio robo ordinario accidente quiebra "
    "reajuste "
    "recurso infracción beneficio incidente lesiones estafa abuso medida cautelar prescripción usucapión concurso filiación "
    "adopción sumario".split()
)
_SUED = Pattern(r"[^\n]{1,80}?[ \xa0]s/[ \xa0]?[a-záéíóúñ]")
_CAPITAL = Pattern(r"[A-ZÁÉÍÓÚÑ]")
_NAME_BEFORE = Pattern(r"[A-ZÁÉÍÓÚÑ][\wáéíóúñü.]*[ \xa0,\"”]*$")
_FOR = Pattern(r"[xX][ \xa0](?=(ej\.|u\.|q[ \xa0]|[^\W\d_]{2,}|[A-Z][A-Z\d]|\d|U?S?\$|€))")
_FOR_NUMBER = Pattern(r"x(\d{1,3})(?![\w.,/-]*\w)")
_MACHINES = ("32", "64", "86")
_NO_FOR = frozenset("es vale y e o en tiende igual menor mayor con más menos por entre al se no está era fue".split())
_NAMED = frozenset(
    "siglo siglos capítulo tomo la letra una variable eje incógnita de función factor rayo rayos coordenada valor si sea que "
    "signo cromosoma generación clase modelo malcolm".split()
)


def read_slashed(text: str, at: int, context: Context) -> Found | None:
    """c/ 8 hs (cada), c/ crema (con), Pérez c/ Gómez s/ amparo (contra, sobre), s/ Av. Mitre, p/ llevar.

    >>> def read(t, at=0):
    ...     found = read_slashed(t, at, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("c/ 8 hs"), read("c/ crema"), read("s/ azúcar"), read("s/ la obra"), read("s/ Av. Mitre"), read("p/ llevar")
    ('cada', 'con', 'sin', 'sobre', 'sobre', 'para')
    >>> read("e/ 54 y 55"), read("p/persona"), read("s/d"), read("c/u"), read("km/h", 1)
    ('entre', 'por', 'sin datos', None, None)
    """
    match = _BAR.match(text, at)
    if match is None or (at and (text[at - 1].isalnum() or text[at - 1] in "/.")):
        return None
    letter, word, end = match[1].lower(), match[2], at + 2
    low, start = word.lower(), match.end()
    digits = word[0].isdecimal()
    if letter == "e":
        return ("entre", end, "letter and slash: before streets") if digits or word[0].isupper() else None
    if letter == "h":
        return ("hasta", end, "letter and slash: before a date") if digits or low in ("agotar", "el", "fin", "las") else None
    if letter == "c":
        return _with(text, end, low, start, context)
    if letter == "p":
        if len(word) < 2 and not digits:
            return None
        por = low in _PER and word.islower() and not digits
        return ("por", end, "letter and slash: before what is counted by") if por else ("para", end, "letter and slash: aim")
    if letter == "s":
        if digits and match[1] == "S":
            return None  # S/ 25,50: soles
        if low == "d":
            return "sin datos", match.end(2), "no data"
        return _without(text, end, low, word, context) if len(word) > 1 else None
    return None


def _with(text: str, end: int, low: str, start: int, context: Context) -> Found | None:
    if low in ("u", "uno", "una"):
        return None if low == "u" else ("cada " + low, start + len(low), "letter and slash: each")
    if _TIMES.match(text, start):
        return "cada", end, "letter and slash: before a time or measure"
    before = _WORD_BEFORE.search(text[max(0, end - 12) : end - 2])
    if low in _TURNS or (before is not None and before[1] in _PREPOSITIONS):
        return "cada", end, "letter and slash: each"
    if low[0].isdecimal():
        return "con", end, "letter and slash: before a number of things"
    if len(low) < 2:
        return None
    paid = bool(context.pieces) and context.pieces[-1].kind == "money"
    if paid and (low in _EACH or unit_at(" " + text[start : start + 8], 0) is not None):
        return "cada", end, "letter and slash: after a price"
    named = (
        _CAPITAL.match(text, start) is not None and _NAME_BEFORE.search(text[max(0, start - 40) : end - 2].rstrip()) is not None
    )
    if named:
        recent = {p.text for p in context.pieces[-12:]}
        if _SUED.match(text, end) or not recent.isdisjoint(_CASES):
            return "contra", end, "letter and slash: parties of a case"
        rest = {w.lower().strip(".,:;") for w in text[end : end + 80].split()}
        if not recent.isdisjoint(_GAMES) or not rest.isdisjoint(_GAMES):
            return "contra", end, "letter and slash: two teams"
    return "con", end, "letter and slash: with"


def _without(text: str, end: int, low: str, word: str, context: Context) -> Found | None:
    recent = {p.text for p in context.pieces[-14:]}
    named = _NAME_BEFORE.search(text[max(0, end - 42) : end - 2].rstrip()) is not None
    case = next((p.text for p in context.pieces[:-15:-1] if p.text in ("contra", "con", "sobre", ";", ".")), "")
    if case == "contra":
        return "sobre", end, "letter and slash: what a case is about"
    if low in _CHARGES and named:
        return "sobre", end, "letter and slash: what a case is about"
    if low in _ROADS or (word[0].isupper() and not word.isupper() and not recent.isdisjoint(_PLACES)):
        return "sobre", end, "letter and slash: before a street"
    if low in _NORMS or word in _OFFICES:
        return (
            ("según", end, "letter and slash: before a norm") if low != "fs" else ("sobre", end, "letter and slash: on a page")
        )
    if low in _THE and _SAYING.match(text, end) and recent.isdisjoint(_TOPICS):
        return "según", end, "letter and slash: before who says it"
    if low in _THE or not recent.isdisjoint(_TOPICS):
        return "sobre", end, "letter and slash: a subject"
    return "sin", end, "letter and slash: without"


def read_for(text: str, at: int, context: Context) -> Found | None:
    """x as por: x la tarde, x Av. Mitre, x kg, x $ 500, pack x6.

    >>> def read(t, at):
    ...     from ttskit_spanish.normalize.reader import normalize
    ...
    ...     return " ".join(p.text for p in normalize(t).pieces)
    >>> read("doblá x Belgrano", 0), read("el eje x", 0)
    ('doblá por belgrano', 'el eje equis')
    """
    if at and text[at - 1] in "-–—/":
        return None  # todos con -x
    match = _FOR.match(text, at)
    if match is None or context.equation:
        glued = _FOR_NUMBER.match(text, at)
        if glued is not None and glued[1] not in _MACHINES and context.before() and context.before() not in _NAMED:
            return "por", at + 1, "x before a number"
        return None
    before, follows = context.before(), match[1]
    if follows == "mayor" and not text.startswith("mayor que", match.end()):
        return "por", at + 1, "x as por"
    if follows == "ej.":
        return "por", at + 1, "x as por"
    if text[at] == "X" and not context.shouting:
        return None
    if before in _NAMED or (follows.lower() in _NO_FOR and follows.islower() and before):
        return None
    if (
        not before
        and not (follows[0].isdecimal() and text[:at].endswith((") ", ")\xa0")))
        and not (follows.islower() and follows not in _NO_FOR and follows not in ("vale", "tiende", "igual", "menor"))
        and follows != "q "
    ):
        return None
    return "por", at + 1, "x as por"
