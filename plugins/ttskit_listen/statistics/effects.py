"""Linear mixed models with crossed random effects, for the few levels of a listening test, by restricted maximum likelihood.

y = Xβ + Σ Z_k u_k + e, u_k ~ N(0, θ_k I), e ~ N(0, θ_e I) (Patterson & Thompson 1971). Fisher scoring on the variances, none
of them below 0 (Searle, Casella & McCulloch 1992, chapter 8). statsmodels fits the same (the tests hold the two together); what
it does not give is the information on all variances at their boundary, from which the degrees of freedom follow here.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import linalg, sparse
from scipy import stats as distributions

__all__ = ["Fitted", "Random", "Sureness", "crossed", "fit", "of_pairs"]

_LEAST = 1e-8  # of the residual, as a share of the variance of y: it is never quite 0
_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Random:
    """A source of variance.

    Args:
        name: "listener", "sentence", "run" …
        matrix: (n, levels): with which weight each level enters each row.
    """

    name: str
    matrix: sparse.csr_array


def crossed(name: str, labels: Sequence[Hashable]) -> Random:
    """Each row has one level, its label; None for a row without."""
    places = {label: i for i, label in enumerate(dict.fromkeys(label for label in labels if label is not None))}
    rows = [i for i, label in enumerate(labels) if label is not None]
    columns = [places[label] for label in labels if label is not None]
    ones = (np.ones(len(rows)), (rows, columns))
    return Random(name, sparse.csr_array(ones, shape=(len(labels), len(places))))


def of_pairs(name: str, more: Sequence[Hashable], less: Sequence[Hashable]) -> Random:
    """Each row is a difference of two levels, scaled such that the variance of the source is that of a difference."""
    places = {label: i for i, label in enumerate(dict.fromkeys(label for label in [*more, *less] if label is not None))}
    rows, columns, weights = [], [], []
    for sign, labels in ((1.0, more), (-1.0, less)):
        for i, label in enumerate(labels):
            if label is not None:
                rows.append(i)
                columns.append(places[label])
                weights.append(sign / np.sqrt(2))
    return Random(name, sparse.csr_array((weights, (rows, columns)), shape=(len(more), len(places))))


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model.

    Args:
        beta, covariance: (p,), (p, p) of the fixed effects.
        variances: of each source that could be told apart, and "residual".
        loglik: restricted, at the maximum.
    """

    beta: np.ndarray
    covariance: np.ndarray
    variances: Mapping[str, float]
    loglik: float
    _work: _Products
    _theta: np.ndarray

    def spread(self, coefficients: np.ndarray) -> Sureness:
        """How surely Σ coefficient × β is known.

        Satterthwaite's degrees of freedom, as Giesbrecht & Burns (1985) have them for mixed models, with two things beside.
        Sources whose variance is estimated as 0 keep their part in the uncertainty. And variances of few levels are weighed up
        by their relative error, since of two or three runs they often come out far too small, and then so does the weight of
        their few degrees of freedom (`ttskit.measure.inference.estimates.combined` does the same with mean squares). Never
        below 1. Beside that stands each source by itself, with what of the rest is in its mean square: no test may be surer
        than that of the runs alone, or of the listeners (F1 and F2 of Clark 1973).
        """
        c, work = np.asarray(coefficients, float), self._work
        variance = float(c @ self.covariance @ c)
        at = work.at(self._theta)
        error = np.sqrt(np.clip(np.diag(linalg.pinvh(at.information)), 0.0, None))[:-1]
        slopes = at.slopes(c)[:-1]
        alone = [
            (float(slope * size * np.sqrt(free / 2)), float(free))
            for slope, size, free in zip(slopes, error, work.free, strict=True)
            if free > 0 and slope > 0
        ]
        heavy = self._theta + np.append(error * np.sqrt(2 / np.maximum(work.free, 1.0)), 0.0)
        at = work.at(heavy)
        slopes = at.slopes(c)
        loose = float(slopes @ linalg.pinvh(at.information) @ slopes)
        whole = float(c @ at.covariance @ c)
        df = max(1.0, 2 * whole**2 / loose) if loose > 0 else float(work.rows - work.fixed)
        return Sureness(variance, df, tuple(alone))


@dataclass(frozen=True, slots=True)
class Sureness:
    """The variance of an estimate with its degrees of freedom; and the same of each source by itself."""

    variance: float
    df: float
    alone: tuple[tuple[float, float], ...]

    def half(self, confidence: float) -> float:
        """Half the width of the interval."""
        tests = [(self.variance, self.df), *self.alone]
        return max(float(distributions.t.ppf((1 + confidence) / 2, df)) * v**0.5 for v, df in tests)

    def p(self, value: float) -> float:
        """Of the hypothesis that the value is 0, two-sided."""
        tests = [(v, df) for v, df in [(self.variance, self.df), *self.alone] if v > 0]
        return max((float(2 * distributions.t.sf(abs(value) / v**0.5, df)) for v, df in tests), default=1.0)


def fit(y: np.ndarray, fixed: np.ndarray, random: Sequence[Random]) -> Fitted:
    """Fit the model. Sources that cannot be told from the fixed effects, from one another or from the residual fall away.

    Args:
        y: (n,).
        fixed: (n, p) of full column rank, p < n.

    Raises:
        ValueError: nothing left to estimate a variance of, or y does not vary beside the fixed effects.
    """
    rows, count = fixed.shape
    if rows <= count or np.linalg.matrix_rank(fixed) < count:
        raise ValueError("more fixed effects than rows can tell apart")  # no message
    rest = y - fixed @ np.linalg.lstsq(fixed, y, rcond=None)[0]
    scale = float(np.sqrt(np.sum(rest**2) / (rows - count)))
    if not scale > 1e-9 * max(1.0, float(np.abs(y).max())):
        raise ValueError("all answers are alike")  # no message
    kept = _told_apart(fixed, random)
    work = _Products(y / scale, fixed, kept)
    theta = _maximum(work)
    at = work.at(theta)
    names = [one.name for one in kept]
    variances = {**dict(zip(names, theta[:-1] * scale**2, strict=True)), "residual": theta[-1] * scale**2}
    loglik = at.loglik - (rows - count) * float(np.log(scale))
    found = {name: float(value) for name, value in variances.items()}
    return Fitted(at.beta * scale, at.covariance * scale**2, found, loglik, _scaled(work, scale), theta * scale**2)


def _told_apart(fixed: np.ndarray, random: Sequence[Random]) -> list[Random]:
    """The sources that the rows can tell from everything else, in order."""
    basis = np.linalg.qr(fixed)[0]
    rows = len(fixed)
    kept: list[Random] = []
    seen = [_covariance_of(sparse.eye_array(rows, format="csr"))]
    for one in random:
        z = one.matrix
        if not z.nnz:
            continue
        left = z.toarray() - basis @ (basis.T @ z)
        own = _covariance_of(z)
        if float(np.sum(left**2)) > _SAME * z.nnz and not any(np.abs(own - other).max() < _SAME for other in seen):
            kept.append(one)
            seen.append(own)
    return kept


def _covariance_of(z: sparse.csr_array) -> np.ndarray:
    """ZZ' on two vectors that no design resembles, whatever its size: it tells sources apart without being made."""
    places = np.arange(1.0, z.shape[0] + 1)
    probes = np.column_stack([np.cos(places**2), np.sin(places * np.sqrt(2) + 1)])
    found = np.asarray(z @ (z.T @ probes))
    return found / (float(z.multiply(z).sum()) / z.shape[0])


class _Products:
    """The products of y, X and Z that never change; all that changes follows from them."""

    def __init__(self, y: np.ndarray, fixed: np.ndarray, random: Sequence[Random]) -> None:
        self.rows, self.fixed = fixed.shape
        widths = [one.matrix.shape[1] for one in random]
        edges = np.concatenate([[0], np.cumsum(widths)]).astype(int)
        self.parts = [slice(int(a), int(b)) for a, b in pairwise(edges)]
        self.widths = np.array(widths, int)
        z = sparse.hstack([one.matrix for one in random], format="csr") if random else sparse.csr_array((self.rows, 0))
        self.zz = (z.T @ z).toarray()
        xy = np.column_stack([fixed, y])
        self.zxy = np.asarray(z.T @ xy)
        self.xyxy = xy.T @ xy
        # Degrees of freedom of each source: levels that the fixed effects leave apart.
        left = self.zz - self.zxy[:, :-1] @ np.linalg.solve(self.xyxy[:-1, :-1], self.zxy[:, :-1].T)
        ranks = [np.linalg.matrix_rank(left[p, p], tol=1e-8 * self.rows, hermitian=True) for p in self.parts]
        self.free = np.array(ranks, int)
        self._last: tuple[bytes, _At] | None = None

    def at(self, theta: np.ndarray) -> _At:
        """Everything at these variances."""
        key = theta.tobytes()
        if self._last is None or self._last[0] != key:
            self._last = key, _At(self, theta)
        return self._last[1]


class _At:
    """Likelihood, score and information at some variances.

    V⁻¹ = (I − Z D M⁻¹ D Z') / θ_e with D = diag √θ and M = θ_e I + D Z'Z D, so that only matrices of as many rows as there are
    levels are ever factored.
    """

    def __init__(self, work: _Products, theta: np.ndarray) -> None:
        rest, count, p = float(theta[-1]), work.rows, work.fixed
        d = np.repeat(np.sqrt(theta[:-1]), work.widths)
        m = rest * np.eye(d.size) + d[:, None] * work.zz * d
        root = linalg.cholesky(m, lower=True) if d.size else m
        half = linalg.solve_triangular(root, d[:, None] * np.hstack([work.zxy, work.zz]), lower=True) if d.size else None
        wide = p + 1
        self.xyvxy = work.xyxy if half is None else work.xyxy - half[:, :wide].T @ half[:, :wide]
        self.xyvxy = self.xyvxy / rest
        zvxy = work.zxy if half is None else work.zxy - half[:, wide:].T @ half[:, :wide]
        zvxy = zvxy / rest
        zvz = work.zz if half is None else work.zz - half[:, wide:].T @ half[:, wide:]
        zvz = zvz / rest
        xvx = self.xyvxy[:p, :p]
        self.covariance = linalg.inv(xvx)
        self.beta = self.covariance @ self.xyvxy[:p, p]
        self.zvx = zvxy[:, :p]
        zpy = zvxy[:, p] - self.zvx @ self.beta
        zpz = zvz - self.zvx @ self.covariance @ self.zvx.T
        ypy = float(self.xyvxy[p, p] - self.xyvxy[:p, p] @ self.beta)
        logdet = (count - d.size) * np.log(rest) + 2 * float(np.sum(np.log(np.diag(root)))) if d.size else count * np.log(rest)
        self.loglik = -0.5 * float(logdet + np.linalg.slogdet(xvx)[1] + ypy + (count - p) * np.log(2 * np.pi))
        self._work, self._theta = work, theta
        # tr(P V_k), tr(P V_k P V_l) of the sources; those of the residual follow from P V P = P.
        traces = np.array([float(np.trace(zpz[part, part])) for part in work.parts])
        pairs = np.array([[float(np.sum(zpz[a, b] ** 2)) for b in work.parts] for a in work.parts]).reshape(
            len(work.parts), len(work.parts)
        )
        of_sources = theta[:-1]
        trace_p = (count - p - float(traces @ of_sources)) / rest
        with_rest = (traces - pairs @ of_sources) / rest
        rest_rest = (trace_p - float(with_rest @ of_sources)) / rest
        squares = np.array([float(np.sum(zpy[part] ** 2)) for part in work.parts])
        of_rest = (ypy - float(squares @ of_sources)) / rest
        self.score = 0.5 * np.append(squares - traces, of_rest - trace_p)
        self.information = 0.5 * np.block([[pairs, with_rest[:, None]], [with_rest[None, :], np.array([[rest_rest]])]])

    def slopes(self, c: np.ndarray) -> np.ndarray:
        """How the variance of Σ c × β changes with each variance, that of the residual last."""
        phi = self.covariance @ c
        found = np.array([float(np.sum((self.zvx[part] @ phi) ** 2)) for part in self._work.parts])
        rest = (float(c @ phi) - float(found @ self._theta[:-1])) / float(self._theta[-1])  # it is homogeneous
        return np.append(found, max(rest, 0.0))


def _maximum(work: _Products) -> np.ndarray:
    """Variances at the largest restricted likelihood (of a y that was scaled to variance 1)."""
    sources = len(work.parts)
    typical = np.array([float(np.trace(work.zz[p, p])) / work.rows for p in work.parts])
    theta = np.append(0.5 / (sources + 1) / np.maximum(typical, 1e-12), 0.6)
    least = np.append(np.zeros(sources), _LEAST)
    at = work.at(theta)
    for _ in range(200):
        stuck = (theta <= least) & (at.score <= 0)
        free = ~stuck
        if not free.any():
            break
        information = at.information[np.ix_(free, free)]
        step = np.zeros_like(theta)
        step[free] = linalg.pinvh(information) @ at.score[free]
        size, new, ahead = 1.0, theta, at
        while size > 1e-6:
            new = np.maximum(theta + size * step, least)
            ahead = work.at(new)
            if ahead.loglik >= at.loglik - 1e-12:
                break
            size /= 2
        else:
            break
        moved, gained = float(np.max(np.abs(new - theta))), ahead.loglik - at.loglik
        theta, at = new, ahead
        if moved < 1e-7 or (moved < 1e-4 and gained < 1e-10):
            break
    return theta


def _scaled(work: _Products, scale: float) -> _Products:
    """The same work for y in its own unit."""
    work.zxy[:, -1] *= scale
    work.xyxy[-1, :] *= scale
    work.xyxy[:, -1] *= scale
    work._last = None
    return work
