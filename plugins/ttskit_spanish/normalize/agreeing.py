"""Shortened words that agree with what stands around them: temperatura máx., la mín., piso der., Sr./a., Dr./Dra."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.nouns import gender_of
from ttskit_spanish.pattern import Pattern

_ADJECTIVE = Pattern(r"(m[aá]x|m[ií]n|izq|der|arg|part)\.", re.IGNORECASE)
_ENDS = {"máx": "máxim", "max": "máxim", "mín": "mínim", "izq": "izquierd", "der": "derech", "arg": "argentin"}
_INVARIABLE = {"part": "particular"}
_FEMININE_BY_DEFAULT = frozenset(("izq", "der", "arg"))
_MARKS = frozenset((".", ",", ":", ";", "—", "(", "?", "!"))
_NOT_AGREEING = frozenset(
    "de del con a al y o e en por para la el las los una un es fue era más sin hasta desde como su entre vs versus cada hoy "
    "mañana".split()
)
_MEASURED_IN = frozenset("grado grados centígrados".split())
_PAIR = Pattern(
    r"(sr|sres|dr|dres|prof|profs|lic|lics|ing|ings|arq|arqs|hno|hnos|director|cdor|abog|sto)\.?[ \xa0]?/[ \xa0]?"
    r"(sra|sras|dra|dras|profa|lica|inga|arqa|hna|hnas|cdora|as|a)(?![^\W_])\.?",
    re.IGNORECASE,
)
_TITLES = {
    "sr": ("señor", "señora"), "dr": ("doctor", "doctora"), "prof": ("profesor", "profesora"),
    "lic": ("licenciado", "licenciada"),
    "ing": ("ingeniero", "ingeniera"), "arq": ("arquitecto", "arquitecta"), "hno": ("hermano", "hermana"),
    "director": ("director", "directora"), "cdor": ("contador", "contadora"), "abog": ("abogado", "abogada"),
    "sto": ("santo", "santa"),
}  # fmt: skip
_PLURAL = {"sres": "sr", "dres": "dr", "profs": "prof", "lics": "lic", "ings": "ing", "arqs": "arq", "hnos": "hno"}
_SENTENCE = Pattern(r"\s*$|\s+[¿¡«\"“(—]*[A-ZÁÉÍÓÚÑ]")


def read_agreeing(text: str, at: int, context: Context) -> Found | None:
    """A title for both genders, or a shortened adjective in the gender and number of its noun.

    >>> from ttskit_spanish.normalize.piece import Piece
    >>> def read(t, before=""):
    ...     found = read_agreeing(t, 0, Context(t, "es-AR", [Piece(before, (0, 0))] if before else None))
    ...     return found and found[0]
    >>> read("máx. 10", "temperatura"), read("máx. 2"), read("mín.", "pesos"), read("Sr./a. Gómez"), read("Sres./as.")
    ('máxima', 'máximo', 'mínimos', 'señor o señora', 'señores y señoras')
    """
    match = _PAIR.match(text, at)
    if match is not None:
        end = match.end()
        if text[end - 1] == "." and _SENTENCE.match(text, end) and not text[end:].strip():
            end -= 1
        return _both(match[1].lower()), end, "title for both genders"
    match = _ADJECTIVE.match(text, at)
    if match is None:
        return None
    key, end = match[1].lower().replace("min", "mín") if match[1].lower() == "min" else match[1].lower(), match.end()
    if not text[end:].strip():
        end -= 1
    if key in _INVARIABLE:
        return (
            (_INVARIABLE[key], end, "agreeing")
            if context.before() in ("teléfono", "tel", "domicilio", "clases", "auto")
            else None
        )
    stem = _ENDS.get(key)
    if stem is None or (match[1].lower() == "min" and not _noun(context)):
        return None
    noun = _noun(context)
    if noun is None:
        earlier = _earlier(context)
        if earlier is not None:
            return stem + earlier, end, "agrees with the one before"
        if key in _FEMININE_BY_DEFAULT:
            return stem + "a", end, "feminine where nothing else is said"
        return stem + "o", end, "stands alone"
    many = noun.endswith("s") and noun not in ("el", "las", "los")
    gender = {"la": "f", "las": "f", "una": "f", "el": "m", "los": "m", "un": "m"}.get(noun) or gender_of(noun)
    many = many or noun in ("las", "los")
    return stem + ("a" if gender == "f" else "o") + ("s" if many else ""), end, f"agrees with “{noun}”"


def _noun(context: Context) -> str | None:
    """The word before, if it can be the noun or article of an adjective."""
    before = context.before()
    if before in ("la", "el", "las", "los"):
        return before
    if not before or before in _NOT_AGREEING or context.pieces[-1].kind not in ("word", "abbreviation", "letters"):
        return None
    return before


def _earlier(context: Context) -> str | None:
    """The ending of an adjective that this one is joined to: temperaturas máx. y mín.; 28° de máx."""
    before, earlier = context.before(), context.before(2)
    if before in ("y", "o", "e"):
        for ending in ("as", "os", "a", "o"):
            if earlier.endswith(("máxim" + ending, "mínim" + ending)):
                return ending
    return "a" if before in ("de", "y", "con") and (earlier in _MEASURED_IN or "temperatura" in context.recent(8)) else None


def _both(key: str) -> str:
    plural = key in _PLURAL
    he, she = _TITLES[_PLURAL.get(key, key)]
    if plural:
        return f"{he}{'es' if he[-1] in 'rln' else 's'} y {she}s"
    return f"{he} o {she}"
