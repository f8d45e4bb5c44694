"""Whether it is the same speaker's timbre: average spectra, and by how much the formants lie higher or lower.

Both are of frames that are voiced on both sides, paired along the path, so that what is said is the same; a model of speakers
is not needed for that, and none has to be trusted.
"""

from __future__ import annotations

from functools import lru_cache
from math import log, pi

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.audio.mel import mel_basis
from ttskit.measure.metrics import Path, cepstrum, natural_log_magnitude

__all__ = ["FEWEST", "RATIOS", "formant_ratio", "timbre_distance_db"]

FEWEST = 20  # voiced pairs
RATIOS = np.geomspace(0.8, 1.25, 47)  # steps of 1 %

_ORDER = 20  # of the smoothing: keeps formants, drops the harmonics of all but the highest voices
_MOST = 400  # pairs that are looked at, evenly spread
_LOW_HZ, _HIGH_SHARE = 200.0, 0.8  # band in which spectra are compared: what 0.8 … 1.25 of it never leaves the mel


def timbre_distance_db(reference: np.ndarray, synthetic: np.ndarray, voiced: np.ndarray, path: Path) -> float:
    """Distance in dB of the average voiced spectra, from cepstra (order, T) of both; NaN with fewer than `FEWEST` voiced pairs.

    10/ln 10 · √(2 Σ Δc̄²), c̄ the mean of each side's cepstra over the pairs `voiced` (K,) of the path: what stays of the
    mel-cepstral distortion when all that comes and goes within a sentence has cancelled out. It sees another vocal tract, and
    another microphone or vocoder alike.
    """
    if voiced.sum() < FEWEST:
        return float("nan")
    difference = reference[:, path.reference[voiced]].mean(1) - synthetic[:, path.synthetic[voiced]].mean(1)
    return float(10.0 / log(10.0) * np.sqrt(2.0 * (difference**2).sum()))


def formant_ratio(
    reference_mel: np.ndarray, synthetic_mel: np.ndarray, voiced: np.ndarray, path: Path, mel: MelConfig
) -> float:
    """By what factor the frequencies of the synthetic side's spectra lie above the reference's, from log mels (M, T) of both.

    The warp that brings the reference's smoothed spectra nearest to the other's, as vocal tract length normalisation estimates
    it (Lee & Rose 1996), by least squares over the pairs `voiced` (K,) of the path. Each side's mean spectrum is taken off, so
    that a microphone or a vocoder, which colours all frames alike, is no vocal tract. NaN with fewer than `FEWEST` voiced
    pairs.
    """
    if voiced.sum() < FEWEST:
        return float("nan")
    chosen = np.flatnonzero(voiced)
    chosen = chosen[:: max(1, len(chosen) // _MOST)]
    warps, smooth = _warps(mel)
    a, b = (
        natural_log_magnitude(side[:, frames[chosen]], mel)
        for side, frames in ((reference_mel, path.reference), (synthetic_mel, path.synthetic))
    )
    there = smooth @ b
    costs = [_spread(warp @ a - there) for warp in warps]
    best = int(np.argmin(costs))
    if not 0 < best < len(RATIOS) - 1:
        return float(RATIOS[best])
    left, middle, right = costs[best - 1 : best + 2]  # the minimum of the parabola through three points
    bend = left - 2 * middle + right
    return float(RATIOS[best] * (RATIOS[1] / RATIOS[0]) ** (0.5 * (left - right) / bend if bend > 0 else 0.0))


def _spread(difference: np.ndarray) -> float:
    """Mean square of differences (bands, K) without each frame's level and each band's mean."""
    centred = difference - difference.mean(0)
    return float(((centred - centred.mean(1, keepdims=True)) ** 2).mean())


@lru_cache(maxsize=2)
def _warps(mel: MelConfig) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Matrices (bands, M) that smooth a log mel, warp it by each ratio and keep the band that is compared; and without warp."""
    basis = mel_basis(mel).astype(np.float64)
    hz = basis @ np.linspace(0, mel.sample_rate_hz / 2, basis.shape[1]) / np.maximum(basis.sum(1), 1e-12)
    order, bands = min(_ORDER, mel.bands - 1), np.arange(mel.bands)
    back = np.cos(pi * (bands[:, None] + 0.5) * np.arange(1, order + 1) / mel.bands)
    smooth = back @ cepstrum(np.eye(mel.bands), order)
    kept = (hz >= _LOW_HZ) & (hz <= _HIGH_SHARE * hz[-1])
    warped = []
    for ratio in RATIOS:
        place = np.interp(hz[kept] / ratio, hz, bands)
        below = np.minimum(place.astype(int), mel.bands - 2)
        rows = np.zeros((int(kept.sum()), mel.bands))
        rows[np.arange(len(rows)), below] = 1 - (place - below)
        rows[np.arange(len(rows)), below + 1] = place - below
        warped.append(rows @ smooth)
    return tuple(warped), smooth[kept]
