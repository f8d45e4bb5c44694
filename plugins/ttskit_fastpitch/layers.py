"""Building blocks of FastPitch, on channels-last sequences (B, L, C).

A `mask` is (B, L, 1) in the sequence's dtype, 1 where real. With `masked=True` a block also masks between
its convolutions, so that padding never reaches a real position; the public implementations do not (they
are reproduced by `masked=False`).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn import Dropout, MultiHeadSelfAttention, sinusoidal_positions
from ttskit_fastpitch.config import PredictorOptions, StackOptions
from ttskit_fastpitch.fast import convolution


class Conv(convolution.KeptKernel, nn.Conv1d):
    """Same-length convolution over (B, L, C); parameters as nn.Conv1d's. `direct` says what it computes."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2)

    def direct(self, x: Tensor) -> Tensor:
        """x (B, L, C) → (B, L, O), as if x were 0 beyond its ends."""
        return F.conv1d(x.transpose(1, 2), self.weight, self.bias, padding=self.padding).transpose(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """The same as `direct`, in the fastest way."""
        return convolution.convolve(self, x)


class SelfAttention(MultiHeadSelfAttention):
    """Multi-head self-attention with residual and post-norm; only keys are masked."""

    def __init__(self, channels: int, options: StackOptions) -> None:
        super().__init__(channels, options.heads, options.head_channels, options.attention_dropout, out_bias=False)
        self.drop = Dropout(options.dropout)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor, attended: Tensor) -> Tensor:
        """x (B, L, C); attended (B, 1, 1, L) bool, True on positions that are looked at."""
        return self.norm(x + self.drop(super().forward(x, attended)))


class FeedForward(nn.Module):
    """Two convolutions with a ReLU between, residual and post-norm."""

    def __init__(self, channels: int, options: StackOptions) -> None:
        super().__init__()
        self.expand = Conv(channels, options.filter_channels, options.kernel)
        self.contract = Conv(options.filter_channels, channels, options.kernel)
        self.drop = Dropout(options.dropout)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor, mask: Tensor, masked: bool) -> Tensor:
        inner = F.relu(self.expand(x))
        if masked:
            inner = inner * mask
        return self.norm(x + self.drop(self.contract(inner)))


class TransformerBlock(nn.Module):
    """Self-attention, then convolutions; the sequence is masked after both."""

    def __init__(self, channels: int, options: StackOptions) -> None:
        super().__init__()
        self.attention = SelfAttention(channels, options)
        self.feed_forward = FeedForward(channels, options)

    def forward(self, x: Tensor, mask: Tensor, masked: bool) -> Tensor:
        """x (B, L, C), mask (B, L, 1) → (B, L, C)."""
        real = mask.transpose(1, 2)[:, None].bool()
        x = self.attention(x, real) * mask
        return self.feed_forward(x, mask, masked) * mask


class Stack(nn.Module):
    """Positions and a stack of blocks: FastPitch's encoder and decoder (figure 1 of the paper).

    `block(channels, options)` makes a block, which is called as `TransformerBlock` is.
    """

    def __init__(self, channels: int, options: StackOptions, block: Callable[..., nn.Module] = TransformerBlock) -> None:
        super().__init__()
        self.positions = options.positions == "sinusoidal"
        self.drop = Dropout(options.input_dropout)
        self.blocks = nn.ModuleList(block(channels, options) for _ in range(options.layers))

    def forward(self, x: Tensor, mask: Tensor, masked: bool, condition: Tensor | None = None) -> Tensor:
        """x (B, L, C), mask (B, L, 1), condition (B, 1, C) added at every position → (B, L, C), 0 on padding."""
        if self.positions:
            x = x + sinusoidal_positions(x.shape[1], x.shape[2], x.device) * mask
        if condition is not None:
            x = x + condition
        if masked:
            x = x * mask
        x = self.drop(x)
        for block in self.blocks:
            x = block(x, mask, masked)
        return x


class Predictor(nn.Module):
    """One value per token: (convolution, ReLU, LayerNorm, dropout) × layers, then linear."""

    def __init__(self, channels: int, options: PredictorOptions) -> None:
        super().__init__()
        widths = [channels] + [options.filter_channels] * options.layers
        self.convs = nn.ModuleList(Conv(a, b, options.kernel) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.LayerNorm(b) for b in widths[1:])
        self.drop = Dropout(options.dropout)
        self.out = nn.Linear(widths[-1], 1)

    def forward(self, x: Tensor, mask: Tensor, masked: bool) -> Tensor:
        """x (B, N, C), mask (B, N, 1) → (B, N), 0 on padding."""
        x = x * mask
        for index, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            if masked and index:
                x = x * mask
            x = self.drop(norm(F.relu(conv(x))))
        return (self.out(x) * mask)[:, :, 0]
