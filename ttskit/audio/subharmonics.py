"""F0 from the spectrum, for measuring what a voice says with another method than the one its training used."""

from __future__ import annotations

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.audio.files import resample

__all__ = [
    "DECAY",
    "FFT",
    "HIGHEST_HZ",
    "RATE_HZ",
    "SILENT_BELOW_DB",
    "STEPS_PER_OCTAVE",
    "VOICED_ABOVE",
    "WINDOW_S",
    "subharmonics",
]

RATE_HZ = 4_000  # of the analysis: harmonics above 1250 Hz count for nothing
HIGHEST_HZ = 1_250.0
WINDOW_S = 0.07
FFT = 2_048
STEPS_PER_OCTAVE = 96
DECAY = 0.84  # weight of each harmonic against the one below it (Hermes)
VOICED_ABOVE = 0.55  # how far the comb stands out; white noise passes in one frame of a hundred
SILENT_BELOW_DB = 35.0  # under the loud parts


def subharmonics(audio: np.ndarray, mel: MelConfig, f_min_hz: float, f_max_hz: float) -> np.ndarray:
    """F0 in Hz (T,) float32 of audio (S,) at the mel frame centres, unvoiced 0.

    Subharmonic summation (Hermes 1988, "Measurement of pitch by subharmonic summation"): the F0 whose harmonics
    together are strongest, here less what lies halfway between them (as in Camacho and Harris 2008), which neither half
    nor twice the F0 can pass for. A frame is voiced if that comb explains enough of its spectrum.
    """
    frames = mel.frames(len(audio))
    if frames == 0:
        return np.zeros(0, dtype=np.float32)
    low = resample(np.asarray(audio, dtype=np.float32), mel.sample_rate_hz, RATE_HZ).astype(np.float64)
    size = round(WINDOW_S * RATE_HZ) // 2 * 2 + 1
    centres = np.round([mel.frame_centre(k) * RATE_HZ for k in range(frames)]).astype(int)
    padded = np.pad(low, (size // 2, max(0, centres[-1] + size - len(low))))
    pieces = padded[centres[:, None] + np.arange(size)]
    pieces = (pieces - pieces.mean(1, keepdims=True)) * np.hanning(size + 2)[1:-1]
    spectrum = np.sqrt(np.abs(np.fft.rfft(pieces, FFT)))  # roots, so that one strong harmonic does not decide
    candidates = f_min_hz * 2.0 ** np.arange(0.0, np.log2(f_max_hz / f_min_hz), 1.0 / STEPS_PER_OCTAVE)
    score, weight = np.zeros((frames, len(candidates))), np.zeros(len(candidates))
    for n in range(1, int(HIGHEST_HZ / f_min_hz) + 1):
        inside = (n * candidates <= HIGHEST_HZ) * DECAY ** (n - 1)
        score += inside * (
            _at(spectrum, n * candidates)
            - 0.5 * (_at(spectrum, (n - 0.5) * candidates) + _at(spectrum, (n + 0.5) * candidates))
        )
        weight += inside
    band = spectrum[:, : int(HIGHEST_HZ / RATE_HZ * FFT)]
    score /= weight * np.sqrt(np.maximum((band**2).mean(1), 1e-20))[:, None]
    best = score.argmax(1).clip(1, len(candidates) - 2)
    rows = np.arange(frames)
    before, here, after = (score[rows, best + k] for k in (-1, 0, 1))
    bend = np.minimum(before - 2 * here + after, -1e-12)
    f0 = candidates[best] * 2.0 ** ((0.5 * (before - after) / bend).clip(-0.5, 0.5) / STEPS_PER_OCTAVE)
    level = 10 * np.log10(np.maximum((pieces**2).mean(1), 1e-12))
    voiced = (here > VOICED_ABOVE) & (level > np.percentile(level, 95) - SILENT_BELOW_DB)
    return np.where(voiced, f0, 0.0).astype(np.float32)


def _at(spectrum: np.ndarray, hz: np.ndarray) -> np.ndarray:
    """Values (T, F) of spectra (T, bins) at frequencies (F,), between bins by straight lines."""
    place = np.minimum(hz / RATE_HZ * FFT, spectrum.shape[1] - 1.001)
    left = place.astype(int)
    share = place - left
    return spectrum[:, left] * (1 - share) + spectrum[:, left + 1] * share
