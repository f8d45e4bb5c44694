"""The judge of robustness: one recogniser that heard natural speech only, and what natural speech taught it to allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ttskit.config import CompareConfig
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.interfaces.measurement import Sample
from ttskit.measure.phones import Thresholds, Verdict, expected_phones, judge
from ttskit.measure.recogniser import PhoneRecogniser, load_or_train

__all__ = ["Judge"]


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
        heard = self.recogniser.recognise([s.sound.audio_mel for s in samples])
        rate = corpus.mel.sample_rate_hz
        expected = [expected_phones(s.sentence.tokens, s.sentence.token_words, corpus.symbols) for s in samples]
        return [
            judge(e, h, len(s.audio) / rate, self.thresholds, s.finished)
            for s, e, h in zip(samples, expected, heard, strict=True)
        ]
