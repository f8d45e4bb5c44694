"""Robustness of every system, judged on the audio by one recogniser that heard natural speech only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ttskit.config.comparison import CompareConfig
from ttskit.interfaces.measurement import Sample
from ttskit.measure.phones import Thresholds, Verdict, calibrate, expected_phones, judge
from ttskit.measure.recogniser import PhoneRecogniser, load_or_train

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus

MOST_CALIBRATION = 80  # natural sentences that set the thresholds


@dataclass(frozen=True)
class Judge:
    """The recogniser, what natural speech taught it to allow, and facts about both for the page."""

    recogniser: PhoneRecogniser
    thresholds: Thresholds
    facts: dict

    @classmethod
    def of(cls, corpus: PreparedCorpus, config: CompareConfig, report: Callable[[str], None]) -> Judge:
        """Train (or read from the cache) and calibrate on natural speech that the recogniser was not trained on."""
        recogniser, facts = load_or_train(corpus, config.recogniser, report)
        heldout = [u for split in ("validation", "test") for u in corpus.split(split)][:MOST_CALIBRATION]
        natural = heldout or corpus.split("train")[:MOST_CALIBRATION]
        expected = [expected_phones(u.tokens, u.token_words, corpus.symbols) for u in natural]
        keep = [i for i, e in enumerate(expected) if e.phones]
        heard = recogniser.recognise([np.asarray(corpus.features(natural[i]).mel) for i in keep])
        seconds = [natural[i].samples / corpus.mel.sample_rate_hz for i in keep]
        thresholds = calibrate([expected[i] for i in keep], heard, seconds)
        return cls(recogniser, thresholds, {**facts, "calibration_sentences": len(keep)})

    def judge(self, samples: Sequence[Sample], corpus: PreparedCorpus) -> list[Verdict]:
        """A verdict for each sample, in order."""
        heard = self.recogniser.recognise([s.sound.audio_mel for s in samples])
        rate = corpus.mel.sample_rate_hz
        expected = [expected_phones(s.sentence.tokens, s.sentence.token_words, corpus.symbols) for s in samples]
        return [
            judge(e, h, len(s.audio) / rate, self.thresholds, s.finished)
            for s, e, h in zip(samples, expected, heard, strict=True)
        ]
