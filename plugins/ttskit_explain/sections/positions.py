"""Positional encoding: its waves, what attention can read off them, and the sentence without them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ttskit.interfaces.explanation import Explanation
from ttskit.nn import sinusoidal_positions
from ttskit_explain import finding
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.lesson import Failed, Lesson, Subject
from ttskit_explain.vectors import relative_change

__all__ = ["Wave", "build", "by_distance", "swapped", "waves"]

_PUBLISHED = "Vaswani et al. 2017"  # no message
_WIDTH = 64  # channels of the paper's waves where no run has any
_SAME = 1e-3  # a relative change below this is rounding


@dataclass(frozen=True, slots=True)
class Wave:
    """What the added positions are, if they are those of Vaswani et al. 2017.

    Args:
        scale: what they are multiplied by: 1, or α of Li et al. 2019.
        periods: (C,) positions after which each channel repeats.
        cosine: (C,) bool, whether a channel is a cosine.
    """

    scale: float
    periods: np.ndarray
    cosine: np.ndarray


def build(lesson: Lesson) -> list[Card]:
    """The waves, their dot products, the sentence without them, how far attention looks, and what an LSTM does instead."""
    placed = list(_placed(lesson))
    return [_waves(lesson, placed), _distance(lesson, placed), _without(lesson), _looks(lesson), _order(lesson)]


def waves(positions: np.ndarray) -> Wave | None:
    """What sinusoids these are (L, C), sines first or by turns; None where they are something else (learned ones)."""
    length, channels = positions.shape
    if length < 2 or channels % 2:
        return None
    halves = sinusoidal_positions(length, channels).numpy().astype(np.float64)
    periods = 2 * np.pi * 10000.0 ** (np.arange(0, channels, 2) / channels)
    turns = halves.reshape(length, 2, -1).transpose(0, 2, 1).reshape(length, channels)
    cosine = np.repeat([False, True], channels // 2)
    layouts = ((halves, np.tile(periods, 2), cosine), (turns, np.repeat(periods, 2), np.tile([False, True], channels // 2)))
    for ideal, each, which in layouts:
        scale = float((ideal * positions).sum() / (ideal**2).sum())
        if np.abs(positions - scale * ideal).max() < 1e-3 * max(abs(scale), 1e-6):
            return Wave(scale, each, which)
    return None


def by_distance(weights: np.ndarray) -> np.ndarray:
    """(2L - 1,) mean attention weight by how far the key stands after the query, from -(L - 1); weights (h, L, L)."""
    length = weights.shape[-1]
    mean = np.asarray(weights, np.float64).mean(0)
    return np.array([np.diagonal(mean, distance).mean() for distance in range(1 - length, length)])


def swapped(tokens: Sequence[str], token_words: Sequence[int | None]) -> tuple[list[int], str, str] | None:
    """Two words changed places: for each place of the new order where its token stood, and the two, as symbols.

    The first word and the next one of other symbols; the first two different sounds where there is one word only.
    None where all sounds are the same.
    """
    blocks: dict[int, list[int]] = {}
    for i, word in enumerate(token_words):
        if word is not None:
            blocks.setdefault(word, []).append(i)
    spans = list(blocks.values()) if len(blocks) > 1 else [[i] for one in blocks.values() for i in one]

    def said(span: Sequence[int]) -> str:
        return "".join(tokens[i] for i in span)

    for other in spans[1:]:
        one = spans[0]
        if said(one) != said(other) and one[-1] < other[0]:
            middle = range(one[-1] + 1, other[0])
            order = [*range(one[0]), *range(other[0], other[-1] + 1), *middle, *range(one[0], one[-1] + 1)]
            return [*order, *range(other[-1] + 1, len(tokens))], said(one), said(other)
    return None


def _placed(lesson: Lesson) -> Iterator[tuple[Subject, np.ndarray]]:
    """Runs that add positions to their tokens, with those (N, C)."""
    for subject in lesson.answering():
        for found in finding.positions(subject.explanation):
            if found.tensor.axes[0].name == "token":
                yield subject, found.values
                break


def _waves(lesson: Lesson, placed: Sequence[tuple[Subject, np.ndarray]]) -> Card:
    runs = [_wave_run(lesson, one.label, one.tokens, values) for one, values in placed]
    notes = []
    if not runs:
        tokens = lesson.subjects[0].tokens
        runs = [_wave_run(lesson, _PUBLISHED, tokens, sinusoidal_positions(len(tokens), _WIDTH).numpy())]  # no message
        notes = [Note("positions.none", {"runs": ", ".join(one.label for one in lesson.subjects)})]
    elif other := [one.label for one in lesson.subjects if all(one is not subject for subject, _ in placed)]:
        notes = [Note("positions.some", {"runs": ", ".join(other)})]
    learned = [one["label"] for one in runs if one["periods"] is None]
    if learned:
        notes.append(Note("positions.learned", {"runs": ", ".join(learned)}))
    halves = [one["label"] for one in runs if one["cosine"] and not one["cosine"][1]]
    if halves and placed:
        notes.append(Note("positions.halves", {"runs": ", ".join(halves)}))
    first = placed[0][1] if placed else sinusoidal_positions(len(lesson.subjects[0].tokens), _WIDTH).numpy()
    wave = waves(first)
    values = {
        "places": first.shape[0],
        "channels": first.shape[1],
        "shortest": float(wave.periods.min()) if wave else 0.0,
        "longest": int(round(float(wave.periods.max()), -2)) if wave else 0,
        "scale": wave.scale if wave else 1.0,
    }
    figure = Figure("positions.waves", "positions.waves", {"runs": runs})
    return Card("positions.waves", (figure,), ("positions", "positions_cosine"), values, tuple(notes))


def _wave_run(lesson: Lesson, label: str, tokens: Sequence[str], values: np.ndarray) -> dict[str, Any]:
    wave = waves(values)
    return {
        "label": label,
        "tokens": finding.row_labels(tokens, len(values)),
        "values": lesson.sheet.array(values),
        "periods": None if wave is None else [round(float(one), 2) for one in wave.periods],
        "cosine": None if wave is None else [bool(one) for one in wave.cosine],
    }


def _distance(lesson: Lesson, placed: Sequence[tuple[Subject, np.ndarray]]) -> Card:
    """Dot products of all pairs of positions."""
    if placed:
        label, tokens, positions = placed[0][0].label, placed[0][0].tokens, placed[0][1]
    else:
        label, tokens = _PUBLISHED, lesson.subjects[0].tokens
        positions = sinusoidal_positions(len(tokens), _WIDTH).numpy()
    wide = np.asarray(positions, np.float64)
    products = wide @ wide.T
    same = [np.diagonal(products, k) for k in range(len(products))]
    apart = max(float(one.max() - one.min()) for one in same)
    own = float(same[0].mean())
    spec = {"label": label, "tokens": finding.row_labels(tokens, len(positions)), "products": lesson.sheet.array(products)}
    values = {
        "own": own,
        "next": float(same[1].mean()) if len(same) > 1 else own,
        "far": float(same[-1].mean()),
        "distance": len(same) - 1,
        "apart": 100 * apart / (abs(own) or 1.0),
    }
    return Card(
        "positions.distance", (Figure("positions.distance", "positions.distance", spec),), ("positions_product",), values
    )


def _changes(subject: Subject) -> list[tuple[str, str, dict[str, str]]]:
    """(side, how, what to ask for) of everything that the run offers to do to its positions."""
    found = []
    for key, one in subject.interventions.items():
        if key.endswith("positions"):
            side = key.rpartition(".")[0]
            found += [(side, str(choice), {key: str(choice)}) for choice in one.choices]
    return found


def _without(lesson: Lesson) -> Card:
    """Heard and seen, of the first run of each way of decoding that adds positions: every variant must be vocoded."""
    runs: list[dict[str, Any]] = []
    notes: list[Note] = []
    done: set[str] = set()
    for subject in lesson.answering():
        if subject.decoding in done:
            continue
        asked: list[tuple[str, str, dict[str, str] | None]] = [("", "as_is", None), *_changes(subject)]
        variants = []
        for side, how, changed in asked if len(asked) > 1 else ():
            try:
                variants.append(_variant(lesson, subject, side, how, subject.explain(changed)))
            except Failed as error:
                notes.append(Note("positions.failed", {"run": subject.label, "why": str(error)}))
        if variants:
            done.add(subject.decoding)
            aligned = subject.spectrogram.alignment
            tokens = list(subject.tokens) if aligned is None else finding.row_labels(subject.tokens, aligned.shape[2])
            runs.append({"label": subject.label, "tokens": tokens, "variants": variants})
    if not runs:
        return Card("positions.without", notes=(*_once(notes), Note("positions.nothing_to_remove")))
    figure = Figure("positions.without", "positions.without", {"runs": runs})
    return Card("positions.without", (figure,), notes=_once(notes))


def _variant(lesson: Lesson, subject: Subject, side: str, how: str, found: Explanation) -> dict[str, Any]:
    spoken = found.spectrogram
    row = spoken.row(0)
    made = {
        "side": side,
        "how": how,
        "frames": int(spoken.lengths[0]),
        "mel": lesson.mel(spoken),
        "audio": lesson.heard(subject, spoken, f"positions-{side}-{how}" if side else "spoken"),
        "finished": None if row.finished is None else bool(row.finished[0]),
    }
    if row.durations is not None:
        made["durations"] = [int(one) for one in row.durations[0].tolist()]
    elif row.alignment is not None:
        made["alignment"] = lesson.sheet.array(row.alignment[0].float().cpu().numpy().T)
    return made


def _looks(lesson: Lesson) -> Card:
    """How far tokens look, layer by layer, as it is and with positions removed."""
    runs: list[dict[str, Any]] = []
    for subject in lesson.answering():
        asked = _removed(subject)
        plain = _over_tokens(subject.explanation)
        if not asked or not plain:
            continue
        try:
            bare = _over_tokens(subject.explain(asked))
        except Failed:
            continue
        reach = len(plain[0][0]) // 2  # farther away there are few pairs, and their mean says little
        layers = [{"plain": _profile(a, reach), "removed": _profile(b, reach)} for a, b in zip(plain, bare, strict=True)]
        runs.append({"label": subject.label, "layers": layers, "first": -reach})
    if not runs:
        return Card("positions.looks", notes=(Note("positions.no_attention"),))
    near = runs[0]["layers"][0]
    middle = -runs[0]["first"]
    span = slice(max(0, middle - 2), middle + 3)
    values = {
        "run": runs[0]["label"],
        "plain": 100 * _share_near(near["plain"], span),
        "removed": 100 * _share_near(near["removed"], span),
    }
    return Card("positions.looks", (Figure("positions.looks", "positions.looks", {"runs": runs}),), values=values)


def _profile(weights: np.ndarray, reach: int) -> list[float]:
    """Mean weights up to so many places away."""
    middle = weights.shape[-1] - 1
    return _rounded(by_distance(weights)[middle - reach : middle + reach + 1])


def _share_near(profile: Sequence[float], span: slice) -> float:
    """Of a token in the middle of the sentence: the weight of what stands up to two places away."""
    return min(1.0, float(sum(profile[span])))


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(one), 5) for one in values]


def _removed(subject: Subject) -> dict[str, str] | None:
    """What takes the positions of the tokens away: of the first side that offers it, which is the text's."""
    return next((asked for _, how, asked in _changes(subject) if how == "removed"), None)


def _over_tokens(explanation: Explanation) -> list[np.ndarray]:
    """Self-attention of the text's side: weights of steps whose vectors stand for tokens."""

    def of_tokens(found: finding.FoundTensor) -> bool:
        return any([axis.name for axis in one.axes][-2:] == ["token", "channel"] for one in found.step.tensors)

    return [one.values for one in finding.self_attention(explanation) if of_tokens(one)]


def _order(lesson: Lesson) -> Card:
    """Two words change places: whose numbers notice. Of the first run with an LSTM, and the first with self-attention."""
    asked: list[tuple[Subject, list[int], str, Mapping[str, str] | None]] = []
    shown: list[dict[str, Any]] = []
    notes: list[Note] = []
    said = ("", "")
    for subject in lesson.answering():
        change = swapped(subject.tokens, subject.token_words)
        if change is None:
            notes.append(Note("positions.one_sound"))
            continue
        had = {kind for _, _, kind, _ in asked}
        asked += [(subject, change[0], kind, changed) for kind, changed in _questions(subject) if kind not in had]
        said = said if any(said) else (change[1], change[2])
    for subject, order, kind, changed in asked:
        try:
            before = _states(subject.explain(changed), kind)
            turned = [subject.tokens[i] for i in order]
            after = _states(_said(subject, turned, changed), kind)
        except Failed as error:
            notes.append(Note("positions.failed", {"run": subject.label, "why": str(error)}))
            continue
        if before is None or after is None or before.shape != after.shape:
            continue
        rows = [*order, *range(len(order), len(before))]  # an end that the model adds stays where it is
        moved = relative_change(before[rows], after)
        mean = round(float(moved.mean()), 5)
        named = {"run": subject.label, "kind": kind, "removed": changed is not None}
        shown.append({**named, "mean": mean, "moved": _rounded(moved), "tokens": finding.row_labels(turned, len(rows))})
        if kind == "attention" and changed and mean > _SAME:
            notes.append(Note("positions.convolutions", {"run": subject.label}))
    for kind in ("lstm", "attention"):
        if not any(one["kind"] == kind for one in shown):
            notes.append(Note(f"positions.no_{kind}"))
    figures = (Figure("positions.order", "positions.order", {"shown": shown}),) if shown else ()
    return Card("positions.order", figures, values={"first": said[0], "second": said[1]}, notes=_once(notes))


def _once(notes: Sequence[Note]) -> tuple[Note, ...]:
    """The same thing is said once."""
    return tuple(note for i, note in enumerate(notes) if note not in notes[:i])


def _questions(subject: Subject) -> list[tuple[str, Mapping[str, str] | None]]:
    """What to compare in this run: what its LSTM remembers and what self-attention adds, as it is and without positions."""
    removed = _removed(subject)
    kinds = [kind for kind in ("lstm", "attention") if _states(subject.explanation, kind) is not None]
    return [(kind, changed) for kind in kinds for changed in ((None, removed) if removed else (None,))]


def _states(explanation: Explanation, kind: str) -> np.ndarray | None:
    """(N, C): of the first layer over tokens, the cells of the LSTM that reads ahead, or what self-attention adds."""
    for step in explanation.steps:
        keys = {one.key: one for one in step.tensors}
        if kind == "attention" and "attention_adds" in keys and keys["attention_adds"].axes[0].name == "token":
            return keys["attention_adds"].values
        gated = [one for one in step.tensors if tuple(axis.name for axis in one.axes) == ("token", "gate", "channel")]
        if kind == "lstm" and gated:
            cells = keys.get(gated[0].key.replace("gates", "cells"))
            if cells is not None:
                return cells.values
    return None


def _said(subject: Subject, tokens: Sequence[str], changed: Mapping[str, str] | None) -> Explanation:
    """Other tokens, explained.

    Raises:
        Failed: the model did.
    """
    noise = [torch.Generator().manual_seed(subject.seed)]
    return subject.ask("explain", lambda: subject.model.explain(subject.inputs_of(tokens), None, noise, changed))
