"""Spelling units of a Spanish word: which letters stand for one sound, which are vowels, which are silent."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

# Letters of other Latin alphabets, by the Spanish letters that sound nearest. Those that are a
# Spanish letter with a mark (à, ê, ã, ć …) lose the mark in `plain` and need no row.
_FOREIGN = {
    "ß": "ss", "æ": "e", "œ": "e", "ø": "o", "å": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "t", "ı": "i", "ŋ": "n",
    "š": "sh", "ş": "sh", "ș": "sh", "ś": "sh", "č": "ch", "ć": "ch", "ž": "y", "ż": "y", "ź": "z", "ř": "r", "ţ": "ts",
    "ț": "ts",
    "ğ": "", "ç": "s", "ł̣": "l", "ĝ": "y", "ñ": "ñ", "ŷ": "i", "ý": "í", "ÿ": "i", "ĳ": "i",
}  # fmt: skip
SPANISH = frozenset("abcdefghijklmnñopqrstuvwxyzáéíóúü")
_MARKED = {"á": "a", "é": "e", "í": "i", "ó": "o", "ú": "u", "ü": "u"}
_VOWELS = frozenset("aeiouáéíóúü")


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


@dataclass(frozen=True, slots=True)
class Unit:
    """One grapheme.

    Args:
        text: its letters, silent h included.
        sound: vowel letter without accent for vowels; the grapheme ("ch", "c", "gu" …) otherwise.
        vowel: whether it is a vowel (y as a vowel included).
        accent: written accent.
        h: an h stands before the vowel.
    """

    text: str
    sound: str
    vowel: bool = False
    accent: bool = False
    h: bool = False


# Digraphs; a single letter otherwise. "ph", "th", "sh" … are of loans and names.
# des-hacer, tras-humancia have s and a silent h; Christian has k.
_GRAPHEME = re.compile(
    r"tch|ch(?![rl])|ll|rr|qu(?=[eéií])|gu(?=[eéií])|(?<!^de)(?<!^tra)(?<!^tran)(?<!^mi)sh|ph|th|kh|gh|^rh|ck|[a-zñáéíóúü]"
)


def units(word: str) -> list[Unit]:
    """Graphemes of a plain lower-case word.

    >>> [u.text for u in units("huelguista")]
    ['hu', 'e', 'l', 'gu', 'i', 's', 't', 'a']
    >>> [(u.text, u.vowel) for u in units("rey")][-1], [(u.text, u.vowel) for u in units("reyes")][2]
    (('y', True), ('y', False))
    """
    found: list[Unit] = []
    pending_h = ""
    for match in _GRAPHEME.finditer(word):
        text = match.group()
        if text in _VOWELS:
            base = _MARKED.get(text, text)
            found.append(Unit(pending_h + text, base, True, text in "áéíóú", bool(pending_h)))
            pending_h = ""
            continue
        if text == "h":
            pending_h += "h"
            continue
        if pending_h and found:  # h before a consonant is silent: Yahvé
            found[-1] = replace(found[-1], text=found[-1].text + pending_h)
            pending_h = ""
        if text == "y" and word[match.end() : match.end() + 1] not in _VOWELS:
            found.append(Unit(pending_h + text, "i", True, False, bool(pending_h)))
        else:
            found.append(Unit(pending_h + text, text))
        pending_h = ""
    if pending_h and found:
        found[-1] = replace(found[-1], text=found[-1].text + pending_h)
    return found
