"""Speech level: the same loudness for every clip, without clipping."""

from __future__ import annotations

import numpy as np

from ttskit.audio.trim import levels_dbfs, loud_level_dbfs

__all__ = ["ACTIVE_BELOW_DB", "levelling_gain_db", "speech_level_dbfs"]

ACTIVE_BELOW_DB = 20.0  # a window counts as speech down to this far below the loud parts


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
