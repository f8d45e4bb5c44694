"""Measurement: what a comparison is asked. It gets everything that was said, once, and returns what it found.

A measurement comes in by the hook `ttskit_measurements`, ours and a stranger's alike. It decides nothing about intervals,
differences or ranks: it returns one observation per sample (or per system), and `ttskit.measure` does the statistics for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.interfaces.traversal import Traversal

__all__ = [
    "NATURAL",
    "RESYNTHESIS",
    "Findings",
    "Measure",
    "Measurement",
    "Observation",
    "Remark",
    "Row",
    "Sample",
    "SampleMeasurement",
    "Sentence",
    "Sound",
    "Spoken",
    "grouped",
]

NATURAL, RESYNTHESIS = "natural", "natural, through the vocoder"  # messages


@dataclass(frozen=True, slots=True)
class Measure:
    """What a number is.

    Args:
        key: its name in results.json and measurements.csv; unique among all measurements.
        title, unit: as shown; the unit belongs to the value after `factor`.
        better: "lower", "higher" or "" where neither is.
        digits: decimals shown.
        how: one or two sentences on how it is measured.
        factor: what stored values are multiplied with for display (100 for shares shown in %).
        brief: a short name under which each sample's own value stands below its player; "" for none.
    """

    key: str
    title: str
    unit: str = ""
    better: str = ""
    digits: int = 2
    how: str = ""
    factor: float = 1.0
    brief: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Observation:
    """One number of one system.

    Args:
        system: its label, or NATURAL or RESYNTHESIS.
        value: NaN where the measure is undefined for this sample.
        sentence: id of the sentence; "" for a number of the whole system (its parameters, its latency).
        seed: of synthesis; None where it has no part in it.
        weight: how much it counts in the system's mean: 1 a sentence, or the number of phones of an error rate.
    """

    system: str
    value: float
    sentence: str = ""
    seed: int | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of every system: a line of the summary.

    Args:
        measure: what it is.
        observations: of systems, and of natural speech where it can be measured there.
        summary: whether it stands in the table on top of the page.
    """

    measure: Measure
    observations: tuple[Observation, ...]
    summary: bool = True


@dataclass(frozen=True, slots=True)
class Remark:
    """What a measurement says of one sample beside its player.

    Args:
        system, sentence, seed: which sample.
        chip: a word or two; "" for none. `tone`: "ok", "unsure" or "bad"; bad sentences are shown first. `hint`: its tooltip.
        facts: short phrases of the line below the player.
        details: longer text by title, to be opened.
    """

    system: str
    sentence: str
    seed: int
    chip: str = ""
    tone: str = "ok"
    hint: str = ""
    facts: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Findings:
    """What a measurement found.

    Args:
        rows: its numbers.
        figures: pictures by name: files below `Spoken.folder`, made with `Spoken.figure`.
        template: Jinja template of its section; "" for the table of its rows and its figures. It sees `found` (this), `rows`
            (with intervals, as in results.json), `figures` (paths to link), `data`, `labels`, `r` (the whole results) and the
            macros of the page.
        data: plain data for results.json.
        remarks: on single samples.
        notes: what a reader must know, one sentence each.
    """

    rows: Sequence[Row] = ()
    figures: Mapping[str, Path] = field(default_factory=dict)
    template: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    remarks: Sequence[Remark] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that was to be said.

    Args:
        id: of the utterance, or hard_001 ….
        group: "test", "validation" or "hard".
        text, tokens (N,), token_words (N,) the word of each token, words: as the frontend read it.
        speaker: who says it.
        recorded: whether the corpus has a recording of it.
    """

    id: str
    group: str
    text: str
    tokens: tuple[str, ...]
    token_words: tuple[int | None, ...]
    words: tuple[str, ...]
    speaker: str
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Sound:
    """The arrays of a sample.

    Args:
        audio: (S,) in [-1, 1].
        audio_mel: (M, T) log mel of the audio, by the corpus's mel.
        pitch_hz: (T,) F0 of the audio by the corpus's extractor, unvoiced 0.
        mel: (M, T') that the model itself gave; None for natural speech.
        alignment: (T', N) of the model, or None.
    """

    audio: np.ndarray
    audio_mel: np.ndarray
    pitch_hz: np.ndarray
    mel: np.ndarray | None = None
    alignment: np.ndarray | None = None


@dataclass(frozen=True)
class Sample:
    """One sentence said by one system with one seed. Its arrays are read when they are asked for and kept no longer than
    memory allows: ask `sample.sound` once for several of them.

    Args:
        sentence, system, seed: what, who, with which seed (0 for natural speech).
        load: gives the arrays.
        finished: whether an autoregressive model stopped by itself, else None.
        traversal: words skipped and repeated by an autoregressive model's own alignment: shown, not scored.
        one_clock: whether it keeps the recording's time frame by frame (a vocoder on the recording's mel).
        audio_path: relative to the report's folder.
    """

    sentence: Sentence
    system: str
    seed: int
    load: Callable[[], Sound]
    finished: bool | None = None
    traversal: Traversal | None = None
    one_clock: bool = False
    audio_path: str = ""

    @property
    def sound(self) -> Sound:
        """Its arrays."""
        return self.load()

    @property
    def audio(self) -> np.ndarray:
        """(S,) in [-1, 1]."""
        return self.load().audio

    def observation(self, value: float, weight: float = 1.0) -> Observation:
        """A number of this sample."""
        return Observation(self.system, float(value), self.sentence.id, self.seed, float(weight))


def _nothing(count: int = 1, note: str = "") -> None:
    """Progress that nobody looks at."""


@dataclass
class Spoken:
    """Everything that was said, once: natural speech, the recordings through the vocoder, and every system × sentence × seed.

    Args:
        corpus: the prepared corpus (`ttskit.corpus.PreparedCorpus`).
        systems: what is compared (`ttskit.measure.systems.System`: label, run, loaded model, voice), in order.
        sentences: all of them, by group in order.
        samples: natural ones first.
        settings: the comparison's settings (`ttskit.config.CompareConfig`).
        folder: of the report.
        device: where models are.
        mel: of the corpus.
        tell: takes a line about progress.
        counted: `with spoken.counted("what is done", total) as advance:` shows how far long work is, by
            `advance(count=1, note="")` after each item.
        paths: DTW paths that one measurement found and the next one asks for again (`ttskit.measure.paired`).
    """

    corpus: Any
    systems: Sequence[Any]
    sentences: Sequence[Sentence]
    samples: Sequence[Sample]
    settings: Any
    folder: Path
    device: str
    mel: MelConfig
    tell: Callable[[str], None] = lambda text: None
    counted: Callable[[str, int], AbstractContextManager[Callable[..., None]]] = lambda title, total: nullcontext(_nothing)
    paths: dict[tuple[Any, ...], Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def labels(self) -> list[str]:
        """Labels of the systems, without natural speech."""
        return [system.label for system in self.systems]

    @property
    def sample_rate_hz(self) -> int:
        """Of all audio."""
        return self.mel.sample_rate_hz

    @property
    def groups(self) -> list[str]:
        """Groups of sentences, in order."""
        return list(dict.fromkeys(sentence.group for sentence in self.sentences))

    def of(self, system: str | None = None, group: str | None = None, seed: int | None = None) -> list[Sample]:
        """Samples of one system, group or seed, or of any combination."""
        return [
            s
            for s in self.samples
            if (system is None or s.system == system)
            and (group is None or s.sentence.group == group)
            and (seed is None or s.seed == seed)
        ]

    def recording(self, sample: Sample) -> Sample | None:
        """The recording of the same sentence; None for a sentence without one."""
        if self._recordings is None:
            self._recordings = {s.sentence.id: s for s in self.samples if s.system == NATURAL}
        return self._recordings.get(sample.sentence.id)

    def figure(self, name: str) -> Path:
        """Where a figure of this name belongs; its folder is made."""
        path = self.folder / "figures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    _recordings: dict[str, Sample] | None = field(default=None, repr=False)


class Measurement(ABC):
    """Base of measurements. A plugin's factory is `factory(options) -> Measurement`, or `factory()` where it has no options.

    It is made once per comparison and may hold state (a model, its device). Whatever it raises costs its own part only: the
    page then says which plugin failed, its version and the cause.
    """

    @abstractmethod
    def measure(self, spoken: Spoken) -> Findings:
        """Everything that it has to say of what was said."""


class SampleMeasurement(Measurement):
    """A measurement that is one number per sample: give `measure_of` and `score`, and it stands in every table.

    `intrusive` says whether it compares a sample with the recording of its sentence. Then natural speech itself and sentences
    without a recording are left out; otherwise natural speech and the hard sentences are scored as well, a row for each group.
    """

    measure_of: ClassVar[Measure]
    intrusive: ClassVar[bool] = False

    def start(self, spoken: Spoken) -> None:
        """Called once, before the first sample: load a model, put it on `spoken.device`, note `spoken.sample_rate_hz`."""

    @abstractmethod
    def score(self, sample: Sample, recording: Sample | None) -> float:
        """The number of a sample; NaN where it is undefined. `recording` is None unless `intrusive`."""

    def measure(self, spoken: Spoken) -> Findings:
        """A row for each group of sentences. A sample that cannot be scored costs its own number; one note says how many."""
        self.start(spoken)
        rows: list[Row] = []
        failed: list[str] = []
        for group in spoken.groups:
            found = tuple(self._observations(spoken, spoken.of(group=group), failed))
            if found:
                rows.append(Row(grouped(self.measure_of, group), found))
        notes = [f"{self.measure_of.key}: {len(failed)} samples could not be scored, such as {failed[0]}"] if failed else []
        return Findings(rows, notes=notes)

    def _observations(self, spoken: Spoken, samples: Iterable[Sample], failed: list[str]) -> Iterable[Observation]:
        for sample in samples:
            recording = spoken.recording(sample) if self.intrusive else None
            if self.intrusive and (recording is None or sample.system == NATURAL):
                continue
            try:
                value = float(self.score(sample, recording))
            except Exception as error:  # one sample must not cost the others
                failed.append(f"{sample.sentence.id} of {sample.system} ({type(error).__name__}: {error})")
                value = float("nan")
            yield sample.observation(value)


def grouped(measure: Measure, group: str) -> Measure:
    """The measure on the sentences of one group: hard ones have a row of their own beside that of recorded ones."""
    if group != "hard":
        return measure
    named = asdict(measure) | {"key": f"{measure.key}_hard", "title": f"{measure.title}, hard sentences"}
    return Measure(**named)
