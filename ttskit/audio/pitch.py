"""F0 at mel frame centres: autocorrelation with a path search (default), and pyin; and the range of a speaker."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ttskit.audio.config import MelConfig

__all__ = [
    "CANDIDATES",
    "CHUNK_FRAMES",
    "OCTAVE_COST",
    "OCTAVE_JUMP_COST",
    "PERIODS_PER_WINDOW",
    "SILENCE_THRESHOLD",
    "VOICING_CHANGE_COST",
    "VOICING_THRESHOLD",
    "WIDE_RANGE_HZ",
    "autocorrelation",
    "pyin",
    "speaker_range_hz",
]

WIDE_RANGE_HZ = (50.0, 600.0)

# Boersma (1993), "Accurate short-term analysis of the fundamental frequency …", with Praat's settings for speech.
PERIODS_PER_WINDOW = 3.0
SILENCE_THRESHOLD = 0.03
VOICING_THRESHOLD = 0.45
OCTAVE_COST = 0.01
OCTAVE_JUMP_COST = 0.35
VOICING_CHANGE_COST = 0.14
CANDIDATES = 8
CHUNK_FRAMES = 1024  # frames analysed at once: bounds the memory


def autocorrelation(audio: np.ndarray, mel: MelConfig, f_min_hz: float, f_max_hz: float) -> np.ndarray:
    """F0 in Hz (T,) float32 of audio (S,) at the mel frame centres, unvoiced 0.

    Boersma's method: the autocorrelation of a Hann-windowed frame divided by the window's own, so that
    its peaks are not biased to short periods; then the best path through each frame's candidates, with
    costs for octave jumps and for voicing changes.
    """
    frames = mel.frames(len(audio))
    if frames == 0:
        return np.zeros(0, dtype=np.float32)
    f_max_hz = min(f_max_hz, mel.sample_rate_hz / 4)
    window = int(PERIODS_PER_WINDOW * mel.sample_rate_hz / f_min_hz) // 2 * 2 + 1
    starts, padded = _framed(audio, mel, frames, window)
    peak_of_all = float(np.abs(audio - audio.mean()).max(initial=0.0)) or 1.0
    parts = [
        _candidates(
            padded[starts[i : i + CHUNK_FRAMES, None] + np.arange(window)], mel.sample_rate_hz, f_min_hz, f_max_hz, peak_of_all
        )
        for i in range(0, frames, CHUNK_FRAMES)
    ]
    frequency, strength = (np.concatenate(values) for values in zip(*parts, strict=True))
    return _best_path(frequency, strength, mel.hop_samples / mel.sample_rate_hz).astype(np.float32)


def _framed(audio: np.ndarray, mel: MelConfig, frames: int, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Padded audio, and for each mel frame the first sample of the window that is centred on it."""
    centres = mel.first_frame_centre_samples + mel.hop_samples * np.arange(frames)
    left = window // 2
    right = max(0, int(centres[-1]) + window - left - len(audio))
    return centres, np.pad(audio.astype(np.float64), (left, right))


def _candidates(
    frames: np.ndarray, rate_hz: int, f_min_hz: float, f_max_hz: float, peak_of_all: float
) -> tuple[np.ndarray, np.ndarray]:
    """Candidate frequencies (T, K) and their strengths; column 0 is "unvoiced" with frequency 0."""
    count, size = frames.shape
    frames = frames - frames.mean(axis=1, keepdims=True)
    window = np.hanning(size + 2)[1:-1]
    finer = 1 if rate_hz >= 16_000 else -(-16_000 // rate_hz)  # at 8 kHz a lag is too coarse a step for high voices
    length = 1 << int(np.ceil(np.log2(2 * size)))

    def correlate(x: np.ndarray) -> np.ndarray:
        power = np.abs(np.fft.rfft(x, length)) ** 2
        return np.fft.irfft(power, length * finer)  # a longer inverse is band-limited interpolation

    rate = rate_hz * finer
    first, last = max(2, int(rate / f_max_hz)), min(int(np.ceil(rate / f_min_hz)), size * finer - 2)
    of_window = correlate(window)
    r = correlate(frames * window)
    r = (
        r[:, first - 1 : last + 2]
        / np.maximum(r[:, :1], 1e-20)
        * (of_window[0] / np.maximum(of_window[first - 1 : last + 2], 1e-6))
    )
    before, here, after = r[:, :-2], r[:, 1:-1], r[:, 2:]
    bend = before - 2 * here + after
    shift = np.where(bend < 0, 0.5 * (before - after) / np.minimum(bend, -1e-12), 0.0).clip(-0.5, 0.5)
    height = here - 0.25 * (before - after) * shift
    lag = np.arange(first, last + 1) + shift
    is_peak = (here > before) & (here >= after) & (here > 0.5 * VOICING_THRESHOLD)
    score = np.where(is_peak, np.minimum(height, 1.0) - OCTAVE_COST * np.log2(np.maximum(f_min_hz * lag / rate, 1e-6)), -np.inf)
    keep = min(CANDIDATES - 1, score.shape[1])
    best = np.argpartition(-score, keep - 1, axis=1)[:, :keep]
    rows = np.arange(count)[:, None]
    frequency = np.zeros((count, keep + 1))
    strength = np.full((count, keep + 1), -1e9)
    frequency[:, 1:] = rate / lag[rows, best]
    strength[:, 1:] = np.maximum(score[rows, best], -1e9)
    loudness = np.abs(frames).max(axis=1) / peak_of_all
    strength[:, 0] = VOICING_THRESHOLD + np.maximum(0.0, 2 - loudness / (SILENCE_THRESHOLD / (1 + VOICING_THRESHOLD)))
    return frequency, strength


def _best_path(frequency: np.ndarray, strength: np.ndarray, step_s: float) -> np.ndarray:
    """F0 (T,) of the path with the greatest strength less transition costs (Viterbi); costs are per 10 ms."""
    scale = 0.01 / step_s
    octaves = np.where(frequency > 0, np.log2(np.maximum(frequency, 1e-9)), 0.0)
    voiced = frequency > 0
    total, back = strength[0], np.zeros(frequency.shape, dtype=np.int64)
    for t in range(1, len(frequency)):
        both = voiced[t - 1][:, None] & voiced[t]
        one = voiced[t - 1][:, None] ^ voiced[t]
        cost = both * OCTAVE_JUMP_COST * np.abs(octaves[t - 1][:, None] - octaves[t]) + one * VOICING_CHANGE_COST
        score = total[:, None] - scale * cost
        back[t] = score.argmax(axis=0)
        total = score[back[t], np.arange(score.shape[1])] + strength[t]
    path = np.zeros(len(frequency), dtype=np.int64)
    path[-1] = int(total.argmax())
    for t in range(len(frequency) - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return frequency[np.arange(len(frequency)), path]


def pyin(audio: np.ndarray, mel: MelConfig, f_min_hz: float, f_max_hz: float) -> np.ndarray:
    """F0 in Hz (T,) float32 of audio (S,) at the mel frame centres, unvoiced 0.

    Mauch and Dixon (2014), librosa's implementation: some ten times slower than `autocorrelation`.
    """
    import librosa

    frames = mel.frames(len(audio))
    if frames == 0:
        return np.zeros(0, dtype=np.float32)
    # librosa compares half a frame with itself shifted: four periods leave two to compare.
    window = 1 << int(np.ceil(np.log2(4 * mel.sample_rate_hz / f_min_hz)))
    starts, padded = _framed(audio, mel, frames, window)
    f0, voiced, _ = librosa.pyin(
        padded[: starts[-1] + window],
        fmin=f_min_hz,
        fmax=min(f_max_hz, mel.sample_rate_hz / 4),
        sr=mel.sample_rate_hz,
        frame_length=window,
        hop_length=mel.hop_samples,
        center=False,
        fill_na=0.0,
    )
    return np.where(voiced, f0, 0.0).astype(np.float32)[:frames]


def speaker_range_hz(contours: Iterable[np.ndarray], step_hz: float = 5.0) -> tuple[float, float]:
    """Search range from first-pass contours (Hz, unvoiced 0): De Looze and Hirst (2008), rounded outwards.

    Quantiles at 35 and 65 % lie within the voice even if some frames of the first pass are an octave off.
    """
    voiced = np.concatenate([c[c > 0] for c in contours] or [np.zeros(0)])
    if len(voiced) < 20:
        return WIDE_RANGE_HZ
    low, high = 0.72 * np.quantile(voiced, 0.35) - 10, 1.9 * np.quantile(voiced, 0.65) + 10
    low, high = np.floor(low / step_hz) * step_hz, np.ceil(high / step_hz) * step_hz
    return float(max(low, 40.0)), float(min(high, 1000.0))
