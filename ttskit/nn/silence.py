"""What padding frames hold when a model has spoken."""

from __future__ import annotations

import math

from ttskit.audio.config import MelConfig

__all__ = ["log_mel_silence"]


def log_mel_silence(mel: MelConfig) -> float:
    """The log mel of digital silence: the logarithm of the guard, in the mel's base (what `Spectrogram` asks of padding)."""
    guard = max(mel.log_guard, 1e-12)
    return math.log10(guard) if mel.log_base == "10" else math.log(guard)
