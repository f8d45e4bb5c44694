"""Convolutions over (B, L, C) as matrix products: on a CPU faster than torch's kernels at speech sizes, nothing transposed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn import weight_state
from ttskit_fastpitch.fast import tiles

if TYPE_CHECKING:
    from ttskit_fastpitch.layers import Conv

__all__ = ["KeptKernel", "Neighbourhoods", "convolve"]

_WIDE = 32  # channels from which half the multiplications are worth the sums around them
_MANY = 1024  # positions from which they are in training, where each step transforms the kernel and its gradient
_NOTHING: tuple = ((), None)


def convolve(conv: Conv, x: Tensor) -> Tensor:
    """What `conv.direct(x)` gives, in the way that is fastest for x (B, L, C).

    On the CPU a wide one of kernel 3 in fp32 takes half the multiplications (`tiles.py`); others are one matrix product
    over the kernel's neighbourhoods. On a GPU torch's own kernels are best.
    """
    width = conv.kernel_size[0]
    if width == 1:
        return F.linear(x, conv.weight[:, :, 0], conv.bias)
    if x.device.type != "cpu" or conv.in_channels == 1:
        return conv.direct(x)
    wide = width == 3 and min(conv.in_channels, conv.out_channels) >= _WIDE and x.dtype == torch.float32
    if wide and not torch.is_autocast_enabled("cpu"):
        if not torch.is_grad_enabled():
            return tiles.convolve(x, conv.pieces(), conv.bias)
        if x.shape[0] * x.shape[1] >= _MANY:
            return tiles.Convolve.apply(x, conv.weight, conv.bias)
    around = Neighbourhoods.apply(x, width)
    return F.linear(around, conv.weight.permute(0, 2, 1).reshape(conv.out_channels, -1), conv.bias)


class KeptKernel(nn.Module):
    """For a convolution: its kernel as `tiles.convolve` takes it, kept between calls."""

    weight: nn.Parameter
    _kept: tuple = _NOTHING

    def __getstate__(self) -> dict:
        """Copies and files go without what is kept: it is twice as large as the kernel, and of this weight alone."""
        return {**super().__getstate__(), "_kept": _NOTHING}

    def train(self, mode: bool = True) -> Self:
        self._kept = _NOTHING
        return super().train(mode)

    def pieces(self) -> Tensor:
        """The kernel's pieces, made again when the weight has changed."""
        weight = self.weight.detach()
        now, kept = weight_state(weight), self._kept
        if kept[0] != now:
            kept = self._kept = (now, tiles.kernel_pieces(weight))
        return kept[1]


class Neighbourhoods(torch.autograd.Function):
    """(B, L, C) → (B, L, width · C): each position's neighbours side by side, 0 beyond the ends.

    Written out with its adjoint: one copy each way, where padding and concatenating takes three.
    """

    @staticmethod
    def _spans(length: int, width: int):
        """For each tap: where it is written, and where it is read."""
        for tap in range(width):
            shift = tap - width // 2
            start, end = min(length, max(0, -shift)), max(0, length - max(0, shift))
            yield tap, start, max(start, end), shift

    @staticmethod
    def forward(ctx, x: Tensor, width: int) -> Tensor:
        batch, length, channels = x.shape
        ctx.width = width
        out = x.new_empty(batch, length, width, channels)
        for tap, start, end, shift in Neighbourhoods._spans(length, width):
            out[:, :start, tap] = 0
            out[:, start:end, tap] = x[:, start + shift : end + shift] if end > start else 0
            out[:, end:, tap] = 0
        return out.view(batch, length, width * channels)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        batch, length, _ = gradient.shape
        gradient = gradient.view(batch, length, ctx.width, -1)
        out = gradient[:, :, ctx.width // 2].clone()
        for tap, start, end, shift in Neighbourhoods._spans(length, ctx.width):
            if shift and end > start:
                out[:, start + shift : end + shift] += gradient[:, start:end, tap]
        return out, None
