"""Speech altered in one known way and left as it was in all others: what planted faults are made of.

Pitch-synchronous overlap-add (Moulines & Charpentier 1990, "Pitch-synchronous waveform processing techniques for
text-to-speech synthesis using diphones", section 2) changes F0, tempo and formants apart from each other: grains of two
periods, each as it was, are put closer together for a higher F0, repeated for a slower tempo, and read faster for higher
formants. With nothing to change it gives back what it got.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ttskit.audio.loudness import speech_level_dbfs

__all__ = ["filtered", "joined", "levelled", "pitch_marks", "resung", "tilted", "with_noise"]

FADE_S = 0.005  # of every joint: shorter clicks, longer is heard as an echo
_UNVOICED_S = 0.008  # grains where there is no period
_SEARCH = 0.2  # share of a period by which a mark may lie beside where it is expected
_LEAST_OVERLAP = 0.3  # of windows, below which the sum is not divided: it would only lift the edges of grains


def joined(audio: np.ndarray, spans: Sequence[tuple[int, int] | np.ndarray], rate_hz: int) -> np.ndarray:
    """Pieces of audio (S,) one after the other, (S',) float32, blended over FADE_S at each joint.

    Args:
        spans: sample ranges of `audio`, or arrays that stand between them. The result is exactly as long as all of them.
        rate_hz: of the audio.
    """
    half = max(1, round(FADE_S * rate_hz / 2))
    padded = np.pad(np.asarray(audio, np.float64), half)
    pieces = [np.pad(s, half) if isinstance(s, np.ndarray) else padded[s[0] : s[1] + 2 * half] for s in spans]
    lengths = [len(piece) - 2 * half for piece in pieces]
    out = np.zeros(sum(lengths) + 2 * half)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(2 * half) + 0.5) / (2 * half))
    at = 0
    for index, (piece, length) in enumerate(zip(pieces, lengths, strict=True)):
        weights = np.ones(len(piece))
        if index:
            weights[: 2 * half] *= rise[: len(weights)]
        if index + 1 < len(pieces):
            weights[len(weights) - 2 * half :] *= rise[::-1]
        out[at : at + len(piece)] += weights * piece
        at += length
    return out[half : len(out) - half].astype(np.float32)


def with_noise(audio: np.ndarray, rate_hz: int, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """White noise that lies `snr_db` below the level of the speech (pauses do not count), within [-1, 1]."""
    rms = 10 ** ((speech_level_dbfs(audio, rate_hz) - snr_db) / 20)
    return np.clip(audio + rms * rng.standard_normal(len(audio)), -1.0, 1.0).astype(np.float32)


def filtered(audio: np.ndarray, rate_hz: int, below_hz: float) -> np.ndarray:
    """Only what lies below `below_hz`: Butterworth of order 8, forwards and backwards, so that nothing moves in time."""
    from scipy.signal import butter, sosfiltfilt

    return sosfiltfilt(butter(8, below_hz, fs=rate_hz, output="sos"), audio.astype(np.float64)).astype(np.float32)


def tilted(audio: np.ndarray, rate_hz: int, db_per_octave: float, from_hz: float = 500.0) -> np.ndarray:
    """A spectrum that rises (or falls, below 0) by so much an octave from `from_hz` on."""
    spectrum = np.fft.rfft(audio.astype(np.float64))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(audio), 1 / rate_hz) / from_hz, 1.0))
    return np.fft.irfft(spectrum * 10 ** (db_per_octave * octaves / 20), len(audio)).astype(np.float32)


def levelled(audio: np.ndarray, like: np.ndarray, rate_hz: int) -> np.ndarray:
    """The audio at the speech level of `like`, within [-1, 1]."""
    gain = 10 ** ((speech_level_dbfs(like, rate_hz) - speech_level_dbfs(audio, rate_hz)) / 20)
    return np.clip(gain * audio, -1.0, 1.0).astype(np.float32)


def pitch_marks(
    audio: np.ndarray, rate_hz: int, pitch_hz: np.ndarray, pitch_times_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Samples at which periods begin, rising from 0 to the end, and F0 at each, 0 where unvoiced and a mark follows a mark.

    In voiced speech a mark is the strongest peak (of the sign whose peaks are stronger) near one period after the last.
    """
    wave = np.asarray(audio, np.float64)
    wave = wave if wave.max(initial=0) >= -wave.min(initial=0) else -wave
    marks, f0 = [0], [0.0]
    step = round(_UNVOICED_S * rate_hz)
    while True:
        last = marks[-1]
        here = _nearest(pitch_hz, pitch_times_s, (last + 1) / rate_hz)
        if here <= 0:
            f0[-1] = 0.0
            following = last + step
        else:
            period = rate_hz / here
            began = f0[-1] > 0
            low, high = (1 - _SEARCH, 1 + _SEARCH) if began else (_SEARCH, 1 + _SEARCH)
            window = slice(last + max(1, round(low * period)), last + max(2, round(high * period)) + 1)
            following = window.start + int(np.argmax(wave[window])) if window.stop <= len(wave) else last + round(period)
        if following >= len(wave):
            return np.array(marks), np.array(f0)
        marks.append(following)
        f0.append(here)


def resung(
    audio: np.ndarray,
    rate_hz: int,
    pitch_hz: np.ndarray,
    pitch_times_s: np.ndarray,
    *,
    f0_ratio: float | np.ndarray = 1.0,
    tempo: float = 1.0,
    formants: float = 1.0,
) -> np.ndarray:
    """The audio with another F0, tempo or other formants, each by itself.

    Args:
        audio: (S,).
        rate_hz: of the audio.
        pitch_hz: (T,) its F0, unvoiced 0.
        pitch_times_s: (T,) the moments of it.
        f0_ratio: factor on F0, one number or (T,).
        tempo: above 1 is faster; the result has S / tempo samples.
        formants: factor on the frequencies of the spectral envelope.

    Returns:
        (S / tempo,) float32; `audio` itself, to rounding, where every factor is 1.
    """
    from scipy.ndimage import map_coordinates, spline_filter1d

    wave = np.asarray(audio, np.float64)
    marks, f0 = pitch_marks(wave, rate_hz, pitch_hz, pitch_times_s)
    spline = spline_filter1d(wave, order=3) if formants != 1.0 else wave
    ratios = np.ones(len(marks))
    spread = np.broadcast_to(np.asarray(f0_ratio, float), np.shape(pitch_hz))
    for i in np.flatnonzero(f0 > 0):
        ratios[i] = _nearest(spread, pitch_times_s, marks[i] / rate_hz)
    ends = np.append(marks, len(wave))
    after = np.diff(ends)
    before = np.concatenate([[after[0]], after[:-1]])
    length = round(len(wave) / tempo)
    edge = int(np.ceil(after.max() / formants)) + 2
    out, weight = np.zeros(length + 2 * edge), np.zeros(length + 2 * edge)
    at = 0.0
    while at < length:
        i = int(np.clip(np.searchsorted(marks, at * tempo), 0, len(marks) - 1))
        if i and at * tempo - marks[i - 1] <= marks[i] - at * tempo:
            i -= 1
        centre = round(at)
        left, right = max(1.0, before[i] / formants), max(1.0, after[i] / formants)
        offsets = np.arange(-int(np.ceil(left)) + 1, int(np.ceil(right)))
        window = np.where(offsets < 0, 1 + offsets / left, 1 - offsets / right)
        window = 0.5 - 0.5 * np.cos(np.pi * np.clip(window, 0.0, 1.0))
        if formants == 1.0:
            grain = wave[np.clip(marks[i] + offsets, 0, len(wave) - 1)]
        else:
            grain = map_coordinates(spline, [marks[i] + offsets * formants], order=3, mode="nearest", prefilter=False)
        place = edge + centre + offsets
        fits = (place >= 0) & (place < len(out))
        out[place[fits]] += (window * grain)[fits]
        weight[place[fits]] += window[fits]
        at += max(1.0, after[i] / ratios[i])
    made = out / np.maximum(weight, _LEAST_OVERLAP)
    return np.clip(made[edge : edge + length], -1.0, 1.0).astype(np.float32)


def _nearest(values: np.ndarray, times_s: np.ndarray, moment_s: float) -> float:
    if not len(values):
        return 0.0
    i = int(np.clip(np.searchsorted(times_s, moment_s), 0, len(values) - 1))
    if i and moment_s - times_s[i - 1] < times_s[i] - moment_s:
        i -= 1
    return float(values[i])
