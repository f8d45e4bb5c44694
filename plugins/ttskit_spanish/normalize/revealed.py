"""Text without what only a web page or a typesetter needs: character references, soft hyphens, invisible marks."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ttskit.interfaces.frontend import Reading, Unknown
from ttskit_spanish.normalize.piece import Piece
from ttskit_spanish.pattern import Pattern

# Soft hyphen, zero-width spaces and joiners, marks of direction, the byte order mark.
_HIDDEN = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_ANY = Pattern(rf"[&{_HIDDEN}]")
_INVISIBLE = Pattern(rf"[{_HIDDEN}]")
# With its semicolon; without it only the old names, and not where a query goes on (?a=1&copy=2).
_REFERENCE = Pattern(
    r"&(?:amp;){0,3}(#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,30};"
    r"|(?:nbsp|quot|amp|lt|gt|iquest|iexcl|[aeiouAEIOU]acute|[nN]tilde|[uU]uml|ordm|ordf|laquo|raquo|deg)(?![\w=;]))"
)


class Revealed(NamedTuple):
    """The text that is meant, and for each of its characters the stretch of the written text it stands for.

    Args:
        text: what is read.
        starts, ends: of each character of `text`, in the written text; together they cover it.
    """

    text: str
    starts: list[int]
    ends: list[int]

    def span(self, span: tuple[int, int]) -> tuple[int, int]:
        """A span of `text` as one of the written text."""
        return self.starts[span[0]], self.ends[span[1] - 1]

    def pieces(self, pieces: list[Piece]) -> list[Piece]:
        """Pieces of `text` with the spans of the written text."""
        return [Piece(p.text, self.span(p.span), p.kind) for p in pieces]

    def unknown(self, unknown: list[Unknown], written: str) -> list[Unknown]:
        """Characters that were not read, as written: all of a reference."""
        return [Unknown(written[i], i) for u in unknown for i in range(self.starts[u.position], self.ends[u.position])]

    def readings(self, readings: list[Reading], written: str) -> list[Reading]:
        """Readings with the spans and characters of the written text."""
        found = []
        for reading in readings:
            start, end = self.span(reading.span)
            found.append(replace(reading, span=(start, end), text=written[start:end]))
        return found


def reveal(text: str) -> Revealed | None:
    """The text behind references and invisible marks, None if it has none.

    A mark inside a word joins its parts; between a small letter and a capital it stays and parts two words.

    >>> reveal("caf&eacute; y re\\u00adloj").text, reveal("Buenos\\u200bAires"), reveal("R&D y Q&A")
    ('café y reloj', None, None)
    """
    if _ANY.search(text) is None:
        return None
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at, waiting, changed = 0, None, False
    while at < len(text):
        character, end = text[at], at + 1
        if character == "&" and (reference := _REFERENCE.match(text, at)) is not None:
            meant = _meant(reference[1])
            if meant is not None:
                character, end, changed = meant, reference.end(), True
        if _INVISIBLE.match(character) and _joins(characters, text, end):
            changed = True
            if characters:
                ends[-1] = end
            elif waiting is None:
                waiting = at
        else:
            characters.append(character)
            starts.append(at if waiting is None else waiting)
            ends.append(end)
            waiting = None
        at = end
    return Revealed("".join(characters), starts, ends) if changed and characters else None


def _joins(before: list[str], text: str, at: int) -> bool:
    """Whether an invisible mark is only in the way: beside a letter or digit, and not between two words."""
    previous, follows = before[-1] if before else "", text[at : at + 1]
    if previous.islower() and follows.isupper():
        return False
    return (bool(previous) and previous < "\u2000" and not previous.isspace()) or (not previous and follows.isalnum())


def _meant(reference: str) -> str | None:
    """The one character that a reference names, None if it names none or a control character."""
    import html  # compiles at import: only where there is a reference

    meant = html.unescape("&" + reference)
    if len(meant) != 1 or (not meant.isprintable() and not meant.isspace() and _INVISIBLE.match(meant) is None):
        return None
    return " " if meant in "\t\r\n" else meant
