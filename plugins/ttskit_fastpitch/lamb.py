"""LAMB (You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", algorithm 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor


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
        (beta1, beta2), gradients = group["betas"], [p.grad for p in weights]
        for p in weights:
            if not self.state[p]:
                self.state[p].update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
            self.state[p]["step"] += 1
        first = [self.state[p]["exp_avg"] for p in weights]
        second = [self.state[p]["exp_avg_sq"] for p in weights]
        torch._foreach_lerp_(first, gradients, 1 - beta1)
        torch._foreach_mul_(second, beta2)
        torch._foreach_addcmul_(second, gradients, gradients, value=1 - beta2)
        steps = [self.state[p]["step"] for p in weights]
        roots = torch._foreach_div(second, [1 - beta2**s for s in steps])
        torch._foreach_sqrt_(roots)
        torch._foreach_add_(roots, group["eps"])
        directions = torch._foreach_div(first, [1 - beta1**s for s in steps])
        torch._foreach_div_(directions, roots)
        if group["weight_decay"]:
            torch._foreach_add_(directions, weights, alpha=group["weight_decay"])
        for p, direction, size, length in zip(
            weights, directions, torch._foreach_norm(weights), torch._foreach_norm(directions), strict=True
        ):
            ratio = torch.where((size > 0) & (length > 0), size / length.clamp_min(1e-38), torch.ones_like(size))
            p.sub_(direction * (group["lr"] * ratio))
