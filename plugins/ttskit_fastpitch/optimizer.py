"""Optimiser and learning-rate schedules of FastPitch."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from ttskit.interfaces import OptimizerPlan, TrainState
from ttskit_fastpitch.config import OptimizerOptions
from ttskit_fastpitch.lamb import Lamb


def schedule(options: OptimizerOptions) -> Callable[[TrainState], float]:
    """Factor on the base rate, a pure function of where training stands.

    noam: step / w^1.5 while step ≤ w, then 1/√step (steps from 1): with base rate 0.1 and w = 1000 the
    published schedule. cosine: a linear rise over the warm-up, then half a cosine to `final_factor`.
    """

    def factor(state: TrainState) -> float:
        step = state.step + 1
        warmup = options.warmup * state.total_steps if options.warmup < 1 else options.warmup
        warmup = max(1.0, warmup)
        if options.schedule == "noam":
            return step / warmup**1.5 if step <= warmup else step**-0.5
        if step <= warmup:
            return step / warmup
        along = min(1.0, (step - warmup) / max(1.0, state.total_steps - warmup))
        return options.final_factor + (1 - options.final_factor) * 0.5 * (1 + math.cos(math.pi * along))

    return factor


def optimizer_plan(parameters: list[nn.Parameter], options: OptimizerOptions) -> OptimizerPlan:
    """The optimiser over `parameters`, with its schedule and gradient limit."""
    kind = Lamb if options.name == "lamb" else partial(torch.optim.AdamW, fused=parameters[0].device.type in ("cpu", "cuda"))
    settings = {"betas": options.betas, "eps": options.eps, "weight_decay": options.weight_decay}
    optimizer = kind(parameters, lr=options.learning_rate, **settings)
    return OptimizerPlan(optimizer, schedule(options), options.clip_norm)
