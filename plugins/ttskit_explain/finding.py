"""What a recorded tensor is, by its axes: no section asks which model it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ttskit.interfaces.explanation import Explanation, Recorded, Step

__all__ = ["FoundTensor", "gates", "named", "positions", "row_labels", "self_attention", "text_attention", "with_axes"]


@dataclass(frozen=True, slots=True)
class FoundTensor:
    """A tensor and the step that it belongs to."""

    step: Step
    tensor: Recorded

    @property
    def values(self) -> np.ndarray:
        """Of the tensor."""
        return self.tensor.values


def with_axes(explanation: Explanation, *wanted: Sequence[str]) -> list[FoundTensor]:
    """Tensors whose axes are one of these lists of names, in the order of the steps."""
    lists = {tuple(names) for names in wanted}
    return [FoundTensor(step, one) for step, one in _all(explanation) if tuple(axis.name for axis in one.axes) in lists]


def named(explanation: Explanation, key: str) -> list[FoundTensor]:
    """Tensors of that key, in the order of the steps."""
    return [FoundTensor(step, one) for step, one in _all(explanation) if one.key == key]


def self_attention(explanation: Explanation) -> list[FoundTensor]:
    """Weights of self-attention (heads, queries, keys), a layer each."""
    return with_axes(explanation, ("head", "query", "key"))


def text_attention(explanation: Explanation) -> list[FoundTensor]:
    """Where a decoder looks in the text: (frames or steps, tokens), or the same for each head."""
    return with_axes(explanation, ("frame", "token"), ("step", "token"), ("head", "step", "token"), ("head", "frame", "token"))


def gates(explanation: Explanation) -> list[FoundTensor]:
    """Gates of LSTMs: (tokens or steps, gates i f g o, channels)."""
    return with_axes(explanation, ("token", "gate", "channel"), ("step", "gate", "channel"), ("frame", "gate", "channel"))


def positions(explanation: Explanation) -> list[FoundTensor]:
    """Waves of positions that were added: tensors called "positions"."""
    return named(explanation, "positions")


def row_labels(tokens: Sequence[str], rows: int) -> list[str]:
    """What the rows of a tensor over tokens are called: a model may put an end of its own behind those it was given."""
    return [*tokens[:rows], *["<end>"] * (rows - len(tokens))]


def _all(explanation: Explanation) -> Iterator[tuple[Step, Recorded]]:
    for step in explanation.steps:
        for tensor in step.tensors:
            yield step, tensor
