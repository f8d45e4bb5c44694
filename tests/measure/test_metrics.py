"""Metrics against values that can be worked out on paper."""

from __future__ import annotations

from math import log, pi, sqrt

import numpy as np
import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.audio.mel import MelExtractor
from ttskit.measure import metrics as m
from ttskit.testing import tone

MEL = MelConfig()
RNG = np.random.default_rng(0)


def slow_dtw_cost(distance):
    total = np.full(distance.shape, np.inf)
    for i in range(distance.shape[0]):
        for j in range(distance.shape[1]):
            before = [total[a, b] for a, b in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if a >= 0 and b >= 0]
            total[i, j] = distance[i, j] + (min(before) if before else 0.0)
    return total[-1, -1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (7, 1), (9, 13), (14, 8)])
def test_dtw_finds_the_cheapest_path(shape):
    distance = RNG.random(shape)
    path = m.dtw(distance)
    assert path.cost * len(path.reference) == pytest.approx(slow_dtw_cost(distance))
    assert (path.reference[0], path.synthetic[0]) == (0, 0)
    assert (path.reference[-1], path.synthetic[-1]) == (shape[0] - 1, shape[1] - 1)
    steps = {(int(a), int(b)) for a, b in zip(np.diff(path.reference), np.diff(path.synthetic), strict=True)}
    assert steps <= {(1, 1), (1, 0), (0, 1)}


def test_dtw_refuses_empty():
    with pytest.raises(ValueError, match="0 and 3"):
        m.dtw(np.zeros((0, 3)))


def test_cepstrum_of_a_cosine_is_one_coefficient():
    ripple = 0.7 * np.cos(pi * 3 * (np.arange(80) + 0.5) / 80)
    c = m.cepstrum(np.repeat(ripple[:, None], 4, axis=1) - 5.0, order=13)
    expected = np.zeros((13, 4))
    expected[2] = 0.7
    np.testing.assert_allclose(c, expected, atol=1e-12)


def test_mcd_of_identical_speech_is_zero_and_of_a_ripple_is_known():
    mel = RNG.normal(size=(80, 50))
    c = m.cepstrum(mel)
    path = m.align_cepstra(c, c)
    assert m.mel_cepstral_distortion_db(c, c, path) == pytest.approx(0.0, abs=1e-5)
    still = np.zeros((80, 50))
    ripple = still + 0.3 * np.cos(pi * 2 * (np.arange(80) + 0.5) / 80)[:, None]
    a, b = m.cepstrum(still), m.cepstrum(ripple)
    expected = 10 / log(10) * sqrt(2) * 0.3
    assert m.mel_cepstral_distortion_db(a, b, m.align_cepstra(a, b)) == pytest.approx(expected)
    # which is the root mean square difference of the two spectra in dB
    assert expected == pytest.approx(np.sqrt(np.mean((20 / log(10) * (ripple - still)) ** 2)))


def test_level_alone_gives_no_mcd():
    mel = RNG.normal(size=(80, 30))
    a, b = m.cepstrum(mel), m.cepstrum(mel + log(2.0))
    assert m.mel_cepstral_distortion_db(a, b, m.align_cepstra(a, b)) == pytest.approx(0.0, abs=1e-5)


def test_base_and_power_do_not_change_the_measure():
    mel = RNG.normal(size=(80, 10))
    power_in_tens = MelConfig(log_base="10", magnitude_power=2.0)
    np.testing.assert_allclose(m.natural_log_magnitude(mel * 2.0 / log(10.0), power_in_tens), mel, atol=1e-12)


def straight(n):
    return m.Path(np.arange(n), np.arange(n), 0.0)


def test_f0_a_semitone_apart_is_one():
    f0 = np.where(np.arange(40) % 4 == 0, 0.0, 180.0 + np.arange(40.0))
    assert m.log_f0_rmse_semitones(f0, f0, straight(40)) == 0.0
    assert m.log_f0_rmse_semitones(f0, f0 * 2 ** (1 / 12), straight(40)) == pytest.approx(1.0)
    assert m.voicing_error(f0, f0 * 2, straight(40)) == 0.0


def test_voicing_error_counts_frames_that_differ():
    a, b = np.full(20, 100.0), np.full(20, 100.0)
    b[:5] = 0.0
    assert m.voicing_error(a, b, straight(20)) == pytest.approx(0.25)
    assert np.isnan(m.log_f0_rmse_semitones(a, np.zeros(20), straight(20)))


def test_mel_l1_ignores_time_but_not_level():
    mel = np.repeat(RNG.normal(size=(80, 12)), 3, axis=1)
    stretched = np.repeat(mel, 2, axis=1)
    assert m.mel_l1_after_dtw(mel, stretched) == pytest.approx(0.0)
    assert m.mel_l1_after_dtw(np.zeros((80, 9)), np.full((80, 7), 0.4)) == pytest.approx(0.4)


def test_times_and_durations_follow_a_stretch():
    segments = np.eye(80)[:, :8] * 10.0
    reference = np.repeat(segments, 10, axis=1)
    lengths = [10, 10, 20, 10, 5, 10, 10, 10]
    synthetic = np.concatenate([np.repeat(segments[:, k : k + 1], n, axis=1) for k, n in enumerate(lengths)], axis=1)
    path = m.align_cepstra(m.cepstrum(reference, 60), m.cepstrum(synthetic, 60))
    hop_ms = 1000 * MEL.hop_samples / MEL.sample_rate_hz
    times = MEL.frame_centre(0) + (np.arange(9) * 10 - 0.5) * hop_ms / 1000
    errors = m.duration_errors_ms(times, path, MEL)
    np.testing.assert_allclose(errors / hop_ms, np.array(lengths) - 10, atol=1.0)
    assert abs(errors.sum() / hop_ms - 5) < 1e-6


def test_times_of_identical_speech_stay():
    times = np.array([0.0, 0.05, 0.2, 0.31])
    np.testing.assert_allclose(m.transferred_times(times, straight(20), MEL), times, atol=1e-9)


def test_log_spectral_distance_values():
    """Twice as loud is 6.02 dB in every bin; a bin lost below the floor counts up to the floor."""
    mel = MelConfig()
    rng = np.random.default_rng(0)
    audio = 0.1 * rng.standard_normal(22_050).astype(np.float32)
    assert m.log_spectral_distance_db(audio, audio, mel) == 0.0
    assert m.log_spectral_distance_db(audio, 2 * audio, mel) == pytest.approx(20 * np.log10(2), abs=0.01)
    silent = m.log_spectral_distance_db(audio, 0 * audio, mel, floor_db=40.0)
    assert 20 < silent < 40  # noise lies between its loudest bin and the floor
    assert m.log_spectral_distance_db(audio, 0 * audio, mel, floor_db=60.0) == pytest.approx(silent + 20, abs=1.0)
    half = np.concatenate([audio[:11_025], 2 * audio[11_025:]])
    assert m.log_spectral_distance_db(audio, half, mel) == pytest.approx(10 * np.log10(2), abs=0.1)
    other = 0.1 * rng.standard_normal(22_050)  # two Rayleigh magnitudes: in dB each has a deviation of 5.57
    assert m.log_spectral_distance_db(audio, other, mel) == pytest.approx(5.57 * 2**0.5, rel=0.03)


def test_log_spectral_distance_follows_a_path_and_the_mels_frames():
    mel = MelConfig(first_frame_centre_samples=128)
    audio = tone(200, 0.5, 22_050)
    late = np.concatenate([np.zeros(10 * 256, np.float32), audio])
    frames = np.arange(mel.frames(len(audio)))[5:-5]
    moved = m.log_spectral_distance_db(audio, late, mel, m.Path(frames, frames + 10, 0.0))
    assert moved < 1e-6 < 1 < m.log_spectral_distance_db(audio, late, mel)
    assert m.magnitude_frames(audio, mel).shape == (513, mel.frames(len(audio)))
    extracted = MelExtractor(mel).magnitude(torch.from_numpy(audio)[None])[0].numpy()
    np.testing.assert_allclose(m.magnitude_frames(audio, mel), extracted, atol=2e-4)
