"""The stream through the layers: residuals, feed-forward networks, layer normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ttskit_explain import finding
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.lesson import Lesson, Subject
from ttskit_explain.residual import Half, Norm, halves, norm_of
from ttskit_explain.texts import LANGUAGES, texts_of
from ttskit_explain.vectors import rms

__all__ = ["build"]

_NORM = ("layer_norm", "layer_mean", "layer_variance")


@dataclass(frozen=True)
class _Streamed:
    """A run with parts that add to a stream."""

    subject: Subject
    halves: list[Half]

    def of(self, place: str) -> list[Half]:
        return [one for one in self.halves if one.place == place]

    @property
    def places(self) -> list[str]:
        return list(dict.fromkeys(one.place for one in self.halves))


def build(lesson: Lesson) -> list[Card]:
    """Sizes before and after each part, what each adds, normalisation by hand, and who works in the feed-forward networks."""
    answering = list(lesson.answering())
    streamed = [_Streamed(one, found) for one in answering if (found := halves(one.explanation))]
    others = [one for one in answering if all(one is not run.subject for run in streamed)]
    notes = []
    if silent := [one.label for one in lesson.subjects if all(one is not other for other in answering)]:
        notes.append(Note("stream.silent", {"runs": ", ".join(silent)}))
    if others:
        notes.append(Note("stream.none", {"runs": ", ".join(one.label for one in others)}))
    cards = [
        _sizes(lesson, streamed, tuple(notes)),
        _adds(lesson, streamed),
        _norm(lesson, streamed),
        _hidden(lesson, streamed),
    ]
    plain = _plain(others)
    return [*cards, plain] if plain else cards


@cache
def _worded(part: str, key: str) -> bool:
    """Whether the page has words under a key; a stranger's parts and steps have their own names."""
    return all(texts_of(language).get(part, key) is not None for language in LANGUAGES)


def _label(half: Half) -> dict[str, Any]:
    return {"layer": half.layer, "part": half.part, "worded": _worded("words", f"part_{half.part}")}


def _missing(streamed: Sequence[_Streamed]) -> tuple[Note, ...]:
    return () if streamed else (Note("stream.nothing"),)


def _places(run: _Streamed) -> list[tuple[str, list[Half], list[str]]]:
    """Each place that has parts, with those and the symbols of its rows, if they have any."""
    found = []
    for place in run.places:
        parts = run.of(place)
        found.append((place, parts, finding.row_labels(run.subject.tokens, len(parts[0].before)) if place == "token" else []))
    return found


def _sizes(lesson: Lesson, streamed: Sequence[_Streamed], notes: tuple[Note, ...]) -> Card:
    runs: list[dict[str, Any]] = []
    for run in streamed:
        sides = []
        for place, parts, tokens in _places(run):
            sizes = np.stack([np.stack([rms(x) for x in (h.before, h.adds, h.summed, h.after)]) for h in parts])
            sides.append(
                {
                    "place": place,
                    "tokens": tokens,
                    "parts": [_label(one) for one in parts],
                    "sizes": lesson.sheet.array(sizes),
                    "mean": [[round(float(x), 4) for x in row] for row in sizes.mean(-1)],
                }
            )
        runs.append({"label": run.subject.label, "sides": sides})
    if not runs:
        return Card("stream.sizes", equations=("residual",), notes=(*notes, *_missing(streamed)))
    first = streamed[0].halves[0]
    values = {
        "run": runs[0]["label"],
        "channels": first.before.shape[1],
        "before": float(rms(first.before).mean()),
        "adds": float(rms(first.adds).mean()),
        "summed": float(rms(first.summed).mean()),
        "after": float(rms(first.after).mean()),
    }
    figure = Figure("stream.sizes", "stream.sizes", {"runs": runs})
    return Card("stream.sizes", (figure,), ("residual", "rms"), values, notes)


def _adds(lesson: Lesson, streamed: Sequence[_Streamed]) -> Card:
    runs: list[dict[str, Any]] = []
    for run in streamed:
        sides = []
        for place, parts, tokens in _places(run):
            shares, agreement = np.stack([one.shares for one in parts]), np.stack([one.agreement for one in parts])
            sides.append(
                {
                    "place": place,
                    "tokens": tokens,
                    "parts": [_label(one) for one in parts],
                    "share": lesson.sheet.array(100 * shares),
                    "cosine": lesson.sheet.array(agreement),
                }
            )
        runs.append({"label": run.subject.label, "sides": sides})
    if not runs:
        return Card("stream.adds", notes=_missing(streamed))
    parts = streamed[0].of(streamed[0].places[0])
    most, least = max(parts, key=_mean_share), min(parts, key=_mean_share)
    values = {"run": runs[0]["label"], "most": 100 * _mean_share(most), "least": 100 * _mean_share(least)}
    return Card("stream.adds", (Figure("stream.adds", "stream.adds", {"runs": runs}),), values=values)


def _mean_share(half: Half) -> float:
    return float(half.shares.mean())


def _norm(lesson: Lesson, streamed: Sequence[_Streamed]) -> Card:
    """Of the text's side, whose rows have names."""
    runs: list[dict[str, Any]] = []
    for run in streamed:
        found = [(half, norm) for half in run.of("token") if (norm := norm_of(half)) is not None]
        if found:
            parts = [{**_label(half), "first": not half.normed, **_normed(lesson, norm)} for half, norm in found]
            tokens = finding.row_labels(run.subject.tokens, len(found[0][1].before))
            runs.append({"label": run.subject.label, "tokens": tokens, "parts": parts})
    if not runs:
        return Card("stream.norm", equations=_NORM, notes=(Note("stream.no_norm"),))
    return Card("stream.norm", (Figure("stream.norm", "stream.norm", {"runs": runs}),), _NORM)


def _normed(lesson: Lesson, norm: Norm) -> dict[str, Any]:
    arrays = {name: lesson.sheet.array(getattr(norm, name)) for name in ("before", "after", "gain", "bias")}
    numbers = {name: [round(float(x), 5) for x in getattr(norm, name)] for name in ("mean", "variance")}
    return {**arrays, **numbers}


def _hidden(lesson: Lesson, streamed: Sequence[_Streamed]) -> Card:
    """Feed-forward networks of the text's side whose inner layer was recorded: 0 where a unit keeps silent."""
    runs: list[dict[str, Any]] = []
    for run in streamed:
        parts = []
        layer = {half.step: half.layer for half in run.halves}
        for found in finding.named(run.subject.explanation, "hidden"):
            if found.step.key in layer and found.tensor.axes[0].name == "token" and (found.values >= 0).all():
                parts.append({"layer": layer[found.step.key], **_active(lesson, found.values)})
        if parts:
            tokens = finding.row_labels(run.subject.tokens, len(parts[0]["each"]))
            runs.append({"label": run.subject.label, "tokens": tokens, "parts": parts})
    if not runs:
        return Card("stream.hidden", equations=("feed_forward",), notes=(Note("stream.no_hidden"),))
    first = runs[0]["parts"][0]
    values = {name: first[name] for name in ("units", "percent", "never", "always")}
    figure = Figure("stream.hidden", "stream.hidden", {"runs": runs})
    return Card("stream.hidden", (figure,), ("feed_forward",), {**values, "run": runs[0]["label"]})


def _active(lesson: Lesson, hidden: np.ndarray) -> dict[str, Any]:
    """How many units of (N, F) speak: for each symbol, and which never or always.

    Units are ordered by the symbol for which they speak loudest, those that never do last.
    """
    on = hidden > 0
    order = np.argsort(np.where(on.any(0), hidden.argmax(0), len(hidden)), kind="stable")
    return {
        "values": lesson.sheet.array(hidden[:, order]),
        "loud": round(float(np.quantile(hidden[on], 0.9)), 5) if on.any() else 1.0,
        "units": hidden.shape[1],
        "each": [int(one) for one in on.sum(1)],
        "percent": 100 * float(on.mean()),
        "never": int((~on.any(0)).sum()),
        "always": int(on.all(0).sum()),
    }


def _plain(others: Sequence[Subject]) -> Card | None:
    """Models without a stream: the size of each tensor that has a row per symbol."""
    runs: list[dict[str, Any]] = []
    for subject in others:
        found = finding.with_axes(subject.explanation, ("token", "channel"))
        sizes = [
            {
                "step": one.step.key if _worded("steps", one.step.key) else "",
                "title": one.step.title,
                "key": one.tensor.key,
                "mean": round(float(rms(one.values).mean()), 4),
            }
            for one in found
        ]
        if sizes:
            runs.append({"label": subject.label, "sizes": sizes})
    if not runs:
        return None
    figure = Figure("stream.plain", "stream.plain", {"runs": runs})
    return Card("stream.plain", (figure,), values={"runs": ", ".join(one["label"] for one in runs)})
