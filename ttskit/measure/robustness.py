"""Robustness of every system, judged on the audio by one recogniser that heard natural speech only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ttskit.config.comparison import CompareConfig
from ttskit.measure.phones import VERDICTS, Thresholds, Verdict, expected_phones, judge
from ttskit.measure.recogniser import PhoneRecogniser, load_or_train
from ttskit.measure.speech import Sample
from ttskit.measure.stats import Interval, mean_interval, ratio_interval

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus


@dataclass(frozen=True)
class Judge:
    """The recogniser, what natural speech taught it to allow, and facts about both for the page.

    It judges only if it hears natural speech: one that errs there on a larger share than `max_natural_error` would call
    whatever it mistakes for the sentence better than the recordings.
    """

    recogniser: PhoneRecogniser
    thresholds: Thresholds
    facts: dict
    max_natural_error: float

    @classmethod
    def of(cls, corpus: PreparedCorpus, config: CompareConfig, report: Callable[[str], None]) -> Judge:
        """Read from the corpus, or trained and calibrated now, on natural speech of no test sentence."""
        trained = load_or_train(corpus, config.recogniser, report)
        judge = cls(trained.network, trained.thresholds, trained.facts, config.recogniser.max_natural_error)
        if not judge.trusted:
            report(f"the phone recogniser gives no verdicts: {judge.reason}")
        own = {"trusted": judge.trusted, "reason": judge.reason, "max_natural_error": judge.max_natural_error}
        return replace(judge, facts={**judge.facts, **own})

    @property
    def natural_error(self) -> float:
        """Share of phones that it gets wrong in the natural sentences that set its thresholds, none of them a test sentence."""
        return self.facts["natural_phone_error_rate"]

    @property
    def trusted(self) -> bool:
        """Whether it gives verdicts."""
        return not self.reason

    @property
    def reason(self) -> str:
        """Why it gives no verdicts, in words; "" if it does."""
        if not self.facts["held_out"]:
            return "the corpus has no natural speech that it was not trained on, so that nothing says how well it hears"
        if self.natural_error > self.max_natural_error:
            return (
                f"it errs on {self.natural_error:.1%} of the phones of {self.facts['calibration_sentences']} natural sentences "
                f"that it was not trained on, and {self.max_natural_error:.0%} is the most that is allowed; "
                "more natural training speech makes a better judge"
            )
        return ""

    def judge(self, samples: Sequence[Sample], corpus: PreparedCorpus) -> list[Verdict]:
        """A verdict for each sample, in order; none at all ([]) if the judge is not trusted."""
        if not self.trusted:
            return []
        heard = self.recogniser.recognise([s.audio_mel for s in samples])
        rate = corpus.mel.sample_rate_hz
        expected = [expected_phones(s.item.tokens, s.item.token_words, corpus.symbols) for s in samples]
        return [
            judge(e, h, len(s.audio) / rate, self.thresholds, s.finished)
            for s, e, h in zip(samples, expected, heard, strict=True)
        ]


def summarise(verdicts: Sequence[Verdict], config: CompareConfig) -> dict:
    """Phone error rate and share of sentences without fault, with intervals, and how often each verdict was given."""
    setting = {"confidence": config.confidence, "resamples": config.resamples, "seed": config.bootstrap_seed}
    rate: Interval | None = ratio_interval([v.errors for v in verdicts], [v.phones for v in verdicts], **setting)
    share = mean_interval([float(v.verdict == "ok") for v in verdicts], **setting)
    counts = Counter(v.verdict for v in verdicts)
    return {
        "phone_error_rate": rate,
        "ok_share": share,
        "sentences": len(verdicts),
        "verdicts": {name: counts[name] for name in VERDICTS if counts[name]},
    }


def own_alignment(sample: Sample) -> dict | None:
    """What an autoregressive model's own alignment says of a sentence: how it ended, words skipped and repeated."""
    if sample.traversal is None:
        return None
    words = sample.item.words
    found = {
        name: [words[w] for w in places if w < len(words)]
        for name, places in (("skipped", sample.traversal.skipped), ("repeated", sample.traversal.repeated))
    }
    return {"ended": sample.traversal.ended, **found}


def summarise_alignments(samples: Sequence[Sample]) -> dict | None:
    """Sentences that finished, were truncated, have skips and repeats by the models' own alignments; None without any."""
    own = [s.traversal for s in samples if s.traversal is not None]
    if not own:
        return None
    return {
        "sentences": len(own),
        "finished": sum(t.finished for t in own),
        "truncated": sum(not t.finished for t in own),
        "skips": sum(bool(t.skipped) for t in own),
        "repeats": sum(bool(t.repeated) for t in own),
    }


def spread_over_seeds(judged: Sequence[tuple[Sample, Verdict]]) -> dict | None:
    """Phone error rate and share without fault of each seed, with their standard deviations; None for a single seed."""
    by_seed: dict[int, list[Verdict]] = {}
    for sample, verdict in judged:
        by_seed.setdefault(sample.seed, []).append(verdict)
    if len(by_seed) < 2:
        return None
    rates = {s: sum(v.errors for v in own) / max(1, sum(v.phones for v in own)) for s, own in by_seed.items()}
    shares = {s: sum(v.verdict == "ok" for v in own) / len(own) for s, own in by_seed.items()}
    return {
        name: {"by_seed": values, "deviation": float(np.std(list(values.values()), ddof=1))}
        for name, values in (("phone_error_rate", rates), ("ok_share", shares))
    }
