"""The check that acoustic models and vocoders share: what they say of `precisions` is true."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.trainable import Trainable
from ttskit.testing.checks import must_refuse, need

__all__ = ["check_precisions"]


def check_precisions(plugin: Plugin, model: Trainable, speak: Callable[[], Tensor]) -> None:
    """Every declared precision speaks nearly the same, changes nothing that is saved, and fp32 comes back exactly.

    `speak` runs inference; results are compared over their common length.
    """
    said, has = list(plugin.facts.get("precisions", ["fp32"])), list(model.precisions)
    need(said == has, f"fact 'precisions': the description says {said!r}, the model {has!r}")
    need(has[0] == "fp32" and model.precision == "fp32", f"fp32 must come first and be the default; it has {has!r}")
    must_refuse("an unknown precision", lambda: model.use_precision("fp7"))
    exact = speak()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    try:
        for name in has[1:]:
            model.use_precision(name)
            other = speak()
            need(bool(torch.isfinite(other).all()), f"precision {name}: the result is not finite")
            size = min(exact.shape[-1], other.shape[-1])
            error = float((other[..., :size] - exact[..., :size]).square().mean().sqrt() / exact.std())
            need(error < 0.5, f"precision {name}: off by {error:.2g} of the exact result's spread")
            changed = [key for key, value in model.state_dict().items() if not torch.equal(value, before[key])]
            need(not changed, f"precision {name} changed what is saved: {', '.join(changed[:3])}")
    finally:
        model.use_precision("fp32")
    need(torch.equal(speak(), exact), "back in fp32 the result is another one")
