"""One training step, the same in the loop and when a budget is timed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ttskit.interfaces.trainable import Trainable, TrainState
from ttskit.training.accumulation import Share
from ttskit.training.data import Shares
from ttskit.training.optimize import Optimization
from ttskit.training.precision import Precision
from ttskit.training.processes import Processes

__all__ = ["run_step", "step_seed"]


def run_step(
    model: Trainable,
    optimization: Optimization,
    batch: Any,
    ids: Sequence[str],
    state: TrainState,
    processes: Processes,
    precision: Precision,
) -> dict[str, Tensor | float]:
    """One training step, randomness and all: the values to log, still on the device.

    Args:
        batch: this process's, or `Shares` of it; what the model logs besides its losses is of the first share.
    """
    first, *others = [b.to(processes.device) for b in (batch.parts if isinstance(batch, Shares) else (batch,))]
    seeds = [step_seed(state.seed, state.step, processes.rank * (1 + len(others)) + i) for i in range(1 + len(others))]
    given = (precision, processes.device, optimization.buffers)
    shares = [Share(model, b, state, seed, *given) for b, seed in zip(others, seeds[1:], strict=True)]
    torch.manual_seed(seeds[0])
    optimization.begin(state, shares)
    with precision.autocast():
        extra = model.training_step(first, state, optimization)
    return {**optimization.end(ids), **(extra or {})}


def step_seed(seed: int, step: int, rank: int) -> int:
    """63 bits that differ for every (seed, step, rank): neighbours share no bits (splitmix64's finaliser)."""
    z = (seed * 0x9E3779B97F4A7C15 + step * 0xBF58476D1CE4E5B9 + rank * 0x94D049BB133111EB + 1) & (2**64 - 1)
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
    return (z ^ (z >> 31)) >> 1
