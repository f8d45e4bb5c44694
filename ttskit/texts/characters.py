"""Characters that get into texts by copying and say nothing: composed, made visible, or taken out before a frontend reads."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["readable"]

# Soft hyphens, joiners, marks of direction, byte order marks inside: no reader sees them, and each cuts a word in two.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
_SPACE_OF_NO_WIDTH = re.compile("(?<=[^\\W\\d_])\u200b(?=[A-ZÁÉÍÓÚÑ])(?<=[a-záéíóúñ.,;:!?]\u200b)")
_JOINER = re.compile("(?<![\U0001f000-\U0001faff\u2190-\u2bff\ufe0f])\u200d|\u200d(?![\U0001f000-\U0001faff\u2190-\u2bff])")
_SEPARATORS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u3000]+")
_COMBINED = re.compile("[\u2103\u2109\u2460-\u2473\u3371-\u33df]")  # ℃, ①, ㎞: one sign for several
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
# Letters of other alphabets that look like Latin ones: they come from keyboards with two layouts and from scanned texts.
_TWINS = str.maketrans(
    "АВЕЅІЈКМНОРСТУХЬаеѕіјорсухԁԛԝһΑΒΕΖΗΙΚΜΝΟΡΤΥΧοаѵɡ",
    "ABESIJKMHOPCTYXbaesijopcyxdqwhABEZHIKMNOPTYXoavg",
)
_WORD = re.compile(r"[^\W\d_]+")


def readable(text: str) -> str:
    """`text` as a person sees it, in one row: composed (NFC), without invisible characters, other separators as spaces.

    Full-width forms and ligatures become the letters that they show; in a word of Latin letters, Cyrillic and Greek ones that
    look the same become Latin. What is seen does not change.

    >>> readable("Mañ\u00adana\u2028sale el oﬁcial")
    'Mañana sale el oficial'
    """
    if text.isascii():
        return " ".join(_SEPARATORS.sub(" ", text).split())
    text = text.translate(_WIDE).translate(_LIGATURES).replace("№", "N.º")
    text = _COMBINED.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = _SPACE_OF_NO_WIDTH.sub(" ", text).replace("\u200b", "")
    text = _JOINER.sub("", _INVISIBLE.sub("", _SEPARATORS.sub(" ", text)))
    text = unicodedata.normalize("NFC", text)
    return " ".join(_WORD.sub(_latin, text).split())


def _latin(match: re.Match[str]) -> str:
    word = match[0]
    if word.isascii() or not re.search("[A-Za-z]", word) or not re.search("[\u0370-\u052f\u0261]", word):
        return word
    changed = word.translate(_TWINS)
    return word if re.search("[\u0370-\u052f]", changed) else changed
