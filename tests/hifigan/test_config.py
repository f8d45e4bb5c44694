"""HiFi-GAN's options: presets, differences, and what does not fit."""

from __future__ import annotations

from math import prod

import pytest
from pydantic import ValidationError

from ttskit.audio import config as audio_config
from ttskit.audio.config import MelConfig
from ttskit.errors import ConfigError
from ttskit_hifigan.config import PRESETS, HifiganOptions, rates_for
from ttskit_hifigan.vocoder import Hifigan


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset_fits_the_default_mel(preset):
    options = HifiganOptions(preset=preset)
    options.check_mel(MelConfig())
    assert options.size().samples_per_frame == 256


def test_published_values():
    """Table of the paper's appendix and section 3."""
    v1, v3 = HifiganOptions(), HifiganOptions(preset="V3")
    assert (v1.size().upsample_initial_channel, HifiganOptions(preset="V2").size().upsample_initial_channel) == (512, 128)
    assert v3.size().resblock == 2 and v3.size().resblock_dilation_sizes == ((1, 2), (2, 6), (3, 12))
    assert (v1.learning_rate, v1.betas, v1.weight_decay, v1.decay, v1.mel_weight, v1.feature_weight) == (
        2e-4,
        (0.8, 0.99),
        0.01,
        0.999,
        45.0,
        2.0,
    )
    assert (v1.value("segment_frames"), v1.value("discriminator_scale"), v1.value("decay_steps")) == (32, 1.0, None)


def test_what_is_given_wins_over_the_preset():
    size = HifiganOptions(preset="V2", upsample_rates=(8, 8, 4, 2), upsample_initial_channel=64).size()
    assert size.samples_per_frame == 512 and size.upsample_initial_channel == 64 and size.resblock_kernel_sizes == (3, 7, 11)


@pytest.mark.parametrize("preset", ["nemo-44100", "telephone-8000"])
def test_another_hop_is_an_error_with_rates_that_work(preset):
    mel = audio_config.PRESETS[preset]
    with pytest.raises(ConfigError) as caught:
        Hifigan(HifiganOptions(preset="tiny"), mel)
    message = str(caught.value)
    assert "256" in message and str(mel.hop_samples) in message
    rates = rates_for(mel.hop_samples)
    assert prod(rates) == mel.hop_samples and str(rates) in message
    fitting = HifiganOptions(preset="tiny", upsample_rates=rates, upsample_kernel_sizes=[2 * r for r in rates])
    fitting.check_mel(mel)


def test_a_hop_with_a_large_prime_has_no_suggestion():
    assert rates_for(256 + 1) == []
    with pytest.raises(ConfigError, match="257"):
        HifiganOptions(preset="tiny").check_mel(MelConfig(hop_samples=257))


def test_segments_too_short_for_the_mel_loss():
    with pytest.raises(ConfigError, match="segment_frames 1"):
        HifiganOptions(preset="tiny", segment_frames=1).check_mel(MelConfig())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"upsample_rates": (8, 8, 4)}, "3 upsample_rates but 4"),
        ({"upsample_initial_channel": 40}, "multiple of 16"),
        ({"resblock_kernel_sizes": (3, 7, 10)}, "odd"),
        ({"upsample_kernel_sizes": (16, 16, 4, 1)}, "smaller than its rate"),
        ({"resblock_dilation_sizes": ((1,), (1,))}, "2 resblock_dilation_sizes"),
        ({"betas": (0.8, 1.0)}, "betas"),
        ({"resblock_dilation_sizes": ((1,), (0,), (1,))}, "at least 1"),
        ({"upsample_rates": (8, 8, 4, 1)}, "at least 2"),
        ({"upsampling": (8,)}, "upsampling"),
    ],
)
def test_what_cannot_be_built_is_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        HifiganOptions(**given)
