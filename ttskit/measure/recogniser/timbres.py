"""The same words in another timbre: copies of natural speech that are noisy, band-limited, quieter, or from another throat.

A recogniser that heard one voice in one room takes a change of timbre for a change of content. Here only what a voice sounds
like is changed, and on the mel itself, where it costs next to nothing: the axis of frequency is warped as the length of a
vocal tract warps it (Jaitly and Hinton 2013, "Vocal tract length perturbation"), bands are cut off, noise is added in
amplitude, the level is moved down to the floor that silence has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.audio.mel import log_floor, mel_basis

__all__ = ["PLANTED", "Timbre", "as_heard", "draw_timbre"]

_LN10 = float(np.log(10.0))


@dataclass(frozen=True, slots=True)
class Timbre:
    """What is done to a voice, and nothing to what it says.

    Args:
        formants: factor on all frequencies of the spectrum (1: none).
        low_hz, high_hz: what lies outside is attenuated (None: nothing).
        depth_db: how far it is attenuated.
        snr_db: level of the speech over the added noise (None: no noise).
        tilt_db: by how much the noise falls (or rises) from the lowest band to the highest.
        gain_db: of the level.
    """

    formants: float = 1.0
    low_hz: float | None = None
    high_hz: float | None = None
    depth_db: float = 60.0
    snr_db: float | None = None
    tilt_db: float = 0.0
    gain_db: float = 0.0


PLANTED = (  # what limits of verdicts must bear: none of them changes a word
    Timbre(snr_db=18.0),
    Timbre(high_hz=3600.0),
    Timbre(formants=1.12),
    Timbre(formants=0.9),
    Timbre(gain_db=-12.0),
)


def draw_timbre(rng: np.random.Generator, mel: MelConfig) -> Timbre:
    """A timbre at random; half of the changes are left out each time, so that voices as recorded are heard as well."""
    formants, limited, noisy, moved = rng.random(4) < (0.5, 0.35, 0.4, 0.4)
    top = mel.f_max_hz
    telephone = rng.random() < 0.2
    high = float(np.exp(rng.uniform(np.log(0.3 * top), np.log(top))))
    low, depth, snr = float(rng.uniform(60, 400)), float(rng.uniform(15, 90)), float(rng.uniform(12, 40))
    factor, tilt, gain = float(np.exp(rng.uniform(-0.16, 0.16))), float(rng.uniform(-25, 5)), float(rng.uniform(-20, 6))
    return Timbre(
        factor if formants else 1.0,
        low if limited and telephone else None,
        high if limited else None,
        depth,
        snr if noisy else None,
        tilt,
        gain if moved else 0.0,
    )


def as_heard(mel: np.ndarray, timbre: Timbre, config: MelConfig, rng: np.random.Generator) -> np.ndarray:
    """The log mel (M, T) in another timbre (M, T); noise is drawn from `rng`."""
    scale = (_LN10 if config.log_base == "10" else 1.0) / config.magnitude_power  # to natural logs of amplitude
    frequencies, widths = _bands(config)
    x = np.asarray(mel, np.float32) * np.float32(scale)
    floor = np.float32(log_floor(config) * scale)
    if timbre.formants != 1.0:
        x = _warped(x, frequencies, timbre.formants)
    if timbre.low_hz is not None or timbre.high_hz is not None:
        x = x - _attenuation(frequencies, timbre)[:, None]
    if timbre.gain_db:
        x = x + np.float32(timbre.gain_db / 20 * _LN10)
    if timbre.snr_db is not None:
        x = _noisy(x, widths, timbre.snr_db, timbre.tilt_db, rng)
    return (np.maximum(x, floor) / np.float32(scale)).astype(np.float32)


@lru_cache(maxsize=8)
def _bands(config: MelConfig) -> tuple[np.ndarray, np.ndarray]:
    """Centre of each band in Hz (M,), and what white noise of amplitude 1 in every bin comes to in it (M,), as a log."""
    basis = mel_basis(config).astype(np.float64)
    bins = np.arange(basis.shape[1]) * config.sample_rate_hz / config.fft_samples
    weights = basis.sum(1)
    # Narrow bands of a large number of bands can lie between two bins: then they hear nothing, and stand between neighbours.
    heard = weights > 0
    centres = np.interp(np.arange(len(basis)), np.flatnonzero(heard), (basis @ bins)[heard] / weights[heard])
    return centres, np.log(np.maximum(weights, 1e-12)).astype(np.float32)


def _warped(x: np.ndarray, frequencies: np.ndarray, factor: float) -> np.ndarray:
    """What was at f is at factor · f; where nothing was, the highest band is repeated."""
    place = np.interp(frequencies / factor, frequencies, np.arange(len(frequencies)))
    below = np.floor(place).astype(int)
    share = (place - below).astype(np.float32)[:, None]
    return x[below] * (1 - share) + x[np.minimum(below + 1, len(x) - 1)] * share


def _attenuation(frequencies: np.ndarray, timbre: Timbre) -> np.ndarray:
    """How far each band is turned down, in natural logs of amplitude (M,): a slope of a tenth of the edge's frequency."""
    outside = np.zeros(len(frequencies))
    if timbre.high_hz is not None:
        outside = np.maximum(outside, (frequencies / timbre.high_hz - 1) / 0.1)
    if timbre.low_hz is not None:
        outside = np.maximum(outside, (1 - frequencies / timbre.low_hz) / 0.5)
    return (np.clip(outside, 0, 1) * timbre.depth_db / 20 * _LN10).astype(np.float32)


def _noisy(x: np.ndarray, widths: np.ndarray, snr_db: float, tilt_db: float, rng: np.random.Generator) -> np.ndarray:
    """Speech and noise add up in power, as they have no phase in common."""
    speech = np.exp(x - widths[:, None])  # amplitude per bin
    level = 0.5 * np.log(np.mean(np.square(speech), dtype=np.float64) + 1e-20) - snr_db / 20 * _LN10
    tilt = np.linspace(0.0, tilt_db / 20 * _LN10, len(x))
    shape = level + tilt - 0.5 * np.log(np.mean(np.exp(2 * tilt)))
    # A band averages some bins of Rayleigh-distributed amplitude: about two decibels from frame to frame.
    ripple = 0.25 * rng.standard_normal(x.shape, dtype=np.float32)
    noise = (shape + widths).astype(np.float32)[:, None] + ripple
    return 0.5 * np.logaddexp(2 * x, 2 * noise)
