"""Dropout drawn cheaply: on one CPU thread torch's own takes longer than the convolution before it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_LOWEST = -(2**63)


def dropout_factors(shape: tuple[int, ...], p: float, like: Tensor) -> Tensor:
    """Factors 0 (with probability p) and 1 / (1 − p), of `like`'s type and device, from torch's global generator.

    On the CPU, 64 random bits serve four factors, hence p is rounded to 1/65536.
    """
    if like.device.type != "cpu":
        return F.dropout(like.new_ones(shape), p)
    count = torch.Size(shape).numel()
    bits = torch.empty((count + 3) // 4, dtype=torch.int64).random_(_LOWEST, None).view(torch.int16)[:count]
    kept = bits >= round(p * 65536) - 32768
    return kept.to(like.dtype).mul_(1.0 / (1.0 - p)).view(shape)


def dropout(x: Tensor, p: float, training: bool) -> Tensor:
    """`torch.nn.functional.dropout` with `dropout_factors`."""
    return x * dropout_factors(tuple(x.shape), p, x) if training and p > 0 else x
