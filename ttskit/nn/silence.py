"""What padding frames hold when a model has spoken."""

from __future__ import annotations

from dataclasses import replace

from ttskit.audio.config import MelConfig
from ttskit.audio.mel import log_floor

__all__ = ["log_mel_silence"]


def log_mel_silence(mel: MelConfig) -> float:
    """The log mel of digital silence, which `Spectrogram` asks of frames past a row's end; finite without a guard, too."""
    return log_floor(replace(mel, log_guard=max(mel.log_guard, 1e-12)))
