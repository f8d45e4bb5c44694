"""The distance of mels; the other losses of Tacotron 2 are `ttskit.nn`'s."""

from __future__ import annotations

import torch
from torch import Tensor

from ttskit.interfaces import LossTerm

__all__ = ["mel_term"]


def mel_term(predicted: Tensor, target: Tensor, mask: Tensor | None, kind: str) -> LossTerm:
    """Distance of mels (B, M, T) over real frames; mask (B, T), or None to count padding too."""
    difference = predicted.float() - target.float()
    cost = torch.zeros_like(difference)
    if "mse" in kind:
        cost = cost + difference.square()
    if "l1" in kind:
        cost = cost + difference.abs()
    if mask is None:
        return LossTerm(cost.sum(), float(cost.numel()))
    return LossTerm((cost * mask[:, None]).sum(), mask.sum() * predicted.shape[1])
