"""LAMB (You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", algorithm 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from ttskit_fastpitch.fast import operators
from ttskit_fastpitch.fast.lamb import directions_together


class Lamb(torch.optim.Optimizer):
    """Adam's direction with decoupled weight decay, rescaled per tensor to the norm of its weights.

    x ← x - lr · φ(|x|) / |r + λx| · (r + λx), r = m̂ / (√v̂ + eps), with bias correction and φ the identity.
    A tensor that is still 0, or gets no direction, moves with ratio 1.

    Args:
        params: parameters or groups.
        lr: learning rate.
        betas: decay of the first and second moment.
        eps: added to the root of the second moment.
        weight_decay: λ.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """One step on every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            weights = [p for p in group["params"] if p.grad is not None]
            if weights:
                self._step_group(group, weights)
        return loss

    def _step_group(self, group: dict, weights: list[Tensor]) -> None:
        for p in weights:
            if not self.state[p]:
                self.state[p].update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
            self.state[p]["step"] += 1
        states = [self.state[p] for p in weights]
        if operators.FOREACH is not None:
            moves = directions_together(operators.FOREACH, group, weights, states)
        else:
            moves = [direction(group, p, state) for p, state in zip(weights, states, strict=True)]
        for p, (towards, size, length) in zip(weights, moves, strict=True):
            ratio = torch.where((size > 0) & (length > 0), size / length.clamp_min(1e-38), torch.ones_like(size))
            p.sub_(towards * (group["lr"] * ratio))


def direction(group: dict, p: Tensor, state: dict) -> tuple[Tensor, Tensor, Tensor]:
    """One tensor's direction r + λx, its norm of weights |x| and of direction; the moments in `state` change in place."""
    (beta1, beta2), step, first, second = group["betas"], state["step"], state["exp_avg"], state["exp_avg_sq"]
    first.lerp_(p.grad, 1 - beta1)
    second.mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
    towards = (first / (1 - beta1**step)) / ((second / (1 - beta2**step)).sqrt() + group["eps"])
    towards = towards.add(p, alpha=group["weight_decay"])
    return towards, p.norm(), towards.norm()
