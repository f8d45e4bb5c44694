"""Explanation: what a model can show of how it turned one sentence into a mel, for a page that teaches.

A model gives ordered steps. Each has tensors of this sentence, recorded while `infer` ran (`ttskit.nn.activations`), never
computed by a second copy of the forward code, so that what is shown is what was spoken. It offers interventions: what can be
changed on the way ("without scaling", "head 2 off", "positions removed"), applied by the same hooks and heard in the mel.

Texts belong to whoever shows them: a step and an intervention carry a key under which a page looks for title, words and
equation in the reader's language, and a title in plain English for a page that has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from ttskit.errors import InputError

if TYPE_CHECKING:
    import torch

    from ttskit.interfaces.acoustic import AcousticInput, AcousticModel, Controls, Spectrogram

__all__ = [
    "AXES",
    "Axis",
    "Explainable",
    "Explanation",
    "Intervention",
    "Recorded",
    "Step",
    "one_row",
    "requested",
]

# What a page knows how to label. A query looks, a key is looked at; a step is one turn of an autoregressive decoder, a round
# one of a search; a sample is of the waveform, or of a signal on its way there; a bin is of a linear spectrum.
_TEXT_TO_MEL = ("token", "frame", "step", "query", "key", "channel", "band", "head", "layer", "symbol", "gate", "coordinate")
AXES = (*_TEXT_TO_MEL, "sample", "bin", "round")


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a recorded tensor.

    Args:
        name: one of `AXES`.
        labels: of its places, where they have names (gates i, f, g, o); else empty.
    """

    name: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A named tensor of one sentence (no batch axis).

    Args:
        key: its name within the step.
        values: float32 or int64, as many dimensions as `axes`.
        axes: what each dimension counts.
        unit: of the values; "" for pure numbers.
    """

    key: str
    values: np.ndarray
    axes: tuple[Axis, ...]
    unit: str = ""

    @classmethod
    def of_row(cls, key: str, values: torch.Tensor, *axes: Axis, unit: str = "") -> Recorded:
        """Of a tensor (1, …) on the CPU, the only row, whose batch axis goes."""
        return cls(key, values[0].numpy(), axes, unit)

    def __post_init__(self) -> None:
        if self.values.ndim != len(self.axes):
            raise ValueError(f"{self.key}: {self.values.ndim} dimensions, {len(self.axes)} axes")
        strange = [axis.name for axis in self.axes if axis.name not in AXES]
        if strange:
            raise ValueError(f"{self.key}: unknown axis {strange[0]!r}, there are: {', '.join(AXES)}")


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way from tokens to mel.

    Args:
        key: what a page looks its texts up by, such as "fastpitch.duration"; unique within an explanation.
        title: in plain English, for a page that has no text under the key.
        tensors: what was recorded, the most telling one first.
        interventions: keys of those that change something here.
    """

    key: str
    title: str
    tensors: tuple[Recorded, ...] = ()
    interventions: tuple[str, ...] = ()

    def __getitem__(self, key: str) -> np.ndarray:
        """The values of a tensor by its key.

        Raises:
            KeyError: it was not recorded.
        """
        for tensor in self.tensors:
            if tensor.key == key:
                return tensor.values
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class Intervention:
    """Something that can be done to a model on the way.

    Args:
        key: unique within a model, such as "encoder.unscaled".
        title: what it does, in plain English.
        choices: the values that it takes: heads, layers, shares; never empty.
    """

    key: str
    title: str
    choices: tuple[str | int | float, ...]


@dataclass(frozen=True)
class Explanation:
    """How one sentence became a mel.

    Args:
        spectrogram: of one row: what `infer` gives, bit for bit, where nothing was changed.
        steps: in order.
        interventions: all that the model offers.
        applied: what was changed: intervention key → choice.
    """

    spectrogram: Spectrogram
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


def requested(asked: Mapping[str, str | int | float] | None, offered: Sequence[Intervention]) -> dict[str, str | int | float]:
    """What is to be changed, checked against what a model offers.

    Raises:
        InputError: an intervention or a choice that is not offered.
    """
    asked = dict(asked or {})
    known = {one.key: one for one in offered}
    for key, choice in asked.items():
        if key not in known:
            raise InputError(f"there is no intervention {key!r}", f"there are: {', '.join(known) or 'none'}", "")
        if choice not in known[key].choices:
            raise InputError(
                f"intervention {key!r} cannot be {choice!r}", f"choices: {', '.join(map(str, known[key].choices))}", ""
            )
    return asked


class Explainable:
    """What lets a model show how it works; part of `AcousticModel`.

    Attributes:
        explaining: dotted name of a module that explains this model, imported when it is asked: its `interventions(model)` and
            `explain(model, inputs, controls, generators, changed)` are what the methods here give. "" for the default.
    """

    explaining: ClassVar[str] = ""

    def interventions(self) -> tuple[Intervention, ...]:
        """What `explain` can be asked to change on the way."""
        return tuple(import_module(self.explaining).interventions(self)) if self.explaining else ()

    def explain(
        self,
        inputs: AcousticInput,
        controls: Controls | None = None,
        generators: Sequence[torch.Generator] | None = None,
        changed: Mapping[str, str | int | float] | None = None,
    ) -> Explanation:
        """Speak one sentence and show how. By default what `infer` gives: alignment, durations, pitch, mel.

        A model shows more by recording its parts while `infer` runs (`ttskit.nn.Activations`), in steps of its own. With
        nothing changed the mel is `infer`'s, bit for bit; the conformance kit holds it to that.

        Args:
            inputs, controls, generators: as for `infer`, of one row.
            changed: key of an intervention → one of its choices.

        Raises:
            InputError: more than one row, or a change that is not among `interventions()`.
        """
        one_row(inputs)
        if self.explaining:
            shown: Explanation = import_module(self.explaining).explain(self, inputs, controls, generators, changed)
            return shown
        return _explained(cast("AcousticModel", self), inputs, controls, generators, changed)


def _explained(
    model: AcousticModel,
    inputs: AcousticInput,
    controls: Controls | None,
    generators: Sequence[torch.Generator] | None,
    changed: Mapping[str, str | int | float] | None,
) -> Explanation:
    """What can be said of any model: what `infer` gives, as steps.

    Raises:
        InputError: a change that the model does not offer.
    """
    applied = requested(changed, model.interventions())
    spoken = model.infer(inputs, controls, generators)
    token, frame = Axis("token"), Axis("frame")
    steps = []
    for key, title, value, axes, unit in (
        ("alignment", "which token each frame belongs to", spoken.alignment, (frame, token), ""),
        ("durations", "how long each token lasts", spoken.durations, (token,), "frames"),
        ("pitch", "pitch of each token", spoken.pitch, (token,), ""),
        ("mel", "the mel", spoken.mel, (Axis("band"), frame), ""),
    ):
        if value is not None:
            values = value[0].detach().cpu()
            array = (values.float() if values.is_floating_point() else values).numpy()
            steps.append(Step(f"model.{key}", title, (Recorded(key, array, axes, unit),)))
    return Explanation(spoken, tuple(steps), model.interventions(), applied)


def one_row(inputs: AcousticInput) -> None:
    """An explanation is of one sentence.

    Raises:
        InputError: it is not one.
    """
    rows = int(inputs.tokens.shape[0])
    if rows != 1:
        raise InputError("an explanation is of one sentence", f"got {rows} rows", "explain them one by one")
