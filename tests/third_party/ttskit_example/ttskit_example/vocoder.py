"""Buzz: a vocoder that follows the loudness of a mel with one tone."""

from __future__ import annotations

import torch
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.interfaces import Vocoder


class Buzz(Vocoder):
    """A sine of 150 Hz, as loud as the mel; keeps the interface's promise on length and range."""

    def __init__(self, options: object, mel: MelConfig) -> None:
        super().__init__()
        self.mel = mel

    @torch.no_grad()
    def infer(self, mel: Tensor) -> Tensor:
        self.check_mel(mel)
        loudness = mel.float().mean(1).exp().clamp(0, 0.5).repeat_interleave(self.mel.hop_samples, dim=1)
        time = torch.arange(loudness.shape[1], device=mel.device) / self.mel.sample_rate_hz
        return loudness * torch.sin(2 * torch.pi * 150.0 * time)
