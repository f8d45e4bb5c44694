"""Speech level: the same loudness for every clip, without clipping, and loudness as it is heard (ITU-R BS.1770)."""

from __future__ import annotations

from functools import lru_cache
from math import isfinite, log10, pi, tan

import numpy as np

from ttskit.audio.trim import levels_dbfs, loud_level_dbfs

__all__ = [
    "ACTIVE_BELOW_DB",
    "PLAYED_LUFS",
    "k_weighting",
    "levelling_gain_db",
    "loudness_lufs",
    "played",
    "speech_level_dbfs",
]

ACTIVE_BELOW_DB = 20.0  # a window counts as speech down to this far below the loud parts
PLAYED_LUFS = -23.0  # the target level of EBU R 128, which leaves speech room for its peaks

_BLOCK_S, _STEP_S = 0.4, 0.1  # BS.1770-5, annex 1: gating blocks of 400 ms that overlap by 75 %
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, -10.0
_OFFSET = -0.691  # cancels the gain of the K filter at 997 Hz


def speech_level_dbfs(audio: np.ndarray, rate_hz: int) -> float:
    """RMS level of audio (S,) over the windows in which someone speaks, in dBFS (pauses do not lower it)."""
    levels = levels_dbfs(audio, rate_hz)
    active = levels[levels >= loud_level_dbfs(levels) - ACTIVE_BELOW_DB]
    return float(10 * np.log10(np.mean(10 ** (active / 10))))


def levelling_gain_db(audio: np.ndarray, rate_hz: int, level_dbfs: float, peak_dbfs: float = -1.0) -> float:
    """Gain in dB that brings speech to `level_dbfs`, less where a peak would pass `peak_dbfs`."""
    peak = float(np.abs(audio).max(initial=0.0))
    if peak == 0.0:
        return 0.0
    return min(level_dbfs - speech_level_dbfs(audio, rate_hz), peak_dbfs - 20 * float(np.log10(peak)))


@lru_cache(maxsize=8)
def k_weighting(rate_hz: int) -> np.ndarray:
    """The K filter of ITU-R BS.1770 as second-order sections (2, 6): a shelf for the head, a high-pass for low frequencies.

    The recommendation lists coefficients for 48 kHz only; these are the analogue filters behind them, brought to `rate_hz` by
    the bilinear transform, and equal the listed ones at 48 kHz.
    """
    k, q, gain = tan(pi * 1681.974450955533 / rate_hz), 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    middle, a0 = gain**0.4996667741545416, 1 + k / 0.7071752369554196 + k * k
    shelf = [(gain + middle * k / q + k * k) / a0, 2 * (k * k - gain) / a0, (gain - middle * k / q + k * k) / a0]
    shelf += [1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    k, q = tan(pi * 38.13547087602444 / rate_hz), 0.5003270373238773
    a0 = 1 + k / q + k * k
    return np.array([shelf, [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]])


def loudness_lufs(audio: np.ndarray, rate_hz: int) -> float:
    """Integrated loudness of one channel of audio (S,), in LUFS (ITU-R BS.1770-5, annex 1); -inf where all is silent.

    Pauses do not lower it: blocks of 400 ms more than 10 LU below the rest are left out. A sound shorter than a block is one.
    """
    from scipy.signal import sosfilt

    if not len(audio):
        return -np.inf
    power = np.concatenate([[0.0], np.cumsum(sosfilt(k_weighting(rate_hz), np.asarray(audio, np.float64)) ** 2)])
    block, step = min(len(audio), round(_BLOCK_S * rate_hz)), max(1, round(_STEP_S * rate_hz))
    starts = np.arange(0, len(audio) - block + 1, step)
    blocks = np.maximum((power[starts + block] - power[starts]) / block, 1e-30)
    loud = _OFFSET + 10 * np.log10(blocks)
    kept = loud > _ABSOLUTE_GATE_LUFS
    if not kept.any():
        return -np.inf
    kept &= loud > _OFFSET + 10 * np.log10(blocks[kept].mean()) + _RELATIVE_GATE_LU
    return float(_OFFSET + 10 * np.log10(blocks[kept].mean()))


def played(audio: np.ndarray, rate_hz: int, lufs: float = PLAYED_LUFS, peak_dbfs: float = -0.1) -> np.ndarray:
    """Audio (S,) at the loudness at which sounds are compared by ear; quieter where a peak would pass `peak_dbfs`."""
    peak, loudness = float(np.abs(audio).max(initial=0.0)), loudness_lufs(audio, rate_hz)
    if peak == 0.0 or not isfinite(loudness):
        return np.clip(audio, -1.0, 1.0)
    gain = min(lufs - loudness, peak_dbfs - 20 * log10(peak))
    return (audio * 10 ** (gain / 20)).astype(np.float32)
