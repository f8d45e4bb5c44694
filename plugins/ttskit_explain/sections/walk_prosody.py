"""Pitch and duration: what is predicted for each token, and what is heard when it is changed (Łańcucki 2021, section 2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ttskit.interfaces.acoustic import Controls
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.finding import named
from ttskit_explain.sections.walk_route import Walk

__all__ = ["PACES", "RAISED", "RANGES", "SHIFTS", "STRETCHED", "duration", "pitch"]

# Each value costs a sentence spoken: few, and telling.
SHIFTS = (-4, -2, 0, 2, 4)  # semitones
RANGES = (-1, 0, 1, 2)  # mirrored, flat, as it is, twice
RAISED = 4  # semitones, on one word
MOST_WORDS = 2  # of which one can be raised
PACES = (0.7, 1.0, 1.2, 1.5)
STRETCHED = 3


def pitch(walk: Walk) -> Card | None:
    """The contour over the words, and knobs for it; None for a model without pitch."""
    contour = walk.plain["contour"]
    if not isinstance(contour, list):
        return None
    variants = [{"knob": "plain", "value": 0, **walk.plain}]
    if "pitch" in walk.controls:
        variants += [
            {"knob": "shift", "value": by, **walk.said(Controls(pitch=float(by)), f"pitch-{by}")} for by in SHIFTS if by
        ]
    if "pitch_range" in walk.controls:
        ranges = [factor for factor in RANGES if factor != 1]
        variants += [
            {"knob": "range", "value": by, **walk.said(Controls(pitch_range=float(by)), f"range-{by}")} for by in ranges
        ]
    if "pitch" in walk.controls:
        for word in _longest(walk):
            raised = walk.per_token(RAISED, _tokens(walk, word), 0.0)
            said = walk.said(Controls(pitch=raised), f"word-{word['text']}")
            variants.append({"knob": "word", "value": word["index"], **said})
    knobs = {
        "shift": list(SHIFTS),
        "range": list(RANGES),
        "word": [None, *(word["index"] for word in _longest(walk))],
    }
    made = {one["knob"] for one in variants}
    spec = {
        **walk.common(),
        "unit": "hz" if walk.statistics is not None else "deviations",
        "mean": walk.statistics.mean_hz if walk.statistics is not None else 0.0,
        "knobs": [{"name": name, "values": values} for name, values in knobs.items() if name in made],
        "variants": variants,
    }
    values = _pitch_values(walk, contour)
    key = "walk.pitch" if walk.statistics is not None else "walk.pitch_normalised"
    notes = () if len(made) > 1 else (Note("walk.no_pitch_control", {"run": walk.subject.label}),)
    figures = [Figure(f"{key}.contour", "walk-pitch", spec)]
    hz = ("walk.hz",) if walk.statistics is not None else ()
    energy = _energy(walk)
    if energy is not None:
        figures.append(Figure("walk.energy", "walk-bars", energy))
    return Card(key, tuple(figures), ("walk.predict_pitch", *hz, "walk.pitch"), values, notes)


def _pitch_values(walk: Walk, contour: list[float]) -> dict[str, object]:
    """Highest and lowest token of a word, and the statistics."""
    inside = [i for word in walk.words for i in _tokens(walk, word)] or list(range(len(contour)))
    high, low = max(inside, key=lambda i: contour[i]), min(inside, key=lambda i: contour[i])
    values: dict[str, object] = {
        "high": walk.labels[high],
        "low": walk.labels[low],
        "high_hz": round(contour[high]),
        "low_hz": round(contour[low]),
        "raised": RAISED,
    }
    if walk.statistics is not None:
        values |= {"mean": round(walk.statistics.mean_hz), "deviation": round(walk.statistics.std_hz)}
    return values


def _energy(walk: Walk) -> dict[str, Any] | None:
    """Energy of each token, for a model that predicts it as well; None where there is none."""
    for found in named(walk.explanation, "predicted"):
        if found.step.key.rpartition(".")[2] == "energy":
            return {**walk.common(), "values": walk.lesson.sheet.array(found.values), "what": "walk.energy"}
    return None


def _tokens(walk: Walk, word: dict[str, Any]) -> list[int]:
    """Places of a word's tokens."""
    return [i for i, owner in enumerate(walk.subject.token_words) if owner == word["index"]]


def _longest(walk: Walk) -> list[dict[str, Any]]:
    """The words with the most tokens, in the order in which they are said."""
    words = sorted(walk.words, key=lambda word: -len(_tokens(walk, word)))[:MOST_WORDS]
    return sorted(words, key=lambda word: int(str(word["index"])))


def duration(walk: Walk) -> Card:
    """Tokens growing into frames; the pace, and one token that is held."""
    variants = [{"knob": "plain", "value": 1.0, **walk.plain}]
    if "pace" in walk.controls:
        paces = [pace for pace in PACES if pace != 1.0]
        variants += [{"knob": "pace", "value": pace, **walk.said(Controls(pace=pace), f"pace-{pace}")} for pace in paces]
    held = _held(walk)
    if "durations" in walk.controls:
        given = walk.per_token(float(STRETCHED * walk.frames[held]), [held], float("nan"))
        variants.append({"knob": "held", "value": STRETCHED, **walk.said(Controls(durations=given), "held")})
    log, longest = walk.tensor("log_durations", "token"), int(np.argmax(walk.frames))
    spec = {
        **walk.common(),
        "knobs": [{"name": "pace", "values": list(PACES)}] if "pace" in walk.controls else [],
        "held": held if "durations" in walk.controls else None,
        "picked": longest,
        "log": None if log is None else [round(float(x), 4) for x in log],
        "variants": variants,
    }
    total = int(walk.frames.sum())
    values: dict[str, object] = {
        "tokens": len(walk.frames),
        "frames": total,
        "ms": round(1000 * walk.seconds_per_frame, 1),
        "seconds": round(total * walk.seconds_per_frame, 2),
        "longest": walk.labels[longest],
        "longest_frames": int(walk.frames[longest]),
        "held": walk.labels[held],
        "times": STRETCHED,
    }
    notes = [] if "pace" in walk.controls else [Note("walk.no_pace", {"run": walk.subject.label})]
    equations = ("walk.predict", "walk.duration") if log is not None else ()
    return Card(
        "walk.duration",
        (Figure("walk.duration.growing", "walk-growing", spec),),
        (*equations, "walk.total"),
        values,
        tuple(notes),
    )


def _held(walk: Walk) -> int:
    """The token that is held: the longest stressed one of the words; without stress marks the longest of the words."""
    inside = [i for i, owner in enumerate(walk.subject.token_words) if owner is not None] or list(range(len(walk.frames)))
    stressed = [i for i in inside if walk.subject.tokens[i].startswith("ˈ")] or inside
    return max(stressed, key=lambda i: int(walk.frames[i]))
