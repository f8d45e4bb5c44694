"""Names of letters, and whether a string of letters can be read as a word."""

from __future__ import annotations

from ttskit_spanish.pattern import Pattern

_NAMES = {
    "a": "a",
    "b": "be",
    "c": "ce",
    "d": "de",
    "e": "e",
    "f": "efe",
    "g": "ge",
    "h": "hache",
    "i": "i",
    "j": "jota",
    "k": "ka",
    "l": "ele",
    "m": "eme",
    "n": "ene",
    "ñ": "eñe",
    "o": "o",
    "p": "pe",
    "q": "cu",
    "r": "erre",
    "s": "ese",
    "t": "te",
    "u": "u",
    "v": "ve",
    "w": "doble ve",
    "x": "equis",
    "y": "i griega",
    "z": "zeta",
    "á": "a",
    "é": "e",
    "í": "i",
    "ó": "o",
    "ú": "u",
    "ü": "u",
}

# Onset, one or two vowels, at most one coda consonant; what a Spanish reader says as a word.
_SYLLABLE = r"(?:[bcdfgjklmnñpqrstvz]|[bcfgp][lr]|[dt]r|ch|ll|rr|qu|y(?=[aeiou]))?[aeiouáéíóú]{1,2}[bcdlmnrstxyz]?"
_WORD = Pattern(rf"(?:h(?=[aeiou]))?(?:{_SYLLABLE})*{_SYLLABLE}(?:(?<=[aeiou])[fpk]|(?<!s)s)?")


def spell(letters: str, locale: str = "es-AR") -> str:
    """Letter names.

    >>> spell("DNI"), spell("wv", "es-ES")
    ('de ene i', 'uve doble uve')
    """
    names = []
    for letter in letters.lower():
        if letter in "'’":
            continue
        name = _NAMES.get(letter, letter)
        if locale == "es-ES" and letter in "vw":
            name = "uve" if letter == "v" else "uve doble"
        names.append(name)
    return " ".join(names)


def sayable(letters: str) -> bool:
    """Whether these letters read as a Spanish word.

    >>> [a for a in "ONU OEA UNTREF INDEC ANSES AFIP DNI CBU FMI CGT VIH PBI ADN YPF NASA".split() if sayable(a)]
    ['ONU', 'OEA', 'UNTREF', 'INDEC', 'ANSES', 'AFIP', 'NASA']
    """
    return 3 <= len(letters) <= 14 and _WORD.fullmatch(letters.lower()) is not None
