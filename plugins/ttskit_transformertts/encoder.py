"""The text encoder and the postnet (Li et al. 2019, sections 3.1, 3.4 and 3.7)."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn import Dropout
from ttskit_transformertts.config import TransformerStackOptions, TransformerTTSOptions
from ttskit_transformertts.layers import (
    Attention,
    NormedConvolution,
    PositionwiseFeedForward,
    Residual,
    ScaledPositions,
    last_norm,
    linear,
)

__all__ = ["EncoderPrenet", "MelPostnet", "TransformerEncoder"]


class EncoderPrenet(nn.Module):
    """Convolutions over the embeddings, and a projection whose outputs lie around zero, as positions do."""

    def __init__(self, options: TransformerTTSOptions) -> None:
        super().__init__()
        width = options.encoder_prenet_channels
        sizes = [options.embedding_channels] + [width] * options.encoder_prenet_convolutions
        self.convolutions = nn.ModuleList(
            NormedConvolution(a, b, options.encoder_prenet_kernel, "relu") for a, b in pairwise(sizes)
        )
        self.project = linear(width, options.channels)
        self.dropout = Dropout(options.encoder_prenet_dropout, spare=False)

    def forward(self, embedded: Tensor, mask: Tensor | None) -> Tensor:
        """Embeddings (B, N, E) → (B, N, C)."""
        x = embedded.transpose(1, 2)
        for convolution in self.convolutions:
            x = self.dropout(F.relu(convolution(x, mask)))
        projected: Tensor = self.project(x.transpose(1, 2))
        return projected


class EncoderBlock(nn.Module):
    """Self-attention, then a feed-forward network."""

    def __init__(self, channels: int, options: TransformerStackOptions) -> None:
        super().__init__()
        self.attention, self.around_attention = Attention(channels, options), Residual(channels, options)
        self.feed_forward, self.around_feed_forward = PositionwiseFeedForward(channels, options), Residual(channels, options)

    def forward(self, x: Tensor, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """x (B, N, C); hidden (B, 1, 1, N) True on padding."""
        x = self.around_attention(x, lambda y: self.attention(y, self.attention.keys_values(y), hidden).output)
        done: Tensor = self.around_feed_forward(x, lambda y: self.feed_forward(y, mask))
        return done


class TransformerEncoder(nn.Module):
    """Tokens' embeddings to memory."""

    def __init__(self, options: TransformerTTSOptions) -> None:
        super().__init__()
        stack = options.encoder
        self.prenet = EncoderPrenet(options)
        self.positions = ScaledPositions(stack.position_dropout)
        self.blocks = nn.ModuleList(EncoderBlock(options.channels, stack) for _ in range(stack.layers))
        self.norm = last_norm(options.channels, stack)

    def forward(self, embedded: Tensor, real: Tensor, masked: bool) -> Tensor:
        """Memory (B, N, C) of embeddings (B, N, E); real (B, N) bool. Attention never looks at padding, masked or not."""
        mask = real if masked else None
        x = self.positions(self.prenet(embedded, mask))
        for block in self.blocks:
            x = block(x, ~real[:, None, None], mask)
        memory: Tensor = self.norm(x)
        return memory


class MelPostnet(nn.Module):
    """A correction to the decoder's mel that sees both sides."""

    def __init__(self, options: TransformerTTSOptions, bands: int) -> None:
        super().__init__()
        count = options.postnet_convolutions
        sizes = [bands] + [options.postnet_channels] * (count - 1) + [bands]
        made = [
            NormedConvolution(a, b, options.postnet_kernel, "tanh" if i < count - 1 else "linear")
            for i, (a, b) in enumerate(pairwise(sizes))
        ]
        # At 1, batch normalisation would make the untrained correction as large as speech itself.
        nn.init.constant_(made[-1].norm.weight, 0.1)
        self.convolutions = nn.ModuleList(made)
        self.dropout = Dropout(options.postnet_dropout, spare=False)

    def forward(self, mel: Tensor, mask: Tensor | None) -> Tensor:
        """Correction (B, M, T) of mel (B, M, T); mask (B, T)."""
        x = mel
        for index, convolution in enumerate(self.convolutions):
            x = convolution(x, mask)
            if index < len(self.convolutions) - 1:
                x = torch.tanh(x)
            x = self.dropout(x)
        return x
