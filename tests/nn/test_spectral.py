"""Spectral losses: a mel up to Nyquist, and several resolutions against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.audio.config import PRESETS, MelConfig
from ttskit.audio.mel import MelExtractor
from ttskit.nn import MelLoss, full_band_mel, multi_resolution_stft_loss


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("preset", list(PRESETS))
def test_a_segment_has_the_frames_it_was_cut_for(preset):
    mel = PRESETS[preset]
    wide = full_band_mel(mel)
    frames = 2 * mel.fft_samples // mel.hop_samples
    assert MelExtractor(wide)(noise(1, frames * mel.hop_samples)).shape == (1, mel.bands, frames)
    assert wide.f_max_hz == mel.sample_rate_hz / 2


def test_half_as_loud_is_the_log_of_two_away():
    audio = 0.3 * noise(2, 8192)
    loss = MelLoss(MelConfig())
    assert float(loss(audio, audio)) == 0.0
    assert float(loss(audio, audio / 2)) == pytest.approx(np.log(2), abs=2e-3)  # off by what the guard adds


def test_what_lies_above_the_models_bands_is_heard():
    mel = MelConfig(f_max_hz=8000.0)
    time = torch.arange(6144) / mel.sample_rate_hz
    high = torch.hann_window(6144) * torch.sin(2 * torch.pi * 10_000 * time)[None]  # faded, so that its ends do not click
    hiss = 1e-3 * noise(1, 6144)
    loss, narrow = MelLoss(mel), MelExtractor(mel)
    missed = float((narrow(hiss + 0.1 * high) - narrow(hiss)).abs().mean())
    assert missed < 0.01 and float(loss(hiss, hiss + 0.1 * high)) > 0.05


def test_the_mel_loss_teaches_the_synthetic_alone_and_survives_silence():
    audio, synthetic = (0.1 * noise(1, 4096)).requires_grad_(), torch.zeros(1, 4096, requires_grad=True)
    MelLoss(MelConfig())(audio, synthetic).backward()
    assert audio.grad is None and bool(torch.isfinite(synthetic.grad).all())
    assert not list(MelLoss(MelConfig()).state_dict())  # nothing of it is in a checkpoint


def spectrum(audio: np.ndarray, window: int, hop: int, transform: int) -> np.ndarray:
    """Magnitudes of frames centred at multiples of the hop, zeros beyond the ends."""
    taper = np.zeros(transform)
    left = (transform - window) // 2
    taper[left : left + window] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    padded = np.pad(audio, transform // 2)
    frames = [padded[s : s + transform] * taper for s in range(0, len(audio) + 1, hop)]
    return np.maximum(np.abs(np.fft.rfft(frames)), np.sqrt(1e-7))


@pytest.mark.parametrize(
    ("rate", "resolutions"),
    [
        (24_000, [(600, 120, 1024), (1200, 240, 2048), (240, 48, 256)]),  # the paper's rate; its last hop is 50
        (8_000, [(200, 40, 256), (400, 80, 512), (80, 16, 128)]),
    ],
)
def test_several_resolutions_equal_numpys(rate, resolutions):
    audio = 0.1 * noise(2, 4000).double().numpy()
    made = audio + 0.05 * noise(2, 4000, seed=1).double().numpy()
    wanted = []
    for row, other in zip(audio, made, strict=True):
        for parts in resolutions:
            a, b = spectrum(row, *parts), spectrum(other, *parts)
            wanted.append(np.linalg.norm(a - b) / np.linalg.norm(a) + np.abs(np.log(a) - np.log(b)).mean())
    found = multi_resolution_stft_loss(torch.from_numpy(audio).float(), torch.from_numpy(made).float(), rate)
    assert float(found) == pytest.approx(np.mean(wanted), rel=1e-4)
