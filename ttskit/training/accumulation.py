"""Gradient accumulation: one step on several batches, one after the other, that equals a step on all of them together.

A process with `training.accumulate: k` does the work of k processes in turn: its part of a global batch (k times as large as
the recipe says) is cut into k shares, each with the random numbers that the process of that number would have.

A model's training step is one call for one batch, and what stands behind a call of `optimize` in it may rely on parameters
that have moved. So the first share leads: its training step runs as always, and each `optimize` in it asks the other shares
for their losses at the same call. They run the training step from its start, pass by the calls that are done, and leave at
this one (`Share.losses`), as often as there are calls: once for a model with one optimiser; a GAN's other shares make their
audio twice.

Losses are sums that are divided by counts over all shares and processes, so the counts must be known before the first
backward pass. A model that can read them off a batch says so (`Trainable.loss_counts`), and then a step costs what its shares
cost; else the other shares are run once more without gradient, up to a third more time for k large.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ttskit.errors import TrainingError
from ttskit.interfaces.trainable import Losses, Trainable, TrainState
from ttskit.training.precision import Precision

__all__ = ["Count", "Share", "StepBuffers"]

Count = Tensor | float


class StepBuffers:
    """The buffers that a model is saved with (batch statistics, vectors of spectral normalisation), during one step.

    A bad step leaves them as they were. Each share of a step starts from the same ones; afterwards they are the mean of
    what the shares made of them (whole numbers, such as counters, are the first share's).
    """

    def __init__(self, model: nn.Module) -> None:
        kept = model.state_dict(keep_vars=True)
        self._buffers = [buffer for name, buffer in model.named_buffers() if name in kept]
        self._before = [torch.empty_like(buffer) for buffer in self._buffers]
        self._after: list[list[Tensor]] = []

    def begin(self) -> None:
        """Before a step."""
        self._after = []
        for saved, buffer in zip(self._before, self._buffers, strict=True):
            saved.copy_(buffer)

    def undo(self, bad: Tensor) -> None:
        """Back to what they were before the step, where `bad` (scalar bool) is true; a choice made on the device."""
        for saved, buffer in zip(self._before, self._buffers, strict=True):
            buffer.copy_(torch.where(bad, saved, buffer))

    def called(self) -> None:
        """The leading share has done one more call of `optimize`: the others go on from here at later calls."""
        self._after.append([buffer.detach().clone() for buffer in self._buffers])

    @contextmanager
    def apart(self) -> Iterator[list[list[Tensor]]]:
        """Another share's pass, on copies; the list that it gives holds what the pass made of them.

        Copies are put under the same tensors without a trace in autograd: the leading share's graph may still need its own.
        """
        own = [buffer.data for buffer in self._buffers]
        made: list[list[Tensor]] = []
        self._put(self._before)
        try:
            yield made
            made.append([buffer.data for buffer in self._buffers])
        finally:
            for buffer, data in zip(self._buffers, own, strict=True):
                buffer.data = data

    def rewind(self, call: int) -> None:
        """Within `apart`: the share stands where the leading one stood after this call."""
        self._put(self._after[call])

    def average(self, made: Sequence[Sequence[Tensor]]) -> None:
        """Take the mean of the leading share's buffers and those of other shares."""
        for i, buffer in enumerate(self._buffers):
            if buffer.is_floating_point():  # as a difference, so that what no share moved stays the same bit for bit
                buffer.data.add_(sum(other[i] - buffer.data for other in made) / (len(made) + 1))

    def _put(self, values: Sequence[Tensor]) -> None:
        for buffer, value in zip(self._buffers, values, strict=True):
            buffer.data = value.clone()


class _Reached(BaseException):
    """Leaves a training step where its losses are known; no Exception, so that no model takes it for one of its own."""


@dataclass(frozen=True)
class Share:
    """One of the further batches of a step.

    Args:
        model, batch, state: what `training_step` is called with; the batch on the device.
        seed: of its random numbers.
        precision, device: its arithmetic, and where it is done.
        buffers: of the model.
    """

    model: Trainable
    batch: Any
    state: TrainState
    seed: int
    precision: Precision
    device: torch.device
    buffers: StepBuffers

    def losses(self, name: str, call: int, gradient: bool = True) -> Losses:
        """The losses at call number `call` of `optimize`, which is for the optimiser `name`.

        Raises:
            TrainingError: the training step does not come to such a call with this batch.
        """
        seen: list[tuple[str, Losses]] = []

        def optimize(optimizer: str, losses: Losses) -> None:
            seen.append((optimizer, losses))
            if len(seen) > call:
                raise _Reached
            self.buffers.rewind(len(seen) - 1)

        with _same_random_state_afterwards(self.device), torch.set_grad_enabled(gradient), self.precision.autocast():
            torch.manual_seed(self.seed)
            with suppress(_Reached):
                self.model.training_step(self.batch, self.state, optimize)
        if len(seen) <= call or seen[call][0] != name:
            raise TrainingError(
                f"{type(self.model).__name__} optimises something else with another batch of the same step",
                f"the first batch: {name!r} at call {call + 1}; another one: {', '.join(o for o, _ in seen) or 'nothing'}",
                "call optimize for the same optimisers in the same order for every batch, with terms of count 0 if need be",
            )
        return seen[call][1]

    def counts(self, name: str, call: int) -> Mapping[str, Count]:
        """The counts of the same losses: what the model says of its batch, or found out by a pass without gradient."""
        said = self.model.loss_counts(self.batch, self.state)
        if said is not None:
            return said.get(name, {})
        with self.buffers.apart():
            return {term: loss.count for term, loss in self.losses(name, call, gradient=False).terms.items()}


def _same_random_state_afterwards(device: torch.device):
    kind = device.type if device.type != "cpu" else "cuda"
    devices = [] if device.type == "cpu" else [device.index or 0]
    return torch.random.fork_rng(devices, device_type=kind)
