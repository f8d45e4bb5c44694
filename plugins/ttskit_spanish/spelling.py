"""Spelling units of a Spanish word: which letters stand for one sound, which are vowels, which are silent."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from ttskit_spanish.pattern import Pattern

# Letters of other Latin alphabets, by the Spanish letters that sound nearest. Those that are a
# Spanish letter with a mark (à, ê, ã, ć …) lose the mark in `plain` and need no row.
_FOREIGN = {
    "ß": "ss", "æ": "e", "œ": "e", "ø": "o", "å": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "t", "ı": "i", "ŋ": "n",
    "š": "sh", "ş": "sh", "ș": "sh", "ś": "sh", "č": "ch", "ć": "ch", "ž": "y", "ż": "y", "ź": "z", "ř": "r", "ţ": "ts",
    "ț": "ts",
    "ğ": "", "ç": "s", "ł̣": "l", "ĝ": "y", "ñ": "ñ", "ŷ": "i", "ý": "í", "ÿ": "i", "ĳ": "i",
}  # fmt: skip
SPANISH = frozenset("abcdefghijklmnñopqrstuvwxyzáéíóúü")
_MARKED = {"á": "a", "é": "e", "í": "i", "ó": "o", "ú": "u", "ü": "u", "ÿ": "i"}
_VOWELS = "aeiouáéíóúü"


def plain(word: str) -> str | None:
    """`word` (lower case) in Spanish letters, or None if a letter has no Latin reading.

    >>> plain("łódź"), plain("ångström"), plain("münchen"), plain("жук")
    ('lódz', 'ongstrom', 'munchen', None)
    """
    if SPANISH.issuperset(word) and "ü" not in word:
        return word
    out = []
    for index, letter in enumerate(word):
        if letter == "ü" and not (index and word[index - 1] in "gq" and word[index + 1 : index + 2] in tuple("eiéíaoáó")):
            out.append("u")  # German or poetic diaeresis; ü has its Spanish value after g only
        elif letter in SPANISH:
            out.append(letter)
        elif letter in _FOREIGN:
            out.append(_FOREIGN[letter])
        elif letter in "'’-·":
            continue
        else:
            bare = unicodedata.normalize("NFD", letter)[0]
            if bare not in SPANISH:
                return None
            out.append(bare)
    return "".join(out)


# Graphemes that always stand for the same phonemes; c z g r ll y x depend on neighbours or dialect.
_ALWAYS = {
    "b": "b", "v": "b", "d": "d", "f": "f", "j": "x", "k": "k", "l": "l", "m": "m", "n": "n", "ñ": "ɲ", "p": "p",
    "s": "s", "t": "t", "w": "w", "ch": "tʃ", "rr": "r", "sh": "ʃ", "qu": "k", "q": "k", "gu": "ɡ", "ph": "f", "th": "t",
    "kh": "k", "gh": "ɡ", "rh": "r", "ck": "k", "tch": "tʃ",
}  # fmt: skip


class Unit(NamedTuple):
    """One grapheme.

    Args:
        text: its letters, silent h included.
        sound: vowel letter without accent for vowels; the grapheme ("ch", "c", "gu" …) otherwise.
        vowel: whether it is a vowel (y as a vowel included).
        accent: written accent.
        h: an h stands before the vowel.
        weak: i or u without accent, which can be a glide.
        phone: its phoneme where that never changes: a vowel's own, a consonant's unless context decides.
    """

    text: str
    sound: str
    vowel: bool = False
    accent: bool = False
    h: bool = False
    weak: bool = False
    phone: str | None = None


class _Units(dict[str, Unit]):
    """Each grapheme's unit, built once: words share a few hundred."""

    def __missing__(self, text: str) -> Unit:
        bare = text.lstrip("h")
        if bare in _MARKED or bare in tuple(_VOWELS):
            sound, accent = _MARKED.get(bare, bare), bare in tuple("áéíóú")
            shown = text.replace("ÿ", "y")
            unit = Unit(shown, sound, True, accent, bare != text, sound in "iu" and not accent, sound)
        else:
            sound = bare if bare == "y" else text
            unit = Unit(text, sound, phone=_ALWAYS.get(sound))
        if len(text) <= 4:  # never grow with "hhhhhh…a"
            self[text] = unit
        return unit


_UNITS = _Units()

# Digraphs; a single letter otherwise. "ph", "th", "sh" … are of loans and names.
# des-hacer, tras-humancia have s and a silent h (trash has not); Christian has k. ÿ is y as a vowel.
_GRAPHEME = Pattern(
    rf"h*[{_VOWELS}ÿ]|^h+y|h+|tch|ch(?![rl])|ll|rr|qu(?=[eéií])|gu(?=[eéií])"
    r"|(?<!^de)(?<!^tra)(?<!^tran)sh|(?<=^tra)sh(?!um)|ph|th|kh|gh|^rh|ck|[a-zñ]"
)
_VOWEL_Y = Pattern(rf"y(?![{_VOWELS}])")
_H_OF_NOTHING = Pattern(rf"h(?![{_VOWELS}ÿ])")


def units(word: str) -> list[Unit]:
    """Graphemes of a plain lower-case word.

    >>> [u.text for u in units("huelguista")], [u.text for u in units("yahvé")]
    (['hu', 'e', 'l', 'gu', 'i', 's', 't', 'a'], ['y', 'ah', 'v', 'é'])
    >>> [(u.text, u.vowel) for u in units("rey")][-1], [(u.text, u.vowel) for u in units("reyes")][2]
    (('y', True), ('y', False))
    """
    if "y" in word:
        word = _VOWEL_Y.sub("ÿ", word)
    found = [_UNITS[text] for text in _GRAPHEME.findall(word)]
    return _attached(found) if "h" in word and _H_OF_NOTHING.search(word) else found


def _attached(found: list[Unit]) -> list[Unit]:
    """An h before a consonant or at the end is silent and belongs to the unit before it: Yahvé, oh."""
    out: list[Unit] = []
    opening = ""
    for unit in found:
        if unit.text.strip("h"):
            out.append(unit._replace(text=opening + unit.text) if opening else unit)
            opening = ""
        elif out:
            out[-1] = out[-1]._replace(text=out[-1].text + unit.text)
        else:
            opening = unit.text
    return out
