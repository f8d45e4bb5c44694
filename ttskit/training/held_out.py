"""Sentences that a training does not learn from, whole, and its model looked at without being changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from ttskit.corpus.batches import full_batch
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.interfaces.acoustic import AcousticBatch, AcousticModel
from ttskit.interfaces.trainable import Trainable
from ttskit.training.data import Loader

__all__ = ["COMFORTABLE", "SCORED", "held_out", "longest_first", "readable", "speaking", "whole_sentences"]

SCORED = 8  # sentences of the validation split whose alignment is scored
COMFORTABLE = 45  # tokens whose names are read easily along the axis of the attention's picture


def held_out(corpus: PreparedCorpus) -> list[PreparedUtterance]:
    """The validation split, in an order that does not depend on how the corpus was made."""
    return sorted(corpus.split("validation"), key=lambda u: u.id)


def longest_first(utterances: Sequence[PreparedUtterance]) -> list[PreparedUtterance]:
    """In the order of a batch's rows: by decreasing number of tokens."""
    return sorted(utterances, key=lambda u: (-len(u.tokens), u.id))


def readable(lengths: Sequence[int]) -> int:
    """Of decreasing token lengths, the one that fits an axis best: the longest of at most COMFORTABLE, else the shortest."""
    return next((i for i, length in enumerate(lengths) if length <= COMFORTABLE), len(lengths) - 1)


def whole_sentences(
    utterances: Sequence[PreparedUtterance],
    corpus: PreparedCorpus,
    model: AcousticModel,
    alignment: str | None,
    loader: Loader,
    seed: int,
) -> AcousticBatch:
    """Whole sentences in one batch with all that the model learns from, longest first, whatever the number of processes.

    Args:
        alignment: of the corpus, for a model that learns from durations.

    Raises:
        CorpusError: one of them lacks something.
    """
    ordered = longest_first(utterances)
    durations = alignment if "durations" in model.features else None
    seeds = torch.arange(len(ordered)) + seed
    return loader.call(full_batch, corpus, ordered, model.features, durations, seeds, model.context)


@contextmanager
def speaking(model: Trainable, seed: int) -> Iterator[None]:
    """The model as it speaks: evaluation mode, no gradient, the same random numbers each time."""
    model.eval()
    torch.manual_seed(seed)
    try:
        with torch.no_grad():
            yield
    finally:
        model.train()
