"""Adding what was read, so that reading the result again changes nothing."""

from __future__ import annotations

import re

from ttskit.interfaces.frontend import Reading
from ttskit_spanish.normalize.abbreviations import STEMS, WITHOUT_POINT
from ttskit_spanish.normalize.context import Context
from ttskit_spanish.normalize.piece import Piece
from ttskit_spanish.normalize.roman import lower_roman
from ttskit_spanish.normalize.typed import SURE
from ttskit_spanish.pattern import Pattern
from ttskit_spanish.spelling import plain

MARKS = {",": ",", ".": ".", ";": ";", ":": ":", "?": "?", "!": "!", "¿": "¿", "¡": "¡", "…": "…", "—": "—", "–": "—", "―": "—"}
_ELONGATED = Pattern(r"(.)\1{2,}", re.DOTALL)
_SHORT = SURE | WITHOUT_POINT
_ROMAN_LETTERS = Pattern(r"[ivxlcdm]+")


def speakable(spoken: str) -> bool:
    """Whether every word has letters that can be said.

    >>> speakable("dos , eme"), speakable("dos ж")
    (True, False)
    """
    return all(word in MARKS or plain(word) for word in spoken.split())


def squeeze(word: str) -> str:
    """A word without letters held long.

    >>> squeeze("nooo"), squeeze("leer")
    ('no', 'leer')
    """
    return _ELONGATED.sub(r"\1", word)


def add(
    context: Context, spoken: str, span: tuple[int, int], kind: str, rule: str = "", alternatives: tuple[str, ...] = ()
) -> None:
    """Add spoken words (and " , " pauses) of one token."""
    if not speakable(spoken):
        context.report(*span)
        return
    pieces, said = context.pieces, []
    for word in spoken.split():
        if word in MARKS:
            if not (pieces and pieces[-1].kind == "mark" and pieces[-1].text == word):
                pieces.append(Piece(word, span, "mark"))
        else:
            for part in _stable(context, squeeze(word)).split():
                pieces.append(Piece(part, span, kind))
                said.append(part)
            continue
        said.append(word)
    text = context.text[span[0] : span[1]]
    context.readings.append(Reading(span, text, " ".join(said), kind, rule or kind, alternatives))


def add_word(context: Context, word: str, span: tuple[int, int], written: str, rule: str = "letters to sounds") -> None:
    """Add one word that is said as it is written."""
    if word in _SHORT or _ROMAN_LETTERS.fullmatch(word):
        stable = _stable(context, word)
        if stable != word:
            add(context, stable, span, "abbreviation" if word in _SHORT else "roman")
            return
    context.pieces.append(Piece(word, span))
    context.readings.append(Reading(span, written, word, "word", rule))


def _stable(context: Context, word: str) -> str:
    """The word, or what a second reading would make of it."""
    if word in _SHORT:
        return _SHORT[word]
    if _ROMAN_LETTERS.fullmatch(word):
        return lower_roman(word, context.before(), context) or word
    return word


def add_mark(context: Context, mark: str, start: int, end: int) -> None:
    """Add a punctuation mark; repeated ones (!!!) count once. A point ends an abbreviation wherever it stands."""
    pieces = context.pieces
    text = context.text[start:end]
    if pieces and pieces[-1].kind == "mark" and pieces[-1].text == mark:
        context.silent(start, end, "repeated mark")
        return
    if mark == "." and pieces and pieces[-1].text in STEMS:
        last = pieces.pop()
        pieces += [Piece(word, last.span, "abbreviation") for word in STEMS[last.text].split()]
        for index in range(len(context.readings) - 1, -1, -1):
            reading = context.readings[index]
            if reading.span == last.span:
                spoken = reading.spoken.removesuffix(last.text) + STEMS[last.text]
                rule = "abbreviation and its point apart"
                context.readings[index] = Reading(reading.span, reading.text, spoken, "abbreviation", rule)
                break
    pieces.append(Piece(mark, (start, end), "mark"))
    context.readings.append(Reading((start, end), text, mark, "mark", "punctuation"))
