"""Was it said as written, or with something missing or said twice? A likelihood ratio for each way it can have gone wrong.

CTC gives the likelihood of any sequence of phones (Graves et al. 2006, section 4.1). An edited sequence shares its beginning
with the expected one up to the edit and its end after it, so that one forward and one backward pass over the expected phones
serve all edits, and only what is put in between is computed anew. A hypothesis test on a known text needs far less evidence
than free decoding, which must find a run of wrong phones before it can tell a fault from its own slips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

__all__ = ["Edit", "Edits", "edit_ratios"]

_NEVER = -1e30  # log of 0 that survives sums


@dataclass(frozen=True, slots=True)
class Edit:
    """One way in which the expected phones were not said as they stand.

    Args:
        start, end: the stretch of expected phones (end exclusive) that is missing, or said twice.
        ratio: log likelihood of the sentence with this edit, minus that without, in nats: above 0 the edit explains
            what was heard better.
    """

    start: int
    end: int
    ratio: float

    @property
    def phones(self) -> int:
        """How many phones it is about."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Edits:
    """Ratios of every edit that was asked about.

    Args:
        missing, twice: stretches (start, end) and their ratios (H,), alike in order.
        said: log likelihood of the sentence as written, per frame.
    """

    missing_at: tuple[tuple[int, int], ...]
    missing: np.ndarray
    twice_at: tuple[tuple[int, int], ...]
    twice: np.ndarray
    said: float

    @property
    def likeliest_missing(self) -> Edit | None:
        """The edit by a missing stretch with the highest ratio."""
        return _best(self.missing_at, self.missing)

    @property
    def likeliest_twice(self) -> Edit | None:
        """The edit by a stretch said twice with the highest ratio."""
        return _best(self.twice_at, self.twice)


def _best(where: Sequence[tuple[int, int]], ratios: np.ndarray) -> Edit | None:
    if not len(ratios):
        return None
    best = int(np.argmax(ratios))
    return Edit(*where[best], float(ratios[best]))


def edit_ratios(
    scores: Tensor, phones: Sequence[int], missing: Sequence[tuple[int, int]], twice: Sequence[tuple[int, int]]
) -> Edits:
    """The likelihood ratio of each edit, exactly, summed over all alignments.

    Args:
        scores: log probabilities of each frame (T', C), class 0 the blank.
        phones: classes of the expected phones, N of them.
        missing, twice: stretches (start, end) of the expected phones to ask about.
    """
    y = scores.double()
    labels = torch.tensor(list(phones), dtype=torch.int64)
    before, after = _forward(y, labels), _backward(y, labels)
    said = float(torch.logaddexp(before[-1, -1], before[-1, -2] if len(labels) else before[-1, -1].new_tensor(_NEVER)))
    gone = [float(_without(y, labels, before, after, a, b)) - said for a, b in missing]
    again = (_with_again(y, labels, before, after, twice) - said).numpy() if twice else np.zeros(0)
    return Edits(tuple(missing), np.array(gone), tuple(twice), again, said / len(y))


def _states(labels: Tensor) -> Tensor:
    """Blank, label, blank … blank: (2N + 1,)."""
    states = torch.zeros(2 * len(labels) + 1, dtype=torch.int64)
    states[1::2] = labels
    return states


def _skips(states: Tensor) -> Tensor:
    """Whether a state can be reached from the one before the last: other labels need no blank between them."""
    allowed = torch.zeros(len(states), dtype=torch.bool)
    allowed[3::2] = states[3::2] != states[1:-2:2]
    return allowed


def _forward(y: Tensor, labels: Tensor) -> Tensor:
    """Log probability of the first frames, the last of them emitted by a state (T', 2N + 1)."""
    states = _states(labels)
    emitted = y[:, states]
    skip = torch.where(_skips(states), 0.0, _NEVER).double()
    found = torch.full_like(emitted, _NEVER)
    found[0, :2] = emitted[0, :2]
    for t in range(1, len(y)):
        last = found[t - 1]
        total = last.clone()
        total[1:] = torch.logaddexp(total[1:], last[:-1])
        total[2:] = torch.logaddexp(total[2:], last[:-2] + skip[2:])
        found[t] = total + emitted[t]
    return found


def _backward(y: Tensor, labels: Tensor) -> Tensor:
    """Log probability of a frame, emitted by a state, and of all after it (T', 2N + 1)."""
    turned = _forward(y.flip(0), labels.flip(0))  # the same automaton, read from its end
    return turned.flip(0, 1)


def _entries(labels: Tensor, before: Tensor, at: int, label: int) -> Tensor:
    """Log probability that the phones before `at` are said and `label` may begin in the next frame (T',)."""
    entry = before[:, 2 * at]
    if at and int(labels[at - 1]) != label:
        entry = torch.logaddexp(entry, before[:, 2 * at - 1])
    return entry


def _without(y: Tensor, labels: Tensor, before: Tensor, after: Tensor, start: int, end: int) -> Tensor:
    """Log likelihood of the phones without those from `start` to `end`."""
    if start == 0:
        return torch.logaddexp(after[0, 2 * end], after[0, 2 * end + 1]) if end < len(labels) else after[0, 2 * end]
    if end == len(labels):
        return torch.logaddexp(before[-1, 2 * start], before[-1, 2 * start - 1])
    onward = _entries(labels, before, start, int(labels[end]))[:-1] + after[1:, 2 * end + 1]
    return torch.logsumexp(onward, 0)


def _with_again(y: Tensor, labels: Tensor, before: Tensor, after: Tensor, where: Sequence[tuple[int, int]]) -> Tensor:
    """Log likelihood (H,) of the phones with each stretch said twice, all of them side by side."""
    ends = torch.tensor([b for _, b in where])
    sizes = torch.tensor([b - a for a, b in where])
    widest, rows = int(sizes.max()), torch.arange(len(where))
    own = torch.zeros(len(where), widest, dtype=torch.int64)
    for row, (a, b) in enumerate(where):
        own[row, : b - a] = labels[a:b]
    direct = torch.full((len(where), widest), _NEVER, dtype=torch.float64)  # from label to label without a blank
    direct[:, 1:] = torch.where(own[:, 1:] != own[:, :-1], 0.0, _NEVER).double()
    # The first label of the copy is entered from the last phone of the original, or from the blank behind it.
    first = torch.where(labels[ends - 1] != own[:, 0], 0.0, _NEVER).double()
    entered = torch.logaddexp(before[:, 2 * ends], before[:, 2 * ends - 1] + first)  # (T', H)
    last = ends == len(labels)
    following = torch.where(last, 0, labels[ends.clamp_max(len(labels) - 1)])
    leaves = torch.where(own[rows, sizes - 1] != following, 0.0, _NEVER).double()
    begun = after[:, (2 * ends + 1).clamp_max(2 * len(labels))]
    spoken = torch.full((len(where), widest), _NEVER, dtype=torch.float64)
    silent = spoken.clone()
    total = torch.full((len(where),), _NEVER, dtype=torch.float64)
    for t in range(1, len(y)):
        if t > 1:
            gone = torch.logaddexp(silent[rows, sizes - 1], spoken[rows, sizes - 1] + leaves) + begun[t]
            total = torch.where(last, total, torch.logaddexp(total, gone))
        onward = torch.logaddexp(spoken, _shifted(silent, entered[t - 1]))
        onward = torch.logaddexp(onward, _shifted(spoken, None) + direct)
        silent = torch.logaddexp(silent, spoken) + y[t, 0]
        spoken = onward + y[t, own]
    closed = torch.logaddexp(silent[rows, sizes - 1], spoken[rows, sizes - 1])
    return torch.where(last, closed, total)


def _shifted(values: Tensor, first: Tensor | None) -> Tensor:
    """Values (H, K) moved one place on, with `first` (H,) in front."""
    out = torch.full_like(values, _NEVER)
    out[:, 1:] = values[:, :-1]
    if first is not None:
        out[:, 0] = first
    return out
