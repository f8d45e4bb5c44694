"""Long text in parts: cut at sentences, then clauses, then words, on the frontend's own tokens.

Cutting tokens and not characters means that "Sr. Pérez" and "3.5" are never cut in two: the
frontend has already read them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ttskit.errors import InputError
from ttskit.interfaces.frontend import Analysis
from ttskit.symbols import SymbolTable

__all__ = [
    "CLAUSE_END",
    "CLAUSE_PAUSE_S",
    "SENTENCE_END",
    "SENTENCE_PAUSE_S",
    "AnalysisPart",
    "split_analysis",
    "split_pieces",
    "undivided",
]

SENTENCE_END = frozenset(".?!…")
CLAUSE_END = frozenset(",;:—")
_OPENING = frozenset("¿¡")

# Pauses as readers of Spanish make them between sentences and, when breath runs short, clauses.
SENTENCE_PAUSE_S = 0.30
CLAUSE_PAUSE_S = 0.12


class _Token(NamedTuple):
    symbol: str
    word: int | None
    index: int


@dataclass(frozen=True, slots=True)
class AnalysisPart:
    """One part of an analysis, and where it stands in the whole.

    Args:
        analysis: the part as an analysis of its own, its words numbered from 0.
        pause_s: silence after it.
        words: for each of its words the index in the whole.
        tokens: for each of its tokens the index in the whole; None for a boundary that the whole does not have.
    """

    analysis: Analysis
    pause_s: float
    words: tuple[int, ...]
    tokens: tuple[int | None, ...]


def split_analysis(analysis: Analysis, symbols: SymbolTable, max_tokens: int = 150) -> list[tuple[Analysis, float]]:
    """Cut an analysis into parts of at most `max_tokens` tokens; see `split_pieces`.

    Returns:
        (part, pause in seconds after it), in order; parts without a word are left out.
    """
    return [(piece.analysis, piece.pause_s) for piece in split_pieces(analysis, symbols, max_tokens)]


def split_pieces(
    analysis: Analysis, symbols: SymbolTable, max_tokens: int = 150, cuts: Collection[int] = ()
) -> list[AnalysisPart]:
    """Cut an analysis into pieces of at most `max_tokens` tokens; those without a word are left out.

    Sentences are always pieces of their own. A sentence that is too long is cut after clause marks,
    and between words where there are none; a single word is never cut.

    Args:
        cuts: indices of words that begin a piece whatever stands before them.
    """
    every = zip(analysis.tokens, analysis.token_words, range(len(analysis.tokens)), strict=True)
    tokens = [_Token(*item) for item in every if item[0] != symbols.boundary]
    runs: list[tuple[list[_Token], float]] = []
    for sentence in _after(tokens, SENTENCE_END):
        for section in _before(sentence, cuts, symbols.space):
            packed = [section] if len(section) <= max_tokens else _packed(section, max_tokens)
            runs += [(run, CLAUSE_PAUSE_S) for run in packed]
        runs[-1] = (runs[-1][0], SENTENCE_PAUSE_S)
    spoken = [(run, pause) for run, pause in runs if any(token.word is not None for token in run)]
    pieces = [_piece(analysis, run, pause, symbols) for run, pause in spoken]
    if pieces:
        pieces[0] = replace(pieces[0], tokens=_ends(pieces[0], analysis, front=True))
        pieces[-1] = replace(pieces[-1], tokens=_ends(pieces[-1], analysis, front=False))
    return pieces


def _after(tokens: list[_Token], marks: frozenset[str]) -> list[list[_Token]]:
    """Cut after each run of `marks`."""
    pieces: list[list[_Token]] = [[]]
    for index, item in enumerate(tokens):
        pieces[-1].append(item)
        following = tokens[index + 1].symbol if index + 1 < len(tokens) else ""
        if item.symbol in marks and following not in marks:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _before(sentence: list[_Token], cuts: Collection[int], space: str | None) -> list[list[_Token]]:
    """Cut before each word of `cuts`; marks that open it go with it."""
    places, last = [0], None
    for index, item in enumerate(sentence):
        if item.word is not None and item.word != last:
            last = item.word
            if last in cuts:
                while index and sentence[index - 1].word is None and sentence[index - 1].symbol in {*_OPENING, space}:
                    index -= 1
                places.append(index)
    ends = [*places[1:], len(sentence)]
    return [sentence[a:b] for a, b in zip(places, ends, strict=True) if b > a]


def _packed(sentence: list[_Token], max_tokens: int) -> list[list[_Token]]:
    """Clauses, or words where a clause is too long, put together while they fit."""
    units: list[list[_Token]] = []
    for clause in _after(sentence, CLAUSE_END):
        units += [clause] if len(clause) <= max_tokens else _words(clause)
    packed = [units[0]]
    for unit in units[1:]:
        if len(packed[-1]) + len(unit) <= max_tokens:
            packed[-1] = packed[-1] + unit
        else:
            packed.append(unit)
    return packed


def _words(clause: list[_Token]) -> list[list[_Token]]:
    """One piece per word; marks and spaces stay with the word before them."""
    pieces: list[list[_Token]] = [[]]
    last: int | None = None
    for token in clause:
        if token.word is not None and last is not None and token.word != last:
            pieces.append([])
        last = token.word if token.word is not None else last
        pieces[-1].append(token)
    return [piece for piece in pieces if piece]


def _piece(analysis: Analysis, run: list[_Token], pause_s: float, symbols: SymbolTable) -> AnalysisPart:
    used = sorted({token.word for token in run if token.word is not None})
    renumbered = {old: new for new, old in enumerate(used)}
    words = tuple(analysis.words[w] for w in used)
    while run and run[0].symbol == symbols.space:
        run = run[1:]
    while run and run[-1].symbol == symbols.space:
        run = run[:-1]
    tokens = tuple(token.symbol for token in run)
    owners = tuple(None if token.word is None else renumbered[token.word] for token in run)
    places: tuple[int | None, ...] = tuple(token.index for token in run)
    edges = []
    if symbols.space is not None and len(analysis.tokens) > 1 and analysis.tokens[0] == analysis.tokens[-1] == symbols.space:
        edges.append(symbols.space)  # padded by its frontend
    if symbols.boundary is not None:
        edges.append(symbols.boundary)
    for edge in edges:
        tokens, owners, places = (edge, *tokens, edge), (None, *owners, None), (None, *places, None)
    normalized = " ".join(word.text for word in words)
    part = replace(analysis, normalized=normalized, words=words, tokens=tokens, token_words=owners, unknown=())
    return AnalysisPart(part, pause_s, tuple(used), places)


def _ends(piece: AnalysisPart, analysis: Analysis, front: bool) -> tuple[int | None, ...]:
    """Boundaries that were put around the first and last piece are the whole's own."""
    step, count = (1, len(analysis.tokens)) if front else (-1, len(analysis.tokens))
    places = list(piece.tokens)[::step]
    for k, symbol in enumerate(piece.analysis.tokens[::step]):
        if places[k] is not None or analysis.tokens[::step][k] != symbol:
            break
        places[k] = k if front else count - 1 - k
    return tuple(places[::step])


def undivided(analysis: Analysis, score: Any) -> AnalysisPart:
    """The whole text as one piece, for a recording that is one as well."""
    if score.pauses or len(set(score.speakers)) > 1:
        raise InputError(
            "a copied recording is spoken in one part",
            "the text has pauses or several speakers in it",
            "leave them out of the text, or speak its parts one by one",
        )
    return AnalysisPart(analysis, 0.0, tuple(range(len(analysis.words))), tuple(range(len(analysis.tokens))))
