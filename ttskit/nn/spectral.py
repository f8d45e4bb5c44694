"""Distances between the spectra of two waveforms, with gradients: what a vocoder learns from besides its discriminators."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from ttskit.audio.config import MelConfig
from ttskit.audio.mel import MelExtractor

__all__ = ["MelLoss", "full_band_mel", "multi_resolution_stft_loss"]

# Window and hop of Yamamoto, Song and Kim (2020), "Parallel WaveGAN", table 1, as seconds at their 24 kHz.
_RESOLUTIONS_S = ((0.025, 0.005), (0.05, 0.01), (0.01, 0.002))


def full_band_mel(mel: MelConfig) -> MelConfig:
    """The mel of a loss on segments: up to Nyquist, so that nothing above a model's own bands goes unheard.

    Frames lie within the segment (the placement of HiFi-GAN's authors), and the root is guarded, for its gradient.
    """
    centre = min(mel.hop_samples // 2, mel.fft_samples // 2)
    return replace(
        mel, f_max_hz=mel.sample_rate_hz / 2, first_frame_centre_samples=centre, edge_padding="reflect", magnitude_guard=1e-9
    )


class MelLoss(nn.Module):
    """L1 distance of log mels up to Nyquist (Kong, Kim and Bae 2020, "HiFi-GAN", section 2.4). No parameters.

    Args:
        mel: the vocoder's; see `full_band_mel` for what differs.
    """

    def __init__(self, mel: MelConfig) -> None:
        super().__init__()
        self.extractor = MelExtractor(full_band_mel(mel))

    def forward(self, audio: Tensor, synthetic: Tensor) -> Tensor:
        """audio and synthetic (B, S) → the mean over rows, bands and frames (scalar); no gradient reaches `audio`."""
        with torch.no_grad():
            wanted = self.extractor(audio)
        loss: Tensor = (self.extractor(synthetic) - wanted).abs().mean()
        return loss


def multi_resolution_stft_loss(audio: Tensor, synthetic: Tensor, rate_hz: int) -> Tensor:
    """Spectral convergence plus L1 of log magnitudes, a mean over three resolutions (scalar).

    Yamamoto, Song and Kim 2020, section 2.2, with their windows and hops in seconds and the next powers of two as transforms.

    audio and synthetic (B, S). Each row weighs alike, so that the loss of a batch is the mean of its rows.
    """
    losses = []
    for window_s, hop_s in _RESOLUTIONS_S:
        window, hop = round(window_s * rate_hz), max(1, round(hop_s * rate_hz))
        transform = 1 << (window - 1).bit_length()
        with torch.autocast(audio.device.type, enabled=False):
            wanted, made = (_magnitudes(x.float(), transform, window, hop) for x in (audio, synthetic))
            convergence = (wanted - made).flatten(1).norm(dim=1) / wanted.flatten(1).norm(dim=1)
            losses.append(convergence.mean() + (wanted.log() - made.log()).abs().mean())
    return torch.stack(losses).mean()


def _magnitudes(audio: Tensor, transform: int, window: int, hop: int) -> Tensor:
    """(B, S) → (B, transform/2 + 1, frames), guarded for its gradient, and so that silence does not rule the logarithm."""
    taper = torch.hann_window(window, device=audio.device)
    spectrum = torch.stft(audio, transform, hop, window, taper, pad_mode="constant", return_complex=True)
    return (spectrum.real.square() + spectrum.imag.square()).clamp_min(1e-7).sqrt()
