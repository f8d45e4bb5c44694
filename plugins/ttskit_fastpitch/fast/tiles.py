"""Convolutions of kernel 3 with half the multiplications: F(4, 3) of Winograd, in one dimension (Lavin and Gray 2016).

Four outputs of a convolution over six inputs d take twelve products of matrices; evaluated as polynomials at 0, ±1, ±2
and ∞ they take six: y = Aᵀ [(G g) ⊙ (Bᵀ d)], with Bᵀ for the inputs, G for the kernel g and Aᵀ for the outputs. The constants
are small, so in fp32 errors are at most some six times those of the same products summed directly (3.3 times in root mean
square; the test of this module derives it). Forward and backward are written out: sums into preallocated pieces, six
products each.

Shapes: x (B, L, C), weight (O, C, 3), R = B · ⌈L / 4⌉ tiles.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Convolve", "convolve", "kernel_pieces"]


def kernel_pieces(weight: Tensor) -> Tensor:
    """G g: (6, C, O) of weight (O, C, 3)."""
    a, b, c = weight.permute(2, 1, 0).contiguous().unbind(0)
    out = a.new_empty(6, *a.shape)
    outer, wide = torch.add(a, c), torch.add(a, c, alpha=4.0)  # g(±1) = (a + c) ± b, g(±2) = (a + 4c) ± 2b
    torch.mul(a, 0.25, out=out[0])
    torch.add(outer, b, out=out[1]).mul_(-1 / 6)
    torch.sub(outer, b, out=out[2]).mul_(-1 / 6)
    torch.add(wide, b, alpha=2.0, out=out[3]).mul_(1 / 24)
    torch.sub(wide, b, alpha=2.0, out=out[4]).mul_(1 / 24)
    out[5] = c
    return out


def _input_pieces(x: Tensor) -> Tensor:
    """Bᵀ d: (6, R, C) of x (B, L, C), 0 beyond its ends."""
    rows, length, channels = x.shape
    tiles = -(-length // 4)
    padded = F.pad(x, (0, 0, 1, 4 * tiles - length + 3)).reshape(rows, tiles + 1, 4, channels)
    d0, d1, d2, d3 = padded[:, :-1].unbind(2)
    d4, d5 = padded[:, 1:, 0], padded[:, 1:, 1]
    out = x.new_empty(6, rows, tiles, channels)
    even, odd = torch.sub(d4, d2, alpha=4.0), torch.sub(d3, d1, alpha=4.0)
    torch.sub(d4, d2, alpha=5.0, out=out[0]).add_(d0, alpha=4.0)
    torch.add(even, odd, out=out[1])
    torch.sub(even, odd, out=out[2])
    torch.sub(d4, d2, out=even)
    torch.sub(d3, d1, out=odd)
    torch.add(even, odd, alpha=2.0, out=out[3])
    torch.sub(even, odd, alpha=2.0, out=out[4])
    torch.sub(d5, d3, alpha=5.0, out=out[5]).add_(d1, alpha=4.0)
    return out.view(6, rows * tiles, channels)


def convolve(x: Tensor, pieces: Tensor, bias: Tensor) -> Tensor:
    """(B, L, O) of x (B, L, C), with the kernel as `kernel_pieces` gives it and bias (O,)."""
    return _outputs(torch.bmm(_input_pieces(x), pieces), bias, x.shape[0], x.shape[1])


def _outputs(m: Tensor, bias: Tensor, rows: int, length: int) -> Tensor:
    """Aᵀ m + bias: (B, L, O) of m (6, R, O)."""
    y = m.new_empty(m.shape[1], 4, m.shape[2])
    sum1, difference1, sum2, difference2 = m[1] + m[2], m[1] - m[2], m[3] + m[4], m[3] - m[4]
    sum1 += bias
    difference1 += bias
    torch.add(sum1, m[0], out=y[:, 0]).add_(sum2)
    torch.add(difference1, difference2, alpha=2.0, out=y[:, 1])
    torch.add(sum1, sum2, alpha=4.0, out=y[:, 2])
    torch.add(difference1, difference2, alpha=8.0, out=y[:, 3]).add_(m[5])
    return y.view(rows, -1, m.shape[2])[:, :length]


class Convolve(torch.autograd.Function):
    """`convolve` of x and weight, differentiable (once)."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        d, g = _input_pieces(x), kernel_pieces(weight)
        ctx.save_for_backward(d, g)
        ctx.size = x.shape
        return _outputs(torch.bmm(d, g), bias, x.shape[0], x.shape[1])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        d, g = ctx.saved_tensors
        rows, length, _ = ctx.size
        tiles = -(-length // 4)
        # A, applied to the outputs' gradient.
        y = F.pad(gradient, (0, 0, 0, 4 * tiles - length)).reshape(rows * tiles, 4, -1)
        y0, y1, y2, y3 = y.unbind(1)
        m = y.new_empty(6, rows * tiles, y.shape[2])
        m[0], m[5] = y0, y3
        even, odd = y0 + y2, y1 + y3
        torch.add(even, odd, out=m[1])
        torch.sub(even, odd, out=m[2])
        torch.add(y0, y2, alpha=4.0, out=even)
        torch.add(y1, y3, alpha=4.0, out=odd)
        torch.add(even, odd, alpha=2.0, out=m[3])
        torch.sub(even, odd, alpha=2.0, out=m[4])
        d_x = _inputs_back(torch.bmm(m, g.transpose(1, 2)), rows, length) if ctx.needs_input_grad[0] else None
        d_weight = _kernel_back(torch.bmm(d.transpose(1, 2), m)) if ctx.needs_input_grad[1] else None
        return d_x, d_weight, gradient.sum((0, 1))


def _inputs_back(v: Tensor, rows: int, length: int) -> Tensor:
    """B v: gradient (B, L, C) of the inputs from that of their pieces (6, R, C)."""
    channels = v.shape[2]
    v = v.view(6, rows, -1, channels)
    tiles = v.shape[2]
    out = v.new_zeros(rows, tiles + 1, 4, channels)
    first, later = out[:, :-1], out[:, 1:]
    sum1, difference1, sum2, difference2 = v[1] + v[2], v[1] - v[2], v[3] + v[4], v[3] - v[4]
    torch.mul(v[0], 4.0, out=first[:, :, 0])
    torch.sub(v[5], difference1, out=first[:, :, 1]).mul_(4.0).sub_(difference2, alpha=2.0)
    torch.mul(v[0], -5.0, out=first[:, :, 2]).sub_(sum1, alpha=4.0).sub_(sum2)
    torch.mul(v[5], -5.0, out=first[:, :, 3]).add_(difference1).add_(difference2, alpha=2.0)
    later[:, :, 0] += v[0] + sum1 + sum2
    later[:, :, 1] += v[5]
    return out.view(rows, -1, channels)[:, 1 : length + 1]


def _kernel_back(u: Tensor) -> Tensor:
    """Gᵀ u: gradient (O, C, 3) of the kernel from that of its pieces (6, C, O)."""
    out = u.new_empty(3, *u.shape[1:])
    ones, twos = (u[1] + u[2]).mul_(-1 / 6), (u[3] + u[4]).mul_(1 / 24)
    torch.add(ones, twos, out=out[0]).add_(u[0], alpha=0.25)
    torch.sub(u[2], u[1], out=out[1]).mul_(1 / 6).add_(u[3] - u[4], alpha=1 / 12)
    torch.add(ones, twos, alpha=4.0, out=out[2]).add_(u[5])
    return out.permute(2, 1, 0).contiguous()
