"""Convolution along time with half the multiplications (Toom and Cook; Winograd 1980; Lavin and Gray 2016, section 4).

Four outputs of a four-tap filter are a product of polynomials: evaluate both at seven points, multiply point
by point, interpolate. Seven products stand for sixteen, and with C channels each product is a (C, C) matrix, so the
work is seven matrix products instead of sixteen; longer filters are cut into four taps and added before they are
interpolated. Rows are time, columns channels (channels last), so that a tile is a few neighbouring rows and a
dilation of d is a step of d rows. Points 0, ±1, ±2, ½, ∞ keep the rounding error within about four times the direct sum's.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache

import numba
import numpy as np
import torch
from numba.extending import is_jitted
from torch import Tensor

TILE = 4  # outputs per tile, and taps per piece of a filter
POINTS = 2 * TILE - 1
_FINITE = tuple(Fraction(p) for p in ("0", "1", "-1", "2", "-2", "1/2"))  # and ∞
_HALF, _TWO, _FOUR = np.float32(0.5), np.float32(2), np.float32(4)


def _jit(loop: Callable) -> Callable:
    """Compiled on first use and kept on disk; where nothing can be written, compiled in each process."""
    try:
        return numba.njit(cache=True, nogil=True, fastmath=True)(loop)
    except RuntimeError:  # numba finds no folder for its cache
        return numba.njit(nogil=True, fastmath=True)(loop)


def compile_loops() -> None:
    """Compile both loops now, on two tiles of one channel, so that what numba cannot do here shows before speech depends on it.

    Raises:
        RuntimeError: compiling is switched off (`NUMBA_DISABLE_JIT`): as Python the loops would take minutes for a word.
        Exception: whatever numba raises.
    """
    if not (is_jitted(evaluate) and is_jitted(interpolate)):
        raise RuntimeError("its compiler is switched off")
    line, points = np.zeros(4 * TILE, np.float32), np.zeros((POINTS, 2), np.float32)
    evaluate(line, 0, 1, 2, np.float32(1), points)
    interpolate(points, 1, 2, line[:1].copy(), line, line, 0)


@cache
def filter_matrix() -> np.ndarray:
    """G (7, 4): taps → values at the points, each divided by its distance to all others."""
    rows = []
    for p in _FINITE:
        scale = Fraction(1)
        for q in _FINITE:
            scale *= p - q if p != q else 1
        rows.append([float(p**tap / scale) for tap in range(TILE)])
    return np.array([*rows, [0.0] * (TILE - 1) + [1.0]])


def transformed(weight: Tensor) -> Tensor:
    """A filter (C', C, k) at the points: (pieces, 7, C, C'), computed in double precision."""
    missing = -weight.shape[2] % TILE
    pieces = torch.nn.functional.pad(weight.double(), (0, missing)).unfold(2, TILE, TILE)  # (C', C, pieces, 4)
    matrix = torch.from_numpy(filter_matrix())
    return torch.einsum("pt,ocjt->jpco", matrix, pieces).float().contiguous()


@_jit
def evaluate(x, start, width, tiles, slope, points):
    """Values of LeakyReLU(x) at the points, tile by tile.

    Args:
        x: (rows * C,) float32. A step of the filter is `width` = dilation * C numbers.
        start: where the first tile's first sample lies in `x`; the next tile begins four steps later.
        slope: of the LeakyReLU; 1 for none.
        points: (7, at least tiles * width), written.
    """
    for tile in range(tiles):
        a, b = start + TILE * tile * width, tile * width
        x0, x1, x2, x3 = x[a:], x[a + width :], x[a + 2 * width :], x[a + 3 * width :]
        x4, x5, x6 = x[a + 4 * width :], x[a + 5 * width :], x[a + 6 * width :]
        p0, p1, p2, p3 = points[0, b:], points[1, b:], points[2, b:], points[3, b:]
        p4, p5, p6 = points[4, b:], points[5, b:], points[6, b:]
        for i in range(width):
            a0, a1, a2, a3, a4, a5, a6 = x0[i], x1[i], x2[i], x3[i], x4[i], x5[i], x6[i]
            a0 = a0 if a0 > 0 else a0 * slope
            a1 = a1 if a1 > 0 else a1 * slope
            a2 = a2 if a2 > 0 else a2 * slope
            a3 = a3 if a3 > 0 else a3 * slope
            a4 = a4 if a4 > 0 else a4 * slope
            a5 = a5 if a5 > 0 else a5 * slope
            a6 = a6 if a6 > 0 else a6 * slope
            # Rows of Bᵀ: the coefficients of Π (x − q) over all other points q.
            p0[i] = a5 - _TWO * a0 + _FOUR * a1 + np.float32(2.5) * a2 - np.float32(5) * a3 - _HALF * a4
            p1[i] = a5 + _TWO * (a1 - a2) - np.float32(4.5) * a3 + _HALF * a4
            p2[i] = a5 - _TWO * a1 + np.float32(6) * a2 - np.float32(3.5) * a3 - np.float32(1.5) * a4
            p3[i] = a5 + a1 - np.float32(1.5) * (a2 - a4) - _TWO * a3
            p4[i] = a5 - a1 + np.float32(2.5) * (a2 - a4)
            p5[i] = a5 + _FOUR * a1 - np.float32(5) * a3
            p6[i] = a6 - _TWO * a1 + _FOUR * a2 + np.float32(2.5) * a3 - np.float32(5) * a4 - _HALF * a5


@_jit
def interpolate(points, width, tiles, bias, skip, out, start):
    """Four outputs of each tile from the products at the points: out = skip + bias + Aᵀ · points.

    Args:
        points: (7, at least tiles * width).
        bias: (width,), the bias once for each of the `width` / C lines.
        skip: (rows * C,), may be `out`; empty for none.
        out: (rows * C,), four steps of it are written for each tile.
        start, width, tiles: as in `evaluate`, in `skip` and `out`.
    """
    for tile in range(tiles):
        a, b = start + TILE * tile * width, tile * width
        y0, y1, y2, y3 = out[a:], out[a + width :], out[a + 2 * width :], out[a + 3 * width :]
        p0, p1, p2, p3 = points[0, b:], points[1, b:], points[2, b:], points[3, b:]
        p4, p5, p6 = points[4, b:], points[5, b:], points[6, b:]
        # Columns of Aᵀ: the powers of the points; ∞ counts for the highest only.
        if skip.shape[0]:
            s0, s1, s2, s3 = skip[a:], skip[a + width :], skip[a + 2 * width :], skip[a + 3 * width :]
            for i in range(width):
                even, odd, two, half = p1[i] + p2[i], p1[i] - p2[i], p3[i] - p4[i], p5[i]
                four = _FOUR * (p3[i] + p4[i])
                y0[i] = s0[i] + bias[i] + p0[i] + even + np.float32(0.25) * four + half
                y1[i] = s1[i] + bias[i] + odd + _TWO * two + _HALF * half
                y2[i] = s2[i] + bias[i] + even + four + np.float32(0.25) * half
                y3[i] = s3[i] + bias[i] + odd + np.float32(8) * two + np.float32(0.125) * half + p6[i]
        else:
            for i in range(width):
                even, odd, two, half = p1[i] + p2[i], p1[i] - p2[i], p3[i] - p4[i], p5[i]
                four = _FOUR * (p3[i] + p4[i])
                y0[i] = bias[i] + p0[i] + even + np.float32(0.25) * four + half
                y1[i] = bias[i] + odd + _TWO * two + _HALF * half
                y2[i] = bias[i] + even + four + np.float32(0.25) * half
                y3[i] = bias[i] + odd + np.float32(8) * two + np.float32(0.125) * half + p6[i]
