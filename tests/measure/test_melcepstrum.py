"""Mel cepstra of spectra whose mel cepstra are known, and against SPTK's own code where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

from ttskit.audio.config import MelConfig
from ttskit.measure import metrics as m
from ttskit.measure.melcepstrum import mel_cepstra, mel_cepstra_of, warping
from ttskit.testing import fake_speech

BINS, ORDER, ALPHA = 513, 24, 0.455


def modelled(c, alpha=ALPHA):
    """The power spectrum (BINS, T) that mel cepstra (order + 1, T) stand for, written out from their definition."""
    z = np.exp(1j * np.pi * np.arange(BINS) / (BINS - 1))
    warped = (1 / z - alpha) / (1 - alpha / z)
    return np.abs(np.exp(sum(c[k] * warped[:, None] ** k for k in range(len(c))))) ** 2


def test_the_warping_is_the_usual_one():
    known = {8_000: 0.31, 16_000: 0.41, 22_050: 0.455, 44_100: 0.544, 48_000: 0.554}
    assert {rate: warping(rate) for rate in known} == pytest.approx(known, abs=0.003)


@pytest.mark.parametrize("alpha", [0.0, 0.31, 0.455])
def test_a_spectrum_that_the_model_can_be_is_found_exactly(alpha):
    rng = np.random.default_rng(0)
    c = rng.normal(size=(ORDER + 1, 6)) * (0.8 ** np.arange(ORDER + 1))[:, None]
    np.testing.assert_allclose(mel_cepstra(modelled(c, alpha), ORDER, alpha), c, atol=1e-4)


def test_it_fits_the_peaks_of_a_periodogram_and_not_its_mean_logarithm():
    """The logarithm of a periodogram of noise lies 2.5 dB (Euler's constant, half of it in magnitude) below its spectrum."""
    rng = np.random.default_rng(1)
    power = rng.exponential(size=(BINS, 400))
    found = mel_cepstra(power, 8, ALPHA)
    assert found[0].mean() == pytest.approx(0.0, abs=0.03) and abs(found[1:].mean()) < 0.02
    assert np.log(power).mean() / 2 == pytest.approx(-0.289, abs=0.01)


def test_a_gain_is_in_c0_alone_and_silence_is_finite():
    mel = MelConfig()
    audio = fake_speech("una prueba", mel.sample_rate_hz)
    one, other = mel_cepstra_of(audio, mel), mel_cepstra_of(0.25 * audio, mel)
    assert one.shape == (25, mel.frames(len(audio)))
    np.testing.assert_allclose(one[1:], other[1:], atol=1e-6)
    np.testing.assert_allclose(one[0] - other[0], np.log(4), atol=1e-6)
    assert np.isfinite(mel_cepstra_of(np.zeros(22_050, np.float32), mel)).all()


def test_the_distortion_of_a_known_ripple():
    """A log magnitude that differs by 0.1·cos(3ω̃) everywhere is a distortion of 10/ln 10·√2·0.1 dB."""
    c = np.zeros((ORDER + 1, 20))
    d = c.copy()
    d[3] = 0.1
    a, b = (mel_cepstra(modelled(x), ORDER, ALPHA)[1:] for x in (c, d))
    path = m.align_cepstra(a, b)
    assert m.mel_cepstral_distortion_db(a, b, path) == pytest.approx(10 / np.log(10) * 2**0.5 * 0.1, rel=1e-3)


def test_against_sptk():
    pysptk = pytest.importorskip("pysptk")
    audio = fake_speech("hola esto es una prueba", 22_050).astype(float)
    frames = np.stack([audio[k * 256 : k * 256 + 1024] * np.blackman(1024) for k in range(20, 120)])
    theirs = [pysptk.mcep(f.copy(), ORDER, ALPHA, 2, 30, 0.001, etype=1, eps=1e-8) for f in frames]
    ours = mel_cepstra(np.abs(np.fft.rfft(frames, axis=1)).T ** 2 + 1e-8, ORDER, ALPHA)
    np.testing.assert_allclose(ours, np.stack(theirs, 1), atol=2e-4)
    assert [warping(r) for r in (8_000, 22_050, 48_000)] == pytest.approx(
        [float(pysptk.util.mcepalpha(r)) for r in (8_000, 22_050, 48_000)]
    )
