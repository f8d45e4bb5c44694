"""A block of BiLSTM in place of a transformer block, so that "parallel" and "transformer" can be told apart.

Everything else of the model stays: positions, predictors, alignment, losses. The block is as large as the
transformer block of the same options, unless `lstm_channels` says otherwise.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ttskit.nn import Dropout
from ttskit_fastpitch.config import FastPitchOptions, StackOptions
from ttskit_fastpitch.layers import Stack, TransformerBlock


class LstmBlock(nn.Module):
    """Bidirectional LSTM (Hochreiter & Schmidhuber 1997), projection, residual and post-norm. fp32 under autocast.

    Each direction starts at a row's own end, so that padding is never read, whatever `padding` says.
    """

    def __init__(self, channels: int, options: StackOptions) -> None:
        super().__init__()
        width = options.lstm_channels or equal_width(channels, options)
        # Two LSTMs, each row turned about for the second: what packed sequences give, without their lengths, which
        # a GPU would have to hand to the CPU at every block.
        self.ahead = nn.LSTM(channels, width, batch_first=True)
        self.back = nn.LSTM(channels, width, batch_first=True)
        self.out = nn.Linear(2 * width, channels)
        self.drop = Dropout(options.dropout)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor, mask: Tensor, masked: bool) -> Tensor:
        """x (B, L, C), mask (B, L, 1) → (B, L, C). `masked` changes nothing: padding has no way in."""
        with torch.autocast(x.device.type, enabled=False):
            full = x.float()
            ahead, turned = self.ahead(full)[0], turning(mask)
            back = self.back(full.gather(1, turned.expand_as(full)))[0]
            both = torch.cat([ahead, back.gather(1, turned.expand_as(back))], dim=2)
        return self.norm(x + self.drop(self.out(both.to(x.dtype)))) * mask


def turning(mask: Tensor) -> Tensor:
    """(B, L, 1) int64: where each position of a row turned about comes from; padding stays in its place."""
    place = torch.arange(mask.shape[1], device=mask.device)[None, :, None]
    mirrored = mask.sum(1, keepdim=True).long() - 1 - place
    return torch.where(mask > 0, mirrored, place)


def equal_width(channels: int, options: StackOptions) -> int:
    """Channels per direction with which an LSTM block is about as large as the transformer block of these options.

    >>> equal_width(384, StackOptions())
    472
    """
    inner, filters = options.heads * options.head_channels, options.filter_channels
    attention = 3 * inner * (channels + 1) + inner * channels
    feed_forward = 2 * options.kernel * channels * filters + filters + channels
    # Two directions of 4 gates, 2 biases each, and the projection: 8h(C + h + 2) + 2hC = the transformer's; solved for h.
    linear = 10 * channels + 16
    width = (-linear + (linear**2 + 32 * (attention + feed_forward)) ** 0.5) / 16
    return max(8, 8 * round(width / 8))


def stack(options: FastPitchOptions, side: StackOptions) -> Stack:
    """The encoder or decoder of these options, of its own kind of block or of the model's."""
    block = {"transformer": TransformerBlock, "lstm": LstmBlock}[side.block or options.block]
    return Stack(options.channels, side, block)
