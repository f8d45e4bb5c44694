"""Sequence models: a bare recurrent network, the run's LSTM, self-attention, over the same sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ttskit.nn import Activations
from ttskit_explain import finding
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.lesson import Failed, Lesson, Subject
from ttskit_explain.recurrence import GATES, KINDS, Cell, States, influence, path_lengths, ready_at

__all__ = ["Heard", "build", "complexity", "heard", "kept_for", "sources"]

_UNTRAINED = 64  # channels of a cell that no run has
_MOST_SOURCES = 12  # words of which one can follow the trace


@dataclass(frozen=True)
class Heard:
    """What a recurrent cell is given of the sentence.

    Args:
        subject: the run.
        name: of the LSTM in its model; "" where it has none, and the cell is untrained.
        cell: its weights.
        x: (N, C) what arrives, float64.
    """

    subject: Subject
    name: str
    cell: Cell
    x: Tensor


def build(lesson: Lesson) -> list[Card]:
    """Reading one after the other, gates, the trace of a word, who sees whom, what must wait.

    Raises:
        Failed: a run could not be asked.
    """
    found = heard(lesson)
    x, reading, bare = found.x, found.cell.read(found.x), found.cell.read_bare(found.x)
    tokens = list(found.subject.tokens)
    values: dict[str, object] = {
        "run": found.subject.label,
        "tokens": len(tokens),
        "cells": found.cell.size,
        "channels": x.shape[1],
    }
    notes = () if found.name else (Note("sequence.untrained", {"run": found.subject.label, "cells": found.cell.size}),)
    return [
        _recurrence(lesson, found, reading, bare, values, notes),
        _gates(lesson, found, reading, values, notes),
        _influence(lesson, found, reading, bare, values, notes),
        _visible(lesson, found, values),
        _waiting(lesson, found, values),
    ]


def heard(lesson: Lesson) -> Heard:
    """The first LSTM of the runs that reads the sentence's tokens; else an untrained cell over the first run's embeddings.

    Raises:
        Failed: no run could be asked.
    """
    last: Failed | None = None
    for subject in lesson.subjects:
        names = [name for name, module in subject.model.named_modules() if isinstance(module, nn.LSTM)]
        try:
            found = _reading_lstm(subject, names) if names else None
        except Failed as error:
            last, found = error, None
        if found is not None:
            return found
    for subject in lesson.answering():
        vectors = _embedded(subject)
        return Heard(subject, "", Cell.untrained(vectors.shape[1], min(_UNTRAINED, vectors.shape[1])), vectors)
    raise last or Failed("no run explains the sentence")


def _reading_lstm(subject: Subject, names: list[str]) -> Heard | None:
    """Of LSTMs of a model, the first that was given one vector for each token, recorded while the sentence is explained."""
    parts = dict(subject.model.named_modules())

    def ask() -> Activations:
        with Activations(subject.model, names) as seen:
            subject.model.explain(subject.inputs, None, [torch.Generator().manual_seed(subject.seed)])
        return seen

    seen = subject.ask("explain", ask)
    for name in names:
        lstm, calls = parts[name], seen.inputs(name)
        assert isinstance(lstm, nn.LSTM)
        if not calls or calls[0].dim() != 3:
            continue
        x = calls[0][0] if lstm.batch_first else calls[0][:, 0]
        if x.shape[0] == len(subject.tokens) and lstm.proj_size == 0:
            return Heard(subject, name, Cell.of(lstm), x.double().clone())
    return None


def _embedded(subject: Subject) -> Tensor:
    """(N, C) vectors of the tokens; random ones of each symbol where the model shows none."""
    for found in finding.with_axes(subject.explanation, ("token", "channel")):
        if found.values.shape[0] == len(subject.tokens):
            return torch.from_numpy(found.values.astype(np.float64))
    table = torch.randn(len(subject.model.context.symbols), _UNTRAINED, generator=torch.Generator().manual_seed(0))
    return table[subject.inputs.tokens[0].cpu()].double()


def sources(subject: Subject) -> list[tuple[str, int]]:
    """Words and where the first symbol of each stands."""
    starts: dict[int, int] = {}
    for place, word in enumerate(subject.token_words):
        if word is not None:
            starts.setdefault(word, place)
    words = subject.analysis.words
    found = [(words[word].text, place) for word, place in starts.items()][:_MOST_SOURCES]
    return found or [(subject.tokens[0], 0)]


def _recurrence(
    lesson: Lesson, found: Heard, reading: States, bare: Tensor, values: dict[str, object], notes: tuple[Note, ...]
) -> Card:
    sheet = lesson.sheet
    spec = {
        "tokens": list(found.subject.tokens),
        "arrives": sheet.array(found.x.T.numpy()),
        "networks": [
            {"key": "bare", "state": sheet.array(bare.T.numpy())},
            {"key": "lstm", "state": sheet.array(reading.hidden.T.numpy())},
        ],
    }
    figure = Figure("sequence.reading", "sequence.reading", spec)
    return Card("sequence.recurrence", (figure,), ("rnn",), values, notes)


def kept_for(reading: States) -> np.ndarray:
    """After how many places a cell holds half of what it held, (H,): log ½ over the mean log of its forget gate."""
    forget = reading.gates[:, 1].clamp(1e-9, 1 - 1e-9).log().mean(0)
    kept: np.ndarray = (np.log(0.5) / forget).numpy()
    return kept


def _gates(lesson: Lesson, found: Heard, reading: States, values: dict[str, object], notes: tuple[Note, ...]) -> Card:
    """Cells are shown in the order in which they keep, the longest first."""
    kept = kept_for(reading)
    order = np.argsort(-kept, kind="stable")
    gates = reading.gates.numpy()[:, :, order]
    cells, hidden = reading.cells.numpy()[:, order], reading.hidden.numpy()[:, order]
    swing = np.ptp(cells, axis=0)
    telling = int(np.argmax(np.where(np.arange(len(order)) < max(1, len(order) // 4), swing, -1.0)))
    spec = {
        "tokens": list(found.subject.tokens),
        "gates": {letter: lesson.sheet.array(gates[:, k].T) for k, letter in enumerate(GATES)},
        "cell": lesson.sheet.array(cells.T),
        "hidden": lesson.sheet.array(hidden.T),
        "kept": lesson.sheet.array(np.minimum(kept[order], 1e4)),
        "channel": telling,
    }
    more = {**values, "longest": float(min(kept.max(), 1e4)), "shortest": float(kept.min()), "half": float(np.median(kept))}
    figure = Figure("sequence.gates", "sequence.gates", spec)
    return Card("sequence.lstm", (figure,), ("lstm_gates", "lstm_cell"), more, notes)


def _influence(
    lesson: Lesson, found: Heard, reading: States, bare: Tensor, values: dict[str, object], notes: tuple[Note, ...]
) -> Card:
    places, cell = sources(found.subject), found.cell
    starts = [place for _, place in places]
    states = torch.cat([reading.hidden, reading.cells], dim=1)
    curves = {
        "bare": _relative(influence(cell.bare_step, found.x, bare, cell.size, starts), starts),
        "lstm": _relative(influence(cell.step, found.x, states, cell.size, starts), starts),
    }
    looking = _looking(lesson, found.subject)
    if looking is not None:
        curves["attention"] = looking[1][:, starts].T
    else:
        notes = (*notes, Note("sequence.no_attention", {}))
    with np.errstate(divide="ignore"):
        arrays = {key: lesson.sheet.array(np.log10(one)) for key, one in curves.items()}
    spec = {
        "tokens": list(found.subject.tokens),
        "sources": [{"word": word, "place": place} for word, place in places],
        "curves": arrays,
        "attends": looking[0].label if looking is not None else None,
        "trained": bool(found.name),
    }
    far = starts[-1] - starts[0]
    more = {
        **values,
        "first": places[0][0],
        "last": places[-1][0],
        "far": far,
        "bare_falls": _falls(curves["bare"][0, starts[-1]]),
        "lstm_falls": _falls(curves["lstm"][0, starts[-1]]),
    }
    figure = Figure("sequence.trace", "sequence.trace", spec)
    return Card("sequence.influence", (figure,), ("influence",), more, notes)


def _relative(norms: np.ndarray, starts: list[int]) -> np.ndarray:
    """Norms as shares of what each place counts for at the moment at which it arrives; no number before that."""
    at = norms[np.arange(len(starts)), starts][:, None]
    return np.where(np.arange(norms.shape[1]) >= np.array(starts)[:, None], norms / np.maximum(at, 1e-300), np.nan)


def _falls(share: float) -> float:
    """Powers of ten by which something fell."""
    return float(-np.log10(max(share, 1e-300)))


def _looking(lesson: Lesson, like: Subject) -> tuple[Subject, np.ndarray] | None:
    """Who looks at whom among the tokens in the first layer of self-attention of a run, mean of its heads: (N, N)."""
    for subject in lesson.answering():
        if subject.tokens != like.tokens:
            continue
        for found in finding.self_attention(subject.explanation):
            if found.values.shape[1:] == (len(like.tokens),) * 2:
                return subject, found.values.mean(0)
    return None


def _radius(lesson: Lesson) -> int:
    """How far to each side the first convolution of the runs looks; 2 where none has one."""
    for subject in lesson.subjects:
        for module in subject.model.modules():
            if isinstance(module, nn.Conv1d) and module.kernel_size[0] > 1:
                return int(module.kernel_size[0]) // 2 * int(module.dilation[0])
    return 2


def complexity(places: int, channels: int, kernel: int) -> list[dict[str, Any]]:
    """Vaswani et al. 2017, table 1, with numbers: work of a layer, steps that must wait for each other, longest path.

    A convolution's longest path is in layers, of kernels that lie side by side.
    """
    layers = -(-(places - 1) // max(1, kernel // 2)) if places > 1 else 1
    rows = (
        ("recurrent", "n · d²", places * channels**2, "n", places, "n", places),  # no message
        ("convolution", "k · n · d²", kernel * places * channels**2, "1", 1, "2n / (k − 1)", max(1, layers)),  # no message
        ("attention", "n² · d", places**2 * channels, "1", 1, "1", 1),  # no message
    )
    names = ("kind", "work_is", "work", "waits_is", "waits", "path_is", "path")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _visible(lesson: Lesson, found: Heard, values: dict[str, object]) -> Card:
    places, radius = len(found.subject.tokens), _radius(lesson)
    words = sources(found.subject)
    spec = {
        "tokens": list(found.subject.tokens),
        "paths": {kind: lesson.sheet.array(path_lengths(kind, places, radius)) for kind in KINDS},
        "window": 2 * radius + 1,
        "chosen": words[-1][1],
        "from": words[0][1],
    }
    table = Figure("sequence.table", "sequence.table", {"rows": complexity(places, found.x.shape[1], 2 * radius + 1)})
    far = words[-1][1] - words[0][1]
    more = {**values, "first": words[0][0], "last": words[-1][0], "steps": far + 1, "window": 2 * radius + 1}
    return Card("sequence.visible", (Figure("sequence.paths", "sequence.paths", spec), table), (), more)


def _waiting(lesson: Lesson, found: Heard, values: dict[str, object]) -> Card:
    """Masked attention stands there twice: in training all frames are known, when speaking each waits for the one before."""
    places = len(found.subject.tokens)
    rows = [("ahead", "ahead"), ("both", "both"), ("convolution", "convolution"), ("attention", "attention")]
    rows += [("masked_training", "masked"), ("masked_speaking", "ahead")]
    spec = {
        "tokens": list(found.subject.tokens),
        "rows": [{"key": key, "at": ready_at(kind, places).tolist()} for key, kind in rows],
    }
    return Card("sequence.waiting", (Figure("sequence.ticks", "sequence.ticks", spec),), (), values)
