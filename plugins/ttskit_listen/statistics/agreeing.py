"""How far the listeners of a test agree, each of its kinds on its own level of measurement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ttskit_listen.judgements import Judgement
from ttskit_listen.statistics.notes import noted
from ttskit_listen.statistics.reliability import Level, agreement, icc

__all__ = ["reliability_of"]

_LEVELS: dict[str, Level] = {
    "cmos": "ordinal",
    "mos": "ordinal",
    "ab": "nominal",
    "abx": "nominal",
    "mushra": "interval",
    "transcribe": "interval",
}


def reliability_of(
    judgements: Sequence[Judgement], *, confidence: float = 0.95
) -> tuple[dict[str, Any] | None, list[tuple[str, str]]]:
    """The plain data ("reliability" of the statistics) and notes; None where no two listeners judged one and the same thing.

    A unit is what was judged: the sentence of one training of a system, or of a pair of them, in whichever order it was played.
    """
    level = _LEVELS[judgements[0].kind]
    ratings = _table(judgements)
    rated = (~np.isnan(ratings)).sum(1)
    shared = ratings[rated > 1]
    if not shared.size:
        return None, []
    alpha = agreement(shared, level, confidence=confidence)
    notes: list[tuple[str, str]] = []
    found: dict[str, Any] = {"alpha": alpha.value, "alpha_low": alpha.low, "alpha_high": alpha.high, "level": level}
    raters = float(rated[rated > 1].mean())
    names = ("icc_one", "icc_mean")
    found |= {f"{name}{end}": None for name in names for end in ("", "_low", "_high")}
    if level != "nominal":
        if not np.isnan(ratings).any():
            both = icc(ratings, confidence=confidence)
            for name, one in zip(names, (both["one"], both["mean"]), strict=True):
                found |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
        else:
            notes.append(noted("incomplete"))
            found |= dict(zip(names, _by_variances(shared), strict=True))
    found |= {"raters": raters, "units": len(shared)}
    return {key: _finite(value) for key, value in found.items()}, notes


def _table(judgements: Sequence[Judgement]) -> np.ndarray:
    """(units, listeners), NaN where a listener did not judge; the mean where one did twice."""
    units: dict[tuple[str, ...], int] = {}
    listeners: dict[str, int] = {}
    for j in judgements:
        units.setdefault((j.system, j.run, j.against, j.against_run, j.sentence, j.speaker), len(units))
        listeners.setdefault(j.listener, len(listeners))
    total, count = np.zeros((len(units), len(listeners))), np.zeros((len(units), len(listeners)))
    for j in judgements:
        at = units[(j.system, j.run, j.against, j.against_run, j.sentence, j.speaker)], listeners[j.listener]
        total[at] += j.value / j.weight
        count[at] += 1
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _by_variances(ratings: np.ndarray) -> tuple[float | None, float | None]:
    """ICC(2,1) and ICC(2,k), k the harmonic mean of raters of a unit, where ratings are missing.

    Variances by Henderson's third method (Searle, Casella & McCulloch 1992, 5.5): what units explain beyond raters, and raters
    beyond units.
    """
    given = ~np.isnan(ratings)
    values, ones = np.where(given, ratings, 0.0), given.astype(float)
    of_units, of_raters, n = ones.sum(1), ones.sum(0), float(ones.sum())
    ones, values, of_raters = ones[:, of_raters > 0], values[:, of_raters > 0], of_raters[of_raters > 0]
    units, raters = ones.shape
    beside = np.diag(of_raters) - ones.T @ (ones / of_units[:, None])
    pull = values.sum(0) - ones.T @ (values.sum(1) / of_units)
    rank = int(np.linalg.matrix_rank(beside, tol=1e-8 * n, hermitian=True))
    by_raters = float(pull @ np.linalg.pinv(beside, rcond=1e-8, hermitian=True) @ pull)
    within = float((values**2).sum() - (values.sum(1) ** 2 / of_units).sum())
    free = n - units - rank
    if free < 1:
        return None, None
    rest = max(within - by_raters, 0.0) / free
    by_units = float((values**2).sum() - (values.sum(0) ** 2 / of_raters).sum()) - rest * free
    unit = (by_units - (units + rank - raters) * rest) / (n - float((ones**2 / of_raters).sum()))
    rater = (by_raters - rank * rest) / max(n - float((ones**2 / of_units[:, None]).sum()), 1e-12)
    unit, noise = max(unit, 0.0), max(rater, 0.0) + rest
    k = units / float(np.sum(1 / of_units))
    return (unit / (unit + noise), unit / (unit + noise / k)) if unit + noise > 0 else (None, None)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
