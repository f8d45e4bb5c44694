"""Silence of a log mel is the mel of silence."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from ttskit.audio.config import PRESETS
from ttskit.audio.mel import MelExtractor
from ttskit.nn import log_mel_silence


@pytest.mark.parametrize("preset", sorted(PRESETS))
@pytest.mark.parametrize("base", ["e", "10"])
def test_it_is_what_extraction_gives_for_zeros(preset: str, base: str):
    config = replace(PRESETS[preset], log_base=base)
    mel = MelExtractor(config)(torch.zeros(1, config.sample_rate_hz // 4))
    torch.testing.assert_close(mel, torch.full_like(mel, log_mel_silence(config)), rtol=0, atol=1e-5)


def test_it_is_finite_without_a_guard():
    assert log_mel_silence(replace(PRESETS["hifigan-22050"], log_guard=0.0)) == pytest.approx(math.log(1e-12), rel=1e-6)
