"""Dropout whose random numbers cost little on a CPU."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Dropout", "apply_dropout", "dropout_factors"]


def dropout_factors(like: Tensor, rate: float) -> Tensor:
    """Factors of `like`'s shape, type and device: 0 with probability `rate`, else 1 / (1 - rate).

    They follow `torch.manual_seed`. On a CPU torch's own dropout spends most of its time drawing one double per element; here
    four elements share a 64-bit draw, so that the rate is kept to 1/65536.
    """
    if like.device.type != "cpu":
        return F.dropout(torch.ones_like(like), rate)
    count = like.numel()
    draws = torch.empty(count // 4 + 1, dtype=torch.int64).random_(-(2**63), None).view(torch.int16)[:count]
    kept = draws.view(like.shape) >= round(rate * 65536) - 32768
    return kept.to(like.dtype).mul_(1.0 / (1.0 - rate))


def apply_dropout(x: Tensor, rate: float) -> Tensor:
    """Zero a random share `rate` of x and scale the rest (Srivastava et al. 2014), training or not."""
    if rate == 0.0:
        return x
    if x.device.type != "cpu":
        return F.apply_dropout(x, rate)
    return x * dropout_factors(x, rate)


class Dropout(nn.Module):
    """`apply_dropout` while training."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape."""
        return apply_dropout(x, self.rate) if self.training else x
