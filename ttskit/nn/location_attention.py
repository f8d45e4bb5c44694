"""Location-sensitive attention (Chorowski et al. 2015, section 2.1, as used by Shen et al. 2018, section 2.2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["AttentionKeys", "LocationAttention", "attend"]


@dataclass(frozen=True, slots=True)
class AttentionKeys:
    """What attention needs of a batch of texts, computed once per batch.

    Args:
        memory: (B, N, E) encoder outputs, 0 on padding.
        keys: (B, N, A) memory as compared with the query.
        padding: (B, N) True on padding, None when there is none to hide.
    """

    memory: Tensor
    keys: Tensor
    padding: Tensor | None


class LocationAttention(nn.Module):
    """Attention by the query, the memory and where attention has been.

    e_n = vᵀ tanh(W q + V m_n + U f_n),  f = F ∗ [α of the last step, Σ α of all steps],  α = softmax(e)
    """

    def __init__(self, query: int, memory: int, channels: int, location_channels: int, location_kernel: int) -> None:
        """
        Args:
            query, memory: widths Q of the query and E of the memory.
            channels: width A in which they are compared.
            location_channels, location_kernel: filters F over past attention, and their width in tokens (odd).
        """
        super().__init__()
        self.query = nn.Linear(query, channels, bias=False)  # W
        self.memory = nn.Linear(memory, channels, bias=False)  # V
        self.score = nn.Linear(channels, 1, bias=False)  # v
        self.location_conv = nn.Conv1d(2, location_channels, location_kernel, padding=location_kernel // 2, bias=False)  # F
        self.location_dense = nn.Linear(location_channels, channels, bias=False)  # U
        for layer in (self.query, self.memory, self.location_dense, self.location_conv):
            nn.init.xavier_uniform_(layer.weight, gain=nn.init.calculate_gain("tanh"))

    def keys(self, memory: Tensor, mask: Tensor | None = None) -> AttentionKeys:
        """Prepare a batch: memory (B, N, E), mask (B, N) True on real tokens or None."""
        return AttentionKeys(memory, self.memory(memory), None if mask is None else ~mask)

    def energies(self, query: Tensor, texts: AttentionKeys, previous: Tensor, cumulative: Tensor) -> Tensor:
        """Energies (B, N) of one step, -inf on padding.

        Args:
            query: (B, Q).
            texts: the prepared batch.
            previous, cumulative: (B, N) attention of the last step, and the sum over all steps; 0 before the first.
        """
        location = self.location_conv(torch.stack([previous, cumulative], 1)).transpose(1, 2)
        compared = torch.tanh(self.query(query)[:, None] + texts.keys + self.location_dense(location))
        energies = self.score(compared).squeeze(2)
        return energies if texts.padding is None else energies.masked_fill(texts.padding, -torch.inf)

    def forward(self, query: Tensor, texts: AttentionKeys, previous: Tensor, cumulative: Tensor) -> tuple[Tensor, Tensor]:
        """Context (B, E) and attention (B, N) of one step. See `energies`."""
        attention = torch.softmax(self.energies(query, texts, previous, cumulative), 1)
        return attend(attention, texts.memory), attention


def attend(attention: Tensor, memory: Tensor) -> Tensor:
    """The context (B, E) that attention (B, N) reads from memory (B, N, E): Σ α_n m_n."""
    return torch.bmm(attention[:, None], memory).squeeze(1)
