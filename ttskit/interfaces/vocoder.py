"""Vocoder: mel spectrogram in, waveform out."""

from __future__ import annotations

import functools
import hashlib
import inspect
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.errors import InputError
from ttskit.interfaces.acoustic import _moved
from ttskit.interfaces.trainable import Trainable
from ttskit.interfaces.vocoder_explanation import ExplainableVocoder

__all__ = ["Vocoder", "VocoderBatch", "takes_generators", "vocoder_generators"]


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


class Vocoder(ExplainableVocoder, Trainable):
    """Mel to audio. A plugin's factory is `factory(options, mel) -> Vocoder`.

    `infer` gives exactly T * hop samples; frame k becomes the hop samples around its centre, so the
    first sample lies at `mel.waveform_start_samples` on the recording's clock.

    A vocoder that draws noise (a flow, a diffusion model) declares `stochastic` and draws each row's from that row's
    generator alone. If it streams as well, what it draws for a frame must not depend on how the mel is cut: draw frame
    by frame, or keep the state between chunks. One that draws nothing may leave `generators` out of both methods; the
    base class then takes and drops them.
    """

    trainable: ClassVar[bool] = False
    streaming: bool = False
    stochastic: bool = False  # other generators, other audio
    segment_frames: int = 32  # length of training segments
    features: tuple[str, ...] = ()  # what it trains with besides mel and audio: "pitch"; an instance may set its own

    mel: MelConfig

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("infer", "infer_stream"):
            own = cls.__dict__.get(name)
            if own is not None and not takes_generators(own):
                setattr(cls, name, _dropping_generators(own))

    @abstractmethod
    def infer(self, mel: Tensor, generators: Sequence[torch.Generator] | None = None) -> Tensor:
        """Waveform (B, T * hop) in [-1, 1] of log mel (B, M, T).

        Args:
            mel: log mel.
            generators: one per row (on the CPU), so that a batch equals single runs; without, what is random comes
                from torch's global generator. Always given by name.

        Raises:
            InputError: no frames, another number of bands, NaN; another number of generators than rows.
        """

    def infer_stream(self, chunks: Iterable[Tensor], generators: Sequence[torch.Generator] | None = None) -> Iterator[Tensor]:
        """Waveform chunks of mel chunks (B, M, t); joined they equal `infer` of the joined mel with equal generators."""
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

    def row_generators(
        self, mel: Tensor, generators: Sequence[torch.Generator] | None
    ) -> Sequence[torch.Generator] | Sequence[None]:
        """The generator of each row of mel (B, M, T), as torch's functions take it; None is torch's global one."""
        if generators is None:
            return [None] * mel.shape[0]
        if len(generators) != mel.shape[0]:
            raise InputError("one generator per row is needed", f"{len(generators)} generators, {mel.shape[0]} rows", "")
        return generators


def vocoder_generators(seeds: Iterable[int]) -> list[torch.Generator]:
    """One generator per row for a vocoder, from the seeds of the sentences that are spoken.

    An acoustic model is seeded with these numbers themselves: the vocoder's noise must not be the same noise again.
    """
    numbers = (int.from_bytes(hashlib.sha256(f"vocoder/{int(seed)}".encode()).digest()[:7], "big") for seed in seeds)
    return [torch.Generator().manual_seed(number) for number in numbers]


def takes_generators(method: Callable[..., Any]) -> bool:
    """Whether an `infer` or `infer_stream` as its author wrote it takes `generators`."""
    parameters = inspect.signature(method).parameters.values()
    return any(p.name == "generators" or p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)


def _dropping_generators(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that was written without `generators`, as one that may be given them."""

    @functools.wraps(method)
    def called(self: Vocoder, *args: Any, generators: Sequence[torch.Generator] | None = None, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs)

    return called
