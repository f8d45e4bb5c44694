"""The generator of HiFi-GAN (Kong, Kim and Bae 2020, "HiFi-GAN: Generative Adversarial Networks for
Efficient and High Fidelity Speech Synthesis", section 2.2 and appendix A.1).

Tensor names are the authors': blocks are numbered flat, stage · kernels + kernel.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn import WeightNormConv1d, WeightNormUpsample
from ttskit_hifigan.config import GeneratorSize
from ttskit_hifigan.excitation import ExcitationLayers, PitchEstimator

SLOPE = 0.1  # of every LeakyReLU but the last
LAST_SLOPE = 0.01  # the authors' code leaves torch's default there, and every public checkpoint was trained with it


def _same(channels: int, kernel: int, dilation: int) -> WeightNormConv1d:
    return WeightNormConv1d(channels, channels, kernel, dilation=dilation, padding=dilation * (kernel - 1) // 2)


class ResBlock1(nn.Module):
    """Per dilation: a dilated convolution, then a plain one, and a skip around both. (B, C, S) → (B, C, S)."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_same(channels, kernel, d) for d in dilations)
        self.convs2 = nn.ModuleList(_same(channels, kernel, 1) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            x = x + plain(F.leaky_relu(dilated(F.leaky_relu(x, SLOPE)), SLOPE))
        return x


class ResBlock2(nn.Module):
    """Per dilation: one dilated convolution and a skip around it. (B, C, S) → (B, C, S)."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_same(channels, kernel, d) for d in dilations)

    def forward(self, x: Tensor) -> Tensor:
        for dilated in self.convs:
            x = x + dilated(F.leaky_relu(x, SLOPE))
        return x


class Generator(nn.Module):
    """Log mel (B, M, T) → waveform (B, 1, T · product of the rates) within (-1, 1).

    Per stage a transposed convolution, then multi-receptive field fusion; `fast` computes the same on a CPU in less time.
    `mean` and `std` normalise the mel first: a log mel lies around -5, and a network that must first learn this
    learns little else in its first minutes (0 and 1, the published networks, change nothing). With `excited` it takes
    an excitation (B, 3, T · rates) besides, added after each upsampling (see `excitation`).
    """

    def __init__(self, size: GeneratorSize, bands: int, mean: float = 0.0, std: float = 1.0, excited: bool = False) -> None:
        super().__init__()
        self.size, self.mean, self.std = size, mean, std
        self.kernels = len(size.resblock_kernel_sizes)
        block = ResBlock1 if size.resblock == 1 else ResBlock2
        channels = size.upsample_initial_channel
        self.conv_pre = WeightNormConv1d(bands, channels, 7, padding=3)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for rate, kernel in zip(size.upsample_rates, size.upsample_kernel_sizes, strict=True):
            self.ups.append(WeightNormUpsample(channels, channels // 2, kernel, rate))
            channels //= 2
            for width, dilations in zip(size.resblock_kernel_sizes, size.resblock_dilation_sizes, strict=True):
                self.resblocks.append(block(channels, width, dilations))
        self.conv_post = WeightNormConv1d(channels, 1, 7, padding=3)
        self.pitch = PitchEstimator(bands) if excited else None
        self.excitations = ExcitationLayers(size.upsample_rates, size.upsample_initial_channel) if excited else None

    def normalised(self, mel: Tensor) -> Tensor:
        """What the first layer sees of a mel."""
        return mel if (self.mean, self.std) == (0.0, 1.0) else (mel - self.mean) / self.std

    def fused(self, stage: int, x: Tensor) -> Tensor:
        """Multi-receptive field fusion (MRF): the mean of residual blocks of several kernels and dilations."""
        blocks = self.resblocks[stage * self.kernels : (stage + 1) * self.kernels]
        return sum(block(x) for block in blocks) / self.kernels

    def forward(self, mel: Tensor, excitation: Tensor | None = None) -> Tensor:
        x = self.conv_pre(self.normalised(mel))
        for stage, upsample in enumerate(self.ups):
            x = upsample(F.leaky_relu(x, SLOPE))
            if self.excitations is not None:
                x = x + self.excitations[stage](excitation)
            x = self.fused(stage, x)
        x = F.leaky_relu(x, LAST_SLOPE)
        if not torch.is_autocast_enabled(x.device.type):
            return torch.tanh(self.conv_post(x))
        with torch.autocast(x.device.type, enabled=False):  # eight bits of mantissa would be a hiss 50 dB below full scale
            return torch.tanh(self.conv_post(x.float()))
