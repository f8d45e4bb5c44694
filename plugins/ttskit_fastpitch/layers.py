"""Building blocks of FastPitch, on channels-last sequences (B, L, C).

A `mask` is (B, L, 1) in the sequence's dtype, 1 where real. With `closed=True` a block also masks between
its convolutions, so that padding never reaches a real position; the public implementations do not (they
are reproduced by `closed=False`).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn import weight_state
from ttskit_fastpitch import tiles
from ttskit_fastpitch.config import PredictorOptions, StackOptions


class _Neighbourhoods(torch.autograd.Function):
    """(B, L, C) → (B, L, width · C): each position's neighbours side by side, 0 beyond the ends.

    Written out with its adjoint: one copy each way, where padding and concatenating takes three.
    """

    @staticmethod
    def _spans(length: int, width: int):
        """For each tap: where it is written, and where it is read."""
        for tap in range(width):
            shift = tap - width // 2
            start, end = min(length, max(0, -shift)), max(0, length - max(0, shift))
            yield tap, start, max(start, end), shift

    @staticmethod
    def forward(ctx, x: Tensor, width: int) -> Tensor:
        batch, length, channels = x.shape
        ctx.width = width
        out = x.new_empty(batch, length, width, channels)
        for tap, start, end, shift in _Neighbourhoods._spans(length, width):
            out[:, :start, tap] = 0
            out[:, start:end, tap] = x[:, start + shift : end + shift] if end > start else 0
            out[:, end:, tap] = 0
        return out.view(batch, length, width * channels)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        batch, length, _ = gradient.shape
        gradient = gradient.view(batch, length, ctx.width, -1)
        out = gradient[:, :, ctx.width // 2].clone()
        for tap, start, end, shift in _Neighbourhoods._spans(length, ctx.width):
            if shift and end > start:
                out[:, start + shift : end + shift] += gradient[:, start:end, tap]
        return out, None


_WIDE = 32  # channels from which half the multiplications are worth the sums around them
_MANY = 1024  # positions from which they are in training, where each step transforms the kernel and its gradient


class Conv(nn.Conv1d):
    """Same-length convolution over (B, L, C); parameters as nn.Conv1d's.

    On the CPU a wide one of kernel 3 in fp32 takes half the multiplications (`tiles.py`); others are one matrix product
    over the kernel's neighbourhoods, which is faster than the convolution kernels at speech sizes and needs no transposition.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2)
        self._kept: tuple = ((), None)

    def __getstate__(self) -> dict:
        """Copies and files go without what is kept: it is twice as large as the kernel, and of this weight alone."""
        return {**super().__getstate__(), "_kept": ((), None)}

    def train(self, mode: bool = True) -> Conv:
        self._kept = ((), None)
        return super().train(mode)

    def _pieces(self) -> Tensor:
        """The kernel as `tiles.convolve` takes it, kept while the weight stays as it is."""
        weight = self.weight.detach()
        now, kept = weight_state(weight), self._kept
        if kept[0] != now:
            kept = self._kept = (now, tiles.kernel_pieces(weight))
        return kept[1]

    def forward(self, x: Tensor) -> Tensor:
        width = self.kernel_size[0]
        if width == 1:
            return F.linear(x, self.weight[:, :, 0], self.bias)
        if x.device.type != "cpu" or self.in_channels == 1:
            return super().forward(x.transpose(1, 2)).transpose(1, 2)
        wide = width == 3 and min(self.in_channels, self.out_channels) >= _WIDE and x.dtype == torch.float32
        if wide and not torch.is_autocast_enabled("cpu"):
            if not torch.is_grad_enabled():
                return tiles.convolve(x, self._pieces(), self.bias)
            if x.shape[0] * x.shape[1] >= _MANY:
                return tiles.Convolve.apply(x, self.weight, self.bias)
        around = _Neighbourhoods.apply(x, width)
        return F.linear(around, self.weight.permute(0, 2, 1).reshape(self.out_channels, -1), self.bias)


def dropout(x: Tensor, rate: float) -> Tensor:
    """Zero a random share `rate` of x and scale the rest; driven by `torch.manual_seed` as usual.

    On the CPU the usual one spends most of its time drawing one double per element. Here four elements share
    a 64-bit draw, so the rate is kept to 1/65536.
    """
    if rate == 0.0:
        return x
    if x.device.type != "cpu":
        return F.dropout(x, rate)
    draws = torch.empty(x.numel() // 4 + 1, dtype=torch.int64).random_(-(2**63), None).view(torch.int16)[: x.numel()]
    kept = draws.view(x.shape) >= round(rate * 65536) - 32768
    return x * kept.to(x.dtype).mul_(1.0 / (1.0 - rate))


class Dropout(nn.Module):
    """`dropout` while training."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, self.rate) if self.training else x


def positions(length: int, channels: int, device: torch.device) -> Tensor:
    """Sinusoids (length, channels): all sines, then all cosines, of position · 10000^(-2i/channels)."""
    rates = 1.0 / 10000.0 ** (torch.arange(0.0, channels, 2.0, device=device) / channels)
    angles = torch.outer(torch.arange(length, dtype=torch.float32, device=device), rates)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class SelfAttention(nn.Module):
    """Multi-head self-attention with residual and post-norm; only keys are masked. fp32 under autocast."""

    def __init__(self, channels: int, options: StackOptions) -> None:
        super().__init__()
        self.heads, self.head_channels, self.dropout = options.heads, options.head_channels, options.attention_dropout
        inner = options.heads * options.head_channels
        self.qkv = nn.Linear(channels, 3 * inner)
        self.out = nn.Linear(inner, channels, bias=False)
        self.drop = Dropout(options.dropout)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor, keys: Tensor) -> Tensor:
        """x (B, L, C); keys (B, 1, 1, L) bool, True where attended to."""
        batch, length, _ = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, self.head_channels).permute(2, 0, 3, 1, 4).unbind(0)
        with torch.autocast(x.device.type, enabled=False):
            mixed = self._attend(q.float(), k.float(), v.float(), keys)
        mixed = mixed.transpose(1, 2).reshape(batch, length, -1)
        return self.norm(x + self.drop(self.out(mixed.to(x.dtype))))

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, keys: Tensor) -> Tensor:
        rate = self.dropout if self.training else 0.0
        if q.device.type != "cpu" or not torch.is_grad_enabled():
            return F.scaled_dot_product_attention(q, k, v, attn_mask=keys, dropout_p=rate)
        # On the CPU the fused kernel has no dropout, and falls back to a path that takes twice as long as these lines.
        batch, heads, length, _ = q.shape
        q, k, v = (part.reshape(batch * heads, length, -1) for part in (q, k, v))
        bias = torch.zeros_like(keys, dtype=q.dtype).masked_fill(~keys, float("-inf"))
        bias = bias.expand(-1, heads, -1, -1).reshape(batch * heads, 1, length)
        weights = torch.baddbmm(bias, q, k.transpose(1, 2), alpha=self.head_channels**-0.5).softmax(dim=-1)
        return (dropout(weights, rate) @ v).view(batch, heads, length, -1)


class FeedForward(nn.Module):
    """Two convolutions with a ReLU between, residual and post-norm."""

    def __init__(self, channels: int, options: StackOptions) -> None:
        super().__init__()
        self.expand = Conv(channels, options.filter_channels, options.kernel)
        self.contract = Conv(options.filter_channels, channels, options.kernel)
        self.drop = Dropout(options.dropout)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor, mask: Tensor, closed: bool) -> Tensor:
        inner = F.relu(self.expand(x))
        if closed:
            inner = inner * mask
        return self.norm(x + self.drop(self.contract(inner)))


class TransformerBlock(nn.Module):
    """Self-attention, then convolutions; the sequence is masked after both."""

    def __init__(self, channels: int, options: StackOptions) -> None:
        super().__init__()
        self.attention = SelfAttention(channels, options)
        self.feed_forward = FeedForward(channels, options)

    def forward(self, x: Tensor, mask: Tensor, closed: bool) -> Tensor:
        """x (B, L, C), mask (B, L, 1) → (B, L, C)."""
        keys = mask.transpose(1, 2)[:, None].bool()
        x = self.attention(x, keys) * mask
        return self.feed_forward(x, mask, closed) * mask


class Stack(nn.Module):
    """Positions and a stack of blocks: FastPitch's encoder and decoder (figure 1 of the paper).

    `block(channels, options)` makes a block, which is called as `TransformerBlock` is.
    """

    def __init__(self, channels: int, options: StackOptions, block: Callable[..., nn.Module] = TransformerBlock) -> None:
        super().__init__()
        self.drop = Dropout(options.input_dropout)
        self.blocks = nn.ModuleList(block(channels, options) for _ in range(options.layers))

    def forward(self, x: Tensor, mask: Tensor, closed: bool, condition: Tensor | None = None) -> Tensor:
        """x (B, L, C), mask (B, L, 1), condition (B, 1, C) added at every position → (B, L, C), 0 on padding."""
        x = x + positions(x.shape[1], x.shape[2], x.device) * mask
        if condition is not None:
            x = x + condition
        if closed:
            x = x * mask
        x = self.drop(x)
        for block in self.blocks:
            x = block(x, mask, closed)
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

    def forward(self, x: Tensor, mask: Tensor, closed: bool) -> Tensor:
        """x (B, N, C), mask (B, N, 1) → (B, N), 0 on padding."""
        x = x * mask
        for index, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            if closed and index:
                x = x * mask
            x = self.drop(norm(F.relu(conv(x))))
        return (self.out(x) * mask)[:, :, 0]


def whole_frames(durations: Tensor, pace: float | Tensor = 1.0) -> Tensor:
    """Frames per token (B, N) int64 of float durations at a pace: floor(d / pace + 0.5), so a half rounds up."""
    return torch.floor(durations.float() / pace + 0.5).long()


def token_of_frame(durations: Tensor, frames: int) -> Tensor:
    """For durations (B, N) in whole frames: which token each frame belongs to, (B, frames); past the end, the last."""
    ends = durations.cumsum(1)
    time = torch.arange(frames, device=durations.device).expand(durations.shape[0], frames).contiguous()
    return torch.searchsorted(ends, time, right=True).clamp_max(durations.shape[1] - 1)


def regulate(hidden: Tensor, durations: Tensor, frames: int | None = None) -> Tensor:
    """Repeat each token's state for as many frames as it lasts.

    Args:
        hidden: (B, N, C).
        durations: (B, N) int64 frames per token.
        frames: output length; the longest row by default.

    Returns:
        (B, T, C), 0 past a row's end.
    """
    lengths = durations.sum(1)
    frames = int(lengths.max()) if frames is None else frames
    index = token_of_frame(durations, frames)
    real = torch.arange(frames, device=hidden.device)[None] < lengths[:, None]
    return hidden.gather(1, index[:, :, None].expand(-1, -1, hidden.shape[2])) * real[:, :, None].to(hidden.dtype)


def token_means(values: Tensor, durations: Tensor) -> Tensor:
    """Mean of a frame feature over each token's frames that are not exactly 0 (0 where there are none).

    Args:
        values: (B, T) or (B, F, T); for pitch, 0 means unvoiced.
        durations: (B, N) int64 frames per token.

    Returns:
        (B, N) or (B, F, N).
    """
    single = values.dim() == 2
    values = values[:, None] if single else values
    frames, tokens = values.shape[2], durations.shape[1]
    index = token_of_frame(durations, frames)
    real = torch.arange(frames, device=values.device)[None] < durations.sum(1)[:, None]
    # A product with one-hot rows adds in a fixed order on every device; in double so that long tokens lose nothing.
    wide = torch.float32 if values.device.type == "mps" else torch.float64
    with torch.autocast(values.device.type, enabled=False):
        one_hot = (F.one_hot(index, tokens) * real[:, :, None]).to(wide)
        sums = values.to(wide) @ one_hot
        counts = (values != 0).to(wide) @ one_hot
    means = (sums / counts.clamp_min(1)).to(torch.float32)
    return means[:, 0] if single else means
