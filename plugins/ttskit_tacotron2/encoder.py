"""The convolutional parts: the text encoder and the postnet (Shen et al. 2018, sections 2.2 and 2.3)."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn import Dropout, MaskedBatchNorm1d
from ttskit_tacotron2.config import Tacotron2Options


class Convolution(nn.Module):
    """Convolution and batch normalisation, keeping the length."""

    def __init__(self, inputs: int, outputs: int, kernel: int, gain: str) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2)
        self.norm = MaskedBatchNorm1d(outputs)
        nn.init.xavier_uniform_(self.conv.weight, gain=nn.init.calculate_gain(gain))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """x (B, C, L); mask (B, L) True where real, or None: padding then counts like anything else."""
        return self.norm(self.conv(x if mask is None else x * mask[:, None]), mask)


class Encoder(nn.Module):
    """Tokens' embeddings to memory: convolutions, then a bidirectional LSTM over the real tokens."""

    def __init__(self, options: Tacotron2Options) -> None:
        super().__init__()
        sizes = [options.embedding_channels] + [options.encoder_channels] * options.encoder_convolutions
        self.convolutions = nn.ModuleList(Convolution(a, b, options.encoder_kernel, "relu") for a, b in pairwise(sizes))
        # Two LSTMs, each row turned about for the second: a packed bidirectional one gives the same and takes, on a
        # CPU, four times as long backwards.
        self.ahead = nn.LSTM(options.encoder_channels, options.encoder_channels // 2, batch_first=True)
        self.back = nn.LSTM(options.encoder_channels, options.encoder_channels // 2, batch_first=True)
        self.dropout = Dropout(options.encoder_dropout, spare=False)

    def forward(self, embedded: Tensor, lengths: Tensor, mask: Tensor | None) -> Tensor:
        """Memory (B, N, E), 0 on padding, of embeddings (B, N, C); mask (B, N) or None to let padding leak."""
        x = embedded.transpose(1, 2)
        for convolution in self.convolutions:
            x = self.dropout(F.relu(convolution(x, mask)))
        x = x.transpose(1, 2)
        place = torch.arange(x.shape[1], device=x.device)[None]
        real = place < lengths[:, None]
        turned = torch.where(real, lengths[:, None] - 1 - place, place)[:, :, None]
        back = self.back(x.gather(1, turned.expand_as(x)))[0]
        memory = torch.cat([self.ahead(x)[0], back.gather(1, turned.expand_as(back))], 2)
        return memory * real[:, :, None]


class Postnet(nn.Module):
    """A correction to the decoder's mel that sees both sides."""

    def __init__(self, options: Tacotron2Options, bands: int) -> None:
        super().__init__()
        count = options.postnet_convolutions
        sizes = [bands] + [options.postnet_channels] * (count - 1) + [bands]
        self.convolutions = nn.ModuleList(
            Convolution(sizes[i], sizes[i + 1], options.postnet_kernel, "tanh" if i < count - 1 else "linear")
            for i in range(count)
        )
        # At 1, batch normalisation would make the untrained correction as large as speech itself.
        nn.init.constant_(self.convolutions[-1].norm.weight, 0.1)
        self.dropout = Dropout(options.postnet_dropout, spare=False)

    def forward(self, mel: Tensor, mask: Tensor | None) -> Tensor:
        """Correction (B, M, T) of mel (B, M, T); mask (B, T) or None to let padding leak."""
        x = mel
        for index, convolution in enumerate(self.convolutions):
            x = convolution(x, mask)
            if index < len(self.convolutions) - 1:
                x = torch.tanh(x)
            x = self.dropout(x)
        return x
