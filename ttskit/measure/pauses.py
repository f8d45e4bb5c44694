"""Where a sentence sounds and where it pauses, by the energy of the audio alone: no model, no text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ttskit.audio.trim import DIGITAL_SILENCE_DBFS, SHORTEST_RUN, STEP_S, levels_dbfs, loud_level_dbfs

__all__ = ["SHORTEST_PAUSE_S", "Activity", "activity"]

# The closure of a stop is silent too, up to 0.13 s (Hieke, Kowal & O'Connell 1983, "The trouble with 'articulatory' pauses"),
# and with a weak fricative beside it somewhat longer; 0.2 s is where Campione & Véronis 2002 end their brief pauses.
SHORTEST_PAUSE_S = 0.2

_FURTHEST_DB, _NEAREST_DB = 35.0, 15.0  # below the loud parts, between which the threshold lies
_ABOVE_FLOOR_DB = 6.0


@dataclass(frozen=True, slots=True)
class Activity:
    """Which steps of 10 ms of a sound are speech.

    Args:
        active: (steps,) bool.
        threshold_dbfs: what a step of speech is louder than.
        step_s: 10 ms, in whole samples.
    """

    active: np.ndarray
    threshold_dbfs: float
    step_s: float = STEP_S

    @property
    def span_s(self) -> tuple[float, float]:
        """Where the first speech begins and the last one ends; (0, 0) where there is none."""
        places = np.flatnonzero(self.active)
        return (float(places[0]) * self.step_s, float(places[-1] + 1) * self.step_s) if len(places) else (0.0, 0.0)

    @property
    def pauses_s(self) -> list[tuple[float, float]]:
        """(start, end) of every silence of at least `SHORTEST_PAUSE_S` between the first and the last speech."""
        places = np.flatnonzero(self.active)
        gaps = np.flatnonzero((np.diff(places) - 1) * self.step_s > SHORTEST_PAUSE_S - self.step_s / 2)
        return [(float(places[g] + 1) * self.step_s, float(places[g + 1]) * self.step_s) for g in gaps]

    @property
    def paused_s(self) -> float:
        """Length of all pauses."""
        return float(sum(end - start for start, end in self.pauses_s))

    @property
    def speaking_s(self) -> float:
        """Seconds of speech without the pauses and the edges."""
        start, end = self.span_s
        return end - start - self.paused_s

    def sounding_s(self, start_s: float, end_s: float) -> float:
        """Seconds of speech between two times."""
        low, high = round(start_s / self.step_s), round(end_s / self.step_s)
        return float(self.active[max(0, low) : max(0, high)].sum()) * self.step_s


def activity(audio: np.ndarray, rate_hz: int) -> Activity:
    """Speech of audio (S,) by RMS levels of 25 ms windows every 10 ms against a threshold of this sound's own.

    6 dB above the noise (the quietest twentieth of what is not digital silence), but no nearer to the loud parts (their 95th
    percentile) than 15 dB, so that weak sounds are speech in noise too, and no further than 35 dB, so that breath and
    reverberation are pauses. A gain changes nothing. What is shorter than 50 ms is a click.
    """
    levels = levels_dbfs(audio, rate_hz)
    loud = loud_level_dbfs(levels)
    sounding = levels[levels > DIGITAL_SILENCE_DBFS]
    floor = float(np.percentile(sounding, 5)) if len(sounding) else loud
    threshold = max(loud - _FURTHEST_DB, min(floor + _ABOVE_FLOOR_DB, loud - _NEAREST_DB))
    above = levels >= threshold if loud > DIGITAL_SILENCE_DBFS else np.zeros(len(levels), bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], above.astype(np.int8), [0]])))
    active = np.zeros(len(levels), bool)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        active[start:end] = end - start >= SHORTEST_RUN
    return Activity(active, threshold, max(1, round(STEP_S * rate_hz)) / rate_hz)
