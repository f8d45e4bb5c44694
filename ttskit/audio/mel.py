"""Log-mel spectrograms, differentiable, exact against the public front ends."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.audio.config import MelConfig
from ttskit.errors import AudioError

__all__ = ["MelExtractor", "log_floor", "mel_basis"]


@lru_cache(maxsize=8)
def mel_basis(config: MelConfig) -> np.ndarray:
    """Triangular filters (M, fft/2 + 1), float32 (Slaney or HTK scale, librosa's definition)."""
    from librosa.filters import mel  # numba and scipy come with it

    return mel(
        sr=config.sample_rate_hz,
        n_fft=config.fft_samples,
        n_mels=config.bands,
        fmin=config.f_min_hz,
        fmax=config.f_max_hz,
        htk=config.mel_scale == "htk",
        norm="slaney" if config.mel_norm == "slaney" else None,
    )


def log_floor(config: MelConfig) -> float:
    """The log-mel value of silence: log of the guard, in the configuration's base."""
    guard = np.float32(config.log_guard)
    return float(np.log10(guard) if config.log_base == "10" else np.log(guard))


class MelExtractor(nn.Module):
    """Log mel of a waveform. No parameters; gradients flow to the audio (HiFi-GAN's mel loss needs them).

    Always in float32, whatever autocast says: bands near the guard lose all precision in half.
    """

    def __init__(self, config: MelConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("basis", torch.from_numpy(mel_basis(config).copy()), persistent=False)
        self.register_buffer(
            "window", torch.hann_window(config.window_samples, periodic=config.window_periodic), persistent=False
        )

    def magnitude(self, audio: Tensor) -> Tensor:
        """Linear magnitudes (B, fft/2 + 1, T) of audio (B, S), before power and mel filters.

        Raises:
            AudioError: too short for reflection at the edges or for one frame.
        """
        c, edge = self.config, self.config.edge_samples
        if c.frames(audio.shape[-1]) == 0 or (c.edge_padding == "reflect" and audio.shape[-1] <= edge):
            raise AudioError(
                "audio is too short for one mel frame",
                f"{audio.shape[-1]} samples, need more than {edge}",
                "leave it out or join it with another clip",
            )
        padded = F.pad(audio.float()[:, None], (edge, edge), mode="reflect" if c.edge_padding == "reflect" else "constant")[
            :, 0
        ]
        spectrum = torch.stft(
            padded, c.fft_samples, c.hop_samples, c.window_samples, self.window, center=False, return_complex=True
        )
        power = spectrum.real.square() + spectrum.imag.square()
        # The root's slope is infinite at 0, which would make gradients of digital silence NaN.
        return (power + c.magnitude_guard).sqrt() if c.magnitude_guard else power.clamp_min(1e-24).sqrt()

    def forward(self, audio: Tensor) -> Tensor:
        """audio (B, S) in [-1, 1] → log mel (B, M, T), T = config.frames(S)."""
        c = self.config
        with torch.autocast(audio.device.type, enabled=False):
            magnitude = self.magnitude(audio)
            mel = self.basis @ (magnitude if c.magnitude_power == 1 else magnitude**c.magnitude_power)
            guarded = mel + c.log_guard if c.log_guard_mode == "add" else mel.clamp_min(c.log_guard)
            return guarded.log10() if c.log_base == "10" else guarded.log()
