"""Our mel on its own; against the public front ends it is measured in tests/parity/test_mel.py."""

import pytest
import torch

from ttskit.audio.config import PRESETS, MelConfig
from ttskit.audio.mel import MelExtractor


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


def test_the_guard_is_a_floor_or_is_added_and_the_base_is_its_own():
    """Magnitudes from far below to far above the guard."""
    loud = torch.sin(torch.arange(8000) * 0.1) * torch.logspace(-6, 0, 8000)
    magnitude = MelExtractor(MelConfig(log_guard=1e-12))(loud[None]).exp()
    assert magnitude.min() < 1e-4 and magnitude.max() > 1.0
    for mode, base, expected in (
        ("clamp", "e", magnitude.clamp_min(1e-2).log()),
        ("add", "e", (magnitude + 1e-2).log()),
        ("add", "10", (magnitude + 1e-2).log10()),
    ):
        mel = MelExtractor(MelConfig(log_guard=1e-2, log_guard_mode=mode, log_base=base))(loud[None])
        torch.testing.assert_close(mel, expected, atol=1e-5, rtol=1e-5)
