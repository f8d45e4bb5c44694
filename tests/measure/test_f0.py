"""F0 figures of contours that were shifted, flattened, hidden or put an octave off."""

from __future__ import annotations

import numpy as np
import pytest

from ttskit.audio.config import MelConfig
from ttskit.audio.pitch import autocorrelation
from ttskit.measure import metrics as m
from ttskit.measure.f0 import f0_differences

N = 200
PATH = m.Path(np.arange(N), np.arange(N), 0.0)
VOICED = np.arange(N) % 10 < 7
NATURAL = np.where(VOICED, 150.0 * 2 ** (0.3 * np.sin(np.arange(N) / 9)), 0.0)


def of(said):
    return f0_differences(NATURAL, said, PATH)


def test_the_recording_itself():
    found = of(NATURAL)
    assert (found["f0_shift_semitones"], found["f0_gross_errors"], found["f0_frame_error"]) == (0.0, 0.0, 0.0)
    assert found["f0_range_ratio"] == pytest.approx(1.0) and found["f0_correlation"] == pytest.approx(1.0)
    assert found["f0_compared"] == 1.0


@pytest.mark.parametrize("semitones", [2.0, -2.0, -0.5])
def test_a_shift_keeps_its_sign_and_moves_nothing_else(semitones):
    found = of(NATURAL * 2 ** (semitones / 12))
    assert found["f0_shift_semitones"] == pytest.approx(semitones)
    assert found["f0_range_ratio"] == pytest.approx(1.0) and found["f0_correlation"] == pytest.approx(1.0)
    assert found["f0_frame_error"] == 0.0  # within 20 %


def test_half_the_range_is_half_and_a_mirrored_melody_runs_against():
    middle = 150.0
    flatter = of(np.where(VOICED, middle * (np.maximum(NATURAL, 1) / middle) ** 0.5, 0.0))
    single = 1e-4  # F0 is float32: its logarithms are right to about 1e-7 of an octave, a melody here spans a part of one
    assert flatter["f0_range_ratio"] == pytest.approx(0.5, rel=single)
    assert flatter["f0_correlation"] == pytest.approx(1.0, rel=single)
    mirrored = of(np.where(VOICED, middle * (np.maximum(NATURAL, 1) / middle) ** -1.0, 0.0))
    assert mirrored["f0_range_ratio"] == pytest.approx(1.0, rel=single)
    assert mirrored["f0_correlation"] == pytest.approx(-1.0, rel=single)


def test_a_monotone_follows_nothing_and_does_not_leave_the_row():
    found = of(np.where(VOICED, 150.0, 0.0))
    assert found["f0_correlation"] == 0.0 and found["f0_range_ratio"] == 0.0
    assert of(np.zeros(N))["f0_correlation"] == 0.0


def test_octaves_are_gross_errors_and_a_fifth_of_the_recordings_f0_is_the_limit():
    said = NATURAL.copy()
    octave = np.flatnonzero(VOICED)[::4]
    said[octave] *= 2
    found = of(said)
    assert found["f0_gross_errors"] == pytest.approx(len(octave) / VOICED.sum())
    assert found["f0_frame_error"] == pytest.approx(len(octave) / N) and found["f0_compared"] == 1.0
    assert abs(found["f0_shift_semitones"]) < 1e-9  # a median
    assert of(NATURAL * 1.19)["f0_gross_errors"] == 0.0 and of(NATURAL * 1.21)["f0_gross_errors"] == 1.0
    assert of(NATURAL * 0.81)["f0_gross_errors"] == 0.0 and of(NATURAL * 0.79)["f0_gross_errors"] == 1.0


def test_hiding_the_bad_frames_helps_the_f0_error_and_not_the_frame_error():
    """What a selection on the outcome does: of a voice that is off in a third of its frames, those are left unvoiced."""
    off = np.flatnonzero(VOICED)[::3]
    bad, hidden = NATURAL.copy(), NATURAL.copy()
    bad[off] *= 1.5
    hidden[off] = 0.0
    assert m.log_f0_rmse_semitones(NATURAL, hidden, PATH) < 1e-9 < 3 < m.log_f0_rmse_semitones(NATURAL, bad, PATH)
    assert of(hidden)["f0_frame_error"] == pytest.approx(of(bad)["f0_frame_error"]) == pytest.approx(len(off) / N)
    assert of(hidden)["f0_compared"] == pytest.approx(1 - len(off) / VOICED.sum()) and of(bad)["f0_compared"] == 1.0


def test_frame_error_is_at_least_the_voicing_error():
    said = np.where(np.arange(N) % 10 < 5, np.where(NATURAL > 0, NATURAL, 100.0), 0.0)
    assert of(said)["f0_frame_error"] == pytest.approx(m.voicing_error(NATURAL, said, PATH)) == pytest.approx(0.2)
    assert of(said * 2)["f0_frame_error"] == pytest.approx(0.7)


def test_a_recording_without_melody_has_neither_range_nor_correlation():
    flat = np.where(VOICED, 150.0, 0.0)
    found = f0_differences(flat, NATURAL, PATH)
    assert np.isnan(found["f0_range_ratio"]) and np.isnan(found["f0_correlation"])
    none = f0_differences(np.zeros(N), NATURAL, PATH)
    assert (
        np.isnan(none["f0_compared"]) and np.isnan(none["f0_shift_semitones"]) and none["f0_frame_error"] == pytest.approx(0.7)
    )


def test_two_semitones_are_heard_in_audio():
    mel = MelConfig()
    t = np.arange(2 * mel.sample_rate_hz) / mel.sample_rate_hz
    phase = np.cumsum(160 * 2 ** (0.15 * np.sin(2 * np.pi * 1.5 * t))) / mel.sample_rate_hz

    def voice(factor):
        wave = sum(np.sin(2 * np.pi * k * factor * phase) / k for k in range(1, 12))
        return autocorrelation((0.1 * wave).astype(np.float32), mel, 60.0, 400.0)

    natural, higher, lower = (voice(2 ** (s / 12)) for s in (0, 2, -2))
    path = m.Path(np.arange(len(natural)), np.arange(len(natural)), 0.0)
    assert f0_differences(natural, higher, path)["f0_shift_semitones"] == pytest.approx(2.0, abs=0.1)
    assert f0_differences(natural, lower, path)["f0_shift_semitones"] == pytest.approx(-2.0, abs=0.1)
    assert f0_differences(natural, higher, path)["f0_range_ratio"] == pytest.approx(1.0, abs=0.1)
