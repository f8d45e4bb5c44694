"""One training step, the same in the loop and when a budget is timed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ttskit.interfaces.trainable import Trainable, TrainState
from ttskit.training.optimize import Optimization
from ttskit.training.precision import Precision
from ttskit.training.processes import Processes


def run_step(
    model: Trainable,
    optimization: Optimization,
    batch: Any,
    ids: Sequence[str],
    state: TrainState,
    processes: Processes,
    precision: Precision,
) -> dict[str, Tensor | float]:
    """One training step, randomness and all: the values to log, still on the device."""
    torch.manual_seed(step_seed(state.seed, state.step, processes.rank))
    optimization.begin(state)
    with precision.autocast():
        extra = model.training_step(batch.to(processes.device), state, optimization)
    return {**optimization.end(ids), **(extra or {})}


def step_seed(seed: int, step: int, rank: int) -> int:
    """63 bits that differ for every (seed, step, rank): neighbours share no bits (splitmix64's finaliser)."""
    z = (seed * 0x9E3779B97F4A7C15 + step * 0xBF58476D1CE4E5B9 + rank * 0x94D049BB133111EB + 1) & (2**64 - 1)
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
    return (z ^ (z >> 31)) >> 1
