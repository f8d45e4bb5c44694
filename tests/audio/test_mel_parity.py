"""Our mel against the public front ends' stored outputs."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from ttskit.audio.config import PRESETS
from ttskit.audio.mel import MelExtractor, mel_basis

SHARED = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared"))
needs_shared = pytest.mark.skipif(not (SHARED / "parity").is_dir(), reason="needs the shared parity data (TTSKIT_SHARED)")


def extract(config, wave):
    return MelExtractor(config)(torch.from_numpy(wave)[None])[0].numpy()


def case(name):
    return np.load(SHARED / "parity" / name / "inputs.npz")["wave"], np.load(SHARED / "parity" / name / "outputs.npz")


@needs_shared
def test_hifigan_mel_and_its_full_band_variant():
    from dataclasses import replace

    wave, out = case("mel_hifigan_22050")
    config = PRESETS["hifigan-22050"]
    np.testing.assert_allclose(mel_basis(config), out["mel_basis"], atol=1e-7)
    np.testing.assert_allclose(extract(config, wave), out["mel"], atol=1e-4)
    np.testing.assert_allclose(extract(replace(config, f_max_hz=11025.0), wave), out["mel_fmax_none"], atol=1e-4)


@needs_shared
def test_nvidia_mel():
    wave, out = case("mel_nvidia_22050")
    np.testing.assert_allclose(extract(PRESETS["nvidia-22050"], wave), out["mel"], atol=1e-4)


@needs_shared
@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("fastpitch_legacy/full", {}),
        ("hifigan_legacy/full", {"log_guard_mode": "clamp", "first_frame_centre_samples": 256}),
        ("hifigan_trg_legacy/full", {"log_guard_mode": "clamp", "first_frame_centre_samples": 256, "magnitude_guard": 1e-5}),
    ],
)
def test_nemo_legacy_mel(key, changes):
    from dataclasses import replace

    golden = np.load(SHARED / "parity_nemo" / "mel_pitch_golden.npz")
    config = replace(PRESETS["nemo-44100"], **changes)
    length = int(golden[f"{key}/len"][0])
    mel = extract(config, golden["wav"])
    assert mel.shape[1] >= length
    np.testing.assert_allclose(mel[:, :length], golden[f"{key}/mel"][0][:, :length], atol=2e-4)


def test_mel_is_float32_under_autocast_and_has_finite_gradients_in_silence():
    for preset in ("nvidia-22050", "hifigan-22050", "nemo-44100"):
        extractor = MelExtractor(PRESETS[preset])
        audio = torch.zeros(2, 8000)
        audio[1, 4000:] = torch.sin(torch.arange(4000) * 0.1)
        audio.requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mel = extractor(audio)
        assert mel.dtype == torch.float32 and mel.shape == (2, 80, PRESETS[preset].frames(8000))
        mel.sum().backward()
        assert torch.isfinite(audio.grad).all() and audio.grad[1].abs().sum() > 0


def test_silence_is_at_the_log_floor_and_too_short_is_an_error():
    from ttskit.audio.mel import log_floor
    from ttskit.errors import AudioError

    for preset in ("nvidia-22050", "nemo-44100"):
        mel = MelExtractor(PRESETS[preset])(torch.zeros(1, 8000))
        torch.testing.assert_close(mel, torch.full_like(mel, log_floor(PRESETS[preset])), atol=1e-5, rtol=0)
    with pytest.raises(AudioError, match="too short"):
        MelExtractor(PRESETS["nvidia-22050"])(torch.zeros(1, 300))
