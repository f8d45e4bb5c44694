"""Shares: how often one of two systems was preferred (ab), or told apart (abx), with intervals that respect who answered.

24 listeners who answer 12 times each are not 288 independent answers: some prefer one voice on every sentence. The mixed model
says how much the share varies by listener, sentence and training; Wilson's interval is taken of as many independent answers as
would vary as much (Korn & Graubard 1998). The exact binomial over all answers stands beside it, and is too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats as distributions

from ttskit.measure.inference.counts import wilson
from ttskit_listen.judgements import Judgement
from ttskit_listen.statistics.linear import Estimated, preference

__all__ = ["Binomial", "pooled", "share"]


@dataclass(frozen=True, slots=True)
class Binomial:
    """The exact binomial over answers taken for independent: Clopper & Pearson's (1934) interval, and the test of one half."""

    value: float
    low: float
    high: float
    p: float
    n: int


def share(judgements: Sequence[Judgement], *, trained: tuple[bool, bool] = (True, True), confidence: float = 0.95) -> Estimated:
    """The share of answers for the system (abx: right ones), minus one half; no preference is half an answer for each."""
    plain = preference(judgements, middle=0.5, trained=trained, confidence=confidence)
    if not judgements:
        return plain
    estimate, n = plain.estimate, float(len(judgements))
    value = float(np.clip(estimate.value + 0.5, 0.0, 1.0))
    chance = value * (1 - value)
    fewest = min(len({j.listener for j in judgements}), len({j.sentence for j in judgements}))
    tests = [(float(fewest), float("inf"))]
    if estimate.has_interval and chance > 0:
        half = (estimate.high - estimate.low) / 2
        tests = [(min(n, chance / estimate.se**2), estimate.df)]
        # The widest source alone, where it is what makes the interval: its own degrees of freedom are in the half width.
        wide = float(distributions.t.ppf((1 + confidence) / 2, estimate.df)) * estimate.se
        if half > wide * (1 + 1e-9):
            tests.append((min(n, chance * (float(distributions.norm.ppf((1 + confidence) / 2)) / half) ** 2), float("inf")))
    edges = [wilson(value * size, size, confidence=confidence, df=df) for size, df in tests]
    low, high = min(low for low, _ in edges) - 0.5, max(high for _, high in edges) - 0.5
    p = max(float(2 * distributions.t.sf(abs(value - 0.5) * 2 * np.sqrt(size), df)) for size, df in tests)
    if estimate.p is not None:
        p = max(p, estimate.p)
    size, df = tests[0]
    method = "Wilson" if estimate.method == "none" else f"Wilson, {estimate.method}"  # no message
    found = replace(estimate, value=value - 0.5, low=low, high=high, p=min(1.0, p), method=method, df=df)
    if not np.isfinite(found.se):
        found = replace(found, se=float(np.sqrt(0.25 / size)))
    return replace(plain, estimate=found)


def pooled(judgements: Sequence[Judgement], *, confidence: float = 0.95) -> Binomial | None:
    """The exact binomial over all answers; None where one of them is neither."""
    values = [j.value for j in judgements]
    if not values or not set(values) <= {0.0, 1.0}:
        return None
    found = distributions.binomtest(int(sum(values)), len(values), 0.5)
    low, high = found.proportion_ci(confidence, method="exact")
    return Binomial(float(found.statistic), float(low), float(high), float(found.pvalue), len(values))
