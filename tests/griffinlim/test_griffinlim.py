"""Griffin-Lim: right length, right time, right level, repeatable, and clear errors."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ttskit.audio.config import PRESETS, MelConfig
from ttskit.audio.mel import MelExtractor, log_floor
from ttskit.errors import InputError
from ttskit.plugins import create_registry
from ttskit.testing.vocoder import check_vocoder
from ttskit_griffinlim.config import GriffinLimOptions
from ttskit_griffinlim.model import GriffinLim

SHARED = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared"))


def vocoder(mel: MelConfig, iterations: int = 32) -> GriffinLim:
    torch.set_num_threads(1)
    return GriffinLim(GriffinLimOptions(iterations=iterations), mel).eval()


def burst(mel: MelConfig, at_s: float, length_s: float = 0.9, width_s: float = 0.012) -> torch.Tensor:
    """A 700 Hz tone inside a Gaussian envelope centred at `at_s`."""
    t = torch.arange(int(length_s * mel.sample_rate_hz)) / mel.sample_rate_hz
    return 0.5 * torch.exp(-0.5 * ((t - at_s) / width_s) ** 2) * torch.sin(2 * torch.pi * 700 * t)


def energy_centre_s(audio: torch.Tensor, mel: MelConfig) -> float:
    """Time of the energy's centre of gravity on the recording's clock."""
    power = audio.double().square()
    t = (torch.arange(len(audio), dtype=torch.double) + mel.waveform_start_samples) / mel.sample_rate_hz
    return float((power * t).sum() / power.sum())


@pytest.mark.parametrize("preset", ["nvidia-22050", "hifigan-22050", "nemo-44100", "telephone-8000"])
@pytest.mark.parametrize("at_s", [0.3, 0.613])
def test_a_burst_comes_back_at_its_time(preset, at_s):
    mel = PRESETS[preset]
    features = MelExtractor(mel)(burst(mel, at_s)[None])
    audio = vocoder(mel).infer(features)
    assert audio.shape == (1, features.shape[2] * mel.hop_samples)
    assert abs(energy_centre_s(audio[0], mel) - at_s) < 0.25 * mel.hop_samples / mel.sample_rate_hz


@pytest.mark.parametrize(
    "mel",
    [
        *PRESETS.values(),
        replace(PRESETS["nvidia-22050"], log_base="10"),
        replace(PRESETS["nvidia-22050"], magnitude_power=2.0),
        replace(PRESETS["hifigan-22050"], mel_scale="htk", mel_norm="none", bands=40, window_samples=800, log_guard=1e-3),
    ],
    ids=lambda mel: mel.hash(),
)
def test_the_mel_of_the_audio_is_the_mel_it_came_from(mel):
    """A steady harmonic tone: away from the edges the re-extracted mel agrees where the tone is loud."""
    t = torch.arange(mel.sample_rate_hz // 2) / mel.sample_rate_hz
    audio = sum(0.2 / k * torch.sin(2 * torch.pi * 160 * k * t) for k in range(1, 16)) / 2
    extractor = MelExtractor(mel)
    features = extractor(audio[None])
    out = vocoder(mel).infer(features)
    skip = max(0, -mel.waveform_start_samples)  # what lies before the recording's first sample
    again = extractor(out[:, skip:])
    frames = min(again.shape[2], features.shape[2])
    a, b = features[0, :, 4 : frames - 4], again[0, :, 4 : frames - 4]
    loud = a > a.max() - (2.3 if mel.log_base == "10" else 5.3)  # within 46 dB of the peak
    scale = 2.302585 if mel.log_base == "10" else 1.0
    # 0.19 at worst, at 44.1 kHz; the rest is for other FFTs. Without the phase search it is 0.68 and more.
    assert float((a - b).abs()[loud].mean()) * scale / mel.magnitude_power < 0.25


def test_a_batch_equals_single_runs_and_a_second_run():
    mel = PRESETS["nvidia-22050"]
    features = torch.randn(3, 80, 17, generator=torch.Generator().manual_seed(1)) - 4
    together = vocoder(mel).infer(features)
    torch.manual_seed(99)
    for row, alone in enumerate(features):
        assert torch.equal(vocoder(mel).infer(alone[None])[0], together[row])


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_one_frame_and_silence(preset):
    mel = PRESETS[preset]
    assert vocoder(mel, 4).infer(torch.full((1, mel.bands, 1), -3.0)).shape == (1, mel.hop_samples)
    silence = MelExtractor(mel)(torch.zeros(1, mel.sample_rate_hz // 4))
    assert float(vocoder(mel, 4).infer(silence).abs().max()) < 1e-3


def test_loud_input_is_turned_down_not_clipped():
    mel = PRESETS["nvidia-22050"]
    audio = vocoder(mel, 4).infer(torch.full((1, 80, 20), 30.0))
    assert bool(torch.isfinite(audio).all()) and float(audio.abs().max()) == pytest.approx(1.0)
    assert int((audio.abs() > 0.999).sum()) < 5


def test_a_hop_longer_than_the_window_leaves_gaps_but_keeps_time():
    mel = MelConfig(fft_samples=256, window_samples=256, hop_samples=600, bands=20)
    audio = vocoder(mel, 2).infer(torch.zeros(1, 20, 3))
    assert audio.shape == (1, 1800)
    assert float(audio[0, 300 - 128 : 300 + 128].abs().max()) > 0 and float(audio[0, :100].abs().max()) == 0


@pytest.mark.parametrize(
    "mel", [torch.zeros(1, 79, 5), torch.zeros(1, 80, 0), torch.full((1, 80, 3), float("nan")), torch.zeros(80, 5)]
)
def test_what_is_no_mel_is_refused(mel):
    with pytest.raises(InputError):
        vocoder(PRESETS["nvidia-22050"]).infer(mel)


def test_conformance():
    plugin = create_registry(only={"griffinlim"}).get("vocoder", "griffinlim")
    failures = [r for r in check_vocoder(plugin) if not r.passed]
    assert not failures, "\n".join(f"{r.name}: {r.message}" for r in failures)


def test_real_speech_keeps_its_spectrum():
    clips = sorted((SHARED / "data" / "real" / "asterisk_es_allison" / "wavs").glob("*.flac"))[:3]
    if not clips:
        pytest.skip(f"no recordings under {SHARED}")
    import soundfile

    for clip in clips:
        audio, rate = soundfile.read(clip, dtype="float32")
        mel = replace(PRESETS["telephone-8000"], sample_rate_hz=rate, f_max_hz=min(4_000.0, rate / 2))
        extractor = MelExtractor(mel)
        features = extractor(torch.from_numpy(np.ascontiguousarray(audio))[None, : 2 * rate])
        again = extractor(vocoder(mel).infer(features)[:, max(0, -mel.waveform_start_samples) :])
        frames = min(again.shape[2], features.shape[2])
        assert float((features[..., :frames] - again[..., :frames]).abs().mean()) < 0.5


@pytest.mark.parametrize("mode", ["clamp", "add"])
@pytest.mark.parametrize("base", ["e", "10"])
def test_silence_has_no_magnitude_whatever_the_guard_makes_of_it(mode, base):
    """Taken at its word the guard would be a hiss."""
    mel = MelConfig(log_guard_mode=mode, log_guard=1e-2, log_base=base)
    assert float(vocoder(mel).magnitudes(torch.full((mel.bands, 4), log_floor(mel))).max()) < 1e-6
