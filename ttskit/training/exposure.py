"""The steps that a number of utterances takes.

A batch is filled by frames, so that steps of two models, or of two batch sizes, are not the same amount of speech. Which
utterances a step reads is a function of corpus, settings and seed alone, so that they are counted before anything is trained.
"""

from __future__ import annotations

from ttskit.training.data import Batches

__all__ = ["steps_for"]


def steps_for(batches: Batches, utterances: int) -> int:
    """Steps after which the number of utterances read, each as often as it is, is nearest to `utterances`; one at least."""
    read = steps = epoch = 0
    while True:
        for ids in batches.epoch(epoch):
            after = read + len(ids)
            if after >= utterances:
                return steps if steps and utterances - read < after - utterances else steps + 1
            read, steps = after, steps + 1
        epoch += 1
