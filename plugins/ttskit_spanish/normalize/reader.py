"""The walk over the text: at each place, the first token class that can read what stands there."""

from __future__ import annotations

import re
import unicodedata

from ttskit.interfaces.frontend import Unknown
from ttskit_spanish.normalize.abbreviations import read_abbreviation
from ttskit_spanish.normalize.acronyms import capitals, has_vowel, voweless
from ttskit_spanish.normalize.context import WORD, Context, Reader
from ttskit_spanish.normalize.dates import MONTHS, read_date, read_month
from ttskit_spanish.normalize.electronic import read_code, read_electronic
from ttskit_spanish.normalize.measures import read_measure
from ttskit_spanish.normalize.money import read_money
from ttskit_spanish.normalize.numerals import read_numeral
from ttskit_spanish.normalize.ordinals import read_fraction, read_ordinal
from ttskit_spanish.normalize.piece import Piece
from ttskit_spanish.normalize.roman import read_roman
from ttskit_spanish.normalize.telephone import read_plate, read_telephone
from ttskit_spanish.normalize.times import read_time

# In order: the narrower before the wider.
_NUMERIC: tuple[tuple[str, Reader], ...] = (
    ("electronic", read_electronic), ("telephone", read_telephone), ("date", read_date), ("time", read_time),
    ("money", read_money), ("measure", read_measure), ("ordinal", read_ordinal), ("fraction", read_fraction),
    ("code", read_code), ("number", read_numeral),
)  # fmt: skip
_LETTERED: tuple[tuple[str, Reader], ...] = (
    ("electronic", read_electronic), ("date", read_month), ("abbreviation", read_abbreviation), ("plate", read_plate),
    ("money", read_money), ("code", read_code), ("roman", read_roman),
)  # fmt: skip
_SIGNED: tuple[tuple[str, Reader], ...] = (
    ("money", read_money), ("electronic", read_electronic), ("telephone", read_telephone),
)  # fmt: skip

# A word that needs no second look: followed by nothing that could make it an abbreviation, address or code.
# Letters of Roman numerals only (xix, vii), words without a vowel and words before a digit need one.
_PLAIN = re.compile(
    r"(?![ivxlcdm]+(?![a-záéíóúñü]))"
    r"(?=[b-df-hj-np-tv-zñB-DF-HJ-NP-TV-ZÑ]*[aeiouáéíóúüAEIOUÁÉÍÓÚ])"
    r"[A-ZÁÉÍÓÚÑÜ]?[a-záéíóúñü]{2,}(?=[,;:?!)…\n]| (?!\d)|\.(?:[\s…]|$)|$)"
)
_TRIGGERS = frozenset((*MONTHS, "tel", "vs", "hs", "km", "kg", "nro", "ec", "depto", "dpto", "bs", "eeuu", "urss"))
_SHORTENED = re.compile(r"(?=.{1,6}\.)", re.DOTALL)
# Python counts four control characters and the "next line" of EBCDIC as spaces; here they are reported.
_SPACE = re.compile(r"[^\S\x1c-\x1f\x85]+")
_MARKS = {",": ",", ".": ".", ";": ";", ":": ":", "?": "?", "!": "!", "¿": "¿", "¡": "¡", "…": "…", "—": "—", "–": "—",
          "―": "—"}
_QUOTES = frozenset("\"'«»“”„‟‘’‚‛‹›`´")
_SILENT = frozenset("*_\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad")
_SYMBOLS = {"%": "por ciento", "&": "y", "@": "arroba", "#": "numeral", "+": "más", "=": "igual a", "×": "por",
            "÷": "dividido", "<": "menor que",
            ">": "mayor que", "≤": "menor o igual que", "≥": "mayor o igual que", "≠": "distinto de", "±": "más menos",
            "√": "raíz de",
            "π": "pi", "§": "sección", "©": "copyright", "®": "marca registrada", "™": "marca registrada", "°": "grados",
            "º": "grados",
            "€": "euros", "£": "libras", "¥": "yenes", "¢": "centavos", "$": "pesos", "µ": "micro", "∞": "infinito",
            "~": "aproximadamente", "^": "circunflejo",
            "|": "barra vertical", "\\": "barra invertida"}  # fmt: skip
_DASHES = frozenset("-‐‑‒−")
_ELONGATED = re.compile(r"(.)\1{2,}", re.DOTALL)
_UPPER = re.compile(r"[A-ZÁÉÍÓÚÑÜ]{2,}")
_LOWER = re.compile(r"[a-záéíóúñü]")


def normalize(text: str, locale: str = "es-AR") -> tuple[list[Piece], list[Unknown]]:
    """Spoken words and punctuation of NFC `text`, and the characters that were not read.

    >>> pieces, unknown = normalize("El 1/5, 21 casas → 🙂")
    >>> " ".join(p.text for p in pieces), [u.character for u in unknown]
    ('el un quinto , veintiuna casas', ['→', '🙂'])
    """
    context = Context(text, locale, shouting=len(_UPPER.findall(text)) > 2 and _LOWER.search(text) is None)
    pieces, unknown = context.pieces, []
    at, length = 0, len(text)
    while at < length:
        match = _PLAIN.match(text, at)
        if match is not None and (match.end() == length or text[match.end()] != "." or match.end() - at > 6):
            word = match.group().lower()
            if word not in _TRIGGERS:
                pieces.append(Piece(_ELONGATED.sub(r"\1", word), match.span()))
                at = match.end()
                continue
        character = text[at]
        space = _SPACE.match(text, at)
        if space is not None:
            at = space.end()
        elif character.isdecimal() or unicodedata.category(character) == "No":
            at = _read(_NUMERIC, text, at, context) or _unread(text, at, unknown)
        elif character.isalpha():
            at = _read(_LETTERED, text, at, context) or _word(text, at, context)
        else:
            at = _sign(text, at, context, unknown)
    return pieces, unknown


def _read(readers: tuple[tuple[str, Reader], ...], text: str, at: int, context: Context) -> int | None:
    """The end of what the first able reader read, its words added; None if none could."""
    for kind, reader in readers:
        found = reader(text, at, context)
        if found is not None:
            _add(context.pieces, found[0], (at, found[1]), kind)
            return found[1]
    return None


def _add(pieces: list[Piece], spoken: str, span: tuple[int, int], kind: str) -> None:
    for word in spoken.split():
        pieces.append(Piece(word, span, "mark" if word in _MARKS else kind))


def _unread(text: str, at: int, unknown: list[Unknown]) -> int:
    unknown.append(Unknown(text[at], at))
    return at + 1


def _word(text: str, at: int, context: Context) -> int:
    match = WORD.match(text, at)
    if match is None:  # a letter for Python that is no word character: none known, but never loop
        context.pieces.append(Piece(text[at].lower(), (at, at + 1)))
        return at + 1
    word, end = match.group(), match.end()
    while text[end : end + 1] in ("'", "’") and WORD.match(text, end + 1):
        end = WORD.match(text, end + 1).end()  # mbo'ehára, O'Higgins: one word
    word = text[at:end]
    low = word.lower()
    if word.isupper() and "'" not in word and "’" not in word:
        _add(context.pieces, capitals(word, context), (at, end), "letters" if len(word) < 6 else "word")
        if len(word) == 1 and text[end : end + 1] == "." and text[end + 1 : end + 2] not in ("", "\n"):
            end += 1  # an initial's point: J. L. Borges
    elif not has_vowel(low) and low.isascii():
        _add(context.pieces, voweless(_ELONGATED.sub(r"\1\1\1", low), context), (at, end), "letters")
    else:
        context.pieces.append(Piece(_ELONGATED.sub(r"\1", low), (at, end)))
    return end


def _sign(text: str, at: int, context: Context, unknown: list[Unknown]) -> int:
    """Punctuation, symbols and what is silent."""
    pieces, character = context.pieces, text[at]
    after = text[at + 1 : at + 2]
    if character == "." and after == ".":
        end = at
        while text[end : end + 1] == ".":
            end += 1
        _mark(pieces, "…", at, end)
        return end
    if character in _DASHES:
        return _dash(text, at, context)
    done = _read(_SIGNED, text, at, context)
    if done is not None:
        return done
    if character in _MARKS:
        if _MARKS[character] != "—" or pieces:  # a dialogue's opening dash is silent
            _mark(pieces, _MARKS[character], at, at + 1)
    elif character in _QUOTES or character in _SILENT:
        if character == "*" and after.isdecimal():
            _add(pieces, "asterisco", (at, at + 1), "symbol")
    elif character in "([{":
        if pieces and pieces[-1].kind != "mark":
            _mark(pieces, ",", at, at + 1)
    elif character in ")]}":
        if pieces and pieces[-1].kind != "mark" and text[at + 1 : at + 3].strip()[:1].isalnum():
            _mark(pieces, ",", at, at + 1)
    elif character == "/":
        between = text[at - 1 : at].isspace() and after.isspace()
        if between and pieces and pieces[-1].kind == "number":
            _add(pieces, "dividido", (at, at + 1), "symbol")
        elif pieces and pieces[-1].kind != "mark":
            _mark(pieces, ",", at, at + 1)
    elif character in _SYMBOLS:
        _add(pieces, _SYMBOLS[character], (at, at + 1), "symbol")
    else:
        unknown.append(Unknown(character, at))
    return at + 1


def _mark(pieces: list[Piece], mark: str, start: int, end: int) -> None:
    """Add a punctuation mark; repeated ones (!!!) count once."""
    if not (pieces and pieces[-1].kind == "mark" and pieces[-1].text == mark):
        pieces.append(Piece(mark, (start, end), "mark"))


def _dash(text: str, at: int, context: Context) -> int:
    """Minus before a number, a dash between spaces, nothing inside a word."""
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    starts = before == "" or before.isspace() or before in "(["
    if starts and (after.isdecimal() or text[at] == "−" or after == "$"):
        _add(context.pieces, "menos", (at, at + 1), "symbol")
    elif starts and after.isspace():
        if "=" in text[:10_000] and context.pieces and context.pieces[-1].kind == "number":
            _add(context.pieces, "menos", (at, at + 1), "symbol")
        elif context.pieces:
            _mark(context.pieces, "—", at, at + 1)
    elif starts and context.pieces:
        _mark(context.pieces, "—", at, at + 1)
    return at + 1
