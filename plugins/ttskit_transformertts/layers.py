"""Building blocks of Transformer-TTS: positions, attention, feed-forward networks, convolutions.

Sequences are channels-last, (B, L, C). A `mask` is (B, L) bool, True where real, or None to let padding leak.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn import Dropout, MaskedBatchNorm1d, apply_dropout, sinusoidal_positions
from ttskit_transformertts.config import TransformerStackOptions

__all__ = [
    "Attended",
    "Attention",
    "HeadLead",
    "KeysValues",
    "NormedConvolution",
    "PositionwiseFeedForward",
    "Residual",
    "ScaledPositions",
    "last_norm",
    "linear",
]

_EPSILON = 1e-12  # of every LayerNorm, as the public checkpoints were trained


class KeysValues(NamedTuple):
    """What is looked at: keys and values (B, h, K, D) of h heads."""

    keys: Tensor
    values: Tensor


class HeadLead(NamedTuple):
    """How the first `heads` heads of an attention are led in training; by default not at all.

    Args:
        heads: number of led heads.
        given: (B, L, K) attention that durations describe; it counts `share` of what the heads read.
        share: 0 … 1.
        prior: (B, L, K) log prior added to their energies.
    """

    heads: int = 0
    given: Tensor | None = None
    share: float = 0.0
    prior: Tensor | None = None


class Attended(NamedTuple):
    """What attention gives: its output (B, L, C), energies (B, h, L, K), -inf where not looked at, and weights, likewise."""

    output: Tensor
    energies: Tensor
    weights: Tensor


def linear(inputs: int, outputs: int, bias: bool = True) -> nn.Linear:
    """A linear layer with the weights of Glorot and Bengio 2010, as ESPnet starts every matrix."""
    layer = nn.Linear(inputs, outputs, bias)
    nn.init.xavier_uniform_(layer.weight)
    return layer


class ScaledPositions(nn.Module):
    """Scaled positional encoding (Li et al. 2019, section 3.2): x + α · PE, α learned; sines and cosines take turns."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor(1.0))
        self.dropout = Dropout(dropout, spare=False)

    def forward(self, x: Tensor, first: int = 0) -> Tensor:
        """x (B, L, C), whose first position is `first` → (B, L, C)."""
        length, channels = first + x.shape[1], x.shape[2]
        halves = sinusoidal_positions(length, channels, x.device)[first:]
        turns = halves.view(-1, 2, channels // 2).transpose(1, 2).reshape(-1, channels)
        placed: Tensor = self.dropout(x + (self.alpha * turns).to(x.dtype))
        return placed


class Attention(nn.Module):
    """Multi-head attention (Vaswani et al. 2017, section 3.2.2) that shows its weights; at least fp32, under autocast too."""

    def __init__(self, channels: int, options: TransformerStackOptions) -> None:
        super().__init__()
        self.heads, self.rate = options.heads, options.attention_dropout
        self.query, self.key, self.value, self.out = (linear(channels, channels) for _ in range(4))

    def keys_values(self, x: Tensor) -> KeysValues:
        """Keys and values of a sequence (B, K, C)."""
        return KeysValues(self._split(self.key(x)), self._split(self.value(x)))

    def forward(self, x: Tensor, seen: KeysValues, hidden: Tensor | None, lead: HeadLead | None = None) -> Attended:
        """Look from x (B, L, C) at `seen`; hidden, which broadcasts to (B, h, L, K), is True where nothing may be looked at."""
        q = self._split(self.query(x))
        with torch.autocast(x.device.type, enabled=False):
            kind = torch.promote_types(x.dtype, torch.float32)
            q, keys, values = q.to(kind), seen.keys.to(kind), seen.values.to(kind)
            energies = (q @ keys.transpose(2, 3)) * q.shape[3] ** -0.5
            if hidden is not None:
                energies = energies.masked_fill(hidden, -torch.inf)
            if lead is not None and lead.prior is not None:
                energies = torch.cat([energies[:, : lead.heads] + lead.prior[:, None], energies[:, lead.heads :]], 1)
            weights = torch.softmax(energies, 3)
            read = weights
            if lead is not None and lead.given is not None and lead.share > 0:
                led = lead.share * lead.given[:, None] + (1.0 - lead.share) * weights[:, : lead.heads]
                read = torch.cat([led, weights[:, lead.heads :]], 1)
            mixed = (apply_dropout(read, self.rate, spare=False) if self.training else read) @ values
        output = self.out(mixed.transpose(1, 2).flatten(2).to(x.dtype))
        return Attended(output, energies, weights)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class PositionwiseFeedForward(nn.Module):
    """Two layers with a ReLU between: linear as published, or convolutions over neighbouring positions."""

    def __init__(self, channels: int, options: TransformerStackOptions) -> None:
        super().__init__()
        self.kernel = options.kernel
        if options.kernel == 1:
            self.expand: nn.Module = linear(channels, options.filter_channels)
            self.contract: nn.Module = linear(options.filter_channels, channels)
        else:
            pad = options.kernel // 2
            self.expand = nn.Conv1d(channels, options.filter_channels, options.kernel, padding=pad)
            self.contract = nn.Conv1d(options.filter_channels, channels, options.kernel, padding=pad)
        self.dropout = Dropout(options.dropout, spare=False)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """x (B, L, C) → (B, L, C)."""
        return self._through(self.contract, self.dropout(F.relu(self._through(self.expand, x, mask))), mask)

    def _through(self, layer: nn.Module, x: Tensor, mask: Tensor | None) -> Tensor:
        if self.kernel == 1:
            near: Tensor = layer(x)
            return near
        wide: Tensor = layer((x if mask is None else x * mask[:, :, None]).transpose(1, 2))
        return wide.transpose(1, 2)


class Residual(nn.Module):
    """What surrounds each part of a block: x + f(norm(x)), or norm(x + f(x)), with dropout on what f adds."""

    def __init__(self, channels: int, options: TransformerStackOptions) -> None:
        super().__init__()
        self.before = options.norm == "before"
        self.norm = nn.LayerNorm(channels, eps=_EPSILON)
        self.dropout = Dropout(options.dropout, spare=False)

    def forward(self, x: Tensor, part: Callable[[Tensor], Tensor]) -> Tensor:
        """x (B, L, C), and the part, which keeps its shape."""
        if self.before:
            return x + self.dropout(part(self.norm(x)))
        done: Tensor = self.norm(x + self.dropout(part(x)))
        return done


def last_norm(channels: int, options: TransformerStackOptions) -> nn.Module:
    """What ends a stack: one more LayerNorm where each part has its own before it, nothing otherwise."""
    return nn.LayerNorm(channels, eps=_EPSILON) if options.norm == "before" else nn.Identity()


class NormedConvolution(nn.Module):
    """Convolution without bias and batch normalisation, keeping the length, over channels-first sequences (B, C, L)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, gain: Literal["relu", "tanh", "linear"]) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.norm = MaskedBatchNorm1d(outputs)
        nn.init.xavier_uniform_(self.conv.weight, gain=nn.init.calculate_gain(gain))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """x (B, C, L) → (B, C', L)."""
        done: Tensor = self.norm(self.conv(x if mask is None else x * mask[:, None]), mask)
        return done
