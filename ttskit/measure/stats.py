"""Bootstrap confidence intervals over sentences, paired where two systems spoke the same ones.

The sentence is the unit that is drawn again: frames and phones of one sentence are not independent.
Percentile bootstrap (Efron & Tibshirani 1993, chapter 13), seeded, so that a report can be made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

__all__ = ["Interval", "Ratio", "difference_interval", "mean_interval", "ratio_difference_interval", "ratio_interval"]

Ratio = tuple[Sequence[float], Sequence[float]]  # numerators and denominators, one per sentence


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence interval.

    Args:
        value: the estimate on all sentences.
        low, high: limits of the interval; equal to `value` for a single sentence.
        count: sentences behind it.
    """

    value: float
    low: float
    high: float
    count: int

    def to_json(self) -> dict:
        """Plain data."""
        return asdict(self)

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference of 0 lies outside the interval."""
        return self.low > 0 or self.high < 0


def ratio_interval(
    numerators: Sequence[float] | np.ndarray,
    denominators: Sequence[float] | np.ndarray,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 1,
) -> Interval | None:
    """Sum of numerators over sum of denominators, as for an error rate; None if nothing was counted.

    Sentences whose numerator is not finite or whose denominator is 0 are left out.
    """
    top, bottom = np.asarray(numerators, float), np.asarray(denominators, float)
    keep = np.isfinite(top) & np.isfinite(bottom) & (bottom > 0)
    top, bottom = top[keep], bottom[keep]
    if top.size == 0:
        return None
    drawn = _draws(top.size, resamples, seed)
    estimates = top[drawn].sum(1) / bottom[drawn].sum(1)
    return _interval(float(top.sum() / bottom.sum()), estimates, confidence, top.size)


def mean_interval(
    values: Sequence[float], *, confidence: float = 0.95, resamples: int = 2000, seed: int = 1
) -> Interval | None:
    """Mean over sentences; values that are not finite (undefined for their sentence) are left out; None if none is left."""
    kept = np.asarray(values, float)
    return ratio_interval(kept, np.ones(kept.shape), confidence=confidence, resamples=resamples, seed=seed)


def difference_interval(
    first: Sequence[float], second: Sequence[float], *, confidence: float = 0.95, resamples: int = 2000, seed: int = 1
) -> Interval | None:
    """Mean of first - second over the sentences that both have: the paired comparison of two systems.

    Raises:
        ValueError: lists of different length (they must be over the same sentences in the same order).
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    if a.shape != b.shape:
        raise ValueError(f"paired values need the same sentences: {a.size} and {b.size}")
    return mean_interval(a - b, confidence=confidence, resamples=resamples, seed=seed)


def ratio_difference_interval(
    first: Ratio, second: Ratio, *, confidence: float = 0.95, resamples: int = 2000, seed: int = 1
) -> Interval | None:
    """Difference of two ratios of sums (as `ratio_interval`), each resample drawing the same sentences for both."""
    parts = [np.asarray(part, float) for pair in (first, second) for part in pair]
    if len({part.shape for part in parts}) != 1:
        raise ValueError("paired ratios need the same sentences: " + ", ".join(str(part.size) for part in parts))
    keep = np.all([np.isfinite(part) for part in parts], axis=0) & (parts[1] > 0) & (parts[3] > 0)
    a, m, b, n = (part[keep] for part in parts)
    if a.size == 0:
        return None
    drawn = _draws(a.size, resamples, seed)
    estimates = a[drawn].sum(1) / m[drawn].sum(1) - b[drawn].sum(1) / n[drawn].sum(1)
    return _interval(float(a.sum() / m.sum() - b.sum() / n.sum()), estimates, confidence, a.size)


def _draws(count: int, resamples: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, count, (resamples, count))


def _interval(value: float, estimates: np.ndarray, confidence: float, count: int) -> Interval:
    tail = (1 - confidence) / 2
    low, high = np.quantile(estimates, [tail, 1 - tail])
    return Interval(value, float(low), float(high), int(count))
