"""A decoder that speaks step by step, as its explanation shows it: found by axes, whatever the model is called."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ttskit.interfaces.explanation import Explanation, Step
from ttskit.nn import attention_weights
from ttskit_explain import finding

__all__ = ["SpokenInSteps", "TextLook", "cumulative", "masked_attention", "spoken", "stops_at", "unmasked"]

_SUM = 1e-2  # by how much a row of weights may miss 1; energies miss it by far


@dataclass(frozen=True, slots=True)
class TextLook:
    """Where one attention looks in the text.

    Args:
        layer, head: from 1; 0 for the one that the model calls its alignment.
        weights: (S, N).
    """

    layer: int
    head: int
    weights: np.ndarray


@dataclass(frozen=True, slots=True)
class SpokenInSteps:
    """What a decoder said, in steps.

    Args:
        steps: S, how many it kept.
        frames_per_step: r, its reduction factor.
        mel: (M, S·r) what the decoder itself said, before a postnet corrects it, if the model shows that; else the mel.
        looks: where it looked, step by step.
        heard: (S, M) the frame that each step was given, or None.
        stop: (S) probability that the sentence is over, or None.
    """

    steps: int
    frames_per_step: int
    mel: np.ndarray
    looks: tuple[TextLook, ...]
    heard: np.ndarray | None
    stop: np.ndarray | None

    def visible(self, step: int) -> int:
        """How many frames exist once step `step`, from 0, has been made."""
        return min((step + 1) * self.frames_per_step, self.mel.shape[1])


def spoken(explanation: Explanation) -> SpokenInSteps:
    """The steps of an explanation. A model that shows no steps is read frame by frame."""
    mel = explanation.spectrogram.row(0).mel[0].float().cpu().numpy()
    frames = mel.shape[1]
    turns = finding.with_axes(explanation, ("step",), ("step", "band"), ("step", "channel"), ("step", "token"))
    # A step that was made and not kept (it only said stop) is one more than the frames have: rounding up allows for it.
    recorded = turns[0].values.shape[0] if turns else frames
    each = max(1, -(-frames // max(1, recorded)))
    steps = -(-frames // each)
    before = [one.values for one in finding.named(explanation, "before") if one.values.shape == mel.shape]
    heard = [one.values for one in finding.with_axes(explanation, ("step", "band"))]
    stop = [one.values for one in finding.with_axes(explanation, ("step",))]
    return SpokenInSteps(
        steps,
        each,
        before[0] if before else mel,
        tuple(_looks(explanation, steps, each)),
        heard[0][:steps] if heard and len(heard[0]) >= steps else None,
        stop[0][:steps] if stop and len(stop[0]) >= steps else None,
    )


def _looks(explanation: Explanation, steps: int, each: int) -> list[TextLook]:
    """The alignment first, then each layer's heads."""
    whole, heads, layer = [], [], 0
    for found in finding.text_attention(explanation):
        axes, values = [axis.name for axis in found.tensor.axes], found.values
        rows = values[..., ::each, :] if "frame" in axes else values
        rows = rows[..., :steps, :]
        if rows.shape[-2] < steps or not _weights(rows):
            continue
        if rows.ndim == 2:
            whole.append(TextLook(0, 0, rows))
        else:
            layer += 1
            heads += [TextLook(layer, head + 1, one) for head, one in enumerate(rows)]
    return [*whole[:1], *heads]


def _weights(rows: np.ndarray) -> bool:
    """Whether rows are shares of one whole: energies have these axes too."""
    return bool((rows >= 0).all() and (np.abs(rows.sum(-1) - 1) < _SUM).all())


def masked_attention(explanation: Explanation) -> list[finding.FoundTensor]:
    """Who looks at whom among a decoder's own steps, (heads, S, S) a layer: beside it in its step stand tensors by steps."""
    return [found for found in finding.self_attention(explanation) if _by_steps(found.step)]


def _by_steps(step: Step) -> bool:
    return any(axis.name == "step" for tensor in step.tensors for axis in tensor.axes)


def unmasked(step: Step) -> np.ndarray | None:
    """Where the same queries would have looked without the mask, (heads, S, S); None where queries and keys are not shown."""
    kinds = {one.key: one.values for one in step.tensors if [axis.name for axis in one.axes] == ["head", "step", "channel"]}
    if "q" not in kinds or "k" not in kinds:
        return None
    weights: np.ndarray = attention_weights(torch.from_numpy(kinds["q"]), torch.from_numpy(kinds["k"])).numpy()
    return weights


def cumulative(weights: np.ndarray) -> np.ndarray:
    """What location-sensitive attention is told beside the last weights: their sum over all steps before, (S, N)."""
    before = np.zeros_like(weights)
    before[1:] = np.cumsum(weights, axis=0)[:-1]
    return before


def stops_at(stop: np.ndarray, threshold: float) -> int | None:
    """The first step, from 1, at which the stop probability is above a threshold; None if at none."""
    above = np.flatnonzero(stop > threshold)
    return int(above[0]) + 1 if len(above) else None
