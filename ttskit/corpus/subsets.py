"""Subsets of the training speech by minutes, each within the next larger one, so that only the amount differs between them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.errors import CorpusError

__all__ = ["minutes_of", "subset_facts", "utterances_of"]


def utterances_of(corpus: PreparedCorpus, split: str, minutes: float | None = None) -> list[PreparedUtterance]:
    """The utterances of a split; of "train" so many minutes of speech if `minutes` is given.

    They are taken in one order, whatever the size, until that much is reached: 5 minutes lie within 10, and these within 20.
    The order is that of a hash of the ids, so that neither the manifest's order nor a seed decides it; several speakers are
    taken in turn, each at the pace at which its speech lasts until the end, so that every subset has them in the corpus's
    shares. Validation and test are the same for every size, and so are the statistics that `prepare` took (pitch).

    Raises:
        CorpusError: the split is empty, or has fewer minutes: a smaller corpus under the name of a larger one would
            flatten a learning curve unseen.
    """
    utterances = corpus.split(split)
    if not utterances:
        raise CorpusError(
            f"{corpus.folder} has no {split} utterances",
            f"{len(corpus.utterances)} utterances in all",
            "prepare it with another split",
        )
    if minutes is None or split != "train":
        return utterances
    there = minutes_of(corpus, utterances)
    if there < minutes:
        raise CorpusError(
            f"{corpus.folder} has no {minutes:g} minutes to train on",
            f"its training split is {there:.2f} minutes of speech",
            "training.minutes at most that, or leave it out to train on all of it",
        )
    taken: list[PreparedUtterance] = []
    wanted = minutes * 60 * corpus.mel.sample_rate_hz
    for utterance in _in_turn(utterances):
        taken.append(utterance)
        wanted -= utterance.samples
        if wanted <= 0:
            break
    return taken


def _in_turn(utterances: Sequence[PreparedUtterance]) -> list[PreparedUtterance]:
    """All of them, hashed, and speakers interleaved: by how much of its speaker's speech lies before the utterance's middle."""
    of_speaker: dict[str, list[PreparedUtterance]] = defaultdict(list)
    for utterance in sorted(utterances, key=_hashed):
        of_speaker[utterance.speaker].append(utterance)
    placed = []
    for spoken in of_speaker.values():
        before, whole = 0, sum(u.samples for u in spoken)
        for utterance in spoken:
            placed.append(((before + utterance.samples / 2) / whole, _hashed(utterance), utterance))
            before += utterance.samples
    return [utterance for *_, utterance in sorted(placed, key=lambda place: place[:2])]


def _hashed(utterance: PreparedUtterance) -> tuple[bytes, str]:
    return hashlib.sha256(utterance.id.encode()).digest(), utterance.id


def minutes_of(corpus: PreparedCorpus, utterances: Sequence[PreparedUtterance]) -> float:
    """Minutes of speech of these utterances."""
    return sum(u.samples for u in utterances) / corpus.mel.sample_rate_hz / 60


def subset_facts(corpus: PreparedCorpus, minutes: float | None) -> dict[str, Any]:
    """For run.json: the minutes asked for, and what they came to; {} for a training on all of the split."""
    if minutes is None:
        return {}
    taken = utterances_of(corpus, "train", minutes)
    ids = "\n".join(sorted(u.id for u in taken))
    return {
        "minutes": minutes,
        "subset": {
            "utterances": len(taken),
            "minutes": round(minutes_of(corpus, taken), 3),
            "ids_sha256": hashlib.sha256(ids.encode()).hexdigest(),
        },
    }
