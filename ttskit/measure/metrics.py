"""How far synthetic speech is from the recording: cepstral distortion, F0, voicing, durations, mel.

All of them first line the two recordings up in time by dynamic time warping (DTW). Frames are compared at
their centre times, never by index alone: both sides are analysed with one `MelConfig`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

import numpy as np

from ttskit.audio.config import MelConfig

__all__ = [
    "Path",
    "align_cepstra",
    "cepstrum",
    "cityblock",
    "dtw",
    "duration_errors_ms",
    "euclidean",
    "log_f0_rmse_semitones",
    "log_spectral_distance_db",
    "magnitude_frames",
    "mel_cepstral_distortion_db",
    "mel_l1_after_dtw",
    "natural_log_magnitude",
    "transferred_times",
    "voicing_error",
]

# 10/ln 10 · √2: turns a distance of cepstra into dB (Kubichek 1993).
_DB = 10.0 / log(10.0) * 2.0**0.5


@dataclass(frozen=True, slots=True)
class Path:
    """A DTW path: pairs of frames (K,) from (0, 0) to the two last frames; `cost` is the mean distance over the pairs."""

    reference: np.ndarray
    synthetic: np.ndarray
    cost: float


def dtw(distance: np.ndarray) -> Path:
    """The cheapest monotonic path through a distance matrix (T_reference, T_synthetic).

    Steps (1, 1), (1, 0) and (0, 1), each adding the distance of the cell it enters (Sakoe & Chiba 1978,
    symmetric form without weights). Computed one anti-diagonal at a time, so that numpy does the work.
    """
    rows, columns = distance.shape
    if rows == 0 or columns == 0:
        raise ValueError(f"nothing to align: {rows} and {columns} frames")
    # total[d, i] is the cost of reaching cell (i, d - i); the skew makes each diagonal one row.
    total = np.full((rows + columns - 1, rows), np.inf)
    choice = np.zeros((rows + columns - 1, rows), np.int8)
    total[0, 0] = distance[0, 0]
    for d in range(1, rows + columns - 1):
        low, high = max(0, d - columns + 1), min(rows, d + 1)
        i = np.arange(low, high)
        before = total[d - 1]
        stay = before[low:high]  # (i, j - 1)
        up = np.full(high - low, np.inf)  # (i - 1, j)
        up[i > 0] = before[i[i > 0] - 1]
        both = np.full(high - low, np.inf)  # (i - 1, j - 1)
        if d >= 2:
            both[i > 0] = total[d - 2][i[i > 0] - 1]
        options = np.stack([both, up, stay])
        best = options.argmin(0)  # ties prefer the diagonal
        choice[d, low:high] = best
        total[d, low:high] = options[best, np.arange(high - low)] + distance[i, d - i]
    i, j = rows - 1, columns - 1
    pairs = [(i, j)]
    while i or j:
        step = choice[i + j, i]
        i, j = (i - 1, j - 1) if step == 0 else (i - 1, j) if step == 1 else (i, j - 1)
        pairs.append((i, j))
    reference, synthetic = np.array(pairs[::-1]).T
    return Path(reference, synthetic, float(distance[reference, synthetic].mean()))


def natural_log_magnitude(log_mel: np.ndarray, mel: MelConfig) -> np.ndarray:
    """Any log mel (M, T) as the natural logarithm of a magnitude, whatever base and power its configuration has."""
    factor = (log(10.0) if mel.log_base == "10" else 1.0) / mel.magnitude_power
    return np.asarray(log_mel, np.float64) * factor


def cepstrum(log_mel: np.ndarray, order: int = 13) -> np.ndarray:
    """Mel cepstra (order, T), coefficients 1 … order, of a natural-log magnitude mel (M, T).

    c_k = 2/M Σ_m ln|H_m| cos(πk(m + ½)/M), so that ln|H| = c_0 + Σ c_k cos(…): the scale on which the
    usual constant turns differences into dB. c_0 (the level) is left out.
    """
    bands = log_mel.shape[0]
    if not 1 <= order < bands:
        raise ValueError(f"cepstral order {order} must be within 1 … {bands - 1} for {bands} mel bands")
    k = np.arange(1, order + 1)[:, None]
    basis = np.cos(pi * k * (np.arange(bands)[None, :] + 0.5) / bands) * (2.0 / bands)
    return basis @ np.asarray(log_mel, np.float64)


def euclidean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distances (T_a, T_b) between the columns of a (D, T_a) and b (D, T_b)."""
    squared = (a * a).sum(0)[:, None] + (b * b).sum(0)[None, :] - 2.0 * a.T @ b
    return np.sqrt(np.maximum(squared, 0.0))


def cityblock(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Mean absolute differences (T_a, T_b) between the columns of a (M, T_a) and b (M, T_b)."""
    from scipy.spatial.distance import cdist

    return cdist(a.T, b.T, "cityblock") / a.shape[0]


def align_cepstra(reference: np.ndarray, synthetic: np.ndarray) -> Path:
    """DTW path on the Euclidean distance of two cepstra (order, T)."""
    return dtw(euclidean(reference, synthetic))


def mel_cepstral_distortion_db(reference: np.ndarray, synthetic: np.ndarray, path: Path) -> float:
    """MCD in dB: mean over the path of 10/ln 10 · √(2 Σ_k (c_k - c'_k)²) for cepstra (order, T)."""
    difference = reference[:, path.reference] - synthetic[:, path.synthetic]
    return float(_DB * np.sqrt((difference**2).sum(0)).mean())


def log_spectral_distance_db(
    reference: np.ndarray, synthetic: np.ndarray, mel: MelConfig, path: Path | None = None, floor_db: float = 60.0
) -> float:
    """LSD in dB between two waveforms (S,): along `path`, or frame by frame where both are at the same times.

    Per frame the root mean square over frequency bins of 20·log10 |X| - 20·log10 |Y|, then the mean over frames
    (Gray and Markel 1976, "Distance measures for speech processing", the L2 measure). Frames, window and transform
    are `mel`'s; spectra are floored `floor_db` below the reference's loudest bin, so that the noise of pauses,
    which nobody hears, does not count for more than speech.
    """
    if path is None:
        samples = min(len(reference), len(synthetic))
        frames = np.arange(mel.frames(samples))
        reference, synthetic, path = reference[:samples], synthetic[:samples], Path(frames, frames, 0.0)
    a = magnitude_frames(reference, mel)[:, path.reference]
    b = magnitude_frames(synthetic, mel)[:, path.synthetic]
    floor = max(float(a.max()) * 10.0 ** (-floor_db / 20.0), 1e-12)
    difference = 20.0 * np.log10(np.maximum(a, floor) / np.maximum(b, floor))
    return float(np.sqrt((difference**2).mean(0)).mean())


def magnitude_frames(audio: np.ndarray, mel: MelConfig) -> np.ndarray:
    """Magnitude spectra (fft/2 + 1, T) at the places of `mel`'s frames, of a waveform (S,) longer than its edge."""
    mode = "reflect" if mel.edge_padding == "reflect" else "constant"
    padded = np.pad(np.asarray(audio, np.float64), mel.edge_samples, mode=mode)
    taper = np.hanning(mel.window_samples + mel.window_periodic)[: mel.window_samples]
    before = (mel.fft_samples - mel.window_samples) // 2
    starts = mel.hop_samples * np.arange(mel.frames(len(audio))) + before
    frames = padded[starts[:, None] + np.arange(mel.window_samples)[None]]
    return np.abs(np.fft.rfft(frames * taper, mel.fft_samples, axis=1)).T


def log_f0_rmse_semitones(reference_hz: np.ndarray, synthetic_hz: np.ndarray, path: Path) -> float:
    """Root mean square F0 difference in semitones (1 = 100 cents) over pairs voiced on both sides; NaN if none."""
    a, b = reference_hz[path.reference], synthetic_hz[path.synthetic]
    voiced = (a > 0) & (b > 0)
    if not voiced.any():
        return float("nan")
    return float(np.sqrt(np.mean((12.0 * np.log2(a[voiced] / b[voiced])) ** 2)))


def voicing_error(reference_hz: np.ndarray, synthetic_hz: np.ndarray, path: Path) -> float:
    """Share of path pairs where one side is voiced and the other is not, 0 … 1."""
    return float(np.mean((reference_hz[path.reference] > 0) != (synthetic_hz[path.synthetic] > 0)))


def mel_l1_after_dtw(reference: np.ndarray, synthetic: np.ndarray) -> float:
    """Mean absolute difference of two natural-log mels (M, T) along the path that makes it smallest."""
    return dtw(cityblock(np.asarray(reference, np.float64), np.asarray(synthetic, np.float64))).cost


def transferred_times(times_s: np.ndarray, path: Path, mel: MelConfig) -> np.ndarray:
    """Reference times (K,) carried to the synthetic recording's clock along a DTW path.

    The edge between two reference frames goes to the middle between the last partner of the first and the
    first partner of the second; between edges time runs evenly. Edges and not centres, because one frame
    may meet a whole steady sound of the other side.
    """
    starts = np.flatnonzero(np.diff(path.reference, prepend=-1))  # first pair of each reference frame
    first = path.synthetic[starts].astype(float)
    last = path.synthetic[np.append(starts[1:], len(path.reference)) - 1].astype(float)
    edges = np.arange(len(first) + 1) - 0.5
    carried = np.concatenate([[-0.5], (last[:-1] + first[1:]) / 2, [last[-1] + 0.5]])
    hop_s = mel.hop_samples / mel.sample_rate_hz
    position = (np.asarray(times_s, float) - mel.frame_centre(0)) / hop_s
    inside = np.interp(position, edges, carried)
    # Before the first and after the last frame both clocks run alike.
    inside += np.minimum(position - edges[0], 0.0) + np.maximum(position - edges[-1], 0.0)
    return mel.frame_centre(0) + inside * hop_s


def duration_errors_ms(reference_times_s: np.ndarray, path: Path, mel: MelConfig) -> np.ndarray:
    """Per token, synthetic minus reference duration in ms (N,), from N + 1 boundaries.

    The synthetic boundaries are the reference's, carried over by DTW, so that one judge serves every
    model, whatever it knows of durations itself.
    """
    carried = transferred_times(reference_times_s, path, mel)
    return (np.diff(carried) - np.diff(np.asarray(reference_times_s, float))) * 1000.0
