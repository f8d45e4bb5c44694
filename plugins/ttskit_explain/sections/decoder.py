"""Encoder and decoder: a decoder that hears what it said, step by step; its mask, or its memory of where it has been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ttskit.interfaces.explanation import Explanation
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.lesson import Changes, Failed, Lesson, Subject
from ttskit_explain.steps import TextLook, cumulative, masked_attention, spoken, stops_at, unmasked

__all__ = ["build"]

_MOST_RUNS = 3
_MOST_TIMES = 2  # as long as the sentence is what is heard of a variant that does not end
_MOST_NUMBERS = 600_000  # of self-attention, with and without the mask; beyond, heads are shown as their mean
THRESHOLDS = tuple(k / 20 for k in range(1, 20))
MASK: Changes = {"decoder.mask": "off"}
LOCATION: Changes = {"decoder.location": "off"}


def build(lesson: Lesson) -> list[Card]:
    """The steps, what ends them, and what makes attention go forward.

    Raises:
        Failed: no run that speaks step by step could explain itself.
    """
    speaking = [one for one in lesson.subjects if one.decoding == "autoregressive"]
    if not speaking:
        names = ", ".join(one.label for one in lesson.subjects)
        return [Card("decoder.none", notes=(Note("decoder.none", {"runs": names}),))]
    answering = [one for one in lesson.answering() if one in speaking]
    if not answering:
        raise Failed(_cause(speaking[0]))
    # masked attention first, where a run has it: the section is about it
    answering.sort(key=lambda one: not masked_attention(one.explanation))
    shown = answering[:_MOST_RUNS]
    cards = [_steps(lesson, shown), _stop(lesson, shown)]
    masked = next((one for one in shown if masked_attention(one.explanation)), None)
    if masked is not None:
        cards.append(_mask(lesson, masked))
    located = next((one for one in shown if _offers(one, LOCATION)), None)
    if located is not None:
        cards.append(_location(lesson, located))
    return cards


def _cause(subject: Subject) -> str:
    try:
        subject.explanation  # noqa: B018
    except Failed as error:
        return str(error)
    return ""


def _offers(subject: Subject, changed: Changes) -> bool:
    return all(key in subject.interventions for key in changed)


def _frame_s(subject: Subject) -> float:
    mel = subject.model.context.mel
    return mel.hop_samples / mel.sample_rate_hz


def threshold_of(subject: Subject) -> float | None:
    """Above which stop probability the model ends, where its options say it."""
    found = getattr(getattr(subject.model, "options", None), "stop_threshold", None)
    return float(found) if isinstance(found, int | float) else None


def _steps(lesson: Lesson, shown: Sequence[Subject]) -> Card:
    runs, first = [], spoken(shown[0].explanation)
    for subject in shown:
        told, sheet = spoken(subject.explanation), lesson.sheet
        runs.append(
            {
                "label": subject.label,
                "tokens": list(subject.tokens),
                "mel": sheet.array(told.mel),
                "steps": told.steps,
                "each": told.frames_per_step,
                "frame_s": _frame_s(subject),
                "heard": None if told.heard is None else sheet.array(told.heard),
                "stop": None if told.stop is None else sheet.array(told.stop),
                "threshold": threshold_of(subject),
                "looks": [{"layer": o.layer, "head": o.head, "weights": sheet.array(o.weights)} for o in told.looks],
                "audio": lesson.heard(subject, subject.spectrogram, "spoken"),
            }
        )
    values = {
        "run": shown[0].label,
        "steps": first.steps,
        "each": first.frames_per_step,
        "frames": first.mel.shape[1],
        "tokens": len(shown[0].tokens),
        "step_ms": round(1000 * first.frames_per_step * _frame_s(shown[0])),
    }
    notes = tuple(Note("decoder.silent", {"run": one.label}) for one in shown if spoken(one.explanation).heard is None)
    return Card("decoder.steps", (Figure("decoder.walk", "decoder.walk", {"runs": runs}),), (), values, notes)


def ending(subject: Subject) -> str:
    """What ended it: "stop" (its stop token), "rest" (attention stayed at the end) or "limit" (the longest it may be)."""
    told, threshold, finished = spoken(subject.explanation), threshold_of(subject), subject.spectrogram.finished
    if finished is not None and not bool(finished[0]):
        return "limit"
    fires = told.stop is not None and threshold is not None and stops_at(told.stop, threshold) is not None
    return "stop" if fires or told.stop is None or threshold is None else "rest"


def _stop(lesson: Lesson, shown: Sequence[Subject]) -> Card:
    runs: list[dict[str, Any]] = []
    for subject in shown:
        told, threshold = spoken(subject.explanation), threshold_of(subject)
        if told.stop is None:
            continue
        choices = sorted({*THRESHOLDS, *([threshold] if threshold is not None and 0 < threshold < 1 else [])})
        runs.append(
            {
                "label": subject.label,
                "stop": lesson.sheet.array(told.stop),
                "threshold": threshold,
                "step_s": told.frames_per_step * _frame_s(subject),
                "ends": [{"threshold": one, "step": stops_at(told.stop, one)} for one in choices],
            }
        )
    endings = [Note(f"decoder.ends_{ending(one)}", {"run": one.label}) for one in shown if ending(one) != "stop"]
    if not runs:
        return Card(
            "decoder.stop", notes=(Note("decoder.no_stop", {}), *endings), values={"steps": 0, "run": "", "threshold": "–"}
        )
    values = {
        "run": runs[0]["label"],
        "steps": spoken(shown[0].explanation).steps,
        "threshold": runs[0]["threshold"] if runs[0]["threshold"] is not None else "–",
    }
    figure = Figure("decoder.ends", "decoder.ends", {"runs": runs})
    return Card("decoder.stop", (figure,), ("stop_token",), values, tuple(endings))


def _mask(lesson: Lesson, subject: Subject) -> Card:
    """Self-attention of the decoder over its own steps, with and without the mask; both heard."""
    notes: list[Note] = []
    layers = masked_attention(subject.explanation)
    free = unmasked(layers[0].step)
    seen = [("on", *one) for one in _heads([layer.values for layer in layers], _MOST_NUMBERS)]
    # of the first layer only: what arrives at the others would be different, were there no mask
    seen += [("off", *one) for one in _heads([free], _MOST_NUMBERS)] if free is not None else []
    pictures = [
        {"mask": mask, "layer": layer, "head": head, "weights": lesson.sheet.array(weights)}
        for mask, layer, head, weights in seen
    ]
    figures = [Figure("decoder.masked", "decoder.masked", {"pictures": pictures})]
    steps = without = spoken(subject.explanation).steps
    if _offers(subject, MASK):
        told = {key: _told(subject, changed, notes) for key, changed in (("on", {}), ("off", MASK))}
        answers = {key: one for key, one in told.items() if one is not None}
        if len(answers) > 1:
            figures.append(_variants(lesson, subject, "decoder.mask", answers, "mask", notes))
            without = spoken(answers["off"]).steps
    later = 0.0 if free is None else float(np.triu(free, 1).sum(-1)[:, steps // 3].mean())
    values = {"run": subject.label, "steps": steps, "without": without, "third": steps // 3 + 1, "later": 100 * later}
    return Card("decoder.mask", tuple(figures), ("masked_attention",), values, tuple(notes))


def _told(subject: Subject, changed: Changes, notes: list[Note]) -> Explanation | None:
    try:
        return subject.explain(changed)
    except Failed as error:
        notes.append(Note("failed", {"why": str(error)}))
        return None


def _heads(layers: Sequence[np.ndarray], room: int) -> list[tuple[int, int, np.ndarray]]:
    """Layer, head (from 1; 0 for the mean of its heads) and weights (S, S)."""
    if sum(one.size for one in layers) > room:
        return [(layer + 1, 0, one.mean(0)) for layer, one in enumerate(layers)]
    return [(layer + 1, head + 1, one[head]) for layer, one in enumerate(layers) for head in range(len(one))]


def _variants(
    lesson: Lesson, subject: Subject, key: str, answers: dict[str, Explanation], control: str, notes: list[Note]
) -> Figure:
    """Two ways to say the sentence: heard and seen. One that finds no end is cut, and a note says so."""
    variants, most = [], _MOST_TIMES * int(subject.spectrogram.lengths[0])
    for choice, one in answers.items():
        said, frames = one.spectrogram, int(one.spectrogram.lengths[0])
        if frames > most:
            notes.append(Note("decoder.cut", {"seconds": frames * _frame_s(subject), "shown": most * _frame_s(subject)}))
            said = replace(said, lengths=said.lengths.clamp_max(most))
        variant: dict[str, Any] = {
            "when": {control: choice},
            "mel": lesson.mel(said),
            "audio": lesson.heard(subject, said, f"{control}-{choice}"),
        }
        alignment = said.row(0).alignment
        if alignment is not None:
            variant["alignment"] = lesson.sheet.array(alignment[0].float().cpu().numpy().T)
        variants.append(variant)
    options = [{"value": choice, "name": f"decoder_{control}_{choice}"} for choice in answers]
    spec = {
        "controls": [{"key": control, "label": f"decoder_{control}", "options": options}],
        "variants": variants,
        "tokens": list(subject.tokens),
    }
    return Figure(f"{key}.heard", "variants", spec)


def _location(lesson: Lesson, subject: Subject) -> Card:
    notes: list[Note] = []
    told = {key: _told(subject, changed, notes) for key, changed in (("on", {}), ("off", LOCATION))}
    answers = {key: one for key, one in told.items() if one is not None}
    figures = []
    now = spoken(subject.explanation)
    whole: TextLook | None = next((one for one in now.looks if one.layer == 0), None)
    if whole is not None:
        told_before = np.vstack([np.zeros_like(whole.weights[:1]), whole.weights[:-1]])
        spec = {
            "tokens": list(subject.tokens),
            "now": lesson.sheet.array(whole.weights),
            "last": lesson.sheet.array(told_before),
            "all": lesson.sheet.array(cumulative(whole.weights)),
        }
        figures.append(Figure("decoder.told", "decoder.told", spec))
    if len(answers) > 1:
        figures.append(_variants(lesson, subject, "decoder.location", answers, "location", notes))
    values = {
        "run": subject.label,
        "steps": now.steps,
        "without": spoken(answers["off"]).steps if "off" in answers else now.steps,
        "tokens": len(subject.tokens),
    }
    return Card("decoder.location", tuple(figures), ("location_features", "location_energy"), values, tuple(notes))
