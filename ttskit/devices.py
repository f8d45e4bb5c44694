"""Which device work is done on."""

from __future__ import annotations

import torch

from ttskit.errors import UsageError

__all__ = ["pick_device"]


def pick_device(device: str) -> torch.device:
    """A torch device; "auto" takes a GPU if there is one.

    Raises:
        UsageError: no such device here.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise UsageError(f"unknown device {device!r}", str(error).splitlines()[0], "--device cpu") from error
    if chosen.type == "cuda" and (not torch.cuda.is_available() or (chosen.index or 0) >= torch.cuda.device_count()):
        raise UsageError(
            f"there is no device {device!r}",
            f"CUDA devices that torch sees: {torch.cuda.device_count()}",
            "--device cpu, or install a CUDA torch: ttskit doctor",
        )
    if chosen.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError("there is no device 'mps'", "this torch or machine has no Metal", "--device cpu")
    return chosen
