"""Clipped recordings: the tops of the waves cut flat, at whatever level it was done."""

from __future__ import annotations

import numpy as np

__all__ = ["clipping"]

_RUN = 4  # equal samples at the extreme; speech that was not clipped has one or two
_FLAT_TOPS = 20
_SHARE = 0.002
_COARSE = 0.002  # of the peak: a larger step is one of quantisation


def clipping(audio: np.ndarray) -> str:
    """What to say of audio (S,) whose highest or lowest value stands in many flat tops; "" of any other."""
    low, high = float(audio.min()), float(audio.max())
    size = np.abs(audio)
    top = float(size.max())
    below = float(size[size < top].max(initial=0.0))
    if high <= low or top - below > _COARSE * top:  # 8-bit and mu-law samples have such tops by themselves
        return ""
    at = np.concatenate([[False], (audio == high) | (audio == low), [False]]).astype(np.int8)
    edges = np.flatnonzero(np.diff(at))
    lengths = edges[1::2] - edges[::2]
    flat = lengths[lengths >= _RUN]
    if len(flat) < _FLAT_TOPS or flat.sum() < _SHARE * len(audio):
        return ""
    return f"it is clipped: {flat.sum() / len(audio):.1%} of its samples stand in flat tops; record it again at a lower level"
