"""Arithmetic of training: what the device can do, and the loss scale that fp16 needs."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from ttskit.errors import UsageError

__all__ = ["LossScale", "Precision", "pick_precision"]

_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class Precision:
    """`name`: "fp32" | "bf16" | "fp16". Parameters, moments and losses are fp32 in all of them."""

    name: str
    device: torch.device

    def autocast(self) -> AbstractContextManager:
        """Around the model's step: matrix products and convolutions in this type."""
        if self.name == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=_TYPES[self.name])

    def plain(self) -> AbstractContextManager:
        """Around backward: no autocast."""
        return nullcontext() if self.name == "fp32" else torch.autocast(self.device.type, enabled=False)


def pick_precision(asked: str, device: torch.device) -> Precision:
    """The precision asked for, or for "auto" bf16, else fp16, else fp32, by what the device computes natively.

    Raises:
        UsageError: fp16 on a CPU or bf16 on a GPU without it, which would be slower than fp32 or wrong.
    """
    bf16 = device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
    if asked == "auto":
        if device.type != "cuda":
            return Precision("fp32", device)
        # fp16 matrix units came with compute capability 7.0 (Volta); before it fp16 gains nothing
        half = torch.cuda.get_device_capability(device) >= (7, 0)
        return Precision("bf16" if bf16 else "fp16" if half else "fp32", device)
    if asked == "fp16" and device.type != "cuda":
        raise UsageError("precision fp16 needs a CUDA GPU", f"training runs on {device}", "--set training.precision=fp32")
    if asked == "bf16" and not bf16:
        raise UsageError("this GPU has no bf16", torch.cuda.get_device_name(device), "--set training.precision=auto")
    return Precision(asked, device)


class LossScale:
    """Dynamic loss scale (Micikevicius et al. 2018, section 3.2), kept on the device, so that nothing waits for it.

    It halves at each overflow and doubles after 2000 steps without one. Off (always 1) for fp32 and bf16.
    """

    GROWTH_STEPS = 2000
    START = 2.0**15

    def __init__(self, precision: Precision) -> None:
        self.active = precision.name == "fp16"
        self.value = torch.full((), self.START if self.active else 1.0, device=precision.device)
        self._good = torch.zeros((), device=precision.device)

    def update(self, bad: Tensor) -> None:
        """After a step; `bad` (scalar bool) says that its gradients were not finite."""
        if not self.active:
            return
        grow = ~bad & (self._good + 1 >= self.GROWTH_STEPS)
        self.value = torch.where(bad, self.value * 0.5, torch.where(grow, self.value * 2.0, self.value)).clamp(1.0, 2.0**24)
        self._good = torch.where(bad | grow, torch.zeros_like(self._good), self._good + 1)

    def state(self) -> dict[str, float]:
        """For the checkpoint."""
        return {"value": float(self.value), "good": float(self._good)}

    def restore(self, state: dict[str, float]) -> None:
        """What `state` gave (ignored where no scale is used)."""
        if self.active:
            self.value.fill_(state["value"])
            self._good.fill_(state["good"])
