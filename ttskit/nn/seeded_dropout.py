"""Dropout that stays on when speaking, one seed to a sentence.

An autoregressive model whose prenet keeps its dropout at inference (Shen et al. 2018, section 2.2) is random when it
speaks. Here each row of a batch has a generator of its own, so that one seed gives one result, alone or in any batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["SeededDropout", "private_generators", "seeded_factors", "seeded_generators"]


def seeded_generators(seeds: Tensor | None, rows: int) -> list[torch.Generator]:
    """A CPU generator per row, seeded by seeds (B,), or all by 0 without: for passes that must repeat exactly."""
    return [torch.Generator().manual_seed(seed) for seed in ([0] * rows if seeds is None else seeds.tolist())]


def private_generators(sources: Sequence[torch.Generator] | None, rows: int) -> list[torch.Generator]:
    """A fresh CPU generator per row, seeded by one draw from the row's own source.

    However much is then drawn for a row, its source has moved by one draw: what follows for the caller does not depend on
    how long this row or any other spoke.

    Args:
        sources: a generator per row, or None to seed from torch's global generator.
        rows: B.
    """
    given = [None] * rows if sources is None else sources
    return [torch.Generator().manual_seed(int(torch.randint(2**62, (), generator=source))) for source in given]


def seeded_factors(generators: Sequence[torch.Generator], shape: Sequence[int], p: float) -> Tensor:
    """Dropout factors (B, *shape) float32 on the CPU: 0 with probability p, else 1 / (1 − p), row b from `generators[b]`.

    Values come in the order of memory. With time as the first axis of `shape`, a longer draw begins with the shorter one,
    and several short draws together are one long one.
    """
    kept = torch.stack([torch.rand(tuple(shape), generator=generator) for generator in generators]) >= p
    return kept.float() / (1.0 - p)


class SeededDropout:
    """`seeded_factors` for one decoder step after the other, drawn and moved to the device a block of steps at a time."""

    def __init__(
        self, generators: Sequence[torch.Generator], shape: Sequence[int], p: float, like: Tensor, block: int = 64
    ) -> None:
        """
        Args:
            generators: a CPU generator per row.
            shape: of one row's factors at one step.
            p: probability of 0.
            like: its type and device are the factors'.
            block: steps drawn at once; it changes no value.
        """
        self.generators, self.shape, self.p, self.like, self.block = generators, tuple(shape), p, like, block
        self._drawn = like.new_empty(len(generators), 0, *self.shape)

    def next(self, steps: int = 1) -> Tensor:
        """Factors (B, steps, *shape) of the next steps."""
        if self._drawn.shape[1] < steps:
            more = seeded_factors(self.generators, (max(self.block, steps), *self.shape), self.p).to(self.like)
            self._drawn = torch.cat([self._drawn, more], 1) if self._drawn.shape[1] else more
        now, self._drawn = self._drawn[:, :steps], self._drawn[:, steps:]
        return now
