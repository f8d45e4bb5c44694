"""How far listeners agree: Krippendorff's α and intraclass correlations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats as distributions

__all__ = ["Agreement", "Level", "agreement", "icc"]

Level = Literal["nominal", "ordinal", "interval", "ratio"]
_DRAWS = 1000
_MANY = 30  # different values


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient with its interval: NaN where there is none."""

    value: float
    low: float
    high: float


def agreement(ratings: np.ndarray, level: Level, *, confidence: float = 0.95, seed: int = 15, draws: int = _DRAWS) -> Agreement:
    """Krippendorff's α (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"): 1 − observed / expected disagreement.

    The interval draws units anew (a percentile bootstrap), each time with the expected disagreement of what was drawn.

    Args:
        ratings: (units, raters), NaN where a rater did not rate a unit. Units with one rating have no part in it.
        level: of measurement: which disagreement weighs how much.
        seed, draws: of the bootstrap.
    """
    values, own = np.unique(ratings[~np.isnan(ratings)], return_inverse=True)
    counts = np.zeros((len(ratings), values.size))
    np.add.at(counts, (np.nonzero(~np.isnan(ratings))[0], own), 1.0)
    counts = counts[counts.sum(1) > 1]
    none = float("nan")
    if len(counts) < 1 or values.size < 2:
        return Agreement(none, none, none)
    if level == "ordinal" and values.size > _MANY:  # the same but that ranks are not drawn anew
        totals = counts.sum(0)
        values, level = np.cumsum(totals) - totals / 2, "interval"
    once = np.ones((1, len(counts)))
    value = float(_alpha(once, counts, values, level)[0])
    if len(counts) < 3 or not np.isfinite(value):
        return Agreement(value, none, none)
    chosen = np.random.default_rng(seed).multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=draws)
    found = _alpha(chosen.astype(float), counts, values, level)
    found = found[np.isfinite(found)]
    edges = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2]) if found.size else (none, none)
    return Agreement(value, float(edges[0]), float(edges[1]))


def _alpha(chosen: np.ndarray, counts: np.ndarray, values: np.ndarray, level: Level) -> np.ndarray:
    """α of each draw, NaN where it drew nothing that differs.

    Args:
        chosen: (draws, units): how often each unit was drawn.
        counts: (units, values): how many raters gave it each value.
    """
    share = counts / (counts.sum(1, keepdims=True) - 1)
    totals = chosen @ counts  # (draws, values)
    whole = totals.sum(1)
    # A value is no distance from itself, so that pairs of a rating with itself need no care.
    if level == "ordinal":  # only the order and the frequency of values count, and frequencies change with the draw
        middle = np.cumsum(totals, axis=1) - totals / 2
        apart = (middle[:, :, None] - middle[:, None, :]) ** 2
        pairs = chosen @ (share[:, :, None] * counts[:, None, :]).reshape(len(counts), -1)
        observed = np.sum(pairs.reshape(apart.shape) * apart, axis=(1, 2)) / whole
        expected = np.einsum("dc,dck,dk->d", totals, apart, totals)
    elif level == "interval":  # sums of squares serve, however many values there are
        square, plain, raters = counts @ values**2, counts @ values, counts.sum(1)
        observed = chosen @ (2 * (raters * square - plain**2) / (raters - 1)) / whole
        expected = 2 * (whole * (chosen @ square) - (chosen @ plain) ** 2)
    else:
        distance = _apart(values, level)
        observed = chosen @ np.sum((share @ distance) * counts, axis=1) / whole
        expected = np.sum((totals @ distance) * totals, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 - observed / (expected / (whole * (whole - 1))))


def _apart(values: np.ndarray, level: Level) -> np.ndarray:
    """Squared difference of each two values, (values, values)."""
    one, other = values[:, None], values[None, :]
    if level == "nominal":
        return np.asarray(one != other, float)
    whole = one + other
    return np.asarray(np.where(whole != 0, (one - other) / np.where(whole == 0, 1.0, whole), 0.0) ** 2)


def icc(ratings: np.ndarray, *, confidence: float = 0.95) -> Mapping[str, Agreement]:
    """ICC(2,1) and ICC(2,k) of Shrout & Fleiss (1979): absolute agreement of raters drawn at random, of one and of their mean.

    Args:
        ratings: (units, raters), complete.

    Returns:
        "one" and "mean", with the F-based intervals of the same paper.
    """
    none = float("nan")
    n, k = ratings.shape
    if n < 2 or k < 2 or np.isnan(ratings).any():
        return {"one": Agreement(none, none, none), "mean": Agreement(none, none, none)}
    rows, columns, middle = ratings.mean(1), ratings.mean(0), ratings.mean()
    units = k * float(np.sum((rows - middle) ** 2)) / (n - 1)
    raters = n * float(np.sum((columns - middle) ** 2)) / (k - 1)
    rest = float(np.sum((ratings - rows[:, None] - columns + middle) ** 2)) / ((n - 1) * (k - 1))
    below = units + (k - 1) * rest + k * (raters - rest) / n
    if not below > 0:
        return {"one": Agreement(none, none, none), "mean": Agreement(none, none, none)}
    one = (units - rest) / below
    of_mean = units + (raters - rest) / n
    mean = (units - rest) / of_mean if of_mean > 0 else none
    low, high = _limits(one, units, raters, rest, n, k, confidence)
    several = [k * edge / (1 + (k - 1) * edge) for edge in (low, high)]
    return {"one": Agreement(one, low, high), "mean": Agreement(mean, *several)}


def _limits(one: float, units: float, raters: float, rest: float, n: int, k: int, confidence: float) -> tuple[float, float]:
    """Limits of ICC(2,1): Satterthwaite's degrees of freedom for what raters and residual have together."""
    if not rest > 0 or not one > 0:
        return float("nan"), float("nan")
    ratio = raters / rest
    top = k * one * ratio + n * (1 + (k - 1) * one) - k * one
    free = (k - 1) * (n - 1) * top**2 / ((n - 1) * (k * one * ratio) ** 2 + (n * (1 + (k - 1) * one) - k * one) ** 2)
    upper = float(distributions.f.ppf((1 + confidence) / 2, n - 1, free))
    lower = float(distributions.f.ppf((1 + confidence) / 2, free, n - 1))
    noise = k * raters + (k * n - k - n) * rest
    return n * (units - upper * rest) / (upper * noise + n * units), n * (lower * units - rest) / (noise + n * lower * units)
