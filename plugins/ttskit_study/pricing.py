"""What a step of a system costs: multiply-adds, counted, and seconds on this machine, timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import torch

from ttskit.corpus.batches import AcousticBatches
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.interfaces.acoustic import AcousticBatch, AcousticModel
from ttskit.plugins import Registry
from ttskit.training.budget import TOTAL
from ttskit.training.cost import multiply_adds_per_frame
from ttskit.training.data import Batches
from ttskit.training.forecast import PATIENCE_S, TIMED_S
from ttskit.training.loop import Training
from ttskit.training.task import Task, workshop
from ttskit_study.amounts import batches_of
from ttskit_study.resolve import Trained

if TYPE_CHECKING:
    from ttskit.runs.folder import RunFolder

__all__ = ["COUNTED_BY", "EvenDurations", "Price", "multiply_adds_of", "price"]

COUNTED_BY = (
    "matrix products, convolutions and attention of forward and backward passes, by torch's FlopCounterMode on a few steps "
    "of each phase, by padded frames; elementwise work, the optimiser's and validation's are left out"
)


@dataclass(frozen=True)
class Price:
    """What a system's steps cost.

    Args:
        model: with fresh weights; tells its phases.
        multiply_adds, seconds: first step of a phase (in a training of `TOTAL` steps) → of one step of it; seconds None if
            they were not timed.
        parameters: of the model.
        features: what it is given in training besides tokens and mel.
        aids: what helps it beyond its paper, in words.
    """

    model: AcousticModel
    multiply_adds: dict[int, float]
    seconds: dict[int, float] | None
    parameters: int
    features: tuple[str, ...]
    aids: tuple[str, ...]


class EvenDurations:
    """Batches of a model that is trained on durations, before there are any: frames spread evenly over the tokens.

    What a step costs does not depend on which frame belongs to which token.
    """

    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    def epoch(self, n: int) -> list[list[str]]:
        """As theirs."""
        return self._batches.epoch(n)

    def frames(self, ids: Sequence[str]) -> int:
        """As theirs."""
        return self._batches.frames(ids)

    def load(self, ids: Sequence[str], epoch: int) -> AcousticBatch:
        """Their batch with durations (B, N) whose rows sum to the frames."""
        batch: AcousticBatch = self._batches.load(ids, epoch)
        durations = torch.zeros_like(batch.tokens)
        for row, (tokens, frames) in enumerate(zip(batch.token_lengths.tolist(), batch.mel_lengths.tolist(), strict=True)):
            ends = torch.arange(tokens + 1) * frames // tokens
            durations[row, :tokens] = ends.diff()
        return replace(batch, durations=durations)


def price(
    trained: Trained,
    corpus: PreparedCorpus,
    minutes: float | None,
    registry: Registry,
    *,
    timed: bool,
    device: str = "auto",
    threads: int | None = None,
) -> Price:
    """Count, and time if asked, some training steps on copies with fresh weights; nothing is written.

    Args:
        minutes: of the training speech, None for all.
        timed: whether to take the time too (seconds each).

    Raises:
        UsageError: a device that is not there.
        CorpusError: fewer minutes than asked for.
    """
    recipe = trained.recipe_of(trained.recipe.seed, minutes, None)
    changes: dict[str, Any] = {"threads": threads} if threads is not None else {}
    config = recipe.training_for(trained.model).model_copy(
        update=changes if device == "auto" else {**changes, "device": device}
    )
    before = torch.get_num_threads()
    if config.threads is not None:
        torch.set_num_threads(config.threads)

    def batches(model: Any, rank: int, world: int) -> Batches:
        others = tuple(feature for feature in model.features if feature != "durations")
        own = batches_of(trained, corpus, minutes, recipe.seed, features=others, rank=rank, world=world)
        return EvenDurations(own) if "durations" in model.features else own

    try:
        with workshop(config, registry, None) as shop:
            task = Task(
                trained.model,
                cast("RunFolder", None),  # nothing is written
                config,
                recipe.seed,
                build=lambda: trained.build(corpus, registry),
                batches=batches,
                steps={"total": TOTAL},
            )
            training = Training(task, shop)
            training.model, training.total = task.build(), TOTAL
            seconds = None
            if timed:
                seconds = {start: one.median for start, one in training.timings(TIMED_S, PATIENCE_S).items()}
            model = cast(AcousticModel, training.model)
            adds = multiply_adds_of(trained.build(corpus, registry), batches(model, 0, 1))
    finally:
        torch.set_num_threads(before)
    parameters = sum(p.numel() for p in model.parameters())
    return Price(model, adds, seconds, parameters, tuple(model.features), tuple(model.aids()))


def multiply_adds_of(model: AcousticModel, batches: Batches) -> dict[int, float]:
    """Multiply-adds of one step of each phase at the corpus's mean length, padding counted; see `COUNTED_BY`.

    Args:
        model: is used up.
    """
    lengths = [batches.frames(ids) for ids in batches.epoch(0)]
    typical = sum(lengths) / len(lengths)
    each = multiply_adds_per_frame(model, cast(AcousticBatches, batches), TOTAL)
    return {start: adds * typical for start, adds in each.items()}
