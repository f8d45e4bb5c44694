"""Length regulation: between values per token and values per frame, by whole frames per token."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ttskit.nn.masks import length_mask

__all__ = ["regulate", "token_means", "token_of_frame", "whole_frames"]


def whole_frames(durations: Tensor, pace: float | Tensor = 1.0) -> Tensor:
    """Whole frames per token (B, N) int64 of durations in frames (B, N) float at a pace: a half rounds up.

    `pace` is a speed factor, one or (B, N), above 0: floor(duration / pace + ½), as in the public FastPitch models.
    """
    return torch.floor(durations.float() / pace + 0.5).long()


def token_of_frame(durations: Tensor, frames: int) -> Tensor:
    """Which token each frame belongs to.

    Args:
        durations: (B, N) int64 frames per token, ≥ 0; a token of none belongs to no frame.
        frames: T of the result.

    Returns:
        (B, T) int64; past the end of a row's durations, the last token of the batch.
    """
    ends = durations.cumsum(1)
    time = torch.arange(frames, device=durations.device).expand(durations.shape[0], frames).contiguous()
    return torch.searchsorted(ends, time, right=True).clamp_max(durations.shape[1] - 1)


def regulate(hidden: Tensor, durations: Tensor, frames: int | None = None) -> Tensor:
    """Repeat each token's state for as many frames as it lasts (Ren et al. 2019, "FastSpeech", section 3.2).

    Args:
        hidden: (B, N, H).
        durations: (B, N) int64 frames per token, ≥ 0.
        frames: T of the result; the longest row's by default. What lies beyond it is cut off.

    Returns:
        (B, T, H), 0 past a row's end.
    """
    lengths = durations.sum(1)
    frames = int(lengths.max()) if frames is None else frames
    index = token_of_frame(durations, frames)
    real = length_mask(lengths, frames)
    return hidden.gather(1, index[:, :, None].expand(-1, -1, hidden.shape[2])) * real[:, :, None].to(hidden.dtype)


def token_means(values: Tensor, durations: Tensor) -> Tensor:
    """Mean of a frame feature over each token's frames that are not exactly 0 (Łańcucki 2021, section 2.2).

    For F0, 0 means unvoiced: a token's pitch is the mean of its voiced frames.

    Args:
        values: (B, T) or (B, F, T).
        durations: (B, N) int64 frames per token.

    Returns:
        (B, N) or (B, F, N) float32; 0 for a token without such frames.
    """
    single = values.dim() == 2
    values = values[:, None] if single else values
    frames, tokens = values.shape[2], durations.shape[1]
    index = token_of_frame(durations, frames)
    real = length_mask(durations.sum(1), frames)
    # A product with one-hot rows adds in a fixed order on every device; in double so that long tokens lose nothing.
    wide = torch.float32 if values.device.type == "mps" else torch.float64
    with torch.autocast(values.device.type, enabled=False):
        one_hot = (F.one_hot(index, tokens) * real[:, :, None]).to(wide)
        sums = values.to(wide) @ one_hot
        counts = (values != 0).to(wide) @ one_hot
    means = (sums / counts.clamp_min(1)).to(torch.float32)
    return means[:, 0] if single else means
