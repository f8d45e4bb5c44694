"""What a run says with a part of its self-attention changed, and by how much its mel differs then."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.interfaces.acoustic import Spectrogram
from ttskit.interfaces.explanation import Explanation, Intervention
from ttskit.measure.quality import free_mel_l1
from ttskit_explain.attending import Layer, Stack
from ttskit_explain.lesson import Subject

__all__ = ["Change", "Tried", "changes", "difference_db", "given_by_heads", "tried"]

_DB = 20.0 / math.log(10.0)  # of one natural logarithm of a magnitude


@dataclass(frozen=True, slots=True)
class Change:
    """One way to change a stack.

    Args:
        kind: "unscaled", "mask" or "head_off".
        key, choice: what the model is asked.
        layer, head: of a head that is switched off, from 1.
    """

    kind: str
    key: str
    choice: str | int | float
    layer: str = ""
    head: int = 0

    @property
    def name(self) -> str:
        """Unique within a stack."""
        return f"{self.kind} {self.layer}.{self.head}" if self.layer else self.kind


@dataclass(frozen=True, slots=True)
class Tried:
    """A change and what came of it."""

    change: Change
    explanation: Explanation
    difference_db: float


def changes(stack: Stack, offered: Sequence[Intervention]) -> list[Change]:
    """What a model offers to do to a stack. Of several attentions of a step its own sequence's is named first."""
    known = {one.key: one for one in offered}
    found: list[Change] = []
    for kind in ("unscaled", "mask"):
        key = _key(stack.layers[0], kind)
        if key in known:
            found.append(Change(kind, key, known[key].choices[0]))
    for layer in stack.layers:
        key = _key(layer, "head_off")
        if key in known:
            asked = ((f"{layer.number}.{head + 1}", head + 1) for head in range(len(layer.weights)))
            found += [Change("head_off", key, choice, layer.number, n) for choice, n in asked if choice in known[key].choices]
    return found


def _key(layer: Layer, kind: str) -> str:
    keys = layer.step.interventions if layer.step is not None else ()
    return next((key for key in keys if key.rpartition(".")[2] == kind), "")


def tried(subject: Subject, wanted: Sequence[Change]) -> list[Tried]:
    """Each change made, one at a time.

    Raises:
        Failed: the model did.
    """
    plain = subject.spectrogram
    found = []
    for change in wanted:
        explanation = subject.explain({change.key: change.choice})
        found.append(Tried(change, explanation, difference_db(plain, explanation.spectrogram, subject.model.context.mel)))
    return found


def difference_db(one: Spectrogram, other: Spectrogram, mel: MelConfig) -> float:
    """Mean difference of two mels of one row, in dB, along the path through time that makes it smallest."""
    a, b = (x.row(0).mel[0].float().cpu().numpy() for x in (one, other))
    return float(free_mel_l1(a, b, mel)) * _DB


def given_by_heads(plain: Stack, off: Sequence[tuple[Change, Stack]]) -> dict[str, np.ndarray]:
    """What each head gives to what its layer adds, (h, L, C), by what is missing when it is off: number of the layer → it.

    Layers before a head do not notice that it is off, so that the layer is given the same; and W_O is linear: the difference
    is W_O's columns of that head times its output. Only layers all of whose heads were off, one at a time.
    """
    found: dict[str, np.ndarray] = {}
    for index, layer in enumerate(plain.layers):
        parts = {change.head: stack.layers[index].adds for change, stack in off if change.layer == layer.number}
        if layer.adds is None or sorted(parts) != list(range(1, len(layer.weights) + 1)):
            continue
        missing = [parts[head] for head in sorted(parts)]
        if all(part is not None and part.shape == layer.adds.shape for part in missing):
            found[layer.number] = np.stack([layer.adds - part for part in missing if part is not None])
    return found
