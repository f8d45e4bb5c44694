"""Drift: how far the voices that two runs share have moved from the one to the other, measured on the audio.

The question after fine-tuning is whether old voices are still there. Both runs speak the same sentences with the same
seeds through the same vocoder; their audio is compared with each other, and with the recording where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ttskit.config.comparison import CompareConfig
from ttskit.errors import UsageError
from ttskit.measure import metrics
from ttskit.measure.speech import Analyser, Item, recorded_items
from ttskit.measure.systems import System, load_systems
from ttskit.synthesis.voice import part_seed

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus
    from ttskit.plugins import Registry


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
    checkpoint: str | int = "best",
    seed: int = 0,
    registry: Registry | None = None,
) -> list[SpeakerDrift]:
    """How far each voice that both runs have has moved.

    Args:
        before, after: two acoustic runs, the later one made from the earlier.
        data: prepared corpus whose test sentences are spoken; recordings of a speaker serve as reference for that speaker.
        speakers: names; by default those whom both runs know and the corpus has recordings of, else all of both (16 at most).
        limit: sentences per speaker.
        vocoder, device, checkpoint: as for `ttskit compare`.

    Raises:
        UsageError: no speaker in common, or one that a run has not got.
        MismatchError: another mel content.
    """
    from ttskit.corpus.prepared import PreparedCorpus
    from ttskit.plugins import create_registry

    registry = registry or create_registry()
    corpus = PreparedCorpus.open(data)
    old, new = load_systems([before, after], vocoder, device, checkpoint, registry)
    corpus.mel.require_same_content(old.loaded.context.mel, f"the corpus {corpus.folder.name}", f"run {old.label}")
    analyse = Analyser(corpus, registry)
    items = recorded_items(corpus, CompareConfig(limit=None), registry)
    rows = []
    for speaker in _speakers(old, new, corpus, speakers):
        own = [item for item in items if item.speaker == speaker]
        rows.append(_measure(old, new, speaker, (own or items)[:limit], bool(own), corpus, analyse, seed))
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
    items: Sequence[Item],
    recorded: bool,
    corpus: PreparedCorpus,
    analyse: Analyser,
    seed: int,
) -> SpeakerDrift:
    values: dict[str, list[float]] = {}
    for index, item in enumerate(items):
        said = []
        for system in (old, new):
            tokens = (
                item.tokens
                if all(t in system.loaded.context.symbols for t in item.tokens)
                else (system.voice.frontend.analyze(item.text).tokens)
            )
            (row,) = system.voice.spectrogram([tokens], speaker=speaker, seeds=[part_seed(seed, index)])
            said.append(_heard(system.voice.waveform(row, part_seed(seed, index)), speaker, corpus, analyse))
        path = metrics.align_cepstra(said[0].cepstrum, said[1].cepstrum)
        found = {
            "mcd": metrics.mel_cepstral_distortion_db(said[0].cepstrum, said[1].cepstrum, path),
            "f0": metrics.log_f0_rmse_semitones(said[0].pitch_hz, said[1].pitch_hz, path),
            "shift": 12 * np.log2(said[1].median_hz / said[0].median_hz),
            "length": said[1].samples / said[0].samples,
        }
        if recorded:
            natural = _heard(corpus.audio(item.utterance), speaker, corpus, analyse)
            for which, one in zip(("old", "new"), said, strict=True):
                path = metrics.align_cepstra(natural.cepstrum, one.cepstrum)
                found[f"mcd {which}"] = metrics.mel_cepstral_distortion_db(natural.cepstrum, one.cepstrum, path)
                found[f"f0 {which}"] = metrics.log_f0_rmse_semitones(natural.pitch_hz, one.pitch_hz, path)
        for name, value in found.items():
            values.setdefault(name, []).append(float(value))
    mean = {name: float(np.nanmean(v)) if np.isfinite(v).any() else float("nan") for name, v in values.items()}
    pairs = [(mean[f"{m} old"], mean[f"{m} new"]) if recorded else None for m in ("mcd", "f0")]
    return SpeakerDrift(speaker, len(items), mean["mcd"], mean["f0"], mean["shift"], mean["length"], *pairs)


@dataclass(frozen=True, slots=True)
class _Heard:
    cepstrum: np.ndarray
    pitch_hz: np.ndarray
    samples: int

    @property
    def median_hz(self) -> float:
        voiced = self.pitch_hz[self.pitch_hz > 0]
        return float(np.median(voiced)) if voiced.size else float("nan")


def _heard(audio: np.ndarray, speaker: str, corpus: PreparedCorpus, analyse: Analyser) -> _Heard:
    mel, pitch = analyse(audio, speaker)
    order = min(CompareConfig().mcd_order, corpus.mel.bands - 1)
    return _Heard(metrics.cepstrum(metrics.natural_log_magnitude(mel, corpus.mel), order), pitch, max(1, len(audio)))
