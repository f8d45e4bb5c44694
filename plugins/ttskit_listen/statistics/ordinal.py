"""The cumulative link mixed model: answers on a scale whose steps need not be equal.

P(y ≤ j) = F(τ_j − x'β − z'u), F the logistic function, u ~ N(0, σ_k²) for each source (Agresti, Categorical Data Analysis, 2nd
ed., 7.2 and 12.4; Christensen & Brockhoff 2013). The integral over u is taken by Laplace's approximation, and the whole is
maximised with its exact gradient. With b = τ_j − η and a = τ_{j−1} − η,

    log P(y = j) = log F(b) + log(1 − F(a)) + log(1 − exp(a − b)),

whose last term does not change with η: the curvature in η is f(a) + f(b) > 0, and Newton's method finds the mode of u.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import linalg, optimize, sparse
from scipy.special import expit

from ttskit_listen.statistics.effects import Random

__all__ = ["NoEstimate", "Ordinal", "fit_ordinal"]

_FAR = 12.0  # log-odds: an effect beyond it is no finite one
_LOG_SD = (-7.0, 3.0)
_FEW = 100  # levels
_NOTHING = 0.01  # curvature along the logarithm of a standard deviation that is as good as 0


class NoEstimate(ValueError):
    """The likelihood has no finite maximum, or none that can be told from others.

    Args:
        why: key of the reason, below "why." in texts/statistics.LANGUAGE.yaml.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, eq=False)
class Ordinal:
    """A fitted model.

    Args:
        beta: (p,) effects, as log-odds of a higher answer.
        covariance: (p, p), from the curvature of the likelihood in all parameters.
        thresholds: (J − 1,) between the J answers that were given.
        sd: standard deviation of each source.
        loglik: at the maximum.
    """

    beta: np.ndarray
    covariance: np.ndarray
    thresholds: np.ndarray
    sd: Mapping[str, float]
    loglik: float


def fit_ordinal(
    answers: np.ndarray, fixed: np.ndarray, random: Sequence[Random], *, steps: int | None = None, symmetric: bool = False
) -> Ordinal:
    """Fit the model.

    Args:
        answers: (n,) 0 … J − 1, each of them given at least once (with `symmetric`: it or its mirror image).
        fixed: (n, p); without `symmetric` no intercept, which the thresholds are.
        random: sources of variance.
        steps: J; by default the largest answer + 1.
        symmetric: whether thresholds lie around 0, τ_j = −τ_{J−j}, so that an intercept is a preference: for scales that say
            how much better one of two sounds is.

    Raises:
        ValueError: it has no finite maximum (answers that a system always, or never, gets), or was not found.
    """
    steps = int(answers.max()) + 1 if steps is None else steps
    if steps < 2 or np.linalg.matrix_rank(fixed) < fixed.shape[1]:
        raise NoEstimate("apart")
    work = _Likelihood(answers.astype(int), fixed, random, _thresholds(steps, symmetric))
    start, curvature = work.start(symmetric), None
    few = [one for one in random if one.matrix.shape[1] <= _FEW]
    if 0 < len(few) < len(random):  # the large sources last: near the maximum few steps are left to take
        first = _Likelihood(answers.astype(int), fixed, few, _thresholds(steps, symmetric))
        near = _maximum(first, first.start(symmetric), 1e-2)
        places = [*range(work.free + work.p), *(work.free + work.p + i for i, one in enumerate(random) if one in few)]
        start[work.free + work.p :] = -1.5
        start[places] = near
        curvature = np.eye(start.size) * 0.1
        values, vectors = np.linalg.eigh(first.hessian(near))
        inverse = (vectors / np.maximum(values, 1.0)) @ vectors.T  # flat where an SD is 0: then steps are not to be large
        curvature[np.ix_(places, places)] = (inverse + inverse.T) / 2
    at = _maximum(work, start, 1e-3, curvature)
    loglik = -work.loss(at)[0]
    beta = at[work.free : work.free + work.p]
    if not np.isfinite(loglik) or (work.p and float(np.abs(beta).max()) > _FAR):
        raise NoEstimate("endless")
    hessian = work.hessian(at)
    kept = np.ones(at.size, bool)
    # A variance of 0 is no longer a parameter, nor one so near it that the likelihood does not change with its logarithm.
    spread = slice(work.free + work.p, None)
    kept[spread] = (at[spread] > _LOG_SD[0] / 2 - 1) & (np.diag(hessian)[spread] > _NOTHING)
    inner = np.ix_(kept, kept)
    values = np.linalg.eigvalsh(hessian[inner])
    if not np.isfinite(values).all() or values.min() <= 0:
        raise NoEstimate("flat")
    covariance = np.zeros_like(hessian)
    covariance[inner] = linalg.inv(hessian[inner])
    part = slice(work.free, work.free + work.p)
    if work.p and float(np.diag(covariance)[part].max()) > _FAR**2:  # the likelihood rises for ever, if ever so little
        raise NoEstimate("endless")
    sd = {one.name: float(np.exp(v)) for one, v in zip(random, at[work.free + work.p :], strict=True)}
    sd = {name: 0.0 if v < np.exp(_LOG_SD[0] / 2 - 1) else v for name, v in sd.items()}
    return Ordinal(beta, covariance[part, part], work.tau(at)[0], sd, loglik)


def _maximum(work: _Likelihood, start: np.ndarray, gradient: float, curvature: np.ndarray | None = None) -> np.ndarray:
    """Where the likelihood is largest, from `start`; `curvature`: the inverse of what its second derivatives are about."""
    if curvature is None:
        beyond = _FAR + 1  # far enough to be seen to have no end
        bounds = [(None, None)] * work.free + [(-beyond, beyond)] * work.p + [_LOG_SD] * len(work.widths)
        options: dict[str, Any] = {"maxiter": 300, "gtol": gradient, "ftol": 1e-13}
        found = optimize.minimize(work.loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    else:
        options = {"maxiter": 100, "gtol": gradient, "hess_inv0": curvature}
        found = optimize.minimize(work.loss, start, jac=True, method="BFGS", options=options)
    at = np.asarray(found.x, float)
    at[work.free + work.p :] = np.clip(at[work.free + work.p :], *_LOG_SD)
    return at


def _thresholds(steps: int, symmetric: bool) -> np.ndarray:
    """(J − 1, free): thresholds as a linear function of (first, gaps), or of half of them around 0."""
    count = steps - 1
    if not symmetric:
        return np.tril(np.ones((count, count)))
    half = count // 2  # τ = ±g_1, ±(g_1 + g_2) …, and 0 between them where the middle is no answer
    upper = np.tril(np.ones((half, half)))
    middle = [np.zeros((1, half))] if count % 2 else []
    return np.vstack([-upper[::-1], *middle, upper])


class _Likelihood:
    """The likelihood and its gradient.

    Parameters: (first threshold,) logarithms of gaps between thresholds; β; logarithms of SDs.
    """

    def __init__(self, answers: np.ndarray, fixed: np.ndarray, random: Sequence[Random], shape: np.ndarray) -> None:
        self.y, self.x, self.shape = answers, fixed, shape
        self.n, self.p = fixed.shape
        self.free = shape.shape[1]
        self.symmetric = shape.shape[0] != shape.shape[1]
        self.z = sparse.hstack([one.matrix for one in random], format="csr") if random else sparse.csr_array((self.n, 0))
        self.widths = [one.matrix.shape[1] for one in random]
        self.u = np.zeros(self.z.shape[1])  # where the last mode was: the next is near
        steps = shape.shape[0] + 1
        # Rows of the upper and the lower threshold of each answer; the outermost are infinite.
        rows = np.vstack([np.zeros((1, self.free)), shape, np.zeros((1, self.free))])
        self.upper, self.lower = rows[answers + 1], rows[answers]
        self.top, self.bottom = answers == steps - 1, answers == 0

    def start(self, symmetric: bool) -> np.ndarray:
        """Thresholds that give the answers as often as they were given, no effects, middling SDs."""
        steps = self.shape.shape[0] + 1
        shares = (np.bincount(self.y, minlength=steps) + 0.5) / (self.n + 0.5 * steps)
        if symmetric:
            shares = (shares + shares[::-1]) / 2
        tau = np.log(np.cumsum(shares)[:-1]) - np.log1p(-np.cumsum(shares)[:-1])
        if symmetric:
            half = tau[-self.free :] if self.free else tau[:0]
            head = np.log(np.maximum(np.diff(np.append(0.0, half)), 0.05))
        else:
            head = np.append(tau[:1], np.log(np.maximum(np.diff(tau), 0.05)))
        return np.concatenate([head, np.zeros(self.p), np.full(len(self.widths), -0.7)])

    def tau(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Thresholds; what they are a linear function of; and its slope in the parameters."""
        head = at[: self.free]
        gaps = np.exp(np.clip(head, -30, 30))
        slopes = gaps.copy()
        if not self.symmetric:
            gaps[0], slopes[0] = head[0], 1.0
        return self.shape @ gaps, gaps, slopes

    def loss(self, at: np.ndarray) -> tuple[float, np.ndarray]:
        """−log likelihood and its gradient."""
        _, gaps, slopes = self.tau(at)
        sd = np.repeat(np.exp(at[self.free + self.p :]), self.widths)
        z = self.z * sd[None, :] if sd.size else self.z
        z = sparse.csr_array(z)
        known = self.x @ at[self.free : self.free + self.p]
        up, low = self.upper @ gaps, self.lower @ gaps
        u, parts, root = self._mode(z, known, up, low)
        fa, fb, da, db, value = parts
        inverse = linalg.cho_solve((root, True), np.eye(u.size)) if u.size else np.zeros((0, 0))
        spread = np.asarray(z.multiply(z @ inverse).sum(1)).ravel() if u.size else np.zeros(self.n)
        logdet = 2 * float(np.sum(np.log(np.diag(root)))) if u.size else 0.0
        total = value - 0.5 * float(u @ u) - 0.5 * logdet
        # Each derivative: along η, along the upper and the lower threshold; of log P, and of the curvature w = fa + fb.
        first = -(1 - self._fb_chance) + self._fa_chance
        slope_w = -(da + db)
        through = spread * slope_w  # d log|H| / dη
        # u moves with the parameters: du = H⁻¹ Z' (…); what log|H| loses by it, once for all.
        pull = inverse @ (z.T @ through) if u.size else np.zeros(0)
        back = (z @ pull) if u.size else np.zeros(self.n)
        w = fa + fb
        eta = first - 0.5 * through + 0.5 * back * w
        gap = self._gap
        of_up = (1 - self._fb_chance) + gap - 0.5 * spread * db - 0.5 * back * fb
        of_low = -self._fa_chance - gap - 0.5 * spread * da - 0.5 * back * fa
        of_up, of_low = np.where(self.top, 0.0, of_up), np.where(self.bottom, 0.0, of_low)
        gradient = np.empty_like(at)
        gradient[: self.free] = (self.upper.T @ of_up + self.lower.T @ of_low) * slopes
        gradient[self.free : self.free + self.p] = self.x.T @ eta
        if u.size:
            # A larger SD moves η by its share of z'u, and H and the mode by the columns themselves.
            inner, diagonal = z.T @ first, np.diag(inverse)
            edges = np.concatenate([[0], np.cumsum(self.widths)]).astype(int)
            for k, (a, b) in enumerate(pairwise(edges)):
                part = np.zeros_like(u)
                part[a:b] = u[a:b]
                shift = z @ part
                own = float(shift @ eta)
                own -= float(b - a - diagonal[a:b].sum())  # tr(H⁻¹ Z'WZ) of these columns, as Z'WZ = H − I
                own -= 0.5 * float(pull[a:b] @ inner[a:b])
                gradient[self.free + self.p + k] = own
        return -total, -gradient

    def hessian(self, at: np.ndarray) -> np.ndarray:
        """Of the loss, by central differences of its gradient."""
        found = np.empty((at.size, at.size))
        for i in range(at.size):
            step = np.zeros(at.size)
            step[i] = 1e-4 * max(1.0, abs(float(at[i])))
            found[i] = (self.loss(at + step)[1] - self.loss(at - step)[1]) / (2 * step[i])
        return (found + found.T) / 2

    def _mode(self, z: sparse.csr_array, known: np.ndarray, up: np.ndarray, low: np.ndarray):  # type: ignore[no-untyped-def]
        """The mode of u, what the likelihood has there, and a root of its curvature H = I + Z'WZ."""
        u = self.u.copy()
        parts = self._parts(known + z @ u, up, low)
        best = parts[4] - 0.5 * float(u @ u)
        for _ in range(60):
            gradient = z.T @ (-(1 - self._fb_chance) + self._fa_chance) - u
            root = self._root(z, parts)
            if not u.size or float(np.abs(gradient).max()) < 1e-9:
                break
            step = linalg.cho_solve((root, True), gradient)
            size = 1.0
            while size > 1e-8:
                new = u + size * step
                ahead = self._parts(known + z @ new, up, low)
                height = ahead[4] - 0.5 * float(new @ new)
                if height >= best - 1e-12:
                    break
                size /= 2
            u, parts, best = new, ahead, height
        self.u = u
        return u, parts, root

    def _root(self, z: sparse.csr_array, parts: tuple[np.ndarray, ...]) -> np.ndarray:
        w = parts[0] + parts[1]
        inner = (z.T @ z.multiply(w[:, None]).tocsr()).toarray() if z.shape[1] else np.zeros((0, 0))
        return linalg.cholesky(inner + np.eye(z.shape[1]), lower=True) if z.shape[1] else inner

    def _parts(self, eta: np.ndarray, up: np.ndarray, low: np.ndarray):  # type: ignore[no-untyped-def]
        """Densities at the lower and the upper threshold, their slopes, and the log likelihood of the answers."""
        b = np.where(self.top, 0.0, up - eta)
        a = np.where(self.bottom, 0.0, low - eta)
        chance_b = np.where(self.top, 1.0, expit(b))
        chance_a = np.where(self.bottom, 0.0, expit(a))
        inner = ~self.top & ~self.bottom
        width = np.where(inner, up - low, 1.0)
        value = np.where(self.top, 0.0, -np.logaddexp(0.0, -b)) + np.where(self.bottom, 0.0, -np.logaddexp(0.0, a))
        value = value + np.where(inner, np.log(-np.expm1(-np.maximum(width, 1e-12))), 0.0)
        fb, fa = chance_b * (1 - chance_b), chance_a * (1 - chance_a)
        self._fb_chance, self._fa_chance = chance_b, chance_a
        near = np.exp(-np.clip(width, 1e-12, 700.0))
        self._gap = np.where(inner, near / (1 - near), 0.0)
        return fa, fb, fa * (1 - 2 * chance_a), fb * (1 - 2 * chance_b), float(value.sum())
