"""Bradley–Terry: one strength for each system from who was preferred to whom.

P(i is preferred to j) = 1 / (1 + exp(β_j − β_i)) (Bradley & Terry 1952; Agresti, Categorical Data Analysis, 2nd ed., 10.6); a
tie is half a win for each. The strengths sum to 0.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy import stats as distributions

__all__ = ["Strengths", "strengths"]


@dataclass(frozen=True, eq=False)
class Strengths:
    """Strengths of systems, as log-odds with mean 0.

    Args:
        systems: (K) names.
        values, low, high: (K,), NaN where there is no finite estimate, or no interval.
        covariance: (K, K) that the intervals rest on.
        groups: systems between which the answers tell: one group if all is well; else several, the strongest first where one
            always won against the other.
    """

    systems: tuple[str, ...]
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    covariance: np.ndarray
    groups: tuple[tuple[str, ...], ...]


def strengths(
    systems: Sequence[str],
    winners: Sequence[str],
    losers: Sequence[str],
    shares: Sequence[float],
    clusters: Sequence[Sequence[Hashable]] = (),
    *,
    confidence: float = 0.95,
) -> Strengths:
    """Fit by Newton's method.

    Intervals respect that answers of one listener, and on one sentence, go together: the sandwich over several crossed ways of
    clustering (Cameron, Gelbach & Miller 2011), at the t quantile of the smallest number of clusters. Without clusters they are
    those of independent answers.

    Args:
        winners, losers, shares: of each answer its two systems, and how far the first was preferred: 1, 0.5 (no preference), 0.
        clusters: of each way of clustering, the cluster of each answer.
    """
    place = {name: i for i, name in enumerate(systems)}
    one = np.array([place[name] for name in winners], int)
    other = np.array([place[name] for name in losers], int)
    share = np.asarray(shares, float)
    count = len(systems)
    groups = _groups(one, other, share, count)
    none = np.full(count, np.nan)
    named = tuple(tuple(systems[i] for i in group) for group in groups)
    if len(groups) != 1 or count < 2:
        return Strengths(tuple(systems), none, none, none, np.full((count, count), np.nan), named)
    rows = np.arange(share.size)
    design = np.zeros((share.size, count))
    design[rows, one], design[rows, other] = 1.0, -1.0
    beta = np.zeros(count)
    centre = np.eye(count) - 1 / count
    for _ in range(100):
        chance = 1 / (1 + np.exp(-design @ beta))
        bread = np.linalg.pinv(design.T @ (design * (chance * (1 - chance))[:, None]), hermitian=True)
        step = bread @ (design.T @ (share - chance))
        step /= max(1.0, float(np.abs(step).max()) / 2)
        beta = beta + centre @ step
        if float(np.abs(step).max()) < 1e-12:
            break
    scores = design * (share - chance)[:, None]
    covariance, free = bread, np.inf
    if clusters:
        covariance = bread @ _meat(scores, clusters) @ bread
        free = max(1, min(len(set(own)) for own in clusters) - 1)
    half = float(distributions.t.ppf((1 + confidence) / 2, free)) * np.sqrt(np.clip(np.diag(covariance), 0, None))
    half = half if not clusters or min(len(set(own)) for own in clusters) > 1 else none
    return Strengths(tuple(systems), beta, beta - half, beta + half, covariance, named)


def _meat(scores: np.ndarray, clusters: Sequence[Sequence[Hashable]]) -> np.ndarray:
    """Σ of scores within clusters, squared: of each way, minus what two ways have in common."""
    size = scores.shape[1]
    found = np.zeros((size, size))
    ways = [[(label,) for label in own] for own in clusters]
    for own in ways:
        found += _within(scores, own)
    for i, first in enumerate(ways):
        for second in ways[i + 1 :]:
            found -= _within(scores, [a + b for a, b in zip(first, second, strict=True)])
    # A difference of squares can have negative directions; of a variance they are 0.
    values, vectors = np.linalg.eigh(found)
    return np.asarray((vectors * np.clip(values, 0, None)) @ vectors.T)


def _within(scores: np.ndarray, labels: Sequence[Hashable]) -> np.ndarray:
    places = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    sums = np.zeros((len(places), scores.shape[1]))
    np.add.at(sums, [places[label] for label in labels], scores)
    more = len(places) / (len(places) - 1) if len(places) > 1 else 1.0
    return np.asarray(more * sums.T @ sums)


def _groups(one: np.ndarray, other: np.ndarray, share: np.ndarray, count: int) -> list[list[int]]:
    """Systems that won against one another, directly or through others, the strongest group first.

    There is a finite estimate if and only if that is one group (Ford 1957).
    """
    won = np.zeros((count, count))
    np.add.at(won, (one, other), share)
    np.add.at(won, (other, one), 1 - share)
    number, labels = sparse.csgraph.connected_components(sparse.csr_array(won > 0), directed=True, connection="strong")
    found = [[i for i in range(count) if labels[i] == g] for g in range(number)]
    rate = [float(won[group].sum() - won[:, group].sum()) / len(group) for group in found]
    return [found[i] for i in sorted(range(number), key=lambda i: (-rate[i], found[i]))]
