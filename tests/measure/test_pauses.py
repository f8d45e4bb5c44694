"""Pauses by energy: where they were put, whatever the level and the noise."""

from __future__ import annotations

import numpy as np
import pytest

from ttskit.measure.pauses import SHORTEST_PAUSE_S, activity
from ttskit.testing import fake_speech

RATE = 22_050


def speech(*seconds_between):
    """Stretches of sound of half a second with so much silence between."""
    rng = np.random.default_rng(0)
    sounds = [0.1 * rng.standard_normal(RATE // 2) * (1 + 0.5 * np.sin(np.arange(RATE // 2) / 900)) for _ in range(9)]
    pieces = [np.zeros(RATE // 5), sounds[0]]
    for index, gap in enumerate(seconds_between):
        pieces += [np.zeros(round(gap * RATE)), sounds[index + 1]]
    return np.concatenate([*pieces, np.zeros(RATE // 5)])


@pytest.mark.parametrize("gain_db", [0, -12, -40])
@pytest.mark.parametrize("noise_db", [None, -60, -40, -26])
def test_pauses_are_found_where_they_are(gain_db, noise_db):
    wave = speech(0.4, 0.06, 0.25)
    if noise_db is not None:
        wave = wave + 10 ** (noise_db / 20) * 0.3 * np.random.default_rng(1).standard_normal(len(wave))
    found = activity(wave * 10 ** (gain_db / 20), RATE)
    assert [round(end - start, 1) for start, end in found.pauses_s] == [0.4, 0.2]
    assert found.pauses_s[0][0] == pytest.approx(0.7, abs=0.03) and found.pauses_s[1][1] == pytest.approx(2.41, abs=0.03)
    assert found.paused_s == pytest.approx(0.65, abs=0.08)
    assert found.span_s == pytest.approx((0.2, 2.91), abs=0.03)
    assert found.speaking_s == pytest.approx(2.06, abs=0.09)  # windows of 25 ms reach into the silence


def test_the_closure_of_a_stop_is_no_pause():
    assert activity(speech(0.12), RATE).pauses_s == []
    assert len(activity(speech(SHORTEST_PAUSE_S + 0.06), RATE).pauses_s) == 1


def test_a_click_does_not_end_a_pause():
    wave = speech(0.5)
    middle = int(0.95 * RATE)
    wave[middle : middle + 40] = 0.3
    assert len(activity(wave, RATE).pauses_s) == 1


def test_silence_is_no_speech():
    found = activity(np.zeros(RATE), RATE)
    assert (found.span_s, found.pauses_s, found.speaking_s) == ((0.0, 0.0), [], 0.0)
    assert activity(np.zeros(0), RATE).speaking_s == 0.0


def test_seconds_of_speech_between_two_times():
    found = activity(speech(0.4), RATE)
    assert found.sounding_s(0.7, 1.1) == pytest.approx(0.0, abs=0.04)
    assert found.sounding_s(0.0, 5.0) == pytest.approx(1.0, abs=0.05)


def test_letters_of_made_up_speech_hold_together():
    assert activity(fake_speech("mañana", RATE), RATE).pauses_s == []
