"""Turns a time budget into a number of steps, which is then trained exactly and can be replayed."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from ttskit.interfaces.trainable import Trainable, TrainState
from ttskit.training.data import Batches, Loader
from ttskit.training.optimize import Optimization
from ttskit.training.precision import Precision
from ttskit.training.processes import Processes
from ttskit.training.step import run_step

__all__ = [
    "LEAST",
    "LONGEST_S",
    "MOST",
    "SHARE",
    "SPREAD",
    "TOTAL",
    "WARM_UP",
    "Timing",
    "cost_s",
    "phase_prices",
    "steps_within",
]

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
    prices = phase_prices(
        model,
        optimization,
        batches,
        loader,
        processes,
        precision,
        seed,
        lambda phases: min(SHARE * budget_s / phases, LONGEST_S),
    )
    each = {start: timing.seconds for start, timing in prices.items()}
    if len(each) == 1:
        return max(1, int(budget_s / each[0])), each[0]
    low, high = 1, max(2, int(budget_s / min(each.values())) + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost_s(model, middle, each) <= budget_s else (low, middle)
    return low, cost_s(model, low, each) / low


@dataclass(frozen=True)
class Timing:
    """Seconds of one step of a phase, at the corpus's mean length.

    Args:
        seconds: the mean.
        median, fastest, slowest: of the timed steps, each scaled to that length; other programs make some of them slow.
        steps: how many were timed.
    """

    seconds: float
    median: float
    fastest: float
    slowest: float
    steps: int


def phase_prices(
    model: Trainable,
    optimization: Callable[[int], Optimization],
    batches: Batches,
    loader: Loader,
    processes: Processes,
    precision: Precision,
    seed: int,
    limit_s: Callable[[int], float],
    patience_s: float = math.inf,
) -> dict[int, Timing]:
    """First step of each of the model's phases (in a training of `TOTAL` steps) → what a step of it costs, timed here and now.

    Args:
        model: is used up (give a copy).
        optimization: as for `steps_within`.
        limit_s: the number of phases → seconds after which the timing of one ends.
        patience_s: seconds, for all phases, after which one timed step of each is enough, warm-up included.
    """
    starts = sorted(s for s in set(model.phase_starts(TOTAL)) if s < TOTAL)
    within, patience = limit_s(len(starts)), patience_s / len(starts)
    return {
        start: _seconds_per_step(
            start,
            end,
            model,
            optimization(MOST + WARM_UP + 1),
            batches,
            loader,
            processes,
            precision,
            seed,
            within,
            patience,
        )
        for start, end in zip(starts, [*starts[1:], TOTAL], strict=True)
    }


def cost_s(model: Trainable, total: int, each_s: Mapping[int, float]) -> float:
    """Seconds of a training of `total` steps, from the seconds of a step of each phase (by `phase_prices`' keys)."""
    bounds = [*model.phase_starts(total), total]
    stretches = zip(bounds[:-1], bounds[1:], model.phase_starts(TOTAL), strict=True)
    return sum((end - start) * each_s[timed] for start, end, timed in stretches if end > start)


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
    limit_s: float,
    patience_s: float,
) -> Timing:
    """Time some real steps, spread from step `start` to before `end` of `TOTAL`.

    The batches timed may be longer or shorter than most; the time is scaled by their padded frames.
    """
    model.train()
    seconds: list[float] = []
    frames: list[float] = []
    spent = 0.0
    for step, work in enumerate(loader.steps(batches, count=WARM_UP + MOST)):
        started = _now(processes.device)
        state = TrainState(start + int(step * SPREAD % 1.0 * (end - start)), work.epoch, TOTAL, seed)
        run_step(model, optimization, work.batch, work.ids, state, processes, precision)
        optimization.check()
        took = _now(processes.device) - started
        spent += took
        if step >= WARM_UP or (spent > patience_s and step == WARM_UP - 1):
            seconds.append(took)
            frames.append(_frames(batches, work.ids))
        enough = len(seconds) >= LEAST and sum(seconds) >= limit_s
        if processes.any(enough or (len(seconds) > 0 and spent > patience_s)):
            break
    lengths = [_frames(batches, ids) for ids in batches.epoch(0)]
    typical = sum(lengths) / len(lengths)
    each = [s * typical / max(f, 1e-9) for s, f in zip(seconds, frames, strict=True)]
    mean = processes.from_first(sum(seconds) / len(seconds) * typical / (sum(frames) / len(frames)))
    middle, low, high = (processes.from_first(value) for value in (statistics.median(each), min(each), max(each)))
    return Timing(mean, middle, low, high, len(seconds))


def _frames(batches: Batches, ids: Sequence[str]) -> float:
    """Padded frames of a global batch."""
    return batches.frames(ids)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
