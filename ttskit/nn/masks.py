"""Which positions of a padded batch are real."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["length_mask"]


def length_mask(lengths: Tensor, size: int | None = None) -> Tensor:
    """True where a position is real: (B,) lengths → (B, size) bool, size = longest by default."""
    size = int(lengths.max()) if size is None else size
    return torch.arange(size, device=lengths.device)[None, :] < lengths[:, None]
