"""From text to symbols to vectors: what a frontend reads, and what a model learned about each symbol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ttskit.interfaces.frontend import Analysis
from ttskit.symbols import SymbolTable
from ttskit_explain import finding
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.lesson import Failed, Lesson, Subject
from ttskit_explain.vectors import cosines, nearest, plane

__all__ = ["KINDS", "build", "kind_of", "pieces", "symbol_vectors"]

# Kinds of symbols that a map tells apart by shape and colour.
KINDS = ("vowel_stressed", "vowel", "stop", "fricative", "nasal", "liquid", "sound", "mark", "space", "edge", "pad")
NEIGHBOURS = 8
_MANNERS = {"plosive": "stop", "affricate": "stop", "fricative": "fricative", "nasal": "nasal"}


def build(lesson: Lesson) -> list[Card]:
    """The sentence as words, sounds and symbols; the vectors of the symbols; and what comes out in the end."""
    learned = [(one, vectors) for one in lesson.subjects if (vectors := symbol_vectors(one)) is not None]
    lacking = [one.label for one in lesson.subjects if all(one is not subject for subject, _ in learned)]
    notes = (Note("reading.no_table", {"runs": ", ".join(lacking)}),) if lacking else ()
    return [
        _words(lesson),
        _symbols(lesson.subjects[0]),
        _pictures(lesson),
        _neighbours(learned, notes),
        _map(learned, notes),
        _goal(lesson),
    ]


def kind_of(symbol: str, table: SymbolTable) -> str:
    """Which of `KINDS` a symbol is, by its role and its articulatory features; "sound" where no features tell more."""
    for role, name in ((table.pad, "pad"), (table.boundary, "edge"), (table.space, "space")):
        if symbol == role:
            return name
    features = table.features.get(symbol)
    if not features:
        return "mark" if symbol in table.silent or not any(c.isalpha() for c in symbol) else "sound"
    if features.get("type") == "vowel":
        return "vowel" if features.get("stress", "no") == "no" else "vowel_stressed"
    return _MANNERS.get(features.get("manner", ""), "liquid")


def symbol_vectors(subject: Subject) -> np.ndarray | None:
    """(V, C): the learned vector of every symbol, in the table's order; None where the model names no such table.

    A model says which of its parameters have a row per symbol, for fine-tuning (`inventory_parameters`). Of several, the
    one whose rows were recorded for this sentence is taken, else the first.
    """
    model, count = subject.model, len(subject.model.context.symbols)

    def look() -> list[np.ndarray]:
        state = model.state_dict()
        named = [name for name, axis in model.inventory_parameters().items() if axis == "symbols" and name in state]
        tables = [state[name].detach().float().cpu().numpy() for name in named]
        # a plane wants three points and two channels, and a run that diverged has nothing to show
        return [
            one for one in tables if one.ndim == 2 and len(one) == count > 3 and one.shape[1] > 1 and np.isfinite(one).all()
        ]

    try:
        tables = subject.ask("inventory_parameters", look)
        shown = [found.values for found in finding.named(subject.explanation, "vectors")]
    except Failed:
        return None
    ids = model.context.symbols.ids(subject.tokens)
    for table in tables:
        if any(one.shape == table[ids].shape and np.array_equal(one, table[ids]) for one in shown):
            return table
    return tables[0] if tables else None


def pieces(analysis: Analysis) -> list[dict[str, Any]]:
    """The text from end to end: each stretch with what it was taken for and the words said for it.

    A frontend that gives no readings has its words' spans instead, and what lies between them.
    """
    unread = {one.position for one in analysis.unknown}
    if analysis.readings:
        spans = [(one.span, one.spoken, one.token_class, one.rule) for one in analysis.readings]
    else:
        spans = []
        for start, end in dict.fromkeys(word.span for word in analysis.words):
            spoken = " ".join(word.text for word in analysis.words if word.span == (start, end))
            spans.append(((start, end), spoken, "word", ""))
    found: list[dict[str, Any]] = []

    def add(start: int, end: int, spoken: str, kind: str, rule: str) -> None:
        words = [i for i, word in enumerate(analysis.words) if start <= word.span[0] < end]
        found.append({"text": analysis.text[start:end], "spoken": spoken, "class": kind, "rule": rule, "words": words})

    def between(start: int, end: int) -> None:
        for place in range(start, end):
            kind = "unknown" if place in unread else "silent" if analysis.text[place].isspace() else "mark"
            add(place, place + 1, "", kind, "")

    last = 0
    for (start, end), spoken, kind, rule in spans:
        between(last, start)
        add(start, end, spoken, "unknown" if start in unread else kind, rule)
        last = end
    between(last, len(analysis.text))
    return found


def _tokens(subject: Subject) -> list[dict[str, Any]]:
    """Every symbol that the frontend gave, those that the model does not know among them."""
    table, analysis = subject.model.context.symbols, subject.analysis
    given = zip(analysis.tokens, analysis.token_words, strict=True)
    return [
        {
            "symbol": token,
            "word": word,
            "known": token in table,
            "id": table.ids([token])[0] if token in table else None,
            "kind": kind_of(token, table) if token in table else "unknown",
            "features": dict(table.features.get(token, {})),
        }
        for token, word in given
    ]


def _words(lesson: Lesson) -> Card:
    subject = lesson.subjects[0]
    analysis = subject.analysis
    notes = [Note("reading.unread", {"characters": ", ".join(one.character for one in analysis.unknown)})]
    notes = notes if analysis.unknown else []
    others = [one.label for one in lesson.subjects[1:] if one.analysis.tokens != analysis.tokens]
    if others:
        notes.append(Note("reading.others", {"runs": ", ".join(others), "run": subject.label}))
    words = [
        {"text": one.text, "syllables": one.syllables, "stress": one.stress, "phonemes": one.phonemes} for one in analysis.words
    ]
    spec = {"pieces": pieces(analysis), "words": words, "tokens": _tokens(subject)}
    values = {
        "letters": sum(character.isalnum() for character in analysis.text),
        "words": len(analysis.words),
        "sounds": sum(len(one.phonemes) for one in analysis.words),
        "syllables": sum(len(one.syllables) for one in analysis.words),
        "spoken": analysis.normalized,
    }
    return Card("reading.words", (Figure("reading.words", "reading.words", spec),), values=values, notes=tuple(notes))


def _symbols(subject: Subject) -> Card:
    table, tokens = subject.model.context.symbols, _tokens(subject)
    notes = (Note("reading.unknown", {"symbols": " ".join(subject.unknown)}),) if subject.unknown else ()
    spec = {"tokens": tokens, "words": [one.text for one in subject.analysis.words], "table": len(table)}
    values = {
        "tokens": len(subject.tokens),
        "different": len(set(subject.tokens)),
        "table": len(table),
        "sounding": sum(one not in table.silent for one in subject.tokens),
        "silent": sum(one in table.silent for one in subject.tokens),
    }
    return Card("reading.symbols", (Figure("reading.symbols", "reading.symbols", spec),), values=values, notes=notes)


def _pictures(lesson: Lesson) -> Card:
    """The first tensor of tokens × channels that each run recorded: the vectors of its symbols."""
    runs, silent = [], []
    for subject in lesson.subjects:
        try:
            named = finding.named(subject.explanation, "vectors")
            found = named or finding.with_axes(subject.explanation, ("token", "channel"))
        except Failed:
            found = []
        if found:
            tokens = finding.row_labels(subject.tokens, len(found[0].values))
            runs.append({"label": subject.label, "tokens": tokens, "values": found[0].values})
        else:
            silent.append(subject.label)
    notes = (Note("reading.no_vectors", {"runs": ", ".join(silent)}),) if silent else ()
    if not runs:
        return Card("reading.vectors", equations=("embedding",), values=_picture_values([], 0, 0), notes=notes)
    first = runs[0]["values"]
    values = _picture_values(runs[0]["tokens"], len(lesson.subjects[0].model.context.symbols), first.shape[1])
    spec = {"runs": [{**one, "values": lesson.sheet.array(one["values"])} for one in runs]}
    return Card("reading.vectors", (Figure("reading.vectors", "reading.vectors", spec),), ("embedding",), values, notes)


def _picture_values(tokens: Sequence[str], table: int, channels: int) -> dict[str, object]:
    return {"tokens": len(tokens), "table": table, "channels": channels, "numbers": table * channels}


def _learned(subject: Subject, vectors: np.ndarray) -> tuple[list[str], list[str], np.ndarray]:
    """Symbols, kinds and vectors, padding left out: nobody says it."""
    table = subject.model.context.symbols
    kept = [i for i, symbol in enumerate(table.symbols) if symbol != table.pad]
    symbols = [table.symbols[i] for i in kept]
    return symbols, [kind_of(one, table) for one in symbols], vectors[kept]


def _neighbours(learned: Sequence[tuple[Subject, np.ndarray]], notes: tuple[Note, ...]) -> Card:
    if not learned:
        return Card("reading.neighbours", equations=("cosine",), values=_kinship([], np.zeros((0, 0))), notes=notes)
    runs = []
    for subject, vectors in learned:
        symbols, kinds, rows = _learned(subject, vectors)
        alike = cosines(rows)
        near = nearest(alike, NEIGHBOURS)
        lists = [[[int(j), round(float(alike[i, j]), 3)] for j in row] for i, row in enumerate(near)]
        runs.append({"label": subject.label, "symbols": symbols, "kinds": kinds, "near": lists, "said": list(subject.tokens)})
    symbols, kinds, rows = _learned(*learned[0])
    values = {**_kinship(kinds, cosines(rows)), "run": learned[0][0].label}
    return Card(
        "reading.neighbours",
        (Figure("reading.neighbours", "reading.neighbours", {"runs": runs}),),
        ("cosine",),
        values,
        notes,
    )


def _kinship(kinds: Sequence[str], alike: np.ndarray) -> dict[str, object]:
    """How many vowels have a vowel for their nearest sound, and how many would by chance."""
    sounds = [i for i, kind in enumerate(kinds) if kind not in ("mark", "space", "edge", "pad")]
    vowel = np.array([kinds[i].startswith("vowel") for i in sounds], dtype=bool)
    if len(sounds) < 2 or not vowel.any():
        return {"vowels": 0, "kin": 0, "chance": 0.0, "run": ""}
    near = nearest(alike[np.ix_(sounds, sounds)], 1)[:, 0]
    count = int(vowel.sum())
    return {"vowels": count, "kin": int(vowel[near][vowel].sum()), "chance": count * (count - 1) / (len(sounds) - 1)}


def _map(learned: Sequence[tuple[Subject, np.ndarray]], notes: tuple[Note, ...]) -> Card:
    if not learned:
        return Card("reading.map", values={"shared": 0.0, "symbols": 0, "channels": 0, "run": ""}, notes=notes)
    runs, plain = [], []
    for subject, vectors in learned:
        symbols, kinds, rows = _learned(subject, vectors)
        flat = plane(rows)
        runs.append(
            {
                "label": subject.label,
                "symbols": symbols,
                "kinds": kinds,
                "places": [[round(float(x), 4), round(float(y), 4)] for x, y in flat.places],
                "shares": [round(one, 4) for one in flat.shares],
                "pairs": _pairs(symbols, subject.model.context.symbols),
                "said": list(subject.tokens),
            }
        )
        if not subject.model.context.symbols.features:
            plain.append(subject.label)
    if plain:
        notes = (*notes, Note("reading.no_features", {"runs": ", ".join(plain)}))
    first = runs[0]
    shared = 100 * sum(first["shares"])
    values = {"shared": shared, "symbols": len(first["symbols"]), "channels": learned[0][1].shape[1], "run": first["label"]}
    return Card("reading.map", (Figure("reading.map", "reading.map", {"runs": runs}),), values=values, notes=notes)


def _pairs(symbols: Sequence[str], table: SymbolTable) -> list[list[int]]:
    """Places of a vowel without stress and of the same with it."""
    plain = {
        frozenset((name, value) for name, value in table.features.get(symbol, {}).items() if name != "stress"): i
        for i, symbol in enumerate(symbols)
        if kind_of(symbol, table) == "vowel"
    }
    found = []
    for i, symbol in enumerate(symbols):
        if kind_of(symbol, table) == "vowel_stressed":
            sound = frozenset((name, value) for name, value in table.features[symbol].items() if name != "stress")
            if sound in plain:
                found.append([plain[sound], i])
    return found


def _goal(lesson: Lesson) -> Card:
    """The mel that comes out in the end, and how it sounds, of every run that speaks."""
    runs, notes = [], []
    for subject in lesson.subjects:
        try:
            spoken = subject.spectrogram
            heard = lesson.heard(subject, spoken, "spoken")
        except Failed as error:
            notes.append(Note("reading.silent", {"run": subject.label, "why": str(error)}))
            continue
        runs.append({"label": subject.label, "values": lesson.mel(spoken), "audio": heard, "frames": int(spoken.lengths[0])})
    first = lesson.subjects[0].model.context.mel
    values = {
        "frames": runs[0]["frames"] if runs else 0,
        "bands": first.bands,
        "milliseconds": 1000 * first.hop_samples / first.sample_rate_hz,
    }
    figures = (Figure("reading.goal", "reading.goal", {"runs": runs}),) if runs else ()
    return Card("reading.goal", figures, values=values, notes=tuple(notes))
