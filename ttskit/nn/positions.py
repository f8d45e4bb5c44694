"""Numbers as sines and cosines: where a position is in a sequence, and values that a network must tell apart finely."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["fourier_features", "sinusoidal_positions"]


def sinusoidal_positions(length: int, channels: int, device: torch.device | None = None) -> Tensor:
    """Position embeddings (Vaswani et al. 2017, section 3.5): sin and cos of position · 10000^(-2i / channels).

    All sines come first, then all cosines, as in Transformer-XL's code, which the public FastPitch models follow; the paper
    has them take turns, which is the same up to the order of channels.

    Args:
        length: positions, from 0.
        channels: an even number.

    Returns:
        (length, channels) float32.
    """
    rates = 1.0 / 10000.0 ** (torch.arange(0.0, channels, 2.0, device=device) / channels)
    angles = torch.outer(torch.arange(length, dtype=torch.float32, device=device), rates)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def fourier_features(values: Tensor, period: float, terms: int) -> Tensor:
    """Sines, then cosines, of values at 1, 2, … `terms` periods per `period` (Tancik et al. 2020, section 5).

    A network learns a function with many ups and downs slowly from one number and at once from sines of it. Values beyond
    ±period / 2 stand still there, never wrap.

    Args:
        values: (…), any shape.
        period: of the slowest sine, in the values' unit.
        terms: frequencies.

    Returns:
        (…, 2 · terms) float32.
    """
    multiples = torch.arange(1, terms + 1, device=values.device, dtype=torch.float32)
    angle = values.float().clamp(-period / 2, period / 2)[..., None] * multiples * (2 * math.pi / period)
    return torch.cat([angle.sin(), angle.cos()], dim=-1)
