"""LAMB's moments and directions for all tensors at once: a GPU launches a few kernels instead of a dozen per tensor."""

from __future__ import annotations

from types import SimpleNamespace

from torch import Tensor

__all__ = ["directions_together"]


def directions_together(
    foreach: SimpleNamespace, group: dict, weights: list[Tensor], states: list[dict]
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """`lamb.direction` of each tensor, by torch's operators on lists.

    Args:
        foreach: as `operators.find_foreach` gives it.
        group: the optimiser's settings.
        weights: parameters with a gradient.
        states: of each, "step", "exp_avg" and "exp_avg_sq"; the moments change in place.

    Returns:
        For each, the direction, the norm of the weights and that of the direction.
    """
    (beta1, beta2), gradients = group["betas"], [p.grad for p in weights]
    steps = [state["step"] for state in states]
    first, second = ([state[name] for state in states] for name in ("exp_avg", "exp_avg_sq"))
    foreach.lerp_(first, gradients, 1 - beta1)
    foreach.mul_(second, beta2)
    foreach.addcmul_(second, gradients, gradients, value=1 - beta2)
    roots = foreach.div(second, [1 - beta2**s for s in steps])
    foreach.sqrt_(roots)
    foreach.add_(roots, group["eps"])
    directions = foreach.div(first, [1 - beta1**s for s in steps])
    foreach.div_(directions, roots)
    if group["weight_decay"]:
        foreach.add_(directions, weights, alpha=group["weight_decay"])
    return list(zip(directions, foreach.norm(weights), foreach.norm(directions), strict=True))
