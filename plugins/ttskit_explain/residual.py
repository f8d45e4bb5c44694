"""The stream that runs through a stack of layers: what each part finds, adds and leaves, from recorded tensors.

Read off by names that the built-in models share, whatever the model: `in` what a layer was given, `attention_adds` (or
`adds`, or anything that ends so) what a part adds to it, `after_attention` what stands there afterwards, `out` what left the
layer, `attention_in` what a part was given where that is not the stream itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ttskit.interfaces.explanation import Explanation, Step
from ttskit_explain.vectors import rms, standardised

__all__ = ["Half", "Norm", "halves", "norm_of"]

_ROUNDING = 1e-3  # of the size of what is compared: recorded numbers are fp32, sums of two are as well


@dataclass(frozen=True, slots=True)
class Half:
    """One part of a layer, around which the stream goes.

    Args:
        step: key of the model's step.
        place: what its rows count: "token", "frame" or "step".
        layer: from 1 within its place; 0 for what lies between layers (pitch, energy).
        part: "attention", "reading", "feed_forward", "lstm", "pitch" …
        before: (L, C) the stream that arrives.
        adds: (L, C) what the part adds.
        after: (L, C) the stream afterwards.
        given: (L, C) what the part was given, where it was recorded and is another thing than `before`.
    """

    step: str
    place: str
    layer: int
    part: str
    before: np.ndarray
    adds: np.ndarray
    after: np.ndarray
    given: np.ndarray | None = None

    @property
    def summed(self) -> np.ndarray:
        """(L, C) the residual sum."""
        return np.asarray(self.before + self.adds)

    @property
    def normed(self) -> bool:
        """Whether something was done to the sum before it went on."""
        return not _same(self.summed, self.after)

    @property
    def shares(self) -> np.ndarray:
        """(L,) size of what is added, as a share of the size of what was there."""
        size = rms(self.before)
        return np.divide(rms(self.adds), size, out=np.zeros_like(size), where=size > 0)

    @property
    def agreement(self) -> np.ndarray:
        """(L,) cosine between what is added and what was there."""
        length = rms(self.before) * rms(self.adds)
        product = (np.asarray(self.before, np.float64) * self.adds).mean(-1)
        return np.divide(product, length, out=np.zeros_like(product), where=length > 0)


@dataclass(frozen=True, slots=True)
class Norm:
    """A layer normalisation as its effect on this sentence shows it (Ba et al. 2016, section 3.1).

    Args:
        before: (L, C) what went in.
        after: (L, C) what came out.
        mean, variance: (L,) of each row of `before`.
        gain, bias: (C,) learned, found by least squares: each channel's output against its standardised input.
    """

    before: np.ndarray
    after: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    gain: np.ndarray
    bias: np.ndarray


def halves(explanation: Explanation) -> list[Half]:
    """Every part that adds to a stream, in order. What cannot be followed (no `in`, and nothing known before) is left out."""
    found: list[Half] = []
    stream: dict[str, np.ndarray] = {}
    layers: dict[str, int] = {}
    for step in explanation.steps:
        wide = [one for one in step.tensors if len(one.axes) == 2 and one.axes[1].name == "channel"]
        adding = [one for one in wide if one.key == "adds" or one.key.endswith("_adds")]
        place = (adding or wide)[0].axes[0].name if wide else ""
        named = {one.key: one.values for one in wide if one.axes[0].name == place}
        if not adding:
            left = next((named[key] for key in ("out", "sum") if key in named), None)
            if left is not None:
                stream[place] = left
            continue
        before = named.get("in", stream.get(place))
        if before is None or before.shape != adding[0].values.shape:
            continue
        whole = "out" in named
        layers[place] = layers.get(place, 0) + whole
        for i, one in enumerate(adding):
            part = _part(step, one.key)
            left = named.get(f"after_{part}", named.get("out") if i == len(adding) - 1 else None)
            after = before + one.values if left is None else left
            found.append(
                Half(
                    step.key,
                    place,
                    layers[place] if whole else 0,
                    part,
                    before,
                    one.values,
                    after,
                    named.get(f"{part}_in"),
                )
            )
            before = after
        stream[place] = before
    return found


def norm_of(half: Half) -> Norm | None:
    """The normalisation of a part: of the sum, or before the part. None where neither is one, or a row would not tell.

    Gain and bias of each channel follow from two rows; that all others agree is what says that it is a layer normalisation.
    """
    before, after = (half.summed, half.after) if half.normed else (half.before, half.given)
    if after is None or len(before) < 3:
        return None
    unit = standardised(before)
    centred = unit - unit.mean(0)
    spread = (centred**2).sum(0)
    gain = np.divide((centred * after).sum(0), spread, out=np.zeros(after.shape[1]), where=spread > 0)
    bias = after.mean(0) - gain * unit.mean(0)
    if not _same(unit * gain + bias, after):
        return None
    wide = np.asarray(before, np.float64)
    return Norm(before, after, wide.mean(-1), wide.var(-1), gain, bias)


def _part(step: Step, key: str) -> str:
    """What adds: "attention" of "attention_adds"; of plain "adds" the LSTM whose gates stand beside it, or the step's name."""
    if key != "adds":
        return key.removesuffix("_adds")
    gated = any(axis.name == "gate" for one in step.tensors for axis in one.axes)
    return "lstm" if gated else step.key.rpartition(".")[2]


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    size = max(float(rms(np.ravel(other))), 1e-9)
    return one.shape == other.shape and float(np.abs(np.asarray(one, np.float64) - other).max()) < _ROUNDING * size
