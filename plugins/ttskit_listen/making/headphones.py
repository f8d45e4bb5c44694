"""The check for headphones of Woods, Siegel, Traer & McDermott (2017), "Headphone screening to facilitate web-based auditory
experiments", Attention, Perception & Psychophysics 79: three tones, one softer, one in opposite phase.

Over loudspeakers the tone whose channels are in opposite phase cancels in the room and is taken for the softest; over
headphones each ear has its own channel, and the tone that really is softer is found.
"""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import soundfile

from ttskit.corpus.storage import write_atomic

__all__ = ["write_headphone_sounds"]

# "Method" of the paper: 200 Hz, 1000 ms with ramps of 100 ms, 500 ms between tones, the softest by 6 dB.
_HZ = 200.0
_TONE_S, _RAMP_S, _BETWEEN_S = 1.0, 0.1, 0.5
_SOFTER_DB = -6.0
_RATE_HZ = 44_100
_PEAK = 0.1  # about as loud as the sounds of a test (-23 LUFS)
_STANDARD, _SOFTEST, _OPPOSITE = range(3)


def write_headphone_sounds(audio: Path, *, seed: int = 1) -> tuple[int, ...]:
    """Write hp_1.flac … hp_6.flac (stereo, 4 s) into `audio`: every order of the three tones once, in an order drawn by `seed`.

    Returns:
        Which of the three tones (1–3) is the softest in each.
    """
    orders = list(permutations((_STANDARD, _SOFTEST, _OPPOSITE)))
    drawn = [orders[int(i)] for i in np.random.default_rng(seed).permutation(len(orders))]
    audio.mkdir(parents=True, exist_ok=True)
    between = np.zeros((round(_BETWEEN_S * _RATE_HZ), 2))
    for number, order in enumerate(drawn, 1):
        parts = [part for kind in order for part in (_tone(kind), between)][:-1]
        wave = np.concatenate(parts)

        def write(path: Path, wave: np.ndarray = wave) -> None:
            soundfile.write(path, wave, _RATE_HZ, subtype="PCM_16", format="FLAC")

        write_atomic(audio / f"hp_{number}.flac", write)
    return tuple(order.index(_SOFTEST) + 1 for order in drawn)


def _tone(kind: int) -> np.ndarray:
    """One tone, (S, 2)."""
    times = np.arange(round(_TONE_S * _RATE_HZ)) / _RATE_HZ
    # raised cosines: no click at either end
    edge = np.minimum(times, _TONE_S - times).clip(0, _RAMP_S) / _RAMP_S
    left = _PEAK * np.sin(2 * np.pi * _HZ * times) * np.sin(np.pi / 2 * edge) ** 2
    if kind == _SOFTEST:
        left = left * 10 ** (_SOFTER_DB / 20)
    return np.stack([left, -left if kind == _OPPOSITE else left], axis=1)
