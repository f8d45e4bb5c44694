"""The checks of training that acoustic models and vocoders share: some real steps, after which something must be learnt."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from ttskit.errors import UsageError
from ttskit.interfaces.trainable import Losses, OptimizerPlan, Trainable, TrainState
from ttskit.testing.checks import Fault, named, need
from ttskit.training.optimize import Optimization
from ttskit.training.precision import Precision
from ttskit.training.processes import Processes
from ttskit.training.step import run_step

__all__ = ["changed_by", "check_learning", "check_plans", "check_repeats", "ranking"]

STEPS, LOOK_EVERY = 24, 4
TOTAL = 1000  # the steps tried lie evenly over a training of so many: every phase of a schedule is met
LEAST_FALL = 1e-3  # share of the first loss; a model that learns passes it within a few steps
_CPU = torch.device("cpu")


def ranking(losses: Losses) -> float:
    """The number that the trainer ranks by: the term "total", else the weighted sum of the means."""
    return float(losses.terms["total"].mean if "total" in losses.terms else losses.total)


def changed_by(model: Trainable, call: Callable[[], object]) -> list[str]:
    """Names in the state dict that differ after a call."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    call()
    after = model.state_dict()
    return [name for name, value in before.items() if name not in after or not _equal(after[name], value)]


def _equal(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one.nan_to_num(), other.nan_to_num())


def _states(steps: int = STEPS) -> list[TrainState]:
    places = [round((index + 0.5) * TOTAL / steps) for index in range(steps)]
    return [TrainState(step, epoch, TOTAL, seed=7) for epoch, step in enumerate(places)]


def check_plans(model: Trainable) -> dict[str, OptimizerPlan]:
    """Every parameter is in an optimiser, once, and schedules are pure functions of the state; returns the plans."""
    plans = model.optimizers(TOTAL)
    need(isinstance(plans, dict) and bool(plans), f"optimizers() gives {plans!r}, not a plan or more by name")
    names = {id(p): name for name, p in model.named_parameters()}
    owners: dict[int, list[str]] = {}
    for plan_name, plan in plans.items():
        need(isinstance(plan, OptimizerPlan), f"optimiser {plan_name!r} is {type(plan).__name__}, not an OptimizerPlan")
        for group in plan.optimizer.param_groups:
            for p in group["params"]:
                owners.setdefault(id(p), []).append(plan_name)
        states = _states()
        there = [float(plan.schedule(state)) for state in states]
        back = [float(plan.schedule(state)) for state in reversed(states)][::-1]
        need(there == back, f"the schedule of {plan_name!r} is no pure function of the state: resuming would give other rates")
        need(
            all(math.isfinite(f) and f >= 0 for f in there),
            f"the schedule of {plan_name!r} gives {min(there)!r} … {max(there)!r}",
        )
    left = [n for n, p in model.named_parameters() if p.requires_grad and id(p) not in owners]
    need(not left, f"no optimiser moves {named(left)}")
    twice = [names.get(key, "a tensor") for key, plan_names in owners.items() if len(plan_names) > 1]
    need(not twice, f"several optimisers move {named(twice)}")
    return plans


class _Noting(Optimization):
    """The real thing, which also notes which optimisers a model calls."""

    def __init__(self, model: Trainable, plans: dict[str, OptimizerPlan]) -> None:
        super().__init__(model, plans, Processes(0, 1, _CPU), Precision("fp32", _CPU))
        self.called: set[str] = set()

    def __call__(self, name: str, losses: Losses) -> None:
        self.called.add(name)
        super().__call__(name, losses)


class _Training:
    """Some steps of a real training of one model on one batch."""

    def __init__(self, model: Trainable, batch: Any, plans: dict[str, OptimizerPlan]) -> None:
        self.model, self.batch, self.plans = model, batch, plans
        self.optimization = _Noting(model, plans)
        self.reached: set[str] = set()  # parameters that a gradient reached in some step

    def step(self, state: TrainState) -> None:
        """One step as the trainer makes it."""
        for p in self.model.parameters():
            p.grad = None
        processes, precision = Processes(0, 1, _CPU), Precision("fp32", _CPU)
        try:
            run_step(self.model.train(), self.optimization, self.batch, self.batch.ids, state, processes, precision)
        except UsageError as error:
            if self.optimization.called:
                raise
            raise Fault("training_step optimises nothing: it must call optimize(name, losses)") from error
        self.reached |= {n for n, p in self.model.named_parameters() if p.grad is not None and bool((p.grad != 0).any())}
        skipped = self.optimization.check()
        need(not skipped, f"at {state.progress:.0%} of training a step is skipped: its loss or gradient is not finite")


def check_learning(model: Trainable, batch: Any, loss: Callable[[Trainable], float]) -> None:
    """Train a few steps with the model's own optimisers: the loss falls, and every parameter is reached and moved.

    Args:
        model: fresh; it is changed.
        loss: what must fall, of a model (a copy), the same number whenever it is asked of the same weights.
    """
    training = _Training(model, batch, check_plans(model))
    given = {f.name: v.clone() for f in fields(batch) if isinstance(v := getattr(batch, f.name), Tensor)}
    start = {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}
    first = last = loss(copy.deepcopy(model))
    need(math.isfinite(first), f"the loss before training is {first}")
    moved: set[str] = set()
    for index, state in enumerate(_states(), start=1):
        training.step(state)
        for name, value in given.items():
            now = getattr(batch, name)
            need(torch.equal(now, value), f"training_step writes into the batch's {name}")
            need(not now.requires_grad and now.grad is None, f"training_step leaves a gradient on the batch's {name}")
        if index % LOOK_EVERY == 0:
            moved |= {n for n, p in model.named_parameters() if n in start and not torch.equal(p, start[n])}
            last = loss(copy.deepcopy(model))
            if first - last > LEAST_FALL * abs(first) and start.keys() <= moved & training.reached:
                break
    _judge(training, set(start), moved)
    need(
        first - last > LEAST_FALL * abs(first),
        f"the loss does not fall: {first:.6g} before and {last:.6g} after {STEPS} steps on one batch",
    )


def _judge(training: _Training, trainable: set[str], moved: set[str]) -> None:
    """Name what was not called, reached or moved."""
    idle = [name for name in training.plans if name not in training.optimization.called]
    need(not idle, f"optimizers() gives {', '.join(map(repr, idle))}, but no step calls optimize with that name")
    without = sorted(trainable - training.reached)
    need(not without, f"no gradient reaches {named(without)}")
    parameters = dict(training.model.named_parameters())
    for name, plan in training.plans.items():
        own = {id(p) for group in plan.optimizer.param_groups for p in group["params"]}
        of_plan = sorted(n for n in trainable if id(parameters[n]) in own)
        still = [n for n in of_plan if n not in moved]
        rates = [float(g["lr"]) for g in plan.optimizer.param_groups]
        why = "its learning rate is 0" if max(rates, default=0.0) == 0 else f"learning rates are {rates}"
        need(not still, f"optimiser {name!r} gets gradients and does not move {named(still)}: {why}")


def check_repeats(model: Trainable, batch: Any, steps: int = 2) -> None:
    """The same steps from the same weights give the same weights, bit for bit: a training can be resumed."""
    ends = []
    for other_seed in (3, 4):
        one = copy.deepcopy(model)
        training = _Training(one, batch, one.optimizers(TOTAL))
        torch.manual_seed(other_seed)  # the trainer seeds each step: what stands here before must not matter
        for state in _states(steps):
            training.step(state)
        ends.append(one.state_dict())
    differing = [name for name, value in ends[0].items() if not _equal(value, ends[1][name])]
    need(
        not differing,
        f"the same seed gives other weights ({named(differing, 3)}); draw randomness from torch's generator or batch.seeds",
    )
