"""Discriminators of a GAN vocoder: several periods and several scales (Kong, Kim and Bae 2020, "HiFi-GAN", section 2.3).

Tensor names are the authors', so that their checkpoints load. Both give what the losses of `adversarial` take.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn.weight_norm import SpectralNormConv1d, WeightNormConv1d, WeightNormConv2d

__all__ = [
    "PERIODS",
    "SCALES",
    "MultiPeriodDiscriminator",
    "MultiScaleDiscriminator",
    "PeriodDiscriminator",
    "ScaleDiscriminator",
]

PERIODS = (2, 3, 5, 7, 11)  # primes: no two look at the same samples
SCALES = (1, 2, 4)  # each but the first sees what the one before it saw, pooled by 2
_SLOPE = 0.1  # of every LeakyReLU
_GROUPS = 16


class PeriodDiscriminator(nn.Module):
    """Looks at every p-th sample: the waveform folded to (S / p, p), convolved along the first of both.

    Args:
        period: p.
        scale: factor on the paper's channels.
    """

    def __init__(self, period: int, scale: float = 1.0) -> None:
        super().__init__()
        self.period = period
        widths = [max(4, round(scale * c)) for c in (32, 128, 512, 1024, 1024)]
        strides = (3, 3, 3, 3, 1)
        self.convs = nn.ModuleList(
            WeightNormConv2d(a, b, (5, 1), (stride, 1), padding=(2, 0))
            for a, b, stride in zip([1, *widths], widths, strides, strict=False)
        )
        self.conv_post = WeightNormConv2d(widths[-1], 1, (3, 1), padding=(1, 0))

    def forward(self, audio: Tensor) -> list[Tensor]:
        """audio (B, 1, S) → its feature maps (B, C, H, p); the last, with one channel, is the score."""
        missing = -audio.shape[2] % self.period
        x = F.pad(audio, (0, missing), mode="reflect") if missing else audio
        x = x.view(x.shape[0], 1, -1, self.period)
        maps = []
        for conv in self.convs:
            x = F.leaky_relu(conv(x), _SLOPE)
            maps.append(x)
        return [*maps, self.conv_post(x)]


class ScaleDiscriminator(nn.Module):
    """Looks at the waveform at one resolution, with wide grouped convolutions.

    The idea is that of Kumar et al. 2019, "MelGAN", section 2.2.

    Args:
        spectral: spectral in place of weight normalisation.
        scale: factor on the paper's channels.
    """

    def __init__(self, spectral: bool, scale: float = 1.0) -> None:
        super().__init__()
        conv = SpectralNormConv1d if spectral else WeightNormConv1d
        # Sixteen groups need multiples of sixteen channels.
        widths = [max(1, round(scale * c / _GROUPS)) * _GROUPS for c in (128, 128, 256, 512, 1024, 1024, 1024)]
        # kernel, stride, groups
        layers = ((15, 1, 1), (41, 2, 4), (41, 2, 16), (41, 4, 16), (41, 4, 16), (41, 1, 16), (5, 1, 1))
        self.convs = nn.ModuleList(
            conv(a, b, kernel, stride, padding=kernel // 2, groups=groups)
            for a, b, (kernel, stride, groups) in zip([1, *widths], widths, layers, strict=False)
        )
        self.conv_post = conv(widths[-1], 1, 3, padding=1)

    def forward(self, audio: Tensor) -> list[Tensor]:
        """audio (B, 1, S) → its feature maps (B, C, S'); the last, with one channel, is the score."""
        x, maps = audio, []
        for conv in self.convs:
            x = F.leaky_relu(conv(x), _SLOPE)
            maps.append(x)
        return [*maps, self.conv_post(x)]


class MultiPeriodDiscriminator(nn.Module):
    """One `PeriodDiscriminator` per prime period; `scale` is a factor on the paper's channels."""

    def __init__(self, scale: float = 1.0, periods: Sequence[int] = PERIODS) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(PeriodDiscriminator(p, scale) for p in periods)

    def forward(self, audio: Tensor) -> list[list[Tensor]]:
        """audio (B, 1, S) → the feature maps of each."""
        return [one(audio) for one in self.discriminators]


class MultiScaleDiscriminator(nn.Module):
    """Three `ScaleDiscriminator`s: the waveform itself (spectrally normalised), halved, and halved again.

    `scale` is a factor on the paper's channels, `count` the number of them.
    """

    def __init__(self, scale: float = 1.0, count: int = len(SCALES)) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(ScaleDiscriminator(spectral=i == 0, scale=scale) for i in range(count))
        self.pool = nn.AvgPool1d(4, 2, padding=2)

    def forward(self, audio: Tensor) -> list[list[Tensor]]:
        """audio (B, 1, S) → the feature maps of each."""
        judged = []
        for index, one in enumerate(self.discriminators):
            audio = self.pool(audio) if index else audio
            judged.append(one(audio))
        return judged
