"""Mel-cepstral analysis as SPTK has it: cepstra on a warped frequency axis, fitted to the spectrum itself.

The mel-cepstral distortion of much of the literature is taken of these, by SPTK's `mcep` on windowed frames: another number
than that of a cosine transform of mel bands, which is why the two are named apart.
"""

from __future__ import annotations

from functools import lru_cache
from math import pi

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.measure.metrics import magnitude_frames

__all__ = ["mel_cepstra", "mel_cepstra_of", "warping"]

_MOST_STEPS, _CLOSE = 30, 1e-3  # Newton's; the relative change of the prediction error at which a frame is done
_FLOOR_DB = 80.0  # below the loudest bin of the sound: digital silence has no logarithm


@lru_cache(maxsize=8)
def warping(rate_hz: int) -> float:
    """The all-pass constant α whose warped axis is nearest to the mel scale: 0.455 at 22,050 Hz, 0.41 at 16,000 Hz.

    Least squares of the phase of (z⁻¹ - α)/(1 - αz⁻¹) against Fant's mel, log(1 + f/1000), both scaled to 1 at half the rate.
    """
    omega = np.arange(1000) / 1000 * pi
    mel = np.log1p(omega / pi * rate_hz / 2 / 1000.0)
    mel /= mel[-1]
    alphas = np.arange(0, 1000)[:, None] / 1000
    warped = omega + 2 * np.arctan2(alphas * np.sin(omega), 1 - alphas * np.cos(omega))
    return float(alphas[((warped / warped[:, -1:] - mel) ** 2).sum(1).argmin(), 0])


def mel_cepstra_of(audio: np.ndarray, mel: MelConfig, order: int = 24) -> np.ndarray:
    """Mel cepstra (order + 1, T) at the places of `mel`'s frames, of a waveform (S,) longer than its edge."""
    power = magnitude_frames(audio, mel) ** 2
    floor = max(float(power.max(initial=0.0)) * 10 ** (-_FLOOR_DB / 10), 1e-20)
    return mel_cepstra(np.maximum(power, floor), order, warping(mel.sample_rate_hz))


def mel_cepstra(power: np.ndarray, order: int, alpha: float) -> np.ndarray:
    """Mel cepstra (order + 1, T) of power spectra (K/2 + 1, T), all above 0.

    H(z) = exp Σ c(m) z̃⁻ᵐ with z̃⁻¹ = (z⁻¹ - α)/(1 - αz⁻¹) that minimises the criterion of the unbiased estimator of the log
    spectrum, the mean over frequency of P/|H|² - ln(P/|H|²) - 1 (Tokuda, Kobayashi, Masuko & Imai 1994, "Mel-generalized
    cepstral analysis", at γ = 0; Fukada et al. 1992). Newton's method from the warped cepstrum: the criterion is convex, its
    Hessian the sum of a Toeplitz and a Hankel matrix of one warped autocorrelation.
    """
    bins = power.shape[0]
    size = 2 * (bins - 1)
    onto_mel = _warped(bins, order + 1, alpha)
    to_plain = _warped(order + 1, bins, -alpha)
    cepstrum = np.fft.irfft(np.log(power), size, axis=0)[:bins]
    cepstrum[0] /= 2.0  # of the magnitude: half of ln P, whose mirror image doubles every coefficient but the ends
    cepstrum[-1] /= 2.0
    c = onto_mel @ cepstrum
    phase = _correlating(bins, 2 * order + 1, alpha)
    means = ((-alpha) ** np.arange(order + 1))[:, None]  # of cos(m·ω̃) over frequency
    toeplitz = np.abs(np.subtract.outer(np.arange(order + 1), np.arange(order + 1)))
    hankel = np.add.outer(np.arange(order + 1), np.arange(order + 1))
    before = np.full(power.shape[1], np.inf)
    open_ = np.arange(power.shape[1])
    for _ in range(_MOST_STEPS):
        plain = np.zeros((size, len(open_)))
        plain[:bins] = to_plain @ c[:, open_]
        log_magnitude = np.fft.rfft(plain, axis=0).real
        rest = power[:, open_] * np.exp(-2.0 * log_magnitude)
        r = phase @ rest  # (2·order + 1, T)
        slope = r[: order + 1].copy()
        slope -= means
        hessian = r[toeplitz] + r[hankel]  # (order + 1, order + 1, T)
        step = np.linalg.solve(hessian.transpose(2, 0, 1), slope.T[..., None])[..., 0].T
        c[:, open_] += step
        done = np.abs(before[open_] - r[0]) < _CLOSE * r[0]
        before[open_] = r[0]
        open_ = open_[~done]
        if not len(open_):
            break
    return c


@lru_cache(maxsize=8)
def _warped(given: int, wanted: int, alpha: float) -> np.ndarray:
    """The matrix (wanted, given) that brings cepstra to a frequency axis warped by `alpha` (Oppenheim & Johnson 1972).

    Column n holds the coefficients of the n-th power of the all-pass (z⁻¹ + α)/(1 + αz⁻¹) in powers of z̃⁻¹.
    """
    matrix = np.zeros((wanted, given))
    column = np.zeros(wanted)
    column[0] = 1.0
    for n in range(given):
        matrix[:, n] = column
        following = np.zeros(wanted)  # column · (z⁻¹ + α)/(1 + αz⁻¹): y[k] = α x[k] + x[k-1] - α y[k-1]
        for k in range(wanted):
            following[k] = alpha * column[k] + (column[k - 1] - alpha * following[k - 1] if k else 0.0)
        column = following
    return matrix


@lru_cache(maxsize=8)
def _correlating(bins: int, count: int, alpha: float) -> np.ndarray:
    """The matrix (count, bins) that makes of a power spectrum its autocorrelation on the warped axis: mean of P cos(m·ω̃)."""
    omega = np.arange(bins) / (bins - 1) * pi
    warped = omega + 2 * np.arctan2(alpha * np.sin(omega), 1 - alpha * np.cos(omega))
    weights = np.full(bins, 2.0)
    weights[0] = weights[-1] = 1.0  # bins at 0 and at half the rate have no mirror image
    return np.cos(np.outer(np.arange(count), warped)) * weights / (2 * (bins - 1))
