"""Torch's private operators that `weights.py` uses, looked up in this one place.

None of them is part of torch's public interface: any version may lack them, or have them under the same name for other
arguments or not for this processor. So `look_up` gives None for what is not there, whoever asks tries what it got once,
and has a way back in plain torch that gives the same result.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

__all__ = ["NAMES", "look_up"]

NAMES = {
    "reorder_weight": "ops.mkldnn._reorder_linear_weight",  # fp32 weights in oneDNN's own layout
    "linear": "ops.mkldnn._linear_pointwise",  # a product with them
    "quantized_tensor": "_make_per_channel_quantized_tensor",
    "pack_int8": "ops.quantized.linear_prepack",
    "linear_int8": "ops.quantized.linear_dynamic",  # FBGEMM's, which rounds its input itself
    "pack_int8_onednn": "ops.onednn.qlinear_prepack",
    "linear_int8_onednn": "ops.onednn.qlinear_pointwise",
}


def look_up(name: str) -> Callable | None:
    """The operator of this name in `NAMES`, or None where this torch has none."""
    found = torch
    try:
        for part in NAMES[name].split("."):
            found = getattr(found, part)
    except (AttributeError, RuntimeError):  # torch.ops raises either, by version
        return None
    return found
