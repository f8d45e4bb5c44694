"""Torch's private operators, looked up here and nowhere else: a torch without them gets the plain way."""

from __future__ import annotations

from types import SimpleNamespace

import torch

__all__ = ["FOREACH", "find_foreach"]

_FOREACH = ("add_", "addcmul_", "div", "div_", "lerp_", "mul_", "norm", "sqrt_")


def find_foreach() -> SimpleNamespace | None:
    """Arithmetic on lists of tensors, `torch._foreach_add_` as `add_` and so on; None if this torch lacks any of it."""
    found = {name: getattr(torch, f"_foreach_{name}", None) for name in _FOREACH}
    return None if None in found.values() else SimpleNamespace(**found)


FOREACH = find_foreach()
