"""Vocoders on held-out clips: what they make of given mels, said once and asked by the same measurements as a comparison."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from ttskit.audio.config import MelConfig
from ttskit.audio.files import write_wav
from ttskit.config import CompareConfig
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.interfaces.measurement import NATURAL, Measure, Sample, Sentence, Sound, Spoken
from ttskit.interfaces.vocoder import Vocoder, vocoder_generators
from ttskit.measure.analysis import Analyser
from ttskit.measure.run import Measured, measure_all
from ttskit.measure.spoken import SoundStore
from ttskit.measure.stats import Interval
from ttskit.pictures.speech import draw_spectrogram, figure
from ttskit.plugins import Registry
from ttskit.progress import progress

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Mels", "VocoderFigures", "cells", "held_out_clips", "measure_vocoders", "table", "vocode"]

Mels = Callable[[PreparedUtterance], np.ndarray]


@dataclass(frozen=True, slots=True)
class VocoderFigures:
    """What one vocoder scored on one kind of mel.

    Args:
        vocoder, mels: names.
        values: means over clips with 95 % intervals by the measure's key; None if undefined.
        measures: what the keys are.
    """

    vocoder: str
    mels: str
    values: Mapping[str, Interval | None]
    measures: Mapping[str, Measure] = field(default_factory=dict)

    def to_json(self) -> dict:
        """Plain data."""
        values = {name: value and asdict(value) for name, value in self.values.items()}
        return {"vocoder": self.vocoder, "mels": self.mels, **values}


@dataclass(frozen=True, slots=True)
class _Line:
    """What stands for a system: a vocoder on a kind of mel."""

    label: str


def held_out_clips(corpus: PreparedCorpus, limit: int) -> list[PreparedUtterance]:
    """At most `limit` utterances of the test split (else the validation split), evenly spread and long enough to measure."""
    least = corpus.mel.fft_samples + 2 * corpus.mel.hop_samples
    for split in ("test", "validation"):
        clips = [u for u in corpus.split(split) if u.samples >= least]  # reflection at the edges, and one window
        if clips:
            count = min(limit, len(clips))
            return [clips[round(k * (len(clips) - 1) / max(1, count - 1))] for k in range(count)]
    return []


def measure_vocoders(
    corpus: PreparedCorpus,
    vocoders: Mapping[str, Vocoder],
    mels: Mapping[str, Mels],
    clips: Sequence[PreparedUtterance],
    registry: Registry,
    out: Path | None = None,
    pictured: int = 4,
    one_clock: bool = True,
    notes: list[str] | None = None,
    console: Console | None = None,
) -> list[VocoderFigures]:
    """Figures of every vocoder on every kind of mel, by every measurement that asks for nothing but recordings.

    Args:
        vocoders: by the name to show; in evaluation mode, on their devices.
        mels: by the name to show, what gives the mel (M, T) of a clip.
        clips: what is measured.
        registry: where measurements and the corpus's pitch extractor are found.
        out: where audio, and pictures of the first `pictured` clips, go; None: nowhere.
        one_clock: whether the mels keep the recordings' time; else frames are paired by DTW.
        notes: takes what measurements have to say, failures included.
        console: where progress goes; None: nowhere.
    """
    lines = {(name, kind): _Line(f"{name}, {kind} mel") for kind in mels for name in vocoders}
    analyse = Analyser(corpus, registry)
    with tempfile.TemporaryDirectory() as place, SoundStore(Path(place) / "sounds") as store:
        spoken = Spoken(corpus, list(lines.values()), [], [], CompareConfig(), out or Path(place), "cpu", corpus.mel)
        spoken.counted = partial(progress, console)
        with progress(console, "held-out clips", len(clips)) as advance:
            for index, clip in enumerate(clips):
                sentence = Sentence(
                    clip.id, clip.split, clip.text, clip.tokens, clip.token_words, (), clip.speaker, recorded=True
                )
                natural = np.asarray(corpus.audio(clip))
                said = {NATURAL: natural}
                for kind, mel_of in mels.items():
                    mel = np.asarray(mel_of(clip))
                    said |= {
                        lines[name, kind].label: vocode(vocoder, mel, corpus.mel, index) for name, vocoder in vocoders.items()
                    }
                if one_clock:  # the last hop may be cut
                    said = {name: audio[: len(natural)] for name, audio in said.items()}
                sounds = {name: Sound(audio, *analyse(audio, clip.speaker)) for name, audio in said.items()}
                spoken.sentences = [*spoken.sentences, sentence]
                spoken.samples = [
                    *spoken.samples,
                    *(Sample(sentence, name, 0, store.keep(s), one_clock=one_clock) for name, s in sounds.items()),
                ]
                if out is not None:
                    _keep(out, clip, sounds, corpus.mel, index < pictured)
                advance(note=clip.id)
        measured = measure_all(spoken, registry, only=_asked(registry))
    if notes is not None:
        notes += [note for one in measured for note in one.notes]
    return [_figures(name, kind, line.label, measured) for (name, kind), line in lines.items()]


def vocode(vocoder: Vocoder, mel: np.ndarray, config: MelConfig, seed: int = 0) -> np.ndarray:
    """Audio (S,) of a mel (M, T) on the recording's clock (what lies before its first sample is dropped).

    `seed` is the clip's, which a stochastic vocoder's noise follows from.
    """
    device = next(iter((*vocoder.parameters(), *vocoder.buffers())), torch.zeros(())).device
    with torch.inference_mode():
        given = torch.tensor(mel, dtype=torch.float32)[None].to(device)
        wave = vocoder.infer(given, generators=vocoder_generators([seed]))[0].float().cpu().numpy()
    start = config.waveform_start_samples
    return wave[-start:] if start < 0 else np.concatenate([np.zeros(start, np.float32), wave])


def cells(figures: Sequence[VocoderFigures]) -> list[tuple[str, ...]]:
    """The figures as rows of text, titles first."""

    def cell(interval: Interval | None, measure: Measure) -> str:
        if interval is None:
            return "–"
        value, low, high = (v * measure.factor for v in (interval.value, interval.low, interval.high))
        if not interval.has_interval:
            return f"{value:.{measure.digits}f}"
        return f"{value:.{measure.digits}f} [{low:.{measure.digits}f}, {high:.{measure.digits}f}]"

    columns = {key: measure for f in figures for key, measure in f.measures.items()}
    rows = [("vocoder", "mels", *(f"{m.title} ({m.unit})" if m.unit else m.title for m in columns.values()))]
    return rows + [(f.vocoder, f.mels, *(cell(f.values.get(key), m) for key, m in columns.items())) for f in figures]


def table(figures: Sequence[VocoderFigures]) -> str:
    """The figures as lines of plain text."""
    rows = cells(figures)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _asked(registry: Registry) -> set[str]:
    """Measurements that need nothing but recordings: ours and strangers'."""
    return {name for name, p in registry.all("measurement").items() if set(p.facts.get("needs", ())) <= {"recordings"}}


def _figures(name: str, kind: str, label: str, measured: Sequence[Measured]) -> VocoderFigures:
    rows = [row for one in measured for row in one.rows if row.row.summary]  # details have no room in a table of vocoders
    values = {row.row.measure.key: v if isinstance(v := row.values.get(label), Interval) else None for row in rows}
    return VocoderFigures(name, kind, values, {row.row.measure.key: row.row.measure for row in rows})


def _keep(out: Path, clip: PreparedUtterance, sounds: Mapping[str, Sound], mel: MelConfig, picture: bool) -> None:
    out.mkdir(parents=True, exist_ok=True)
    named = {"recording" if name == NATURAL else name: sound for name, sound in sounds.items()}
    for name, sound in named.items():
        place = "".join(c if c.isalnum() or c in "-_." else "-" for c in name.replace(", ", "_"))
        write_wav(out / f"{clip.id}_{place}.wav", np.clip(sound.audio, -1.0, 1.0), mel.sample_rate_hz)
    if picture:
        low, high = float(named["recording"].audio_mel.min()), float(named["recording"].audio_mel.max())
        with figure(out / f"{clip.id}.png", len(named), row_height=1.9) as axes:
            for ax, (name, sound) in zip(axes, named.items(), strict=True):
                draw_spectrogram(ax, sound.audio_mel, mel, f"{clip.id}: {name}", low, high)
