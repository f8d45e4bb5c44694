"""Learned alignment of frames and tokens (Badlani et al. 2022, "One TTS Alignment to Rule Them All")."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn import beta_binomial_prior, interpolated_beta_binomial_prior
from ttskit_fastpitch.config import AlignerOptions, PriorOptions
from ttskit_fastpitch.layers import Conv

PRIOR_FLOOR = 1e-8


class Aligner(nn.Module):
    """Distances between embedded tokens and embedded mel frames, as a distribution over tokens per frame."""

    def __init__(self, channels: int, bands: int, options: AlignerOptions) -> None:
        super().__init__()
        self.temperature = options.temperature
        self.key = nn.ModuleList([Conv(channels, 2 * channels, 3), Conv(2 * channels, options.channels, 1)])
        self.query = nn.ModuleList([Conv(bands, 2 * bands, 3), Conv(2 * bands, bands, 1), Conv(bands, options.channels, 1)])

    def forward(
        self, text: Tensor, mel: Tensor, mask: Tensor, frame_mask: Tensor, prior: Tensor | None, masked: bool
    ) -> tuple[Tensor, Tensor]:
        """Align.

        Args:
            text: (B, N, C) token embeddings.
            mel: (B, T, M).
            mask, frame_mask: (B, N, 1) and (B, T, 1), 1 where real.
            prior: (B, T, N) or None.
            masked: keep padding out of the convolutions and of the first softmax.

        Returns:
            Log scores (B, T, N): log-softmax plus log prior, before the padding mask; and their
            log-softmax over the real tokens, -inf on padding. Both fp32.
        """
        if masked:
            text, mel = text * mask, mel * frame_mask
        keys = self.key[1](F.relu(self.key[0](text)))
        queries = self.query[2](F.relu(self.query[1](F.relu(self.query[0](mel)))))
        padding = ~mask.transpose(1, 2).bool()
        with torch.autocast(mel.device.type, enabled=False):
            scores = -self.temperature * squared_distances(queries.float(), keys.float())
            if masked:
                scores = scores.masked_fill(padding, -1e4)
            scores = scores.log_softmax(dim=2)
            if prior is not None:
                scores = scores + torch.log(prior.float() + PRIOR_FLOOR)
            return scores, scores.masked_fill(padding, float("-inf")).log_softmax(dim=2)


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """|a_i - b_j|² of (B, T, C) and (B, N, C) → (B, T, N), without a (B, T, N, C) tensor."""
    cross = torch.baddbmm(b.square().sum(2)[:, None, :], a, b.transpose(1, 2), alpha=-2.0)
    return cross + a.square().sum(2)[:, :, None]


def prior_matrix(tokens: Tensor, frames: Tensor, options: PriorOptions, size: tuple[int, int] | None = None) -> Tensor:
    """The alignment prior of these options, 0 on padding.

    Args:
        tokens, frames: (B,) int64 lengths.
        options: which of the published forms.
        size: (T, N) of the result; the longest lengths by default.

    Returns:
        (B, T, N) float32.
    """
    if options.form == "exact":
        return beta_binomial_prior(tokens, frames, size, options.support)
    sizes = options.round_frames, options.round_tokens
    return interpolated_beta_binomial_prior(tokens, frames, size, options.support, *sizes)
