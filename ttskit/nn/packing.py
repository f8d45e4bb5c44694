"""Keeping what was computed from weights: when it has to be computed again."""

from __future__ import annotations

from typing import Any

from torch import Tensor

__all__ = ["weight_state"]


def weight_state(weight: Tensor) -> tuple[Any, ...]:
    """What tells that a weight has changed since: for keeping what was computed from it.

    Torch counts changes in place, but not those by fused optimisers nor those of inference tensors; these change all of a
    weight, so that a few values tell. They are looked at on a CPU only; a GPU would have to be waited for.
    """
    weight = weight.detach()
    version = 0 if weight.is_inference() else weight._version
    few = weight.flatten()[:: max(1, weight.numel() // 16)].tolist() if weight.device.type == "cpu" else ()
    return weight.data_ptr(), weight.dtype, version, *few
