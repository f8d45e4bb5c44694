"""Sounds as listeners get them: mono, one rate, one loudness, silence at the ends cut alike, a fixed silence before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite, log10
from pathlib import Path

import numpy as np

from ttskit.audio.clipping import clipping
from ttskit.audio.files import RefusedAudio, read_recording, resample
from ttskit.audio.loudness import PLAYED_LUFS, loudness_lufs
from ttskit.audio.trim import speech_span
from ttskit.errors import AudioError
from ttskit_listen.plan import ANCHORS

__all__ = [
    "GOLD",
    "HIGHEST_RATE_HZ",
    "PEAK_DBFS",
    "Clip",
    "Levels",
    "at_level",
    "common_rate",
    "examined",
    "levels_for",
    "low_passed",
    "prepared",
    "spoilt",
]

GOLD = "gold"  # how `SoundKey.anchor` calls a side that was spoilt plainly
HIGHEST_RATE_HZ = 48_000
PEAK_DBFS = -1.0  # of the samples as written
_LOWEST_LUFS = -36.0  # below it speech is too soft for a laptop's loudspeakers
_SHORTEST_S = 0.1
_MARGIN_S = 0.15  # kept before and after what is heard: a soft consonant may begin before it
_BELOW_DB = 55.0  # under the loud parts, what is cut at the ends lies; a whispered s lies about 30 dB under a vowel
_FADE_S = 0.005
_STEP_S = 0.1  # from block to block of the measure
_ATTEMPTS = 4  # the gates of the measure depend a little on the level


@dataclass(frozen=True, slots=True)
class Clip:
    """What was found in a sound file before it is chosen.

    Args:
        seconds: of speech, silence at both ends cut.
        rate_hz: its own.
        fault: why it cannot be used, "" where it can; with `remark` where it can be, but should be known of.
    """

    seconds: float
    rate_hz: int
    fault: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Levels:
    """What all sounds of a test have in common.

    Args:
        rate_hz: of all files.
        lufs: of all files (ITU-R BS.1770-5), the silence before them included.
        lead_s: of that silence.
        lowered_db: how far all were lowered so that no peak passes `PEAK_DBFS`, and by which sound's.
        lowered_by: its file.
    """

    rate_hz: int
    lufs: float = PLAYED_LUFS
    lead_s: float = 0.25
    lowered_db: float = 0.0
    lowered_by: str = ""


def examined(path: Path, longest_s: float) -> Clip:
    """Read a file once: how long it speaks, and whether it can be used."""
    try:
        recording = read_recording(path)
    except RefusedAudio as error:
        return Clip(0.0, 0, f"{error.what.removeprefix(str(path)).strip()}: {error.why}")
    audio, rate = recording.audio, recording.sample_rate_hz
    if not isfinite(loudness_lufs(audio, rate)):
        return Clip(len(audio) / rate, rate, f"is silent: {len(audio) / rate:.2f} s below −70 LUFS")
    start, end = speech_span(audio, rate, _BELOW_DB, _MARGIN_S)
    seconds = (end - start) / rate
    if seconds > longest_s:
        return Clip(seconds, rate, f"is too long: {seconds:.1f} s, at most {longest_s:g}")
    if seconds < _SHORTEST_S:
        return Clip(seconds, rate, f"is too short: {seconds:.3f} s, at least {_SHORTEST_S}")
    return Clip(seconds, rate, remark=clipping(audio))


def common_rate(clips: Iterable[Clip]) -> int:
    """The highest rate among them, at most `HIGHEST_RATE_HZ`: nothing loses treble that a listener can hear."""
    return min(HIGHEST_RATE_HZ, max(clip.rate_hz for clip in clips))


def prepared(path: Path, rate_hz: int, anchor: str = "", seed: int = 1) -> np.ndarray:
    """Sound (S,) mono at `rate_hz`, silence at both ends cut, spoilt where `anchor` asks for it; its own loudness still."""
    recording = read_recording(path)
    audio = resample(recording.audio, recording.sample_rate_hz, rate_hz).astype(np.float64)
    start, end = speech_span(audio, rate_hz, _BELOW_DB, _MARGIN_S)
    fade = max(1, round(_FADE_S * rate_hz))
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / fade)
    cut_after = end < len(audio)
    audio = audio[start:end].copy()
    if start > 0 and len(audio) > fade:  # only where something was cut: an end that is a word's stays as it is
        audio[:fade] *= ramp
    if cut_after and len(audio) > fade:
        audio[-fade:] *= ramp[::-1]
    if anchor == GOLD:
        return spoilt(audio, rate_hz, seed)
    cutoff = ANCHORS.get(anchor)
    return audio if cutoff is None else low_passed(audio, rate_hz, cutoff)


def low_passed(audio: np.ndarray, rate_hz: int, cutoff_hz: float) -> np.ndarray:
    """audio (S,) without what lies above `cutoff_hz`, undelayed.

    Flat to 0.1 dB up to `cutoff_hz`, 50 dB down from a seventh above it on (4 kHz for 3.5): more than ITU-R BS.1534-3 asks of
    its anchor (25 dB at 4 kHz, 50 dB at 4.5).

    Raises:
        AudioError: the rate has nothing there to be taken away.
    """
    from scipy.signal import fftconvolve

    if rate_hz < 2 * cutoff_hz * 8 / 7:
        why = f"{rate_hz} Hz holds up to {rate_hz / 2000:g} kHz; a low-pass at {cutoff_hz / 1000:g} kHz needs more"
        raise AudioError("these sounds are too narrow for anchors", why, "use recordings of 16 kHz or more, or another kind")
    return np.asarray(fftconvolve(audio, _filter(rate_hz, cutoff_hz), mode="same")[: len(audio)])


def spoilt(audio: np.ndarray, rate_hz: int, seed: int = 1) -> np.ndarray:
    """audio (S,) through a low-pass at 1 kHz, with white noise 12 dB below it: nobody who listens prefers it."""
    dull = low_passed(audio, rate_hz, 1000.0)
    noise = np.random.default_rng(seed).standard_normal(len(dull))
    return np.asarray(dull + noise * np.sqrt(np.mean(dull**2)) * 10 ** (-12 / 20))


def levels_for(
    sounds: Mapping[str, Callable[[], np.ndarray]], rate_hz: int, lead_s: float, lufs: float = PLAYED_LUFS
) -> Levels:
    """The loudness that all sounds can have: `lufs`, or as much less as the peak that stands out most asks of all of them.

    Args:
        sounds: by what an error calls them.

    Raises:
        AudioError: all would be too soft because of one.
    """
    level, by = lufs, ""
    for name, sound in sounds.items():
        audio = at_level(sound(), Levels(rate_hz, lufs, lead_s))
        room = PEAK_DBFS - 20 * log10(max(float(np.abs(audio).max()), 1e-9))
        if lufs + room < level:
            level, by = lufs + room, name
    if level < _LOWEST_LUFS:
        why = f"its peak would ask for {level:.1f} LUFS of all sounds, at least {_LOWEST_LUFS:g} can be heard everywhere"
        raise AudioError(f"{by} has a peak far above its speech", why, "take the click out of it, or leave its sentence out")
    return Levels(rate_hz, level, lead_s, lufs - level, by)


def at_level(audio: np.ndarray, levels: Levels) -> np.ndarray:
    """audio (S,) as it is written: silence before it, then itself so loud that the whole has `levels.lufs`.

    Silence after it makes whole tenths of a second, so that programs that count a last block of the measure in part, and those
    that leave it out, find the same loudness.
    """
    step, lead = round(_STEP_S * levels.rate_hz), round(levels.lead_s * levels.rate_hz)
    led = np.concatenate([np.zeros(lead), audio, np.zeros(-(lead + len(audio)) % step)])
    for _ in range(_ATTEMPTS):
        off = levels.lufs - loudness_lufs(led, levels.rate_hz)
        led = led * 10 ** (off / 20)
        if abs(off) < 1e-3:
            break
    return led


@lru_cache(maxsize=16)
def _filter(rate_hz: int, cutoff_hz: float) -> np.ndarray:
    from scipy.signal import firwin, kaiserord

    width = cutoff_hz / 7
    taps, beta = kaiserord(65.0, width / (rate_hz / 2))
    return np.asarray(firwin(taps | 1, cutoff_hz + width / 2, window=("kaiser", beta), fs=rate_hz))
