"""Batch statistics over real positions only, and over all training processes."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

__all__ = ["MaskedBatchNorm1d", "sum_over_processes"]


class _SumOverProcesses(torch.autograd.Function):
    """All-reduce that lets the gradient through: d(sum over ranks)/dx is the sum of the ranks' gradients."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        value = value.clone()
        dist.all_reduce(value)
        return value

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        gradient = gradient.contiguous().clone()
        dist.all_reduce(gradient)
        return gradient


def sum_over_processes(value: Tensor) -> Tensor:
    """Differentiable sum of `value` over all training processes (`value` itself in a single one)."""
    if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
        return value
    total: Tensor = _SumOverProcesses.apply(value)  # type: ignore[no-untyped-call]
    return total


class MaskedBatchNorm1d(nn.BatchNorm1d):
    """Batch normalisation whose training statistics count real positions only, over all processes.

    With `mask=None` it is `nn.BatchNorm1d` (the public implementations' behaviour, padding counted).
    State-dict names are BatchNorm1d's, so public checkpoints load.
    """

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """x (B, C, T); mask (B, T) bool, True where real. Statistics in fp32."""
        running_mean, running_var, batches = self.running_mean, self.running_var, self.num_batches_tracked
        if not (self.training and self.track_running_stats) or running_mean is None or running_var is None or batches is None:
            return super().forward(x)
        weight = torch.ones_like(x[:, :1]) if mask is None else mask[:, None].to(x.dtype)
        weight = weight.float()
        x32 = x.float()
        local = torch.cat([(x32 * weight).sum((0, 2)), weight.sum().reshape(1)])
        total = sum_over_processes(local)
        count = total[-1].clamp_min(1.0)
        mean = total[:-1] / count
        centred = x32 - mean[None, :, None]
        variance = sum_over_processes((centred.square() * weight).sum((0, 2))) / count
        with torch.no_grad():
            unbiased = variance * count / (count - 1).clamp_min(1.0)
            batches += 1
            momentum = self.momentum if self.momentum is not None else 1.0 / float(batches)
            running_mean.lerp_(mean.detach().to(running_mean.dtype), momentum)
            running_var.lerp_(unbiased.detach().to(running_var.dtype), momentum)
        y = centred * torch.rsqrt(variance + self.eps)[None, :, None]
        return (y * self.weight[None, :, None] + self.bias[None, :, None]).to(x.dtype)
