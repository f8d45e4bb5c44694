"""Both genders in one word: todxs, tod@s, los/as alumnos/as, hijo(s)."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.pattern import Pattern

_SIGN = Pattern(r"([^\W\d_]{0,40}[a-zñáéíóúA-ZÑÁÉÍÓÚ])(?:([xX])|@)([sS]?)(?![\w@])(?!\.\w)")
# English, Greek and Latin words that end in a consonant and x.
_REAL = frozenset("marx bronx lynx sphinx larynx pharynx calx minx jinx manx lux cinx hinx marxs bronxs sphinxs docx".split())
_VOWELS = frozenset("aeiouáéíóúü")
_BEFORE_E = (("c", "qu"), ("g", "gu"), ("z", "c"))  # chic-xs: chiques
_DOUBLE = Pattern(r"([^\W\d_]{1,40})(?:/(?:-)?([^\W\d_]{1,4})|\(([^\W\d_]{1,3})\))(?![\w/(])")
# Pairs that are not a word and its ending.
_PAIRS = {
    "el/la": "el o la",
    "la/el": "la o el",
    "él/ella": "él o ella",
    "ella/él": "ella o él",
    "un/a": "un o una",
    "un/una": "un o una",
    "una/un": "una o un",
    "del/la": "del o de la",
    "al/la": "al o a la",
    "los/las": "los y las",
    "las/los": "las y los",
    "los/as": "los y las",
    "unos/as": "unos y unas",
    "dr/a": "doctor o doctora",
}
_PAIR = Pattern("(?i:" + "|".join(sorted(_PAIRS, key=len, reverse=True)) + r")(?![\w/])")
_PLURAL_A = ("as", "es")


def ending_in_e(stem: str, plural: bool) -> str:
    """A stem with the spoken inclusive ending.

    >>> ending_in_e("tod", True), ending_in_e("amig", False), ending_in_e("chic", True), ending_in_e("l", True)
    ('todes', 'amigue', 'chiques', 'les')
    """
    for letter, spelling in _BEFORE_E:
        if stem.endswith(letter):
            stem = stem[: -len(letter)] + spelling
            break
    return stem + ("es" if plural else "e")


def read_inclusive(text: str, at: int, context: Context) -> Found | None:
    """A word whose ending stands for both genders.

    >>> from ttskit_spanish.normalize.context import Context
    >>> def read(t):
    ...     found = read_inclusive(t, 0, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("todxs"), read("amig@"), read("TODXS"), read("Marx"), read("tórax"), read("ana@correo.com"), read("lxs")
    ('todes', 'amigue', 'todes', None, None, None, 'les')
    >>> read("alumnos/as"), read("hijo/a"), read("trabajadores/as"), read("el/la"), read("autor/es"), read("km/h")
    ('alumnos y alumnas', 'hijo o hija', 'trabajadores y trabajadoras', 'el o la', 'autor o autores', None)
    """
    match = _SIGN.match(text, at)
    if match is not None:
        stem, plural = match[1].lower(), bool(match[3])
        written = match.group().lower()
        # fax, relax, tórax: x after a vowel is a letter like others; todxs, lxs: after a consonant it is not
        open_ = stem[-1] not in _VOWELS or (plural and len(stem) > 4)
        word = not _VOWELS.isdisjoint(stem) or stem in ("l", "ell") or match[2] is None
        if (match[2] is None or (open_ and word)) and written not in _REAL and (len(stem) > 1 or stem == "l"):
            if context.choices.inclusive == "e":
                return ending_in_e(stem, plural), match.end(), "inclusive ending"
            return (
                f"{stem} {'equis' if match[2] else 'arroba'}{' ese' if plural else ''}",
                match.end(),
                "inclusive ending spelt",
            )
    pair = _PAIR.match(text, at)
    if pair is not None:
        return _PAIRS[pair.group().lower()], pair.end(), "both genders"
    match = _DOUBLE.match(text, at)
    if match is None:
        return None
    first, ending = match[1].lower(), (match[2] or match[3]).lower()
    second = _second(first, ending, bracket=match[3] is not None)
    if second is None:
        return None
    link = "y" if first.endswith("s") else "o"
    return f"{first} {link} {second}", match.end(), "both genders" if ending not in ("s", "es") else "one or more"


def _second(first: str, ending: str, *, bracket: bool) -> str | None:
    """The other word that `first` and an ending stand for, None if the ending does not fit."""
    if ending in ("s", "es"):
        fits = (bracket or len(first) > 3) and (first[-1] in _VOWELS) == (ending == "s")
        return first + ending if fits else None
    if len(first) < 3:
        return None
    if ending == "a":
        return first[:-1] + "a" if first[-1] in "oe" else first + "a" if first[-1] in "rnlz" else None
    if ending == "as":
        if first.endswith("os"):
            return first[:-2] + "as"
        return first[:-2] + "as" if first.endswith("es") else None
    if ending == "o":
        return first[:-1] + "o" if first.endswith("a") else None
    return first[:-2] + "os" if ending == "os" and first.endswith("as") else None
