"""How a time budget becomes a number of steps, on a clock that is told what each step costs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from ttskit.training import budget
from ttskit.training.processes import Processes

CPU = torch.device("cpu")
FRAME_S = 0.001


class Model:
    """Phases, and nothing to learn."""

    def __init__(self, *starts):
        self.starts = starts or (0,)

    def phase_starts(self, total):
        return [int(start * total) for start in self.starts]

    def train(self):
        pass


class Batches:
    """Of an epoch, `sizes` in order; the loader begins with them."""

    def __init__(self, sizes):
        self.sizes = sizes

    def epoch(self, number):
        return [(str(size),) for size in self.sizes]

    def frames(self, ids):
        return float(ids[0])


def steps_within(seconds, model, sizes, monkeypatch, price=lambda state: 1.0):
    """Steps and seconds each, where a step takes a millisecond a frame, times `price` of its place in the training."""
    clock = [0.0]
    batches = Batches(sizes)

    def run(model, optimization, batch, ids, state, *rest):
        clock[0] += FRAME_S * batches.frames(ids) * price(state)

    def steps(batches, count):
        ids = [ids for _ in range(count) for ids in batches.epoch(0)]
        return [SimpleNamespace(batch=None, ids=one, epoch=0) for one in ids[:count]]

    monkeypatch.setattr(budget, "run_step", run)
    monkeypatch.setattr(budget, "_now", lambda device: clock[0])
    loader, optimization = SimpleNamespace(steps=steps), SimpleNamespace(check=lambda: None)
    return budget.steps_within(seconds, model, lambda bear: optimization, batches, loader, Processes(0, 1, CPU), None, 1)


def test_the_batches_that_were_timed_need_not_be_as_long_as_most(monkeypatch):
    """Planted: without the scale by frames a loader that begins with short batches promised too many steps."""
    short_first = [10.0] * (budget.WARM_UP + budget.MOST) + [50.0] * 74
    total, each_s = steps_within(100.0, Model(), short_first, monkeypatch)
    typical_s = FRAME_S * sum(short_first) / len(short_first)
    assert each_s == pytest.approx(typical_s)
    assert total == int(100.0 / typical_s)


def test_the_first_steps_are_not_timed(monkeypatch):
    slow = iter([100.0] * budget.WARM_UP + [1.0] * budget.MOST)
    total, each_s = steps_within(30.0, Model(), [10.0] * 40, monkeypatch, price=lambda state: next(slow))
    assert each_s == pytest.approx(0.010) and total == 3_000


def test_phases_cost_what_they_cost_and_the_whole_fits(monkeypatch):
    """A first fifth at a quarter of the price: steps of both kinds take the budget together, and one more would not fit."""
    model = Model(0, 0.2)
    dear = 0.2 * budget.TOTAL
    total, each_s = steps_within(80.04, model, [100.0] * 40, monkeypatch, price=lambda s: 1.0 if s.step >= dear else 0.25)

    def cost(steps):
        first = int(0.2 * steps)
        return 0.025 * first + 0.1 * (steps - first)

    assert cost(total) <= 80.04 < cost(total + 1) and each_s == pytest.approx(cost(total) / total)


def test_a_budget_for_less_than_a_step_is_a_step(monkeypatch):
    assert steps_within(0.001, Model(), [10.0] * 40, monkeypatch)[0] == 1
