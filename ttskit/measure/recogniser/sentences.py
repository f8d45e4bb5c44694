"""Which natural sentences serve for what: training, choice of the checkpoint, thresholds. None of the test split does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ttskit.config.comparison import RecogniserConfig
from ttskit.config.corpus import CorpusConfig
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.corpus.splits import near_duplicate_groups
from ttskit.measure.recogniser.batches import phones_of

__all__ = ["MOST_TAKEN", "Sentences"]

MOST_TAKEN = 0.25  # of the training split: a judge of few sentences needs nearly all of them to learn


@dataclass(frozen=True, slots=True)
class Sentences:
    """The natural sentences of a recogniser; those of the test split are for reporting only and in none of them.

    Args:
        training: what it learns from.
        selection: what chooses its checkpoint.
        calibration: what sets the thresholds of verdicts and says how often it errs on natural speech.
        source: where the calibration sentences come from, in words.
        held_out: whether it learns nothing from the calibration sentences.
    """

    training: tuple[PreparedUtterance, ...]
    selection: tuple[PreparedUtterance, ...]
    calibration: tuple[PreparedUtterance, ...]
    source: str
    held_out: bool = True

    @classmethod
    def of(cls, corpus: PreparedCorpus, config: RecogniserConfig) -> Sentences:
        """Calibration sentences are taken out of the training split, so that a small validation split chooses alone.

        Which ones is decided by a hash of their texts, whatever their order. A sentence is taken together with those that
        are nearly the same (as splits are made). In corpora too small for that, the validation sentences do both.
        """
        training, selection = (
            tuple(u for u in corpus.split(split) if phones_of(corpus, u).phones) for split in ("train", "validation")
        )
        taken = _held_out(training, config, _similarity(corpus))
        if taken:
            rest = tuple(u for u in training if u.id not in taken)
            return cls(rest, selection, tuple(u for u in training if u.id in taken), "set aside from the training split")
        if selection:
            return cls(training, selection, selection, "the validation split, which chose the checkpoint as well")
        return cls(training, (), training, "the training split: there is no other natural speech", held_out=False)

    def facts(self) -> dict:
        """How many sentences served for what."""
        return {
            "training_sentences": len(self.training),
            "selection_sentences": len(self.selection),
            "calibration_sentences": len(self.calibration),
            "calibration_from": self.source,
            "held_out": self.held_out,
        }


def _held_out(training: tuple[PreparedUtterance, ...], config: RecogniserConfig, similarity: float) -> set[str]:
    """Ids of whole groups of similar sentences, up to the number wanted."""
    wanted = min(config.most_calibration, max(config.least_calibration, round(config.calibration_share * len(training))))
    wanted = min(wanted, int(MOST_TAKEN * len(training)))
    texts = [u.normalized for u in training]
    groups = near_duplicate_groups(texts, similarity)
    groups.sort(key=lambda group: min(hashlib.sha256(texts[i].encode()).digest() for i in group))
    taken: set[str] = set()
    for group in groups:
        if len(taken) + len(group) <= wanted:
            taken.update(training[i].id for i in group)
    return taken


def _similarity(corpus: PreparedCorpus) -> float:
    """From which on two texts count as the same, as the corpus's splits were made."""
    given = corpus.info.get("settings", {}).get("corpus", {}).get("duplicate_similarity")
    return float(given or CorpusConfig.model_fields["duplicate_similarity"].default)
