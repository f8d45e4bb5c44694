"""How far two mels of one run lie apart, frame by frame; and a wrong frame put into one by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch

from ttskit.audio.config import MelConfig
from ttskit.interfaces.acoustic import Spectrogram
from ttskit.nn import log_mel_silence

__all__ = ["distances_db", "frames_of", "with_silent_frame"]


def frames_of(spectrogram: Spectrogram) -> np.ndarray:
    """The log mel (M, T) of the only row, cut to its length."""
    values: np.ndarray = spectrogram.row(0).mel[0].float().cpu().numpy()
    return values


def distances_db(one: Spectrogram, other: Spectrogram, mel: MelConfig) -> np.ndarray:
    """(T,) log-spectral distance in dB of each frame that both have, frame k with frame k: root of the mean square over bands.

    Exactly 0 where two frames are equal. Both are of one run: other mels are not on this scale.
    """
    a, b = frames_of(one).astype(np.float64), frames_of(other).astype(np.float64)
    both = min(a.shape[1], b.shape[1])
    base = math.e if mel.log_base == "e" else 10.0
    scale = 20.0 / mel.magnitude_power * math.log10(base)  # a power is twice the decibels of a magnitude
    distances: np.ndarray = scale * np.sqrt(((a[:, :both] - b[:, :both]) ** 2).mean(0))
    return distances


def with_silent_frame(spectrogram: Spectrogram, frame: int, mel: MelConfig) -> Spectrogram:
    """The same, but for one frame (counted from 0) that says silence."""
    values = spectrogram.mel.clone()
    values[:, :, frame] = torch.tensor(log_mel_silence(mel), dtype=values.dtype)
    return replace(spectrogram, mel=values)
