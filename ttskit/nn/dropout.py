"""Dropout whose random numbers cost little on a CPU."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Dropout", "apply_dropout"]


def apply_dropout(x: Tensor, rate: float) -> Tensor:
    """Zero a random share `rate` of x and scale the rest by 1 / (1 - rate) (Srivastava et al. 2014), training or not.

    It follows `torch.manual_seed`. On a CPU torch's own dropout spends most of its time drawing one double per element; here
    four elements share a 64-bit draw, so that the rate is kept to 1/65536.
    """
    if rate == 0.0:
        return x
    if x.device.type != "cpu":
        return F.dropout(x, rate)
    draws = torch.empty(x.numel() // 4 + 1, dtype=torch.int64).random_(-(2**63), None).view(torch.int16)[: x.numel()]
    kept = draws.view(x.shape) >= round(rate * 65536) - 32768
    return x * kept.to(x.dtype).mul_(1.0 / (1.0 - rate))


class Dropout(nn.Module):
    """`apply_dropout` while training."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape."""
        return apply_dropout(x, self.rate) if self.training else x
