"""Phones cut out of speech and phones said twice, where the recogniser itself hears them to be.

What it learns from and what its limits are set with: a recogniser of whole sentences only learns which phones follow each
other in the language, and then hears the vowel that is not there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = ["LONGEST", "MOST_EDITS", "SHARES", "SINGLE", "cut_points", "paused", "said_twice", "spliced", "without"]

MOST_EDITS = 3  # of one sentence
LONGEST = 6  # phones of a stretch
SHARES = (0.55, 0.3, 0.15)  # of edits: missing, twice, and a pause
SINGLE = 0.7  # of what is missing: one phone


def cut_points(scores: np.ndarray, phones: Sequence[int], stride: int) -> np.ndarray | None:
    """Where to cut before each phone and behind the last (N + 1,), in frames of the mel; None where the phones do not fit.

    The likeliest alignment under CTC (Viterbi), cut halfway between the last frame of a phone and the first of the next:
    the blanks between them belong to both.

    Args:
        scores: log probabilities of each frame (T', C), class 0 the blank.
        phones: classes of what is said, N of them.
        stride: frames of the mel per output frame.
    """
    count, frames = len(phones), len(scores)
    states = np.zeros(2 * count + 1, np.int64)
    states[1::2] = phones
    emitted = scores[:, states].astype(np.float64)
    skip = np.full(len(states), -np.inf)
    skip[3::2] = np.where(states[3::2] != states[1:-2:2], 0.0, -np.inf)
    best = np.full(len(states), -np.inf)
    best[:2] = emitted[0, :2]
    came = np.zeros((frames, len(states)), np.int8)
    options = np.full((3, len(states)), -np.inf)
    for t in range(1, frames):
        options[0], options[1, 1:], options[2, 2:] = best, best[:-1], best[:-2] + skip[2:]
        came[t] = options.argmax(0)
        best = options.max(0) + emitted[t]
    state = len(states) - 1 if count == 0 or best[-1] >= best[-2] else len(states) - 2
    if not np.isfinite(best[state]) or count == 0:
        return None
    first, last = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for t in range(frames - 1, -1, -1):
        if state % 2:
            own = state // 2
            first[own] = t
            last[own] = max(last[own], t)
        state -= came[t, state]
    points = np.empty(count + 1)
    points[1:-1] = (last[:-1] + first[1:] + 1) / 2
    half = np.median(np.diff(first)) / 2 if count > 1 else 2.0
    points[0], points[-1] = max(0.0, first[0] + 0.5 - half), min(float(frames), last[-1] + 0.5 + half)
    return np.maximum((points - 0.5) * stride + 0.5, 0.0)  # output frame k stands on frame k · stride of the mel


def without(mel: Tensor, points: np.ndarray, start: int, end: int) -> Tensor:
    """A mel (M, T) without the phones from `start` to `end`."""
    a, b = round(points[start]), round(points[end])
    return torch.cat([mel[:, :a], mel[:, b:]], 1)


def said_twice(mel: Tensor, points: np.ndarray, start: int, end: int) -> Tensor:
    """A mel (M, T) in which the phones from `start` to `end` are said twice."""
    a, b = round(points[start]), round(points[end])
    return torch.cat([mel[:, :b], mel[:, a:]], 1)


def paused(mel: Tensor, points: np.ndarray, place: int, frames: int, rng: np.random.Generator) -> Tensor:
    """A mel (M, T) with so many frames of its own quiet before the phone at `place`."""
    at = round(points[place])
    order = torch.argsort(mel.mean(0))[: max(1, mel.shape[1] // 20)]
    quiet = mel[:, order[torch.from_numpy(rng.integers(len(order), size=frames))]]
    return torch.cat([mel[:, :at], quiet, mel[:, at:]], 1)


def spliced(mel: Tensor, phones: Sequence[int], points: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, list[int]]:
    """The mel (M, T) and the phones of a sentence with some phones missing, some said twice, and pauses that change neither."""
    said, behind = list(phones), len(phones)
    edits = min(len(said) - 1, int(rng.integers(1, MOST_EDITS + 1)))
    for place in sorted(rng.choice(len(said), edits, replace=False).tolist(), reverse=True):
        # From the end on, and none reaches into another, so that the points of what comes before still hold.
        kind = rng.choice(("missing", "twice", "pause"), p=SHARES)
        size = 1 if kind == "missing" and rng.random() < SINGLE else int(rng.integers(1, LONGEST + 1))
        start, end = place, min(place + size, behind)
        if kind == "missing":
            mel, said = without(mel, points, start, end), said[:start] + said[end:]
        elif kind == "twice":
            mel, said = said_twice(mel, points, start, end), said[:end] + said[start:]
        else:
            mel = paused(mel, points, start, int(rng.integers(5, 45)), rng)
        behind = start
    return mel, said
