"""Drift: how far the voices that two runs share have moved from the one to the other, measured on the audio.

The question after fine-tuning is whether old voices are still there. Both runs speak the same sentences with the same
seeds through the same vocoder; their audio is compared with each other, and with the recording where there is one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ttskit.config import CompareConfig
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import TTSKitError, UsageError
from ttskit.interfaces.measurement import NATURAL, Sample, Sentence, Sound, Spoken
from ttskit.measure.analysis import Analyser
from ttskit.measure.run import measure_all
from ttskit.measure.sentences import recorded_sentences
from ttskit.measure.spoken import SoundStore
from ttskit.measure.stats import Interval
from ttskit.measure.systems import System, load_systems
from ttskit.plugins import Registry, create_registry
from ttskit.progress import progress
from ttskit.synthesis.voice import part_seed

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["SpeakerDrift", "drift"]

_MCD, _F0, _LENGTH = "mcd_db", "log_f0_rmse_semitones", "length_ratio"


@dataclass(frozen=True, slots=True)
class SpeakerDrift:
    """Means over the sentences of one speaker.

    Args:
        mcd_db: mel-cepstral distortion between the two runs' audio, dB (0: nothing has changed).
        f0_rmse_semitones: root mean square F0 difference between them, over frames voiced in both.
        f0_shift_semitones: the later run's median F0 against the earlier one's; above 0 is higher.
        length_ratio: the later run's length over the earlier one's.
        natural_mcd_db, natural_f0_semitones: (earlier, later) against the recordings; None without any.
    """

    speaker: str
    sentences: int
    mcd_db: float
    f0_rmse_semitones: float
    f0_shift_semitones: float
    length_ratio: float
    natural_mcd_db: tuple[float, float] | None
    natural_f0_semitones: tuple[float, float] | None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


def drift(
    before: Path | str,
    after: Path | str,
    data: Path | str,
    *,
    speakers: Sequence[str] = (),
    limit: int = 12,
    vocoder: str | Path | None = None,
    device: str = "cpu",
    checkpoint: str | int = "last",
    seed: int = 0,
    registry: Registry | None = None,
    console: Console | None = None,
) -> list[SpeakerDrift]:
    """How far each voice that both runs have has moved.

    Args:
        before, after: two acoustic runs, the later one made from the earlier.
        data: prepared corpus whose test sentences are spoken; recordings of a speaker serve as reference for that speaker.
        speakers: names; by default those whom both runs know and the corpus has recordings of, else all of both (16 at most).
        limit: sentences per speaker.
        vocoder, device, checkpoint: as for `ttskit compare`.
        console: where progress goes; None: nowhere.

    Raises:
        UsageError: no speaker in common, or one that a run does not have.
        MismatchError: another mel content.
    """
    registry = registry or create_registry()
    corpus = PreparedCorpus.open(data)
    old, new = load_systems([before, after], vocoder, device, checkpoint, registry)
    corpus.mel.require_same_content(old.loaded.context.mel, f"the corpus {corpus.folder.name}", f"run {old.label}")
    analyse = Analyser(corpus, registry)
    sentences = recorded_sentences(corpus, CompareConfig(limit=None), registry)
    jobs = []
    for name in _speakers(old, new, corpus, speakers):
        own = [s for s in sentences if s.speaker == name]
        jobs.append((name, [replace(s, speaker=name) for s in (own or sentences)[:limit]], bool(own)))
    rows = []
    with progress(console, "speaking", 2 * sum(len(chosen) for _, chosen, _ in jobs)) as advance:
        for name, chosen, recorded in jobs:
            rows.append(
                _measure(old, new, name, chosen, recorded, corpus, analyse, seed, registry, partial(advance, note=name))
            )
    return rows


def _speakers(old: System, new: System, corpus: PreparedCorpus, asked: Sequence[str]) -> list[str]:
    both = [n for n in old.voice.speakers if n in new.voice.speakers]
    for name in asked:
        if name not in both:
            lacks = new.label if name in old.voice.speakers else old.label
            raise UsageError(
                f"{lacks} does not know speaker {name!r}",
                f"both know: {', '.join(both[:8]) or 'nobody'}",
                "train with --keep-speakers, or name one of them",
            )
    if not both:
        raise UsageError(
            f"{old.label} and {new.label} have no speaker in common",
            f"{', '.join(old.voice.speakers[:6])} / {', '.join(new.voice.speakers[:6])}",
            "train with --keep-speakers all, or with --rehearse",
        )
    return list(asked) or [n for n in both if n in corpus.speakers.names] or both[:16]


def _measure(
    old: System,
    new: System,
    speaker: str,
    sentences: Sequence[Sentence],
    recorded: bool,
    corpus: PreparedCorpus,
    analyse: Analyser,
    seed: int,
    registry: Registry,
    advance: Callable[[], None],
) -> SpeakerDrift:
    with tempfile.TemporaryDirectory() as place, SoundStore(Path(place) / "sounds") as store:

        def keep(system: str, sentence: Sentence, audio: np.ndarray) -> Sample:
            return Sample(sentence, system, 0, store.keep(Sound(audio, *analyse(audio, speaker))))

        def spoken(one: tuple[Sentence, np.ndarray], system: str) -> Sample:
            advance()
            return keep(system, *one)

        said = {s.label: [spoken(one, s.label) for one in _said(s, sentences, speaker, seed)] for s in (old, new)}
        before = [replace(sample, system=NATURAL) for sample in said[old.label]]  # what the later run is compared with
        moved = _quality([*before, *said[new.label]], [new], sentences, corpus, Path(place), registry)
        shift = [_median_hz(b.sound) / _median_hz(a.sound) for a, b in zip(said[old.label], said[new.label], strict=True)]
        pairs: list[tuple[float, float] | None] = [None, None]
        if recorded:
            natural = [keep(NATURAL, s, np.asarray(corpus.audio(corpus.utterance(s.id)))) for s in sentences]
            everyone = [*natural, *said[old.label], *said[new.label]]
            away = _quality(everyone, [old, new], sentences, corpus, Path(place), registry)
            pairs = [(away(old, key), away(new, key)) for key in (_MCD, _F0)]
        semitones = [12 * np.log2(ratio) for ratio in shift if np.isfinite(ratio)]
        higher = float(np.mean(semitones)) if semitones else float("nan")
        return SpeakerDrift(speaker, len(sentences), moved(new, _MCD), moved(new, _F0), higher, moved(new, _LENGTH), *pairs)


def _said(system: System, sentences: Sequence[Sentence], speaker: str, seed: int) -> Iterator[tuple[Sentence, np.ndarray]]:
    for index, sentence in enumerate(sentences):
        known = all(t in system.loaded.context.symbols for t in sentence.tokens)
        tokens = sentence.tokens if known else system.voice.frontend.analyze(sentence.text).tokens
        own = part_seed(seed, index)
        (row,) = system.voice.spectrogram([tokens], speaker=speaker, seeds=[own])
        yield sentence, system.voice.waveform(row, own)


def _quality(
    samples: Sequence[Sample],
    systems: Sequence[System],
    sentences: Sequence[Sentence],
    corpus: PreparedCorpus,
    folder: Path,
    registry: Registry,
) -> Callable[[System, str], float]:
    """The measurement "quality" of a comparison: gives a system's mean of a measure by its key, NaN where it is undefined."""
    spoken = Spoken(corpus, list(systems), list(sentences), list(samples), CompareConfig(), folder, "cpu", corpus.mel)
    (measured,) = measure_all(spoken, registry, only=("quality",))
    rows = {row.row.measure.key: row for row in measured.rows}
    if _MCD not in rows:
        raise TTSKitError("the drift cannot be measured", "; ".join(measured.notes), "ttskit plugins list")

    def value(system: System, key: str) -> float:
        found = rows[key].values.get(system.label) if key in rows else None
        return found.value if isinstance(found, Interval) else float("nan")

    return value


def _median_hz(sound: Sound) -> float:
    voiced = sound.pitch_hz[sound.pitch_hz > 0]
    return float(np.median(voiced)) if voiced.size else float("nan")
