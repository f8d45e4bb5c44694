"""What the checks of an acoustic model look at: the model built small, a batch, and the ways to ask it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ttskit.interfaces.acoustic import AcousticBatch, AcousticInput, AcousticModel, Controls, ModelContext, Spectrogram
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.trainable import Losses, TrainState
from ttskit.testing.builders import tiny_batch, tiny_context
from ttskit.testing.checks import need

__all__ = ["ATOL", "STATE", "AcousticSubject", "losses_of", "row_of", "same"]

STATE = TrainState(step=50, epoch=3, total_steps=100)
# fp32 sums in another order (other padding, other batch) differ by rounding only.
ATOL = 2e-4


class AcousticSubject:
    """An acoustic model under check; nothing is built before a check asks for it. Checks leave `model` as they find it."""

    def __init__(self, plugin: Plugin) -> None:
        self.plugin = plugin

    @cached_property
    def options(self) -> Any:
        """The options, with the plugin's `small_options`."""
        options_class = self.plugin.load_options()
        small = dict(self.plugin.facts.get("small_options", {}))
        return options_class(**small) if options_class else small

    @cached_property
    def context(self) -> ModelContext:
        """Two speakers, sixteen symbols."""
        return tiny_context()

    @cached_property
    def batch(self) -> AcousticBatch:
        """Three sentences of different lengths, with every feature."""
        return tiny_batch(self.context)

    @cached_property
    def inputs(self) -> AcousticInput:
        """The same sentences, to be spoken."""
        return AcousticInput(self.batch.tokens, self.batch.token_lengths, self.batch.speaker)

    @cached_property
    def model(self) -> AcousticModel:
        """The model in evaluation mode, after a few passes in training mode: its statistics are not the initial ones."""
        model = self.build().train()
        torch.manual_seed(1)
        with torch.no_grad():
            for seed in range(3):
                model(tiny_batch(self.context, seed=seed))
        return model.eval()

    def build(self, seed: int = 0, options: Any = None, context: ModelContext | None = None) -> AcousticModel:
        """A fresh model."""
        torch.manual_seed(seed)
        return self.plugin.load()(self.options if options is None else options, context or self.context)

    def infer(
        self,
        inputs: AcousticInput | None = None,
        controls: Controls | None = None,
        model: AcousticModel | None = None,
        seeds: Iterable[int] | None = None,
    ) -> Spectrogram:
        """What the model says, each row with a generator of its own."""
        inputs = self.inputs if inputs is None else inputs
        generators = [torch.Generator().manual_seed(s) for s in seeds or range(len(inputs.tokens))]
        with torch.inference_mode():
            return (model or self.model).eval().infer(inputs, controls, generators)

    def single(self, row: int) -> AcousticInput:
        """One of the sentences alone."""
        n = int(self.inputs.lengths[row])
        cut = slice(row, row + 1)
        speaker = self.inputs.speaker
        return AcousticInput(self.inputs.tokens[cut, :n], self.inputs.lengths[cut], None if speaker is None else speaker[cut])

    def steady(self, frames: float) -> Tensor:
        """The same duration (B, N) for every real token."""
        return frames * self.real_tokens

    @cached_property
    def real_tokens(self) -> Tensor:
        """(B, N) bool."""
        return torch.arange(self.inputs.tokens.shape[1])[None] < self.inputs.lengths[:, None]

    @cached_property
    def real_frames(self) -> Tensor:
        """(B, T) bool, of the batch."""
        return torch.arange(self.batch.mel.shape[2])[None] < self.batch.mel_lengths[:, None]


def losses_of(model: AcousticModel, batch: AcousticBatch) -> Losses:
    """Loss terms of a batch, as `forward` and `loss` give them."""
    losses = model.loss(model(batch), batch, STATE)
    need(isinstance(losses, Losses) and len(losses.terms) > 0, "loss must return Losses with at least one term")
    return losses


def same(one: Spectrogram, other: Spectrogram, atol: float = ATOL) -> bool:
    """Whether two spectrograms differ by no more than this."""
    return one.mel.shape == other.mel.shape and torch.allclose(one.mel, other.mel, rtol=0, atol=atol)


_PER_TOKEN, _PER_FRAME = ("tokens", "durations"), ("mel", "pitch", "energy")


def row_of(batch: AcousticBatch, index: int) -> AcousticBatch:
    """One row of a batch, without padding."""
    n, t = int(batch.token_lengths[index]), int(batch.mel_lengths[index])
    cut: dict[str, Any] = {}
    for f in fields(AcousticBatch):
        value = getattr(batch, f.name)
        if value is None:
            continue
        value = value[index : index + 1]
        if f.name in _PER_TOKEN:
            value = value[:, :n]
        elif f.name in _PER_FRAME:
            value = value[..., :t]
        cut[f.name] = value
    return AcousticBatch(**cut)
