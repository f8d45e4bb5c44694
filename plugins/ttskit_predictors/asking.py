"""What all predictors share: audio at their rate, numbers of every sample, one note where packages are missing."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, ClassVar

import numpy as np

from ttskit.audio.files import resample
from ttskit.interfaces.measurement import (
    NATURAL,
    Findings,
    Measure,
    Measurement,
    Observation,
    Row,
    Sample,
    Spoken,
    grouped,
)
from ttskit_predictors.packages import INSTALL, missing

__all__ = ["NEEDED", "SamplePredictor"]

# Modules that each measurement needs, by its name. What needs a file as well says so itself.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "dnsmos": ("speechmos", "onnxruntime"),
    "plcmos": ("speechmos", "onnxruntime"),
    "distillmos": ("distillmos",),
    "similarity": ("resemblyzer", "webrtcvad"),
    "visqol": ("visqol",),
    "vad": ("silero_vad", "onnxruntime"),
    "nisqa": (),
    "utmos": ("onnxruntime",),
    "whisper": ("whisper",),
}

_SHORTEST_S = 0.1  # of a sound that anything can be said of


class SamplePredictor(Measurement):
    """Numbers of each sample, by a network that was trained elsewhere: give `measures`, `rate_hz`, `start` and `scores`.

    The network is opened when the first sample comes and kept for this comparison. Natural speech, the recordings through the
    vocoder and every system are scored, hard sentences in rows of their own. None of the rows stands in the summary.
    """

    name: ClassVar[str]
    measures: ClassVar[tuple[Measure, ...]]
    rate_hz: ClassVar[int] = 16_000
    opinion: ClassVar[bool] = True  # whether it guesses what listeners would say
    compares: ClassVar[frozenset[str]] = frozenset()  # keys of measures that are no number of natural speech

    def __init__(self, options: Any = None) -> None:
        self.options = options
        self._started = False

    @abstractmethod
    def start(self, spoken: Spoken) -> None:
        """Open the network. Called once, before the first sample."""

    @abstractmethod
    def scores(self, audio: np.ndarray, sample: Sample, spoken: Spoken) -> Mapping[str, float]:
        """Numbers of a sound (S,) at `rate_hz` in [-1, 1], by key of their measure; NaN or left out where undefined."""

    def samples(self, spoken: Spoken) -> Iterable[Sample]:
        """What is scored: all that was said."""
        return spoken.samples

    def lacking(self) -> str:
        """Why it cannot be asked, such as a file that nobody named; "" where it can."""
        return ""

    def measure(self, spoken: Spoken) -> Findings:
        """A row for each measure and group of sentences. A sample that cannot be scored costs its own number."""
        lacking = self._missing(spoken)
        if lacking is not None:
            return Findings(
                notes=[lacking] if lacking and spoken.systems else []
            )  # the self-test, of no system, says it not again
        if not self._started:
            self.start(spoken)
            self._started = True
        found: dict[tuple[str, str], list[Observation]] = {}
        failed: list[str] = []
        began, heard_s = time.perf_counter(), 0.0
        samples = list(self.samples(spoken))
        with spoken.counted(self.name, len(samples)) as advance:
            for sample in samples:
                audio = np.asarray(sample.audio)
                heard_s += len(audio) / spoken.sample_rate_hz
                for key, value in self._scored(audio, sample, spoken, failed).items():
                    found.setdefault((key, sample.sentence.group), []).append(sample.observation(value, self.weight(sample)))
                advance(note=sample.system)
        rows = [
            Row(grouped(measure, group), tuple(own), summary=False)
            for group in spoken.groups
            for measure in self.told()
            if (own := found.get((measure.key, group)))
        ]
        notes = [f"{self.name}: {len(failed)} samples could not be scored, such as {failed[0]}"] if failed else []
        if not rows:
            notes.append(f"{self.name}: nothing that was said could be scored")
        data = {
            "opinion": self.opinion,
            "heard_s": round(heard_s, 2),
            "seconds": round(time.perf_counter() - began, 2),
            **self.data(),
        }
        return Findings(rows, template=_section(), data=data, notes=notes)

    def told(self) -> Sequence[Measure]:
        """Those of its measures that it gives here."""
        return self.measures

    def weight(self, sample: Sample) -> float:
        """How much a sample counts in the system's mean."""
        return 1.0

    def data(self) -> dict[str, Any]:
        """More for results.json."""
        return {}

    def _scored(self, audio: np.ndarray, sample: Sample, spoken: Spoken, failed: list[str]) -> dict[str, float]:
        """All numbers of one sample, NaN where there are none."""
        given: Mapping[str, float] = {}
        if len(audio) >= _SHORTEST_S * spoken.sample_rate_hz and np.any(audio):
            try:
                ready = np.clip(resample(audio.astype(np.float32), spoken.sample_rate_hz, self.rate_hz), -1.0, 1.0)
                given = self.scores(ready, sample, spoken)
            except Exception as error:  # one sample must not cost the others
                failed.append(f"{sample.sentence.id} of {sample.system} ({type(error).__name__}: {error})")
        alone = sample.system == NATURAL or spoken.recording(sample) is None
        keys = [m.key for m in self.told() if not (alone and m.key in self.compares)]
        return {key: float(given.get(key, float("nan"))) for key in keys}

    def _missing(self, spoken: Spoken) -> str | None:
        """Why it cannot be asked, None where it can. The first one asked that lacks a package speaks for all of them."""
        if not missing(NEEDED.get(self.name, ())):
            return self.lacking() or None
        named = getattr(spoken.settings, "measurements", {})
        asked = [name for name in NEEDED if named.get(name, False) is not False and missing(NEEDED[name])] or [self.name]
        if asked[0] != self.name:
            return ""
        return f"{', '.join(asked)}: left out, because a package is not installed: {INSTALL}"


def _section() -> str:
    return files("ttskit_predictors").joinpath("templates", "predictor.html.j2").read_text(encoding="utf-8")
