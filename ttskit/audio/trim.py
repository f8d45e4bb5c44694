"""Where speech starts and ends in a clip, by energy."""

from __future__ import annotations

import numpy as np

__all__ = ["DIGITAL_SILENCE_DBFS", "SHORTEST_RUN", "STEP_S", "WINDOW_S", "levels_dbfs", "loud_level_dbfs", "speech_span"]

STEP_S = 0.01
WINDOW_S = 0.025
SHORTEST_RUN = 5  # steps; a click fills the three windows that it falls into, and is no speech

DIGITAL_SILENCE_DBFS = -100.0


def levels_dbfs(audio: np.ndarray, rate_hz: int) -> np.ndarray:
    """RMS level in dBFS of 25 ms windows every 10 ms; digital silence is -120."""
    step, window = max(1, round(STEP_S * rate_hz)), max(1, round(WINDOW_S * rate_hz))
    padded = np.pad(audio.astype(np.float64) ** 2, (window // 2, window))
    total = np.concatenate([[0.0], np.cumsum(padded)])
    starts = np.arange(0, max(1, len(audio)), step)
    return 10 * np.log10(np.maximum((total[starts + window] - total[starts]) / window, 1e-12))


def loud_level_dbfs(levels: np.ndarray) -> float:
    """Level of the loud parts: the 95th percentile, which neither a click nor long pauses move."""
    return float(np.percentile(levels, 95))


def speech_span(audio: np.ndarray, rate_hz: int, below_db: float = 40.0, margin_s: float = 0.08) -> tuple[int, int]:
    """First and last (exclusive) sample of audio (S,) to keep.

    Args:
        below_db: a window is speech if it is at most this far below the loud parts (and clearly
            above the noise floor, where the clip shows one).
        margin_s: kept on both sides.
    """
    levels = levels_dbfs(audio, rate_hz)
    loud = loud_level_dbfs(levels)
    sounding = levels[levels > DIGITAL_SILENCE_DBFS]  # what an editor padded with says nothing about the room
    floor = float(np.percentile(sounding, 10)) if len(sounding) else loud
    threshold = loud - below_db
    if floor < loud - 20:  # the quietest tenth is pauses, so it shows the noise
        threshold = max(threshold, min(floor + 8, loud - 25))
    active = np.flatnonzero(_without_clicks(levels >= threshold))
    if not len(active):
        return 0, len(audio)
    step, margin = max(1, round(STEP_S * rate_hz)), round(margin_s * rate_hz)
    return max(0, int(active[0]) * step - margin), min(len(audio), int(active[-1] + 1) * step + margin)


def _without_clicks(active: np.ndarray) -> np.ndarray:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], active.astype(np.int8), [0]])))
    kept = np.zeros_like(active)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start >= SHORTEST_RUN:
            kept[start:end] = True
    return kept
