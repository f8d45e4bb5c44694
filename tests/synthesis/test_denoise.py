"""Vocoder bias removal: what it takes away, what it leaves, and that pieces join without seams."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.audio.config import PRESETS, MelConfig
from ttskit.audio.mel import log_floor
from ttskit.errors import InputError
from ttskit.interfaces import Vocoder
from ttskit.synthesis.denoise import Denoised

HUM_HZ, TONE_HZ = 430.6640625, 2067.1875  # bins 20 and 96 of 1024 at 22,050 Hz


class Humming(Vocoder):
    """A tone where the mel is loud, and a hum all the time."""

    streaming = True

    def __init__(self, mel: MelConfig, hum: float = 0.02) -> None:
        super().__init__()
        self.mel, self.hum = mel, hum

    def infer(self, mel):
        self.check_mel(mel)
        return torch.cat(list(self.infer_stream([mel])), dim=1)

    def infer_stream(self, chunks):
        sample = 0
        for mel in chunks:
            loud = (mel.mean(1) > log_floor(self.mel) + 1).float().repeat_interleave(self.mel.hop_samples, dim=1)
            t = (sample + torch.arange(loud.shape[1], dtype=torch.float64)) / self.mel.sample_rate_hz
            sample += loud.shape[1]
            tone, hum = (torch.sin(2 * torch.pi * hz * t).float() for hz in (TONE_HZ, HUM_HZ))
            yield 0.3 * loud * tone + self.hum * hum


def level(audio: torch.Tensor, hz: float, rate_hz: int = 22_050) -> float:
    """Amplitude of a partial, away from the edges."""
    inner = audio[0, 4096:-4096].double().numpy()
    t = np.arange(len(inner)) / rate_hz
    window = np.hanning(len(inner))
    return float(abs((inner * window * np.exp(-2j * np.pi * hz * t)).sum()) / window.sum() * 2)


def mels(frames: int = 120, config: MelConfig | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    config = config or MelConfig()
    silence = torch.full((1, config.bands, frames), log_floor(config))
    return silence, silence + 6.0


def test_the_hum_goes_and_the_speech_stays():
    silence, loud = mels()
    plain = Humming(MelConfig())
    clean = Denoised(plain, 1.0)
    assert level(plain.infer(silence), HUM_HZ) == pytest.approx(0.02, rel=0.01)
    assert level(clean.infer(silence), HUM_HZ) < 1e-4
    assert level(clean.infer(loud), HUM_HZ) < 1e-3
    assert level(clean.infer(loud), TONE_HZ) == pytest.approx(0.3, rel=0.01)


@pytest.mark.parametrize(("strength", "left"), [(0.0, 1.0), (0.25, 0.75), (0.5, 0.5)])
def test_strength_is_the_share_that_is_taken_away(strength, left):
    silence, _ = mels()
    assert level(Denoised(Humming(MelConfig()), strength).infer(silence), HUM_HZ) == pytest.approx(0.02 * left, rel=0.02)


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.parametrize("frames", [1, 2, 9])
def test_strength_0_gives_every_sample_back(preset, frames):
    config = PRESETS[preset]
    vocoder = Humming(config)
    mel = torch.randn(2, config.bands, frames, generator=torch.Generator().manual_seed(0)) - 5
    torch.testing.assert_close(Denoised(vocoder, 0.0).infer(mel), vocoder.infer(mel), atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [1, 7, 32, 1000])
def test_pieces_join_without_seams(size):
    clean = Denoised(Humming(MelConfig()), 0.7)
    mel = torch.randn(2, 80, 61, generator=torch.Generator().manual_seed(0)) - 9
    pieces = list(clean.infer_stream(mel.split(size, dim=2)))
    assert clean.streaming and all(piece.shape[1] for piece in pieces) and (len(pieces) > 5 or size > 7)
    torch.testing.assert_close(torch.cat(pieces, dim=1), clean.infer(mel), atol=1e-6, rtol=0)


def test_nothing_of_the_first_piece_is_held_back_longer_than_a_window():
    clean = Denoised(Humming(MelConfig()), 0.7)
    asked = []

    def chunks():
        for k in range(40):
            asked.append(k)
            yield torch.full((1, 80, 1), -5.0)

    next(clean.infer_stream(chunks()))
    assert len(asked) <= 1024 // 256 + 1


def test_the_published_choice_of_zeros_is_a_loud_sound_and_not_silence():
    plain = Humming(MelConfig())
    silence, zeros = Denoised(plain, 1.0), Denoised(plain, 1.0, level=0.0)
    tone = round(TONE_HZ * 1024 / 22_050)
    assert float(zeros.bias[tone]) > 100 * float(silence.bias[tone])
    _, loud = mels()
    assert level(zeros.infer(loud), TONE_HZ) < 0.01  # at strength 1 it takes the speech away
    assert level(Denoised(plain, 0.01, level=0.0).infer(loud), TONE_HZ) == pytest.approx(0.3 * 0.99, rel=0.01)


@pytest.mark.parametrize("strength", [-0.1, float("nan"), float("inf")])
def test_a_strength_that_is_none_is_refused(strength):
    with pytest.raises(InputError, match="strength must be a number"):
        Denoised(Humming(MelConfig()), strength)


def test_it_is_as_streaming_as_its_vocoder_and_refuses_what_that_refuses():
    class Still(Humming):
        streaming = False

        def infer_stream(self, chunks):
            return Vocoder.infer_stream(self, chunks)

        def infer(self, mel):
            self.check_mel(mel)
            return torch.zeros(mel.shape[0], mel.shape[2] * self.mel.hop_samples)

    clean = Denoised(Still(MelConfig()), 1.0)
    assert not clean.streaming
    with pytest.raises(InputError, match="cannot stream"):
        list(clean.infer_stream([mels()[0]]))
    with pytest.raises(InputError, match="wrong shape"):
        clean.infer(torch.zeros(1, 79, 4))
    with pytest.raises(InputError, match="NaN"):
        clean.infer(torch.full((1, 80, 4), float("nan")))
