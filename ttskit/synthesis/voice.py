"""Voice: text to speech with one frontend, one acoustic model and one vocoder."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from ttskit.errors import InputError, UsageError
from ttskit.interfaces.acoustic import AcousticInput, AcousticModel, Controls, Spectrogram
from ttskit.interfaces.frontend import Analysis, Frontend, Unknown
from ttskit.interfaces.vocoder import Vocoder
from ttskit.synthesis.parts import split_analysis


@dataclass(frozen=True, slots=True)
class Part:
    """One spoken part (a sentence or clause): its analysis, its spectrogram (one row), its pause after it in seconds."""

    analysis: Analysis
    spectrogram: Spectrogram
    pause_s: float


@dataclass(frozen=True, slots=True)
class Speech:
    """What `Voice.synthesize` gives.

    Args:
        audio: (S,) float32 in [-1, 1].
        sample_rate_hz: its rate.
        parts: what was spoken, part by part.
        unknown: characters of the text that were not read.
        timings: seconds spent in "frontend", "acoustic", "vocoder".
        notes: one line each on anything that was adapted or went wrong (a part cut by the frame limit, a frame shift).
    """

    audio: np.ndarray
    sample_rate_hz: int
    parts: tuple[Part, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length of the audio in seconds."""
        return len(self.audio) / self.sample_rate_hz

    @property
    def real_time_factor(self) -> float:
        """Seconds of work per second of audio; below 1 is faster than speech."""
        return sum(self.timings.values()) / max(self.duration_s, 1e-9)

    @property
    def finished(self) -> bool:
        """Whether every part of an autoregressive model stopped by itself (always true for parallel models)."""
        return all(p.spectrogram.finished is None or bool(p.spectrogram.finished.all()) for p in self.parts)

    def save(self, path: str | Path) -> Path:
        """Write a WAV file (16 bit)."""
        from ttskit.audio.files import write_wav

        write_wav(Path(path), self.audio, self.sample_rate_hz)
        return Path(path)


class Voice:
    """Text to speech. Build one with `ttskit.load_voice`.

    Raises:
        MismatchError: acoustic model and vocoder disagree on the mel's content.
        UsageError: a `precision` that neither of them has.
    """

    def __init__(
        self,
        frontend: Frontend,
        acoustic: AcousticModel,
        vocoder: Vocoder,
        *,
        device: str | torch.device = "cpu",
        notes: Sequence[str] = (),
        name: str = "voice",
        vocoder_name: str = "vocoder",
        precision: str = "fp32",
    ) -> None:
        self.frontend, self.name, self.vocoder_name = frontend, name, vocoder_name
        self.device = torch.device(device)
        self.acoustic, self.vocoder = acoustic.to(self.device).eval(), vocoder.to(self.device).eval()
        self.mel = acoustic.context.mel
        shifted = self.mel.require_same_content(vocoder.mel, f"model {name!r}", f"vocoder {vocoder_name!r}")
        self.notes = (*notes, *([shifted] if shifted else []), *self._use_precision(precision))

    def _use_precision(self, precision: str) -> list[str]:
        """Both parts in `precision` if they have it, else those that do; one line for a part that has not."""
        parts = {f"model {self.name!r}": self.acoustic, f"vocoder {self.vocoder_name!r}": self.vocoder}
        without = {name: part.precisions for name, part in parts.items() if precision not in part.precisions}
        if len(without) == len(parts):
            raise UsageError(f"no part of this voice has precision {precision!r}",
                             "; ".join(f"{name}: {', '.join(have)}" for name, have in without.items()), "leave it out for fp32")
        for name, part in parts.items():
            if name not in without:
                part.use_precision(precision)
        return [f"{name} has no {precision} and stays in {part.precision}" for name, part in parts.items() if name in without]

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the audio."""
        return self.mel.sample_rate_hz

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names that `speaker` can take."""
        return self.acoustic.context.speakers.names

    def synthesize(
        self,
        text: str,
        *,
        speaker: str | None = None,
        seed: int = 0,
        pace: float = 1.0,
        pitch: float = 0.0,
        pitch_range: float = 1.0,
        energy: float = 1.0,
        max_tokens: int = 150,
    ) -> Speech:
        """Speak `text`: sentences and, where too long, clauses apart, joined with natural pauses.

        Args:
            text: anything the frontend reads; long text is fine.
            speaker: a name; may be left out where there is one.
            seed: same seed, same audio.
            pace: speed factor; 1.2 is faster.
            pitch: shift in semitones.
            pitch_range: factor on the distance of F0 from the speaker's mean.
            energy: loudness, a factor on the predicted energy; above 1 is louder.
            max_tokens: longest part, in tokens.

        Raises:
            InputError: nothing to speak, symbols that the model does not know, a control it has not got.
        """
        controls = Controls(
            pace=_positive("pace", pace), pitch=pitch, pitch_range=pitch_range, energy=_positive("energy", energy)
        )
        started = time.perf_counter()
        analysis = self.frontend.analyze(text)
        pieces = split_analysis(analysis, self.frontend.symbols, max_tokens)
        read = time.perf_counter() - started
        if not pieces:
            where = ", ".join(f"{u.character!r} at {u.position}" for u in analysis.unknown[:5])
            raise InputError(
                "nothing to speak in the text",
                f"unknown characters: {where}" if where else f"text: {text[:40]!r}",
                "give at least one word",
            )
        seeds = [part_seed(seed, index) for index in range(len(pieces))]
        rows, acoustic_s = self._spectrograms([p for p, _ in pieces], speaker, seeds, controls)
        started = time.perf_counter()
        waves = [self.waveform(row) for row in rows]
        vocoder_s = time.perf_counter() - started
        parts = tuple(Part(p, row, pause) for (p, pause), row in zip(pieces, rows, strict=True))
        notes = list(self.notes)
        notes += [
            f"part {i + 1} ({p.analysis.normalized[:40]!r}) was cut at the frame limit"
            for i, p in enumerate(parts)
            if p.spectrogram.finished is not None and not bool(p.spectrogram.finished.all())
        ]
        return Speech(
            self._join(waves, [p.pause_s for p in parts]),
            self.sample_rate_hz,
            parts,
            analysis.unknown,
            {"frontend": read, "acoustic": acoustic_s, "vocoder": vocoder_s},
            tuple(notes),
        )

    def spectrogram(
        self,
        tokens: Sequence[Sequence[str]],
        *,
        speaker: str | None = None,
        seeds: Sequence[int] | None = None,
        controls: Controls | None = None,
    ) -> list[Spectrogram]:
        """Mels of token sequences, one row each, without cutting or joining (for comparison and study)."""
        ids = [self.acoustic.context.symbols.ids(row) for row in tokens]
        table = self.acoustic.context.speakers
        who = table.id(speaker)
        longest = max((len(row) for row in ids), default=0)
        batch = torch.full((len(ids), longest), self.acoustic.context.symbols.pad_id, dtype=torch.long)
        for i, row in enumerate(ids):
            batch[i, : len(row)] = torch.tensor(row, dtype=torch.long)
        inputs = AcousticInput(batch, torch.tensor([len(r) for r in ids]), torch.full((len(ids),), who, dtype=torch.long))
        generators = [torch.Generator().manual_seed(s) for s in (seeds or range(len(ids)))]
        with torch.inference_mode():
            out = self.acoustic.infer(inputs.to(self.device), controls, generators)
        return [out.row(i) for i in range(len(ids))]

    def waveform(self, spectrogram: Spectrogram) -> np.ndarray:
        """Audio (S,) of one spectrogram row, on the recording's clock: what lies before sample 0 is dropped."""
        with torch.inference_mode():
            wave = (
                self.vocoder.infer(spectrogram.mel[:, :, : int(spectrogram.lengths[0])].to(self.device))[0]
                .float()
                .cpu()
                .numpy()
            )
        start = self.mel.waveform_start_samples
        return wave[-start:] if start < 0 else np.concatenate([np.zeros(start, np.float32), wave])

    def _spectrograms(
        self, parts: Sequence[Analysis], speaker: str | None, seeds: Sequence[int], controls: Controls, rows_at_once: int = 16
    ) -> tuple[list[Spectrogram], float]:
        started = time.perf_counter()
        rows: list[Spectrogram] = []
        for first in range(0, len(parts), rows_at_once):
            chosen = slice(first, first + rows_at_once)
            rows += self.spectrogram([p.tokens for p in parts[chosen]], speaker=speaker, seeds=seeds[chosen], controls=controls)
        return rows, time.perf_counter() - started

    def _join(self, waves: Sequence[np.ndarray], pauses: Sequence[float]) -> np.ndarray:
        pieces: list[np.ndarray] = []
        for index, (wave, pause) in enumerate(zip(waves, pauses, strict=True)):
            pieces.append(np.clip(wave, -1.0, 1.0).astype(np.float32))
            if index + 1 < len(waves):
                pieces.append(np.zeros(round(pause * self.sample_rate_hz), np.float32))
        return np.concatenate(pieces)


def part_seed(seed: int, index: int) -> int:
    """The seed of part `index`: a function of both, so that editing one sentence leaves the others as they were."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{index}".encode()).digest()[:7], "big")


def _positive(name: str, value: float) -> float:
    if not (value > 0 and np.isfinite(value)):
        raise InputError(f"{name} must be a positive number", f"got {value!r}", f"use {name} 1.0 for the voice's own")
    return value
