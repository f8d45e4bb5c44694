"""Loudness by ITU-R BS.1770 against what the recommendation and its test signals say."""

from __future__ import annotations

import numpy as np
import pytest

from ttskit.audio.loudness import PLAYED_LUFS, k_weighting, loudness_lufs, played

# BS.1770-5, annex 1, tables 1 and 2: coefficients at 48 kHz.
SHELF = (1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585)
HIGH_PASS = (1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621)


def sine(hz, seconds, rate, level_db=0.0):
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def test_the_filter_is_the_recommendations_at_48_khz():
    np.testing.assert_allclose(k_weighting(48_000), [SHELF, HIGH_PASS], atol=1e-8)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 48_000])
def test_a_full_scale_sine_of_997_hz_in_one_channel_is_minus_3_01(rate):
    assert loudness_lufs(sine(997, 3.0, rate), rate) == pytest.approx(-3.01, abs=0.05)
    assert loudness_lufs(sine(997, 3.0, rate, -20.0), rate) == pytest.approx(-23.01, abs=0.05)


def test_low_notes_are_less_loud_and_high_ones_louder():
    flat = loudness_lufs(sine(997, 2.0, 22_050), 22_050)
    assert loudness_lufs(sine(40, 2.0, 22_050), 22_050) < flat - 4
    assert loudness_lufs(sine(5_000, 2.0, 22_050), 22_050) == pytest.approx(flat + 3.3, abs=0.3)


def test_pauses_do_not_lower_it():
    """EBU Tech 3341, case 3, in one channel: -36 dB before and after a minute at -23 dB is still the loudness of the minute."""
    quiet, loud = sine(997, 5.0, 48_000, -36.0), sine(997, 20.0, 48_000, -23.0)
    assert loudness_lufs(np.concatenate([quiet, loud, quiet]), 48_000) == pytest.approx(-26.01, abs=0.1)
    assert loudness_lufs(np.concatenate([loud, np.zeros(480_000)]), 48_000) == pytest.approx(-26.01, abs=0.1)


def test_what_is_silent_or_short():
    assert loudness_lufs(np.zeros(22_050), 22_050) == loudness_lufs(np.zeros(0), 22_050) == -np.inf
    assert loudness_lufs(sine(997, 0.2, 22_050), 22_050) == pytest.approx(-3.0, abs=0.3)


def test_what_is_played_is_at_one_loudness_unless_it_would_clip():
    for level in (-50.0, -30.0, -3.0):
        assert loudness_lufs(played(sine(300, 2.0, 22_050, level), 22_050), 22_050) == pytest.approx(PLAYED_LUFS, abs=0.01)
    clicks = np.zeros(44_100)
    clicks[::4_000] = 0.4
    heard = played(clicks, 22_050)
    assert np.abs(heard).max() == pytest.approx(10 ** (-0.1 / 20)) and loudness_lufs(heard, 22_050) < PLAYED_LUFS
    np.testing.assert_array_equal(played(np.zeros(100), 22_050), 0.0)
