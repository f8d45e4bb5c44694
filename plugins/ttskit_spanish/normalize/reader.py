"""The walk over the text: at each place, the first token class that can read what stands there."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import NamedTuple

from ttskit.interfaces.frontend import Reading, Unknown
from ttskit_spanish.normalize.abbreviations import read_abbreviation
from ttskit_spanish.normalize.agreeing import read_agreeing
from ttskit_spanish.normalize.alternatives import alternatives
from ttskit_spanish.normalize.chat import read_chat
from ttskit_spanish.normalize.choices import DEFAULT, Choices
from ttskit_spanish.normalize.context import Context, Reader
from ttskit_spanish.normalize.dates import MONTHS, read_date, read_full_date, read_month
from ttskit_spanish.normalize.electronic import read_code, read_electronic
from ttskit_spanish.normalize.emoji import emoji_at, read_emoji
from ttskit_spanish.normalize.files import read_file
from ttskit_spanish.normalize.inclusive import read_inclusive
from ttskit_spanish.normalize.laps import read_lap
from ttskit_spanish.normalize.measures import read_measure
from ttskit_spanish.normalize.money import read_money
from ttskit_spanish.normalize.numbers import cardinal
from ttskit_spanish.normalize.numerals import read_numeral
from ttskit_spanish.normalize.ordinals import read_fraction, read_ordinal
from ttskit_spanish.normalize.papers import read_pages, read_paper
from ttskit_spanish.normalize.piece import Piece
from ttskit_spanish.normalize.portions import read_portion
from ttskit_spanish.normalize.revealed import reveal
from ttskit_spanish.normalize.roman import read_no_numeral, read_roman
from ttskit_spanish.normalize.science import read_science
from ttskit_spanish.normalize.scores import read_score
from ttskit_spanish.normalize.settle import add, add_word, speakable, squeeze
from ttskit_spanish.normalize.shortened import read_shortened
from ttskit_spanish.normalize.shortscale import read_short_scale
from ttskit_spanish.normalize.signs import read_dash, read_sign
from ttskit_spanish.normalize.slashed import read_for, read_slashed
from ttskit_spanish.normalize.tags import Tags, read_pause
from ttskit_spanish.normalize.telephone import read_plate, read_telephone
from ttskit_spanish.normalize.times import read_time
from ttskit_spanish.normalize.typed import CHAT, SURE
from ttskit_spanish.normalize.weekdays import SHORT_DAYS, read_weekday
from ttskit_spanish.normalize.words import read_word
from ttskit_spanish.normalize.zones import read_zone
from ttskit_spanish.pattern import Pattern

# In order: the narrower before the wider.
_NUMERIC: tuple[tuple[str, Reader], ...] = (
    ("electronic", read_file),
    ("electronic", read_electronic),
    ("number", read_science),
    ("date", read_full_date),
    ("telephone", read_telephone),
    ("number", read_pages),
    ("measure", read_portion),
    ("time", read_lap),
    ("date", read_date),
    ("time", read_time),
    ("money", read_money),
    ("number", read_short_scale),
    ("measure", read_measure),
    ("ordinal", read_ordinal),
    ("score", read_score),
    ("fraction", read_fraction),
    ("code", read_code),
    ("number", read_numeral),
)
# With the letters that such a token can begin with; "" for any.
_LETTERED: tuple[tuple[str, Reader, str], ...] = (
    ("electronic", read_file, ""),
    ("electronic", read_electronic, ""),
    ("date", read_weekday, "djlmsvx"),
    ("date", read_month, "adefjlmnosvſ"),
    ("abbreviation", read_slashed, "cehps"),
    ("abbreviation", read_chat, "".join({word[0] for word in CHAT} | {"x"})),
    ("abbreviation", read_for, "x"),
    ("abbreviation", read_agreeing, "acdhilmps"),
    ("abbreviation", read_paper, "acdefrosuv"),
    ("abbreviation", read_shortened, ""),
    ("abbreviation", read_abbreviation, ""),
    ("letters", read_no_numeral, "ivx"),
    ("inclusive", read_inclusive, ""),
    ("plate", read_plate, ""),
    ("money", read_money, ""),
    ("time", read_zone, "gu"),
    ("code", read_code, ""),
    ("roman", read_roman, "cdilmvx"),
)
_SIGNED: tuple[tuple[str, Reader], ...] = (
    ("electronic", read_file),
    ("money", read_money),
    ("electronic", read_electronic),
    ("telephone", read_telephone),
)
# Classes whose tokens another class could often read as well; for the others alternatives are not looked for.
_DOUBTFUL = frozenset(("date", "time", "measure", "ordinal", "score", "fraction"))

# A word that needs no second look: followed by nothing that could make it an abbreviation, address or code.
# Letters of Roman numerals only (xix, vii), words without a vowel and words before a digit need one.
_PLAIN = Pattern(
    r"(?![ivxlcdmIVXLCDM]+(?![a-záéíóúñü]))"
    r"(?=[b-df-hj-np-tv-zñB-DF-HJ-NP-TV-ZÑ]*[aeiouáéíóúüAEIOUÁÉÍÓÚ])"
    r"[A-ZÁÉÍÓÚÑÜ]?[a-záéíóúñü]{2,98}(?=[,;?!)…\n]|:(?![^\W_])| (?!\d)|\.(?:[\s…]|$)|$)"
)
_TRIGGERS = frozenset(
    (*MONTHS, *SHORT_DAYS, *SURE, "tel", "vs", "hs", "km", "kg", "nro", "ec", "depto", "dpto", "bs", "eeuu", "ee", "uu", "urss")
)
# Python counts four control characters and the "next line" of EBCDIC as spaces; here they are reported.
_SPACE = Pattern(r"[^\S\x1c-\x1f\x85]+")
_RAISED = Pattern("[⁰¹²³⁴-⁹]{1,3}|⁻[¹²³⁴-⁹]{1,2}")
_LOWERED = Pattern("[₀-₉]{1,3}")
_NOTED = Pattern(r"[a-záéíóúñü]{3}$")
_POWERS = {"2": "al cuadrado", "3": "al cubo"}
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻₀₁₂₃₄₅₆₇₈₉", "0123456789-0123456789")
_DASHES = frozenset("-‐‑‒−")
_UPPER = Pattern(r"[A-ZÁÉÍÓÚÑÜ]{2,}")
_LOWER = Pattern(r"[a-záéíóúñü]")
_SMALL_WORD = Pattern(r"[a-záéíóúñü]{2}|(?<![^\W_])[yoea](?![^\W_])")


class Normalized(NamedTuple):
    """Spoken words and punctuation, the characters that were not read, and how the text was read."""

    pieces: list[Piece]
    unknown: list[Unknown]
    readings: list[Reading]


def normalize(text: str, locale: str = "es-AR", choices: Choices = DEFAULT) -> Normalized:
    """Read NFC `text`: every character is in the span of a reading or among the unknown.

    >>> found = normalize("El 1/5, 21 casas → 🙂")
    >>> " ".join(p.text for p in found.pieces), [u.character for u in found.unknown]
    ('el primero de mayo , veintiuna casas', ['→', '🙂'])
    >>> [(r.text, r.token_class, r.rule) for r in found.readings if r.spoken][1:4]
    [('1/5', 'date', 'day/month: after an article'), (',', 'mark', 'punctuation'), ('21', 'number', 'cardinal')]
    """
    shown = reveal(text)
    if shown is not None:
        found = _walk(shown.text, locale, choices)
        return Normalized(shown.pieces(found.pieces), shown.unknown(found.unknown, text), shown.readings(found.readings, text))
    return _walk(text, locale, choices)


def _walk(text: str, locale: str, choices: Choices) -> Normalized:
    context = Context(text, locale, shouting=_shouts(text), choices=choices)
    tags = Tags(text, normalize) if choices.tags is not None else None
    at, length = 0, len(text)
    while at < length:
        match = _PLAIN.match(text, at)
        if match is not None and (match.end() == length or text[match.end()] != "." or match.end() - at > 6):
            written = match.group()
            word = squeeze(written.lower())
            if word not in _TRIGGERS and word[-1] != "x" and word[-2:] != "xs":
                add_word(context, word, match.span(), written)
                at = match.end()
                continue
        character = text[at]
        space = _SPACE.match(text, at)
        if space is not None:
            at = space.end()
            context.silent(space.start(), at, "space")
        elif character.isdecimal() or unicodedata.category(character) == "No":
            at = _read(_NUMERIC, at, context) or _power(at, context)
        elif character.isalpha():
            at = _read(_lettered(character), at, context) or read_word(text, at, context)
        else:
            at = (tags.read(at, context) if tags is not None else None) or _sign(at, context)
    return Normalized(context.pieces, context.unknown, context.readings)


def _shouts(text: str) -> bool:
    """Whether all is in capitals, so that they mean nothing; a letter or two (2x1, c/) may be small."""
    small = _LOWER.search(text)
    if small is not None and (len(text) > 400 or _SMALL_WORD.search(text) is not None):
        return False
    return len(_UPPER.findall(text)) > (2 if small is None else 3)


@cache
def _lettered(first: str) -> tuple[tuple[str, Reader], ...]:
    """The classes whose tokens can begin with this letter."""
    low = first.lower()
    return tuple((kind, reader) for kind, reader, starts in _LETTERED if not starts or low in starts)


def _read(readers: tuple[tuple[str, Reader], ...], at: int, context: Context) -> int | None:
    """The end of what the first able reader read, its words added; None if none could."""
    text = context.text
    for index, (kind, reader) in enumerate(readers):
        found = reader(text, at, context)
        if found is not None and speakable(found[0]):
            spoken, end = found[0], found[1]
            doubtful = readers[index + 1 :] if kind in _DOUBTFUL else ()
            later = (other(text, at, context) for _, other in doubtful)
            others = [o[0] for o in later if o is not None and o[1] == end and speakable(o[0])]
            others += alternatives(text[at:end], kind, context)
            rule = found[2] if len(found) == 3 else kind
            add(context, spoken, (at, end), kind, rule, tuple(dict.fromkeys(o for o in others if o != spoken)))
            return end
    return None


def _power(at: int, context: Context) -> int:
    """x², 10⁶, CO₂; a raised digit after a word is the mark of a note; any other is reported."""
    text = context.text
    raised = _RAISED.match(text, at)
    if raised is not None:
        note = _NOTED.match(text, max(0, at - 3), at) is not None
        digits = raised.group().translate(_DIGITS)
        if at and text[at - 1].isalnum() and not (note and digits not in ("2", "3")):
            said = _POWERS.get(digits) or f"elevado a {cardinal(int(digits))}"
            add(context, said, (at, raised.end()), "symbol", "power")
        elif note:
            context.silent(at, raised.end(), "mark of a note")
        else:
            context.report(at, raised.end())
        return raised.end()
    lowered = _LOWERED.match(text, at)
    if lowered is not None and at and text[at - 1].isalnum():
        add(context, cardinal(int(lowered.group().translate(_DIGITS))), (at, lowered.end()), "symbol", "subscript")
        return lowered.end()
    context.report(at, at + 1)
    return at + 1


def _sign(at: int, context: Context) -> int:
    """Dashes, amounts and addresses that begin with a sign, pictures, punctuation, symbols."""
    text = context.text
    if text[at] in _DASHES:
        return read_dash(text, at, context)
    if context.choices.tags is not None and text[at] == "/":
        end = read_pause(text, at, context)
        if end is not None:
            return end
    end = _read(_SIGNED, at, context)
    if end is not None:
        return end
    if emoji_at(text, at):
        return read_emoji(text, at, context)
    return read_sign(text, at, context)
