"""Same against same: trainings that differ in nothing but their seed, compared as if they were two systems.

A report that calls such a difference better or worse more often than its confidence allows cannot be believed elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats as distributions

from ttskit.errors import TTSKitError
from ttskit.measure.inference import Trials, contrast, holm
from ttskit.measure.inference.halves import halves as pairs_of

__all__ = ["halves"]

_FEWEST_OF_EACH, _FEWEST_CELLS = 2, 3


def halves(trials: Mapping[str, Trials], smallest: Mapping[str, float], confidence: float) -> dict[str, Any]:
    """One half of each cell's seeds against the other.

    With four trainings of a cell or more each cell is compared by the same contrast as the effects are. With fewer, the
    differences of the halves of all cells (three or more) are one sample, whose mean must be 0; the sign alternates from cell
    to cell, since paired cells share what their seeds have in common.

    Returns:
        `method`: "halves of each cell", "halves over all cells" or "" where it cannot be done; `checks`: one for each
        comparison, with value, low, high, p, p_holm and `called`, whether it would have been called a difference; `called`: how
        many; `below_level` and `expected`: how many are below the level without correction, and how many by chance;
        `pairs` and `pairs_different`: of each two trainings of a cell, compared by their sentences alone as one training each,
        how many there are, and how many such intervals exclude 0, though nothing but the seed differs.
    """
    singles = [pairs_of(t, name, confidence=confidence) for t in trials.values() for name in t.systems]
    whole = all(len(t.runs(name)) >= 2 * _FEWEST_OF_EACH for t in trials.values() for name in t.systems)
    checks: list[dict[str, Any]] = []
    for measure, own in trials.items():
        found = _each_cell(own, confidence) if whole else _over_cells(own, confidence)
        checks += [{"measure": measure, "smallest": smallest.get(measure), **one} for one in found]
    for one, p in zip(checks, holm([one["p"] for one in checks]), strict=True):
        one["p_holm"] = p
        one["called"] = p <= 1 - confidence
    method = ("halves of each cell" if whole else "halves over all cells") if checks else ""  # no message
    uncorrected = sum(one["p"] is not None and one["p"] <= 1 - confidence for one in checks)
    return {
        "method": method,
        "checks": checks,
        "called": sum(one["called"] for one in checks),
        "below_level": uncorrected,
        "expected": (1 - confidence) * len(checks),
        "pairs": sum(one.pairs for one in singles),
        "pairs_different": sum(one.pairs_different for one in singles),
    }


def _each_cell(trials: Trials, confidence: float) -> list[dict[str, Any]]:
    found = []
    for name in trials.systems:
        own = trials.of(name)
        first = _first_half(own.runs(name))
        names = np.array(["first" if run in first else "second" for run in own.run], dtype=object)
        split = Trials(names, own.run, own.sentence, own.speaker, own.value, own.weight)
        try:
            estimate = contrast(split, {"first": 1, "second": -1}, confidence=confidence, paired=False)
        except TTSKitError:
            continue  # the halves said no sentence in common
        found.append({"cell": name, **{k: estimate.to_json()[k] for k in ("value", "low", "high", "p")}})
    return found


def _over_cells(trials: Trials, confidence: float) -> list[dict[str, Any]]:
    differences = []
    for index, name in enumerate(n for n in trials.systems if len(trials.runs(n)) > 1):
        table = trials.table(name)
        first = np.array([run in _first_half(table.runs) for run in table.runs])
        kept = (table.weight[first].sum(0) > 0) & (table.weight[~first].sum(0) > 0)
        if kept.any():
            means = [
                np.nansum((table.value * table.weight)[f][:, kept]) / table.weight[f][:, kept].sum() for f in (first, ~first)
            ]
            differences.append((means[0] - means[1]) * (-1) ** index)
    if len(differences) < _FEWEST_CELLS or not np.std(differences) > 0:
        return []
    value, size = float(np.mean(differences)), len(differences)
    se = float(np.std(differences, ddof=1)) / np.sqrt(size)
    half = float(distributions.t.ppf((1 + confidence) / 2, size - 1)) * se
    p = float(2 * distributions.t.sf(abs(value) / se, size - 1))
    return [{"cell": "", "value": value, "low": value - half, "high": value + half, "p": p}]


def _first_half(runs) -> set[str]:
    """Every other training, as they were numbered."""
    ordered = sorted(runs, key=lambda run: (len(run), run))
    return set(ordered[::2])
