"""Location-sensitive attention (Chorowski et al. 2015, as used by Shen et al. 2018) and its aids."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Keys:
    """What attention needs of a batch of texts, computed once per batch.

    Args:
        memory: (B, N, E) encoder outputs, 0 on padding.
        keys: (B, N, A) memory as compared with the query.
        hidden: (B, N) True on padding, None when there is none to hide.
        convolution: (2·K, F) location filters as a matrix over windows of K tokens.
        dense: (F, A) their projection.
        score: (A,) weights of the energy.
    """

    memory: Tensor
    keys: Tensor
    hidden: Tensor | None
    convolution: Tensor
    dense: Tensor
    score: Tensor


class LocationAttention(nn.Module):
    """Energies from the query, the memory and where attention has been."""

    def __init__(self, query: int, memory: int, channels: int, location_channels: int, location_kernel: int) -> None:
        super().__init__()
        self.query = nn.Linear(query, channels, bias=False)
        self.memory = nn.Linear(memory, channels, bias=False)
        self.score = nn.Linear(channels, 1, bias=False)
        self.location_conv = nn.Conv1d(2, location_channels, location_kernel, padding=location_kernel // 2, bias=False)
        self.location_dense = nn.Linear(location_channels, channels, bias=False)
        for layer in (self.query, self.memory, self.location_dense, self.location_conv):
            nn.init.xavier_uniform_(layer.weight, gain=nn.init.calculate_gain("tanh"))

    def keys(self, memory: Tensor, mask: Tensor | None) -> Keys:
        """Prepare a batch: memory (B, N, E), mask (B, N) True on real tokens or None."""
        return Keys(
            memory,
            self.memory(memory),
            None if mask is None else ~mask,
            self.location_conv.weight.flatten(1).t().contiguous(),
            self.location_dense.weight.t().contiguous(),
            self.score.weight[0],
        )


def windowed(energies: Tensor, previous: Tensor, back: int, ahead: int) -> Tensor:
    """Energies (B, N) with all but a window about the previous attention's peak shut off.

    Args:
        energies: of this step.
        previous: (B, N) attention of the last step; all zero before the first, whose peak is token 0.
        back, ahead: tokens that the window reaches behind and before the peak.
    """
    peak = previous.argmax(1, keepdim=True)
    place = torch.arange(energies.shape[1], device=energies.device)[None]
    return energies.masked_fill((place < peak - back) | (place > peak + ahead), -torch.inf)


def forward_weights(weights: Tensor, previous: Tensor, first: bool) -> Tensor:
    """Forward attention (Zhang et al. 2018, eq. 6–8): attention stays or moves on by one token.

    weights, previous: (B, N). At the first step attention lies on the first token.
    """
    if first:
        start = torch.zeros_like(weights)
        start[:, 0] = 1.0
        previous = start
    moved = (previous + F.pad(previous, (1, 0))[:, :-1] + 1e-8) * weights
    return moved / moved.sum(1, keepdim=True)


def duration_weights(durations: Tensor, steps: int, reduction: int) -> Tensor:
    """The attention that durations describe.

    Args:
        durations: (B, N) int64 frames per token.
        steps: decoder steps wanted.
        reduction: frames per step.

    Returns:
        (B, steps, N) share of each step's frames that belongs to each token; rows sum to 1 within the
        durations and are 0 after them.
    """
    ends = durations.cumsum(1)
    starts = ends - durations
    first = torch.arange(steps, device=durations.device)[None, :, None] * reduction
    overlap = torch.minimum(ends[:, None], first + reduction) - torch.maximum(starts[:, None], first)
    overlap = overlap.clamp_min(0).float()
    return overlap / overlap.sum(2, keepdim=True).clamp_min(1.0)
