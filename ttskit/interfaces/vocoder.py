"""Vocoder: mel spectrogram in, waveform out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.errors import InputError
from ttskit.interfaces.acoustic import _moved
from ttskit.interfaces.trainable import Trainable

__all__ = ["Vocoder", "VocoderBatch"]


@dataclass(frozen=True, slots=True)
class VocoderBatch:
    """Segments for training a vocoder.

    Args:
        ids: utterance ids, for messages.
        mel: (B, M, T) log mel of each segment.
        audio: (B, T * hop) the samples that belong to these frames (see `Vocoder`).
        seeds: (B,) int64, a function of (seed, epoch, utterance).
        pitch_hz: (B, T) F0 of the recording, unvoiced 0; for vocoders whose `features` name "pitch".
    """

    ids: tuple[str, ...]
    mel: Tensor
    audio: Tensor
    seeds: Tensor | None = None
    pitch_hz: Tensor | None = None

    def to(self, device: torch.device | str) -> VocoderBatch:
        """The batch on another device."""
        return _moved(self, device)

    @property
    def frames(self) -> int:
        """Mel frames in the batch."""
        return self.mel.shape[0] * self.mel.shape[2]


class Vocoder(Trainable):
    """Mel to audio. A plugin's factory is `factory(options, mel) -> Vocoder`.

    `infer` gives exactly T * hop samples; frame k becomes the hop samples around its centre, so the
    first sample lies at `mel.waveform_start_samples` on the recording's clock.
    """

    trainable: ClassVar[bool] = False
    streaming: bool = False
    segment_frames: int = 32  # length of training segments
    features: tuple[str, ...] = ()  # what it trains with besides mel and audio: "pitch"; an instance may set its own

    mel: MelConfig

    @abstractmethod
    def infer(self, mel: Tensor) -> Tensor:
        """Waveform (B, T * hop) in [-1, 1] of log mel (B, M, T).

        Raises:
            InputError: no frames, another number of bands, NaN.
        """

    def infer_stream(self, chunks: Iterable[Tensor]) -> Iterator[Tensor]:
        """Waveform chunks of mel chunks (B, M, t); joined they equal `infer` of the joined mel."""
        why = "its plugin does not declare streaming"
        raise InputError(f"{type(self).__name__} cannot stream", why, "synthesise in one pass")

    def check_mel(self, mel: Tensor) -> None:
        """Reject what is no log mel of this vocoder."""
        if mel.dim() != 3 or mel.shape[1] != self.mel.bands:
            raise InputError("mel has the wrong shape", f"got {tuple(mel.shape)}, need (B, {self.mel.bands}, T)", "")
        if mel.shape[0] == 0 or mel.shape[2] == 0:
            raise InputError("mel has no frames", f"shape {tuple(mel.shape)}", "synthesise at least one token")
        if not bool(torch.isfinite(mel).all()):
            raise InputError("mel has NaN or infinite values", "the acoustic model diverged", "use an earlier checkpoint")
