"""What a training sees: utterances and frames of its first steps, and the steps that a number of utterances takes.

A batch is filled by frames, so that steps of two models, or of two batch sizes, are not the same amount of speech. Which
utterances a step reads is a function of corpus, settings and seed alone: what was seen is counted again, exactly, from these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ttskit.config.training import TrainingConfig
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.interfaces.trainable import Trainable
from ttskit.training.data import Batches, batches_for

__all__ = ["Exposure", "exposure", "exposure_of", "steps_for"]


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the first `steps` steps of a training read.

    Args:
        steps: optimiser steps.
        utterances: read, each counted as often as it was.
        frames: mel frames that are learned from, padding counted as the batches count it.
    """

    steps: int
    utterances: int
    frames: int

    def to_json(self) -> dict[str, int]:
        """Plain data."""
        return {"steps": self.steps, "utterances": self.utterances, "frames": self.frames}


def exposure(batches: Batches, steps: int) -> Exposure:
    """What the first `steps` batches hold."""
    utterances = frames = 0
    for step, (count, length) in enumerate(_sizes(batches)):
        if step == steps:
            break
        utterances, frames = utterances + count, frames + length
    return Exposure(steps, utterances, frames)


def steps_for(batches: Batches, utterances: int) -> int:
    """Steps after which the number of utterances read is nearest to `utterances`; one at least."""
    read = 0
    for step, (count, _) in enumerate(_sizes(batches), start=1):
        if read + count >= utterances:
            nearer_before = step > 1 and utterances - read < read + count - utterances
            return step - 1 if nearer_before else step
        read += count
    raise AssertionError("batches have no end")


def exposure_of(model: Trainable, corpus: PreparedCorpus, config: TrainingConfig, seed: int, steps: int) -> Exposure:
    """What a training of `model` on `corpus` with these settings and this seed reads in its first `steps` steps."""
    return exposure(batches_for(model, corpus, "train", config, seed, 0, 1), steps)


def _sizes(batches: Batches) -> Iterator[tuple[int, int]]:
    """Utterances and frames of each global batch, without end."""
    epoch = 0
    while True:
        for ids in batches.epoch(epoch):
            yield len(ids), batches.frames(ids)
        epoch += 1
