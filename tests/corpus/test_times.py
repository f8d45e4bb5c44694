"""Durations in frames as seconds: where tokens begin, and how far that is from the truth."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ttskit.audio.config import PRESETS
from ttskit.corpus.times import boundary_errors_ms, onsets_s


@pytest.mark.parametrize(("preset", "first"), [("nvidia-22050", -128), ("hifigan-22050", 0), ("nemo-44100", -256)])
def test_a_token_begins_half_a_hop_before_the_centre_of_its_first_frame(preset, first):
    mel = PRESETS[preset]
    onsets = onsets_s(SimpleNamespace(mel=mel), np.array([2, 0, 3, 1]))
    frames = np.array([0, 2, 2, 5])
    np.testing.assert_allclose(onsets, (first + frames * mel.hop_samples) / mel.sample_rate_hz, atol=1e-12)
    half_s = mel.hop_samples / 2 / mel.sample_rate_hz
    np.testing.assert_allclose(onsets, [mel.frame_centre(k) - half_s for k in frames], atol=1e-12)


def test_errors_are_of_the_onsets_of_sounds():
    mel = PRESETS["hifigan-22050"]
    hop_s = mel.hop_samples / mel.sample_rate_hz
    times = np.array([0.0, 2.0, 4.5, 6.0, 9.0]) * hop_s  # of an edge, two sounds and an edge
    corpus = SimpleNamespace(mel=mel, symbols=SimpleNamespace(silent={"<"}), reference_times=lambda u: times)
    utterance = SimpleNamespace(tokens=("<", "a", "b", "<"))
    errors = boundary_errors_ms(corpus, utterance, np.array([3, 1, 1, 4]))  # onsets 0, 3, 4, 5 hops
    np.testing.assert_allclose(errors, np.array([1.0, 0.5]) * 1000 * hop_s, rtol=1e-9)
    without = SimpleNamespace(**{**vars(corpus), "reference_times": lambda u: None})
    assert boundary_errors_ms(without, utterance, np.array([3, 1, 1, 4])).size == 0
