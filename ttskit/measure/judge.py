"""The judge of robustness: one recogniser for all, and what natural speech taught it to allow, as it is and through vocoders.

What came through a vocoder is judged by the limits of natural speech that came through the same one: what the vocoder does to
speech is no fault of the voice that it speaks for, and none that natural speech could show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from ttskit.audio.mel import MelExtractor
from ttskit.config import CompareConfig
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.interfaces.acoustic import Spectrogram
from ttskit.interfaces.measurement import RESYNTHESIS, Sample
from ttskit.measure.analysis import long_enough
from ttskit.measure.phones import Thresholds, Verdict, expected_phones, judge
from ttskit.measure.recogniser import PhoneRecogniser, TrainedRecogniser, load_or_train
from ttskit.measure.recogniser.batches import phones_of
from ttskit.measure.recogniser.limits import limits_of
from ttskit.measure.recogniser.listening import PhoneListener
from ttskit.measure.recogniser.vocoded import evenly
from ttskit.measure.systems import System
from ttskit.synthesis.voice import Voice, part_seed

__all__ = ["MOST_VOCODED", "MOST_VOCODED_S", "Judge"]

MOST_VOCODED, MOST_VOCODED_S = 40, 150.0  # calibration sentences that a vocoder speaks: what verdicts are worth in time


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
    through_vocoder: Mapping[str, Thresholds] = field(default_factory=dict)  # by system, what its vocoder is allowed

    @classmethod
    def of(
        cls,
        corpus: PreparedCorpus,
        config: CompareConfig,
        report: Callable[[str], None],
        systems: Sequence[System] = (),
    ) -> Judge:
        """Read from the corpus, or trained and calibrated now, on natural speech of no test sentence.

        It is calibrated once more for each vocoder of `systems`, on the same sentences as the vocoder gives them back.
        """
        trained = load_or_train(corpus, config.recogniser, report)
        judge = cls(trained.network, trained.thresholds, trained.facts, config.recogniser.max_natural_error)
        if not judge.trusted:
            report(f"the phone recogniser gives no verdicts: {judge.reason}")
        own = {"trusted": judge.trusted, "reason": judge.reason, "max_natural_error": judge.max_natural_error}
        judge = replace(judge, facts={**judge.facts, **own, "vocoders": {}})
        return judge._for_vocoders(corpus, trained, config, report, systems) if judge.trusted else judge

    def _for_vocoders(
        self,
        corpus: PreparedCorpus,
        trained: TrainedRecogniser,
        config: CompareConfig,
        report: Callable[[str], None],
        systems: Sequence[System],
    ) -> Judge:
        limits: dict[str, Thresholds] = {}
        known: dict[int, tuple[Thresholds, dict]] = {}
        facts: dict[str, dict] = {}
        natural = evenly(trained.calibration, MOST_VOCODED, MOST_VOCODED_S, corpus.mel.sample_rate_hz)
        for system in systems:
            voice = getattr(system, "voice", None)
            if voice is None:
                continue
            key = id(voice.vocoder)
            if key not in known:
                report(f"the judge hears {len(natural)} natural sentences through the vocoder {voice.vocoder_name}")
                mels = [_through(voice, corpus, corpus.features(u).mel, i) for i, u in enumerate(natural)]
                known[key] = limits_of(
                    PhoneListener(self.recogniser),
                    [phones_of(corpus, u) for u in natural],
                    mels,
                    [u.samples / corpus.mel.sample_rate_hz for u in natural],
                    corpus.mel,
                    config.recogniser.seed,
                )
                facts[voice.vocoder_name] = {"sentences": len(natural), **known[key][1], "thresholds": known[key][0].to_json()}
            limits[system.label] = known[key][0]
            limits.setdefault(RESYNTHESIS, known[key][0])  # which the first system's vocoder speaks
        return replace(self, through_vocoder=limits, facts={**self.facts, "vocoders": facts})

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
        listener, rate = PhoneListener(self.recogniser), corpus.mel.sample_rate_hz
        expected = [expected_phones(s.sentence.tokens, s.sentence.token_words, corpus.symbols) for s in samples]
        heard = self.recogniser.posteriors([s.sound.audio_mel for s in samples])
        verdicts = []
        for sample, text, posteriors in zip(samples, expected, heard, strict=True):
            limits = self.through_vocoder.get(sample.system, self.thresholds)
            slips = listener.slips(posteriors, text, limits.missing, limits.twice)
            spelt = self.recogniser.spelt(posteriors)
            verdicts.append(judge(text, spelt, len(sample.audio) / rate, limits, sample.finished, slips))
        return verdicts


def _through(voice: Voice, corpus: PreparedCorpus, mel: np.ndarray, index: int) -> np.ndarray:
    """The log mel (M, T) of a mel that a vocoder spoke."""
    given = torch.tensor(mel)[None]
    audio = voice.waveform(Spectrogram(given, torch.tensor([given.shape[2]])), part_seed(0, index))
    with torch.inference_mode():
        return MelExtractor(corpus.mel)(torch.from_numpy(long_enough(audio, corpus.mel).copy())[None])[0].numpy()
