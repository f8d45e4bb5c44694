"""Dropout whose random numbers cost little on a CPU."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Dropout", "apply_dropout", "dropout_factors"]


def dropout_factors(shape: Sequence[int], rate: float, like: Tensor, spare: bool = True) -> Tensor:
    """Factors 0 (with probability `rate`) and 1 / (1 - rate), of `like`'s type and device.

    They follow `torch.manual_seed`. On a CPU torch's own dropout spends most of its time drawing one double per element; here
    four elements share a 64-bit draw, so that the rate is kept to 1/65536.

    Args:
        shape: of the factors.
        rate: 0 ≤ rate < 1.
        like: a tensor of the type and device wanted.
        spare: whether one draw more is made where four divides the size. It changes what the next draw of a seed is and
            nothing else: a model stays with the one that its trainings were recorded with.
    """
    if like.device.type != "cpu":
        return F.dropout(like.new_ones(tuple(shape)), rate)
    count = torch.Size(shape).numel()
    draws = count // 4 + 1 if spare else -(-count // 4)
    bits = torch.empty(draws, dtype=torch.int64).random_(-(2**63), None).view(torch.int16)[:count]
    kept = bits.view(tuple(shape)) >= round(rate * 65536) - 32768
    return kept.to(like.dtype).mul_(1.0 / (1.0 - rate))


def apply_dropout(x: Tensor, rate: float, spare: bool = True) -> Tensor:
    """Zero a random share `rate` of x and scale the rest by 1 / (1 - rate) (Srivastava et al. 2014), training or not.

    See `dropout_factors`.
    """
    if rate == 0.0:
        return x
    if x.device.type != "cpu":
        return F.dropout(x, rate)
    return x * dropout_factors(x.shape, rate, x, spare)


class Dropout(nn.Module):
    """`apply_dropout` while training."""

    def __init__(self, rate: float, spare: bool = True) -> None:
        super().__init__()
        self.rate, self.spare = rate, spare

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape."""
        return apply_dropout(x, self.rate, self.spare) if self.training else x
