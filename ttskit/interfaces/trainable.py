"""Trainable: how a model is trained belongs to the model; the trainer knows neither AR, NAR nor GAN."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ttskit.errors import UsageError

__all__ = ["LossTerm", "Losses", "Optimize", "OptimizerPlan", "TrainState", "Trainable"]


@dataclass(frozen=True, slots=True)
class TrainState:
    """Where training stands. `step` counts from 0, `epoch` from 0.

    `progress` (0 … 1) is step / total_steps: schedules written with it scale to any budget.
    """

    step: int
    epoch: int
    total_steps: int
    seed: int = 0

    @property
    def progress(self) -> float:
        """Share of training done, 0 … 1."""
        return min(1.0, self.step / max(1, self.total_steps))


@dataclass(frozen=True, slots=True)
class LossTerm:
    """One loss as numerator and denominator, so that several processes give the same mean as one.

    Args:
        total: sum of the loss over what this process saw, scalar, fp32, with gradient.
        count: over how many elements; the trainer sums it over processes before dividing.
        weight: its share in the model's total.
    """

    total: Tensor
    count: Tensor | float
    weight: float = 1.0

    @property
    def mean(self) -> Tensor:
        """The unweighted mean in this process (0 where nothing counted)."""
        return self.total / torch.as_tensor(self.count, dtype=self.total.dtype, device=self.total.device).clamp_min(1e-12)


@dataclass(frozen=True, slots=True)
class Losses:
    """Named loss terms."""

    terms: Mapping[str, LossTerm]

    @property
    def total(self) -> Tensor:
        """Weighted sum of the means in this process."""
        return sum((term.weight * term.mean for term in self.terms.values()), torch.zeros(()))

    def means(self) -> dict[str, Tensor]:
        """Unweighted mean of each term."""
        return {name: term.mean for name, term in self.terms.items()}


@dataclass(slots=True)
class OptimizerPlan:
    """One named optimiser.

    Args:
        optimizer: a torch optimiser over the parameters that it moves.
        schedule: TrainState -> factor on the optimiser's base learning rate. A pure function, so
            that resuming needs no scheduler state.
        clip_norm: gradient norm limit, None for none.
    """

    optimizer: torch.optim.Optimizer
    schedule: Callable[[TrainState], float] = lambda state: 1.0
    clip_norm: float | None = None


# What the trainer hands to `training_step`: optimize(name, losses) runs backward, averages gradients
# over processes, clips, skips non-finite steps on all ranks together, and steps the named optimiser.
Optimize = Callable[[str, Losses], None]


class Trainable(nn.Module):
    """Base of everything the trainer can train.

    The factory receives the recipe's options already validated; the training part of the options
    (learning rate and so on) is the model's own.

    `training_only` holds prefixes of state-dict names that only training needs (a GAN's discriminators): a
    checkpoint without them speaks all the same, and `--init-from` may leave them fresh, but nothing else. A model that
    is built while `ttskit.runs.building.to_be_trained()` is false may leave them out.

    `precisions` says how inference can hold the weights: "fp32" first, exact and the default, then what the model
    offers besides ("fp16", "bf16", "int8"), faster and slightly off. Training, losses and what is saved stay as they are.
    """

    training_only: tuple[str, ...] = ()
    precisions: tuple[str, ...] = ("fp32",)
    precision: str = "fp32"

    def weights_from(self, weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The weights of another run of this model under this one's names, where their options name them differently."""
        return weights

    def started_from(self, fresh: Collection[str]) -> None:
        """Called once, before `optimizers`, where the weights come from another run (`--init-from`), and again on resuming.

        Args:
            fresh: state-dict names that were not copied and have their initial values.
        """

    def phase_starts(self, total_steps: int) -> tuple[int, ...]:
        """First steps of stretches that cost differently, from 0 on, so that a time budget counts each at its price."""
        return (0,)

    def use_precision(self, name: str) -> None:
        """Speak with weights held in `name` from now on. A model that offers more than fp32 reads `self.precision`.

        Raises:
            UsageError: a precision that this model does not have.
        """
        if name not in self.precisions:
            raise UsageError(
                f"{type(self).__name__} has no precision {name!r}",
                f"it has {', '.join(self.precisions)}",
                "choose one of these",
            )
        self.precision = name

    def optimizers(self, total_steps: int) -> dict[str, OptimizerPlan]:
        """The named optimisers with their schedules."""
        raise NotImplementedError

    def training_step(self, batch: Any, state: TrainState, optimize: Optimize) -> dict[str, Tensor]:
        """One step on one batch. Calls `optimize(name, losses)` once per optimiser, in the paper's order.

        Returns:
            Detached scalars to log besides the loss terms (which the trainer logs itself).
        """
        raise NotImplementedError

    def loss_counts(self, batch: Any, state: TrainState) -> Mapping[str, Mapping[str, Tensor | float]] | None:
        """What the counts of the loss terms of a training step on this batch will be: optimiser → term → count.

        A model that can read them off the batch saves gradient accumulation a forward pass; the trainer checks them against
        the losses. None (for every batch alike) where it cannot.
        """
        return None

    def validation_losses(self, batch: Any, state: TrainState) -> Losses:
        """Losses on a validation batch, without gradient. The term "total", else the weighted sum, ranks checkpoints."""
        raise NotImplementedError
