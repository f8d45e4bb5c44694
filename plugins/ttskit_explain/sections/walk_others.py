"""The walk of any run: its own steps in order, a picture of each by the axes of its tensors, and what can be changed in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ttskit.interfaces.explanation import Explanation, Intervention, Recorded
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.lesson import Failed, Lesson, Subject
from ttskit_explain.sections.walk_route import shown

__all__ = ["MOST_CHANGES", "others", "picture", "steps_of"]

MOST_CHANGES = 3  # interventions of a run that are heard here: each speaks the sentence anew
MOST_CHANNELS = 96
MOST_PANES = 8
_PANES = ("head", "gate", "layer")  # axes that are looked at one place at a time
_ACROSS = ("frame", "step", "token", "query")  # what runs from left to right, the first of these that a tensor has


def others(lesson: Lesson, subjects: Sequence[Subject]) -> Card:
    """The steps of each run, to be opened one by one."""
    told, notes = [], []
    for subject in subjects:
        try:
            told.append({"run": subject.label, "decoding": subject.decoding, "steps": steps_of(lesson, subject)})
        except Failed as error:
            notes.append(Note("walk.no_steps", {"run": subject.label, "why": str(error)}))
    figures = (Figure("walk.others.steps", "walk-steps", {"runs": told}),) if told else ()
    runs = ", ".join(one.label for one in subjects)
    return Card("walk.others", figures, values={"runs": runs}, notes=tuple(notes))


def steps_of(lesson: Lesson, subject: Subject) -> list[dict[str, Any]]:
    """The steps of a run's explanation, in order: key, title, picture or None, variants, and what else can be changed.

    Raises:
        Failed: the run did.
    """
    explanation = subject.explanation
    chosen = _chosen(explanation)
    plain: dict[str, Any] = {}
    if chosen:
        audio = lesson.heard(subject, subject.spectrogram, "walk")
        plain = {"key": "", "mel": lesson.mel(subject.spectrogram), "audio": audio}
    taken: set[str] = set()
    steps = []
    for step in explanation.steps:
        mine = [key for key in step.interventions if key not in taken]
        taken.update(mine)
        steps.append(
            {
                "key": step.key,
                "title": step.title,
                "picture": next((p for t in step.tensors if (p := picture(lesson, t, subject.tokens)) is not None), None),
                "variants": [v for key in mine if key in chosen for v in (plain, _variant(lesson, subject, chosen[key]))],
                "more": [key for key in mine if key not in chosen],
            }
        )
    return steps


def _chosen(explanation: Explanation) -> dict[str, Intervention]:
    """One intervention of each step that has any, until there are enough."""
    offered = {one.key: one for one in explanation.interventions}
    chosen: dict[str, Intervention] = {}
    for step in explanation.steps:
        key = next((key for key in step.interventions if key in offered), None)
        if key is not None and not set(step.interventions) & set(chosen) and len(chosen) < MOST_CHANGES:
            chosen[key] = offered[key]
    return chosen


def _variant(lesson: Lesson, subject: Subject, one: Intervention) -> dict[str, Any]:
    """The sentence with an intervention's middle choice, heard and seen; where that fails, why."""
    choice = one.choices[len(one.choices) // 2]
    named = {"key": one.key, "title": one.title, "choice": str(choice)}
    try:
        changed = subject.explain({one.key: choice}).spectrogram
        audio = lesson.heard(subject, changed, f"walk-{one.key}-{choice}")
    except Failed as error:
        return {**named, "why": str(error)}
    return {**named, "mel": lesson.mel(changed), "audio": audio}


def picture(lesson: Lesson, tensor: Recorded, tokens: Sequence[str]) -> dict[str, Any] | None:
    """How a tensor is drawn, by its axes alone; None for what has no picture (nothing in it, or too many axes).

    One axis: bars over tokens, a line over anything else. Two: a heat map with time to the right. Three, of which one is looked
    at a place at a time (heads, gates): a heat map for each place.
    """
    names = [axis.name for axis in tensor.axes]
    values = np.where(np.isneginf(tensor.values), np.nan, tensor.values) if tensor.values.dtype.kind == "f" else tensor.values
    if values.size == 0 or not 1 <= len(names) <= 3:
        return None
    labels = {name: _labels(name, size, tokens) for name, size in zip(names, values.shape, strict=True)}
    made: dict[str, Any] = {"tensor": tensor.key, "unit": tensor.unit}
    if len(names) == 1:
        return {**made, "kind": "line", "axis": names[0], "labels": labels[names[0]], "values": lesson.sheet.array(values)}
    panes: list[tuple[str, np.ndarray]] = [("", values)]
    if len(names) == 3:
        pane = next((i for i, name in enumerate(names) if name in _PANES), None)
        if pane is None:
            return None
        own = tensor.axes[pane].labels or [str(i + 1) for i in range(values.shape[pane])]
        panes = [(str(own[i]), values.take(i, axis=pane)) for i in range(min(MOST_PANES, values.shape[pane]))]
        made["pane"] = names.pop(pane)
    return {**made, **_heats(lesson, tensor, names, labels, panes)}


def _heats(
    lesson: Lesson,
    tensor: Recorded,
    names: Sequence[str],
    labels: Mapping[str, list[str] | None],
    panes: Sequence[tuple[str, np.ndarray]],
) -> dict[str, Any]:
    """Two axes as rows and columns, in panes of one scale."""
    across = next((names.index(name) for name in _ACROSS if name in names), 1)
    rows, columns = names[1 - across], names[across]
    if rows == "key":  # a query looks from its row at the keys of its columns, as matrices are written
        across, rows, columns = 1 - across, columns, rows
    drawn, every, cut = [], [], None
    for name, values in panes:
        laid = values.T if across == 0 else values
        if rows == "channel" and len(laid) > MOST_CHANNELS:
            laid, cut = laid[:MOST_CHANNELS], len(laid)
        drawn.append({"name": name, "values": lesson.sheet.array(laid)})
        every.append(laid)
    low, high = float(np.nanmin(every)), float(np.nanmax(every))
    scale = "mel" if rows == "band" else "signed" if low < 0 else "share"
    most = max(abs(low), abs(high)) or 1.0
    ranges = {
        "signed": [-most, most],
        "mel": [low, high if high > low else low + 1.0],
        "share": [0.0, high if high > 0 else 1.0],
    }
    return {
        "kind": "heat",
        "rows": {"name": rows, "labels": labels[rows], "up": rows == "band"},
        "columns": {"name": columns, "labels": labels[columns]},
        "panes": drawn,
        "scale": scale,
        "range": ranges[scale],
        "shown": list(every[0].shape),
        "cut": cut,
    }


def _labels(name: str, size: int, tokens: Sequence[str]) -> list[str] | None:
    """The sentence's symbols, where an axis has as many places."""
    if name in ("token", "query", "key") and size == len(tokens):
        return [shown(token) for token in tokens]
    return None
