"""A/A: a system against itself, between halves of its training seeds, where every difference that is called one is false."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from ttskit.measure.inference.estimates import Estimate, contrast
from ttskit.measure.inference.trials import Trials

__all__ = ["Halves", "halves"]

_MOST_SPLITS = 200


@dataclass(frozen=True, slots=True)
class Halves:
    """What the interval says of a system against itself.

    Args:
        system: which.
        runs: that it has.
        splits: ways to halve its runs, all of them (of many, 200 evenly spaced ones); 0 below four runs.
        different: splits whose interval excludes 0. At a level of 95 % about one in twenty; the splits share their runs, so
            that in one system none or several are usual.
        typical, largest: the splits with the median and the largest difference, in size; None below four runs.
        pairs, pairs_different: of each two of its trainings compared as if they were models, one training each, with the
            interval over sentences: how many there are and how many such intervals exclude 0.
    """

    system: str
    runs: int
    splits: int
    different: int
    typical: Estimate | None
    largest: Estimate | None
    pairs: int
    pairs_different: int

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        found: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        for name in ("typical", "largest"):
            found[name] = found[name].to_json() if found[name] is not None else None
        return found


def halves(trials: Trials, system: str, *, confidence: float = 0.95) -> Halves:
    """The A/A contrasts of a system: every half of its runs against another, and every training against every other.

    Halves of an odd number of runs differ by one. Both need two runs, so that there are splits from four runs on.

    Raises:
        InputError: a system without numbers.
    """
    runs = list(trials.table(system).runs)
    own = trials.of(system)
    found = [_between(own, one, other, confidence) for one, other in _splits(runs)] if len(runs) > 3 else []
    known = sorted((e for e in found if e.has_interval), key=lambda e: abs(e.value))
    singles = [_between(own, [a], [b], confidence) for a, b in combinations(runs, 2)]
    return Halves(
        system,
        len(runs),
        len(known),
        sum(e.excludes_zero for e in known),
        known[len(known) // 2] if known else None,
        known[-1] if known else None,
        sum(e.has_interval for e in singles),
        sum(e.excludes_zero for e in singles),
    )


def _splits(runs: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    chosen = list(combinations(range(len(runs)), len(runs) // 2))
    if len(runs) % 2 == 0:
        chosen = [half for half in chosen if 0 in half]  # the other half is the same split
    if len(chosen) > _MOST_SPLITS:
        chosen = [chosen[i] for i in np.linspace(0, len(chosen) - 1, _MOST_SPLITS).astype(int)]
    for half in chosen:
        yield [runs[i] for i in half], [run for i, run in enumerate(runs) if i not in half]


def _between(own: Trials, one: list[str], other: list[str], confidence: float) -> Estimate:
    """One set of runs less another, as if they were two systems."""
    side = np.where(np.isin(own.run, one), "a", np.where(np.isin(own.run, other), "b", "")).astype(object)
    as_systems = Trials(side, own.run, own.sentence, own.speaker, own.value, own.weight).where(side != "")
    return contrast(as_systems, {"a": 1.0, "b": -1.0}, confidence=confidence, paired=False)
