"""Long text in parts: cut at sentences, then clauses, then words, on the frontend's own tokens.

Cutting tokens and not characters means that "Sr. Pérez" and "3.5" are never cut in two: the
frontend has already read them.
"""

from __future__ import annotations

from dataclasses import replace

from ttskit.interfaces.frontend import Analysis
from ttskit.symbols import SymbolTable

SENTENCE_END = frozenset(".?!…")
CLAUSE_END = frozenset(",;:—")

# Pauses as readers of Spanish make them between sentences and, when breath runs short, clauses.
SENTENCE_PAUSE_S = 0.30
CLAUSE_PAUSE_S = 0.12


def split_analysis(analysis: Analysis, symbols: SymbolTable, max_tokens: int = 150) -> list[tuple[Analysis, float]]:
    """Cut an analysis into parts of at most `max_tokens` tokens.

    Sentences are always parts of their own. A sentence that is too long is cut after clause marks,
    and between words where there are none; a single word is never cut.

    Returns:
        (part, pause in seconds after it), in order; parts without a word are left out.
    """
    tokens = [(t, w) for t, w in zip(analysis.tokens, analysis.token_words, strict=True) if t != symbols.boundary]
    parts: list[tuple[list[tuple[str, int | None]], float]] = []
    for sentence in _after(tokens, SENTENCE_END):
        pieces = [sentence] if len(sentence) <= max_tokens else _packed(sentence, max_tokens)
        parts += [(piece, CLAUSE_PAUSE_S) for piece in pieces[:-1]] + [(pieces[-1], SENTENCE_PAUSE_S)]
    spoken = [(piece, pause) for piece, pause in parts if any(w is not None for _, w in piece)]
    return [(_part(analysis, piece, symbols), pause) for piece, pause in spoken]


def _after(tokens: list[tuple[str, int | None]], marks: frozenset[str]) -> list[list[tuple[str, int | None]]]:
    """Cut after each run of `marks`."""
    pieces: list[list[tuple[str, int | None]]] = [[]]
    for index, item in enumerate(tokens):
        pieces[-1].append(item)
        following = tokens[index + 1][0] if index + 1 < len(tokens) else ""
        if item[0] in marks and following not in marks:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _packed(sentence: list[tuple[str, int | None]], max_tokens: int) -> list[list[tuple[str, int | None]]]:
    """Clauses, or words where a clause is too long, put together while they fit."""
    units: list[list[tuple[str, int | None]]] = []
    for clause in _after(sentence, CLAUSE_END):
        units += [clause] if len(clause) <= max_tokens else _words(clause)
    packed = [units[0]]
    for unit in units[1:]:
        if len(packed[-1]) + len(unit) <= max_tokens:
            packed[-1] = packed[-1] + unit
        else:
            packed.append(unit)
    return packed


def _words(clause: list[tuple[str, int | None]]) -> list[list[tuple[str, int | None]]]:
    """One piece per word; marks and spaces stay with the word before them."""
    pieces: list[list[tuple[str, int | None]]] = [[]]
    last: int | None = None
    for token, word in clause:
        if word is not None and last is not None and word != last:
            pieces.append([])
        last = word if word is not None else last
        pieces[-1].append((token, word))
    return [piece for piece in pieces if piece]


def _part(analysis: Analysis, piece: list[tuple[str, int | None]], symbols: SymbolTable) -> Analysis:
    used = sorted({w for _, w in piece if w is not None})
    renumbered = {old: new for new, old in enumerate(used)}
    words = tuple(analysis.words[w] for w in used)
    while piece and piece[0][0] == symbols.space:
        piece = piece[1:]
    while piece and piece[-1][0] == symbols.space:
        piece = piece[:-1]
    tokens = tuple(t for t, _ in piece)
    owners = tuple(None if w is None else renumbered[w] for _, w in piece)
    if symbols.space is not None and len(analysis.tokens) > 1 and analysis.tokens[0] == analysis.tokens[-1] == symbols.space:
        tokens, owners = (symbols.space, *tokens, symbols.space), (None, *owners, None)  # padded by its frontend
    if symbols.boundary is not None:
        tokens = (symbols.boundary, *tokens, symbols.boundary)
        owners = (None, *owners, None)
    normalized = " ".join(word.text for word in words)
    return replace(analysis, normalized=normalized, words=words, tokens=tokens, token_words=owners, unknown=())
