"""Short words of notes, kitchens, sickrooms and classes that their neighbours explain: ej. 3, com. C, Op. 9, 10 U, Bs."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.letters import spell
from ttskit_spanish.normalize.numbers import cardinal
from ttskit_spanish.pattern import Pattern

# Before a number or the letter of a class: one, several.
_COUNTED = {
    "ej": ("ejercicio", "ejercicios"), "ejs": ("ejercicios", "ejercicios"), "ejerc": ("ejercicio", "ejercicios"),
    "act": ("actividad", "actividades"), "prob": ("problema", "problemas"), "preg": ("pregunta", "preguntas"),
    "unid": ("unidad", "unidades"), "mód": ("módulo", "módulos"), "com": ("comisión", "comisiones"), "op": ("opus", "opus"),
    "mov": ("movimiento", "movimientos"), "ep": ("episodio", "episodios"), "gráf": ("gráfico", "gráficos"),
    "graf": ("gráfico", "gráficos"),
    "lám": ("lámina", "láminas"), "lec": ("lección", "lecciones"),
    "pto": ("punto", "puntos"), "tp": ("te pe", "te pe"), "sem": ("semana", "semanas"), "sat": ("saturación", "saturación"),
    "vit": ("vitamina", "vitaminas"), "cuest": ("cuestionario", "cuestionarios"), "gpo": ("grupo", "grupos"),
}  # fmt: skip
_NUMBERED = Pattern(
    r"(ejs?|ejerc|act|prob|preg|unid|mód|com|op|mov|ep|gr[áa]f|lám|lec|pto|tp|sem|sat|vit|cuest|gpo)\.[ \xa0]?"
    r"(?=(?:n[.º°]{1,2}[ \xa0]?)?(\d{1,4})|(?-i:([A-Z]\d{0,2}))(?![\w.]))",
    re.IGNORECASE,
)
_SEVERAL = Pattern(r"(?:n[.º°]{1,2}[ \xa0]?)?\d{1,4}(?:[ \xa0]?[-–][ \xa0]?|,[ \xa0]|[ \xa0][yea][ \xa0]|[ \xa0]al[ \xa0])\d")
_NUMBER_ONLY = frozenset(("sem", "sat", "op", "ep", "pto", "unid", "preg", "prob"))
_SEASON = Pattern(r"[tT]emp\.(?=[ \xa0]?\d{1,2}[ \xa0]?[,;:–-]?[ \xa0]?(?:cap|ep)(?![^\W_]))")
_COMPULSORY = frozenset(("las", "de", "abonar", "abone", "abonen", "pagar", "pago"))
_WORK = frozenset(
    "busca buscamos busco solicita necesita necesito requiere empleado empleada personal vendedor vendedora profesor profesora "
    "cocinero cocinera chofer mozo moza ayudante docente programador programadora diseñador diseñadora niñera cajero cajera "
    "enfermero enfermera candidato candidata electricista plomero albañil peluquero peluquera".split()
)
_EXPERIENCE = Pattern(r"exp\.(?![^\W_])", re.IGNORECASE)
_NO_RENT = Pattern(r"[ \xa0](?:en|como|previa|comprobable|m[ií]n|mínima|laboral|docente|demostrable|no)(?![^\W_])")
_KISSES = Pattern(r"[Bb]s(?:[ \xa0]?(?=[,!]|$)|(?=[.](?:$|\n|[ \xa0](?![Aa]s(?![^\W_])))))")
_UPRISING = Pattern(
    r"[Rr]ev\.(?=[ \xa0](?:de[ \xa0](?:mayo|octubre|los)|francesa|industrial|rusa|cubana|mexicana|libertadora|americana|china|"
    r"haitiana|neolítica|agraria|argentina|gloriosa|verde|sexual|científica|cultural|burguesa|inglesa|bolchevique)(?![^\W_]))",
    re.IGNORECASE,
)
_MAGAZINE = Pattern(r"[Rr]ev\.(?=[ \xa0][\"“«A-ZÁÉÍÓÚÑ])")
_UNITS = Pattern(r"U(?=[ \xa0,;.)/]|$)")
_DOSED = frozenset(
    "insulina heparina nph glargina lantus dosis penicilina humalog novorapid toxina botox aplicar enoxaparina lispro".split()
)
_WORDS = Pattern(r"[^\W\d_]+")
_SHARP = Pattern(r"(do|re|mi|fa|sol|la|si)([#♯♭])(?![\w#])", re.IGNORECASE)
_PHYSICAL = Pattern(r"ed\.(?=[ \xa0](?:físi|fis\.|fís|especial|vial|sexual|inicial|primaria|secundaria|superior))", re.I)
_SCIENCES = Pattern(r"(soc|nat|exact|econ|pol|jur|med|vet|agr)\.(?![^\W_])", re.IGNORECASE)
_WHICH = {
    "soc": "sociales", "nat": "naturales", "exact": "exactas", "econ": "económicas", "pol": "políticas", "jur": "jurídicas",
    "med": "médicas", "vet": "veterinarias", "agr": "agrarias",
}  # fmt: skip
_PRACTICAL = Pattern(
    r"(pr[aá]ct|te[oó]r|oblig|pr[oó]x|últ|rall|picad|derr|masc|fem|fisiol|priv|grat|bás|púb|orgán|descr|desnat|cocid)\.(?![^\W_])",
    re.IGNORECASE,
)
_STEMS = {
    "práct": "práctic", "pract": "práctic", "teór": "teóric", "teor": "teóric", "oblig": "obligatori", "próx": "próxim",
    "prox": "próxim", "últ": "últim", "rall": "rallad", "picad": "picad", "derr": "derretid", "masc": "masculin",
    "fem": "femenin", "fisiol": "fisiológic", "priv": "privad", "grat": "gratuit", "bás": "básic", "púb": "públic",
    "orgán": "orgánic", "descr": "descremad", "desnat": "desnatad", "cocid": "cocid",
}  # fmt: skip
_FEMININE_ALONE = frozenset("práct pract teór teor".split())
_NO_NOUN = frozenset("del con y o e en por para al que es son más sin muy una un de se".split())
_CLASSES = Pattern(r"c[aá]t\.(?![^\W_])", re.IGNORECASE)
# What only the noun before tells: química org., prof. adj., horno fte.
_AFTER = {
    ("org", "química"): "orgánica", ("inorg", "química"): "inorgánica", ("mod", "horno"): "moderado",
    ("mod", "fuego"): "moderado",
    ("fte", "horno"): "fuerte", ("fte", "fuego"): "fuerte", ("med", "fuego"): "medio", ("med", "horno"): "medio",
    ("adj", "profesor"): "adjunto", ("adj", "profesora"): "adjunta",
    ("tit", "profesor"): "titular", ("tit", "profesora"): "titular", ("supl", "profesor"): "suplente",
    ("supl", "profesora"): "suplente", ("supl", "maestra"): "suplente", ("aux", "profesor"): "auxiliar",
    ("choc", "de"): "chocolate", ("mant", "de"): "manteca", ("nac", "colegio"): "nacional",
    ("téc", "escuela"): "técnica", ("sec", "escuela"): "secundaria", ("prim", "escuela"): "primaria",
    ("sec", "educación"): "secundaria", ("prim", "educación"): "primaria", ("fís", "educación"): "física",
    ("mat", "análisis"): "matemático", ("arg", "historia"): "argentina",
    ("contemp", "historia"): "contemporánea", ("intr", "vía"): "intramuscular", ("subcut", "vía"): "subcutánea",
    ("sup", "o"): "superior", ("inf", "o"): "inferior", ("sup", "nivel"): "superior", ("inf", "e"): "inferior",
    ("sup", "piso"): "superior", ("inf", "nivel"): "inferior", ("nac", "de"): "nacimiento",
    ("resp", "vías"): "respiratorias", ("clín", "historia"): "clínica",
}  # fmt: skip
_TAIL = Pattern(r"([^\W\d_]{2,9})\.(?![^\W_])")
_STIFF = Pattern(r"pto\.(?=[ \xa0](?:de[ \xa0])?(?:nieve|caramelo|letra|cruz|bala|cinta|pelo|merengue)(?![^\W_]))", re.I)
# Said loud, not spelt: RE lindo, SOS un genio.
_LOUD = Pattern(
    r"RE(?=[ \xa0](?!TV|FM|AM)[^\W\d_]{3,})|SOS(?=[ \xa0](?:un|una|el|la|lo|los|mi|vos|re|muy|tan|más|de|lind|gros|divin)\w*)",
    re.I,
)
# After an ordinal: 11va gen., 2da div.
_RANKED = {"gen": "generación", "div": "división", "ed": "edición", "temp": "temporada", "fil": "fila", "secc": "sección",
           "pers": "persona", "clas": "clase", "cat": "categoría", "subdiv": "subdivisión"}  # fmt: skip
# Compounds: NaOH, HCl, CaO.
_ELEMENT = r"(?:Na|Ca|Mg|Cl|Fe|Cu|Zn|Ag|Al|Br|Li|Mn|Pb|Hg|Ba|Si|Ti|[HONSCPKFI])"
_COMPOUND = Pattern(
    rf"(?=[A-Z\d]{{0,9}}[a-z])(?=\w*\d|\w*(?:O|OH|Cl|S|Br|F|I)(?![\w'’]))(?:{_ELEMENT}\d{{0,2}}){{2,9}}(?![\w'’])"
)
_PARTS = Pattern(r"[A-Za-z]+|\d+")
_BEFORE_NOUN = ("próx", "prox", "últ")


def read_note(text: str, at: int, context: Context) -> Found | None:
    """A short word by what it counts, by the class or dose that it stands in, by the noun before it.

    >>> from ttskit_spanish.normalize.piece import Piece
    >>> def read(t, before=""):
    ...     found = read_note(t, 0, Context(t, "es-AR", [Piece(before, (0, 0))] if before else None))
    ...     return found and found[0]
    >>> read("ej. 3"), read("ej. 3, 5 y 7"), read("com. C"), read("Op. 9"), read("ej. el río"), read("Bs. As.")
    ('ejercicio', 'ejercicios', 'comisión', 'opus', None, None)
    >>> read("Bs, Juli", "súper"), read("Bs. As.", "en"), read("U antes")
    ('besos', None, None)
    >>> read("Rev. Francesa", "la"), read("práct.", "trabajo"), read("práct.", "clase"), read("exp. previa"), read("Fa# menor")
    ('revolución', 'práctico', 'práctica', 'experiencia', 'fa sostenido')
    """
    first = text[at].lower()
    before = context.before()
    match = _NUMBERED.match(text, at)
    commercial = before == "y" and match is not None and match[1].lower() == "com"  # Civ. y Com. Nº 5
    if match is not None and not (match[3] and match[1].lower() in _NUMBER_ONLY) and before != "por" and not commercial:
        one, many = _COUNTED[match[1].lower()]
        several = before in ("los", "las") or _SEVERAL.match(text, match.end()) is not None
        return many if several else one, at + len(match[1]) + 1, "before a number or letter"
    if first in "rs" and (match := _LOUD.match(text, at)) and match.group().isupper():
        return match.group().lower(), match.end(), "said loud"
    if first == "b":
        match = _KISSES.match(text, at)
        counted = bool(context.pieces) and context.pieces[-1].kind in ("number", "money")
        return ("besos", at + 2, "kisses that end a note") if match is not None and not counted and context.pieces else None
    if first == "r" and before in ("la", "una", "esta"):
        if match := _UPRISING.match(text, at):
            return "revolución", match.end(), "which one follows"
        match = _MAGAZINE.match(text, at)
        return ("revista", match.end(), "a title follows") if match is not None else None
    if first == "t" and (match := _SEASON.match(text, at)):
        return "temporada", match.end(), "an episode follows"
    if first == "u" and context.pieces and context.pieces[-1].kind == "number" and (match := _UNITS.match(text, at)):
        near = _WORDS.findall(text[max(0, at - 80) : at + 80].lower())
        return ("unidades", at + 1, "a dose") if not _DOSED.isdisjoint(near) else None
    if first == "e":
        return _schooling(text, at, context)
    if first in "dfrmsl" and (match := _SHARP.match(text, at)):
        return f"{match[1].lower()} {'bemol' if match[2] == '♭' else 'sostenido'}", match.end(), "note of music"
    if before in ("ciencias", "c"):
        match = _SCIENCES.match(text, at)
        if match is not None:
            return _WHICH[match[1].lower()], _kept(text, match.end()), "after ciencias"
    if first == "p" and (match := _STIFF.match(text, at)):
        return "punto", match.end(), "how stiff"
    if context.pieces and context.pieces[-1].kind == "ordinal" and (match := _TAIL.match(text, at)):
        ranked = _RANKED.get(match[1].lower())
        if ranked is not None:
            return ranked, _kept(text, match.end()), "after an ordinal"
    if text[at].isupper() and (match := _COMPOUND.match(text, at)):
        parts = _PARTS.findall(match.group())
        said = " ".join(cardinal(int(part)) if part.isdecimal() else spell(part, context.locale) for part in parts)
        return said, match.end(), "compound"
    if before and (match := _TAIL.match(text, at)) and (known := _AFTER.get((match[1].lower(), before))) is not None:
        return known, _kept(text, match.end()), f"after “{before}”"
    if first == "c" and before in ("horas", "hora") and (match := _CLASSES.match(text, at)):
        return "cátedra", _kept(text, match.end()), "hours of classes"
    match = _PRACTICAL.match(text, at)
    if match is None or match[1].lower() not in _STEMS:
        return None
    return _adjective(match[1].lower(), text, match.end(), context)


def _schooling(text: str, at: int, context: Context) -> Found | None:
    """exp. of work, exp. of a flat; ed. física."""
    if match := _PHYSICAL.match(text, at):
        return "educación", match.end(), "what is taught follows"
    match = _EXPERIENCE.match(text, at)
    if match is None:
        return None
    working = not _WORK.isdisjoint(context.recent(12))
    if not working and context.before() in _COMPULSORY:
        return "expensas", _kept(text, match.end()), "costs of a flat"
    if working or _NO_RENT.match(text, match.end()):
        return "experiencia", _kept(text, match.end()), "experience at work"
    return None


def _adjective(key: str, text: str, end: int, context: Context) -> Found:
    """In the gender and number of the noun: the one before it, or for próx. and últ. the one that follows."""
    from ttskit_spanish.normalize.nouns import gender_of

    before = context.before()
    articles = {"el": "o", "la": "a", "los": "os", "las": "as", "un": "o", "una": "a"}
    if before in articles:
        ending = articles[before]
    else:
        follows = context.after(end).lower() if key in _BEFORE_NOUN else ""
        noun = follows or before
        known = (
            bool(noun)
            and noun.isalpha()
            and noun not in _NO_NOUN
            and (bool(follows) or context.pieces[-1].kind in ("word", "abbreviation"))
        )
        many = known and noun.endswith("s") and noun not in ("lunes", "martes", "miércoles", "jueves", "viernes", "mes")
        ending = (
            (("a" if gender_of(noun) == "f" else "o") + ("s" if many else ""))
            if known
            else "a"
            if key in _FEMININE_ALONE
            else "o"
        )
    return _STEMS[key] + ending, _kept(text, end), "agrees with its noun"


def _kept(text: str, end: int) -> int:
    """The end without a point that ends the text."""
    return end - 1 if text[end - 1] == "." and not text[end:].strip() else end
