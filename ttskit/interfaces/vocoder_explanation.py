"""Explanation of a vocoder: what it can show of how one mel became a waveform, as `explanation` does for acoustic models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, cast

from ttskit.errors import InputError
from ttskit.interfaces.explanation import Axis, Intervention, Recorded, Step, requested

if TYPE_CHECKING:
    import torch

    from ttskit.interfaces.architecture import VocoderArchitecture
    from ttskit.interfaces.vocoder import Vocoder

__all__ = ["ExplainableVocoder", "VocoderExplanation"]


@dataclass(frozen=True)
class VocoderExplanation:
    """How one mel became a waveform.

    Args:
        audio: (1, S): what `infer` gives, bit for bit, where nothing was changed.
        steps: in order.
        interventions: all that the vocoder offers.
        applied: what was changed: intervention key → choice.
    """

    audio: torch.Tensor
    steps: tuple[Step, ...]
    interventions: tuple[Intervention, ...] = ()
    applied: Mapping[str, str | int | float] = field(default_factory=lambda: MappingProxyType({}))

    def __getitem__(self, key: str) -> Step:
        """A step by its key.

        Raises:
            KeyError: there is none.
        """
        for step in self.steps:
            if step.key == key:
                return step
        raise KeyError(key)


class ExplainableVocoder:
    """What lets a vocoder show how it works; part of `Vocoder`.

    Attributes:
        explaining: dotted name of a module that explains this vocoder, imported when it is asked: its `interventions(vocoder)`
            and `explain(vocoder, mel, generators, changed)` are what the methods here give. "" for the default.
    """

    explaining: ClassVar[str] = ""

    def architecture(self) -> VocoderArchitecture | None:
        """How it is built, if it is a network of upsampling stages; else None.

        Its description then declares the fact `architecture`: the dotted path of a function that says of a `MelConfig` how
        one would be built for it, so that there is something to draw before one is trained.
        """
        return None

    def interventions(self) -> tuple[Intervention, ...]:
        """What `explain` can be asked to change on the way."""
        return tuple(import_module(self.explaining).interventions(self)) if self.explaining else ()

    def explain(
        self,
        mel: torch.Tensor,
        generators: Sequence[torch.Generator] | None = None,
        changed: Mapping[str, str | int | float] | None = None,
    ) -> VocoderExplanation:
        """Make the waveform of one mel and show how. By default what is known of any vocoder: mel and waveform.

        A vocoder shows more by recording its parts while `infer` runs (`ttskit.nn.Activations`), in steps of its own. With
        nothing changed the audio is `infer`'s, bit for bit; the conformance kit holds it to that. One that has kernels which
        call no parts gives itself an attribute `fast`, and switches it off while it explains.

        Args:
            mel: log mel (1, M, T).
            generators: as for `infer`.
            changed: key of an intervention → one of its choices.

        Raises:
            InputError: no mel of this vocoder's, more than one row, or a change that is not among `interventions()`.
        """
        vocoder = cast("Vocoder", self)
        vocoder.check_mel(mel)
        if mel.shape[0] != 1:
            raise InputError("an explanation is of one sentence", f"got {mel.shape[0]} rows", "explain them one by one")
        if self.explaining:
            shown: VocoderExplanation = import_module(self.explaining).explain(self, mel, generators, changed)
            return shown
        applied = requested(changed, self.interventions())
        audio = vocoder.infer(mel, generators=generators)
        heard = Recorded.of_row("audio", audio.detach().float().cpu(), Axis("sample"))
        seen = Recorded.of_row("mel", mel.detach().float().cpu(), Axis("band"), Axis("frame"))
        steps = (Step("vocoder.mel", "the mel", (seen,)), Step("vocoder.audio", "the waveform", (heard,)))
        return VocoderExplanation(audio, steps, self.interventions(), applied)
