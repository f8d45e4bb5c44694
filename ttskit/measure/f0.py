"""How the F0 of what was said differs from the recording's: height, range, movement, gross errors, and what was compared.

A root mean square says how far two contours are apart, and neither which way nor of which frames: here every figure is about
one thing, and those over all frames stand beside those over the frames that happen to be voiced on both sides.
"""

from __future__ import annotations

import numpy as np

from ttskit.measure.metrics import Path

__all__ = ["FEWEST", "GROSS", "f0_differences"]

GROSS = 0.2  # share of the recording's F0 (Chu & Alwan 2009, and most work on pitch trackers before them)
FEWEST = 10  # pairs of frames that a correlation, or a range, is taken of
_FLAT = 0.05  # semitones: spans below are a monotone


def f0_differences(reference_hz: np.ndarray, synthetic_hz: np.ndarray, path: Path) -> dict[str, float]:
    """Every figure by the key of its measure, of two F0 contours (T,) in Hz, unvoiced 0, along `path`.

    - `f0_shift_semitones`: median of 12·log2 (synthetic / recording) over pairs voiced on both sides; its sign is kept.
    - `f0_range_ratio`: span from the 10th to the 90th percentile in semitones, each of all its own voiced frames.
    - `f0_correlation`: Pearson's, of log F0 over pairs voiced on both sides; 0 where nothing can follow the recording: a
      monotone, or fewer than `FEWEST` such pairs. NaN only where the recording itself has no melody.
    - `f0_gross_errors`: of pairs voiced on both sides, the share whose F0 is off by more than 20 % of the recording's (the
      gross pitch error of Chu & Alwan 2009, "Reducing F0 frame error of F0 tracking algorithms under noisy conditions").
    - `f0_frame_error`: FFE of the same paper: of *all* pairs, the share with a gross pitch error or the wrong voicing. A frame
      cannot leave it by being left unvoiced.
    - `f0_compared`: of pairs voiced in the recording, the share voiced on both sides, which is what the others were asked of.
    """
    a, b = reference_hz[path.reference].astype(float), synthetic_hz[path.synthetic].astype(float)
    both = (a > 0) & (b > 0)
    off = 12.0 * np.log2(b[both] / a[both])
    gross = np.abs(b[both] - a[both]) > GROSS * a[both]
    return {
        "f0_shift_semitones": float(np.median(off)) if off.size else float("nan"),
        "f0_range_ratio": _range_ratio(reference_hz, synthetic_hz),
        "f0_correlation": _correlation(reference_hz, a[both], b[both]),
        "f0_gross_errors": float(gross.mean()) if gross.size else float("nan"),
        "f0_frame_error": float((gross.sum() + ((a > 0) != (b > 0)).sum()) / len(a)),
        "f0_compared": float(both.sum() / (a > 0).sum()) if (a > 0).any() else float("nan"),
    }


def _span(hz: np.ndarray) -> float:
    """Semitones between the 10th and the 90th percentile of the voiced frames; NaN with too few of them."""
    voiced = hz[hz > 0]
    if len(voiced) < FEWEST:
        return float("nan")
    low, high = np.percentile(voiced, [10, 90])
    return float(12.0 * np.log2(high / low))


def _range_ratio(reference_hz: np.ndarray, synthetic_hz: np.ndarray) -> float:
    span = _span(reference_hz)
    return _span(synthetic_hz) / span if span > _FLAT else float("nan")


def _correlation(reference_hz: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    if not _span(reference_hz) > _FLAT:
        return float("nan")
    x, y = (np.log(v) - np.log(v).mean() if len(v) >= FEWEST else np.zeros(0) for v in (a, b))
    scale = float(np.sqrt((x**2).sum() * (y**2).sum())) if len(x) else 0.0
    return float((x * y).sum() / scale) if scale > 1e-9 else 0.0
