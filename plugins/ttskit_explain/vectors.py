"""Arithmetic of vectors for pictures: how alike they are, how long, and a plane to draw them on. numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Plane", "cosines", "nearest", "plane", "relative_change", "rms", "standardised"]

_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Plane:
    """Vectors seen from where they spread most: the first principal components (Pearson 1901).

    Args:
        places: (V, 2).
        shares: of the variance along each of the two, from 0 to 1.
    """

    places: np.ndarray
    shares: tuple[float, float]


def rms(values: np.ndarray) -> np.ndarray:
    """Root of the mean square over the last axis: the size of a vector, whatever its length."""
    return np.asarray(np.sqrt((np.asarray(values, np.float64) ** 2).mean(-1)))


def cosines(vectors: np.ndarray) -> np.ndarray:
    """(V, V) cosines between rows (V, C); 0 where a row is 0."""
    vectors = np.asarray(vectors, np.float64)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > _TINY)
    return np.clip(unit @ unit.T, -1.0, 1.0)


def nearest(alike: np.ndarray, count: int) -> np.ndarray:
    """(V, K) for each row of (V, V) the columns that are most alike, itself left out; K = `count`, or all there are."""
    others = np.array(alike, np.float64)
    np.fill_diagonal(others, -np.inf)
    return np.argsort(-others, axis=1, kind="stable")[:, : min(count, len(others) - 1)]


def plane(vectors: np.ndarray) -> Plane:
    """Rows (V, C) on the plane of their first two principal components; V and C at least 2.

    Each axis points to where its largest weight is positive, so that the picture is the same on every machine.
    """
    centred = np.asarray(vectors, np.float64) - np.mean(vectors, axis=0, dtype=np.float64)
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2][np.arange(2), np.abs(axes[:2]).argmax(1)])[:, None]
    whole = float((lengths**2).sum()) or 1.0
    first, second = (float(one**2) / whole for one in lengths[:2])
    return Plane(centred @ axes.T, (first, second))


def relative_change(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(L,) how far rows (L, C) moved, as a share of their mean length: 0 unmoved, 1.41 as two strangers at a right angle."""
    before, after = np.asarray(before, np.float64), np.asarray(after, np.float64)
    length = (np.linalg.norm(before, axis=1) + np.linalg.norm(after, axis=1)) / 2
    moved = np.linalg.norm(after - before, axis=1)
    return np.divide(moved, length, out=np.zeros_like(moved), where=length > _TINY)


def standardised(values: np.ndarray, epsilon: float = 1e-5) -> np.ndarray:
    """Rows with mean 0 and variance 1 (Ba et al. 2016, equations 3 and 4, before gain and bias)."""
    values = np.asarray(values, np.float64)
    centred = values - values.mean(-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon))
