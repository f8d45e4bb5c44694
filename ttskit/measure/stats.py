"""Confidence intervals over sentences of one set of trainings, paired where two systems spoke the same sentences.

The sentence is the unit that is drawn again: frames and phones of one sentence are not independent. Such an interval speaks of
the weights that were trained, not of models (`ttskit.measure.inference` does, where there are several runs).

From 30 sentences on: percentile bootstrap (Efron & Tibshirani 1993, chapter 13), seeded, so that a report can be made again.
Below, where it covers 85-89 % at a level of 95: Student's t of the linearised ratio (Cochran 1977, 6.3). Shares of sentences:
Wilson's score interval. Of one sentence, or of values that do not differ at all, there is no interval: its limits are NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats as distributions

from ttskit.measure.inference.counts import wilson
from ttskit.measure.inference.estimates import linearised

__all__ = [
    "Interval",
    "Ratio",
    "difference_interval",
    "mean_interval",
    "ratio_difference_interval",
    "ratio_interval",
    "share_interval",
]

_BOOTSTRAP_FROM = 30  # sentences
Ratio = tuple[Sequence[float], Sequence[float]]  # numerators and denominators, one per sentence


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence interval.

    Args:
        value: the estimate on all sentences.
        low, high: limits of the interval; NaN where there is none, as for a single sentence.
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
    def has_interval(self) -> bool:
        """Whether there is an interval."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference of 0 lies outside the interval; False without one."""
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
    value = float(top.sum() / bottom.sum())
    if top.size < _BOOTSTRAP_FROM:
        return _student(value, linearised((top / bottom)[None], bottom[None])[0], confidence)
    drawn = _draws(top.size, resamples, seed)
    estimates = top[drawn].sum(1) / bottom[drawn].sum(1)
    return _interval(value, estimates, confidence, top.size)


def share_interval(shares: Sequence[float], *, confidence: float = 0.95, samples: int | None = None) -> Interval | None:
    """Mean of shares of sentences, 0 or 1, or between where several seeds of a sentence were averaged: Wilson's interval.

    Seeds of one sentence are between one sample and as many as they are: the total is as many samples as have the variance that
    the sentences show, no fewer than the sentences and no more than `samples`; where all are 0 or all 1, the sentences.

    Args:
        samples: all sentences × seeds; the sentences by default.
    """
    kept = np.asarray(shares, float)
    kept = kept[np.isfinite(kept)]
    if kept.size == 0:
        return None
    value, total = float(kept.mean()), float(kept.size)
    spread = float(kept.var(ddof=1)) / kept.size if kept.size > 1 else 0.0
    if samples is not None and spread > 0:
        total = float(np.clip(value * (1 - value) / spread, total, max(total, samples)))
    low, high = wilson(value * total, total, confidence=confidence)
    return Interval(value, low, high, int(kept.size))


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
    value = float(a.sum() / m.sum() - b.sum() / n.sum())
    if a.size < _BOOTSTRAP_FROM:
        return _student(value, (linearised((a / m)[None], m[None]) - linearised((b / n)[None], n[None]))[0], confidence)
    drawn = _draws(a.size, resamples, seed)
    estimates = a[drawn].sum(1) / m[drawn].sum(1) - b[drawn].sum(1) / n[drawn].sum(1)
    return _interval(value, estimates, confidence, a.size)


def _draws(count: int, resamples: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, count, (resamples, count))


def _interval(value: float, estimates: np.ndarray, confidence: float, count: int) -> Interval:
    tail = (1 - confidence) / 2
    low, high = np.quantile(estimates, [tail, 1 - tail])
    if not low < high:
        low = high = float("nan")
    return Interval(value, float(low), float(high), int(count))


def _student(value: float, numbers: np.ndarray, confidence: float) -> Interval:
    """Student's interval around `value` of the mean of `numbers`, one a sentence."""
    spread = float(numbers.std(ddof=1)) if numbers.size > 1 else 0.0
    if not spread > 1e-12 * max(1.0, abs(value)):  # equal but for rounding
        return Interval(value, float("nan"), float("nan"), int(numbers.size))
    half = float(distributions.t.ppf((1 + confidence) / 2, numbers.size - 1)) * spread / math.sqrt(numbers.size)
    return Interval(value, value - half, value + half, int(numbers.size))
