"""How much a training gets: utterances, frames, seconds and multiply-adds of its steps, and steps of a budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from ttskit.corpus.batches import AcousticBatches
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import UsageError
from ttskit.interfaces.trainable import Trainable
from ttskit.training.budget import cost_s
from ttskit_study.plan import Budget
from ttskit_study.resolve import Trained

__all__ = ["Amounts", "batches_of", "steps_of", "walked"]

_MOST_STEPS = 100_000_000  # a budget that wants more is a slip of the pen


@dataclass(frozen=True)
class Amounts:
    """What a training comes to.

    Args:
        steps: of the optimiser.
        utterances, frames: trained on, each as often as it was; frames without padding.
        multiply_adds: of all steps (see `ttskit_study.pricing`), None if they were not counted.
        seconds: expected on this machine, None if nothing was timed.
    """

    steps: int
    utterances: int
    frames: int
    multiply_adds: float | None = None
    seconds: float | None = None

    def to_json(self) -> dict[str, float | int | None]:
        """Plain data."""
        return asdict(self)


def batches_of(
    trained: Trained,
    corpus: PreparedCorpus,
    minutes: float | None,
    seed: int,
    alignment: str | None = None,
    features: tuple[str, ...] = (),
    rank: int = 0,
    world: int = 1,
) -> AcousticBatches:
    """The training's batches, in its order; without features where only their sizes are asked for.

    Args:
        alignment: the durations that it is trained on, which leave out utterances without any; None before they are made.
        features: to load besides.
        rank, world: the share of one process.
    """
    config = trained.recipe.training_for(trained.model)
    return AcousticBatches(
        corpus,
        "train",
        (*features, "durations") if alignment is not None else features,
        config.frames_per_batch * config.accumulate,
        config.max_utterances * config.accumulate,
        seed,
        alignment=alignment,
        rank=rank,
        world=world,
        minutes=minutes,
    )


def walked(batches: AcousticBatches, steps: int) -> tuple[int, int]:
    """Utterances and frames (without padding) of the first `steps` steps."""
    frames = {u.id: u.frames for u in batches.corpus.split("train")}
    utterances = total = done = epoch = 0
    while done < steps:
        for ids in batches.epoch(epoch)[: steps - done]:
            done, utterances, total = done + 1, utterances + len(ids), total + sum(frames[i] for i in ids)
        epoch += 1
    return utterances, total


def steps_of(
    budget: Budget,
    batches: AcousticBatches,
    model: Trainable,
    seconds: Mapping[int, float] | None,
    multiply_adds: Mapping[int, float] | None,
) -> int:
    """The number of steps that comes nearest to a budget; one at least.

    Args:
        model: whose phases have their prices.
        seconds, multiply_adds: of one step of each phase, where the budget is of them.
    """
    if budget.kind in ("utterances", "frames"):
        return _nearest_by_walking(batches, budget.kind, budget.amount)
    each = seconds if budget.kind == "seconds" else multiply_adds
    assert each is not None
    return _nearest(lambda steps: cost_s(model, steps, each), budget.amount)


def _nearest_by_walking(batches: AcousticBatches, kind: str, amount: float) -> int:
    frames = {u.id: u.frames for u in batches.corpus.split("train")}
    sum_before, steps, epoch = 0, 0, 0
    while True:
        for ids in batches.epoch(epoch):
            after = sum_before + (len(ids) if kind == "utterances" else sum(frames[i] for i in ids))
            if after >= amount:
                return max(1, steps + 1 if after - amount <= amount - sum_before else steps)
            sum_before, steps = after, steps + 1
        epoch += 1


def _nearest(cost: Callable[[int], float], amount: float) -> int:
    low, high = 1, 2
    while cost(high) < amount:
        low, high = high, high * 2
        if high > _MOST_STEPS:
            raise UsageError(f"the budget of {amount:g} has no end", f"it would be more than {_MOST_STEPS:,} steps", "lower it")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(middle) <= amount else (low, middle)
    return high if cost(high) - amount < amount - cost(low) else low
