"""Turns a time budget into a number of steps, which is then trained exactly and can be replayed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch

from ttskit.interfaces.trainable import Trainable, TrainState
from ttskit.training.data import Batches, Loader
from ttskit.training.optimize import Optimization
from ttskit.training.precision import Precision
from ttskit.training.processes import Processes
from ttskit.training.step import run_step

__all__ = ["LEAST", "LONGEST_S", "MOST", "SHARE", "SPREAD", "TOTAL", "WARM_UP", "steps_within"]

WARM_UP, MOST, LEAST = 2, 24, 3  # steps before the clock starts; most and fewest steps timed
SHARE, LONGEST_S = 0.1, 30.0  # of the budget, and at most, spent on timing
TOTAL = 1_000_000  # steps that the schedules are told: enough for every phase
# Where in its phase each timed step stands: a model may do more work in a part of it (Tacotron 2's reduction), and
# multiples of the golden ratio spread evenly however many there are.
SPREAD = 0.6180339887498949


def steps_within(
    budget_s: float,
    model: Trainable,
    optimization: Callable[[int], Optimization],
    batches: Batches,
    loader: Loader,
    processes: Processes,
    precision: Precision,
    seed: int,
) -> tuple[int, float]:
    """Steps that fit into `budget_s`, and the mean seconds of one; `model` is used up (give a copy).

    Each of the model's phases is timed by itself. All processes get the same answer.

    Args:
        optimization: gives the model's optimisers when told how many non-finite steps in a row to bear.
    """
    starts = sorted(s for s in set(model.phase_starts(TOTAL)) if s < TOTAL)
    ends = [*starts[1:], TOTAL]
    each_s, bear = budget_s / len(starts), MOST + WARM_UP + 1
    prices = {
        start: _seconds_per_step(start, end, model, optimization(bear), batches, loader, processes, precision, seed, each_s)
        for start, end in zip(starts, ends, strict=True)
    }
    if len(starts) == 1:
        return max(1, int(budget_s / prices[starts[0]])), prices[starts[0]]

    def cost_s(total: int) -> float:
        bounds = [*model.phase_starts(total), total]
        stretches = zip(bounds[:-1], bounds[1:], model.phase_starts(TOTAL), strict=True)
        return sum((end - start) * prices[timed] for start, end, timed in stretches if end > start)

    low, high = 1, max(2, int(budget_s / min(prices.values())) + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost_s(middle) <= budget_s else (low, middle)
    return low, cost_s(low) / low


def _seconds_per_step(
    start: int,
    end: int,
    model: Trainable,
    optimization: Optimization,
    batches: Batches,
    loader: Loader,
    processes: Processes,
    precision: Precision,
    seed: int,
    budget_s: float,
) -> float:
    """Time some real steps, spread from step `start` to before `end` of `TOTAL`.

    The batches timed may be longer or shorter than most; the time is scaled by their padded frames.
    """
    model.train()
    limit_s = min(SHARE * budget_s, LONGEST_S)
    seconds, frames, steps = 0.0, 0.0, 0
    for step, work in enumerate(loader.steps(batches, count=WARM_UP + MOST)):
        started = _now(processes.device)
        state = TrainState(start + int(step * SPREAD % 1.0 * (end - start)), work.epoch, TOTAL, seed)
        run_step(model, optimization, work.batch, work.ids, state, processes, precision)
        optimization.check()
        if step >= WARM_UP:
            seconds += _now(processes.device) - started
            frames += _frames(batches, work.ids)
            steps += 1
        if processes.any(steps >= LEAST and seconds >= limit_s):
            break
    typical = [_frames(batches, ids) for ids in batches.epoch(0)]
    return processes.from_first(seconds / steps * (sum(typical) / len(typical)) / (frames / steps))


def _frames(batches: Batches, ids: Sequence[str]) -> float:
    """Padded frames of a global batch."""
    return batches.frames(ids)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
