"""What a voice gives: speech as a whole, or a stream of its audio."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ttskit.interfaces.acoustic import Spectrogram
from ttskit.interfaces.frontend import Analysis, Unknown
from ttskit.interfaces.traversal import Traversal

__all__ = ["WORK", "Part", "Speech", "SpeechStream"]

WORK = ("frontend", "acoustic", "vocoder")  # timings that add up to the work done


@dataclass(frozen=True, slots=True)
class Part:
    """One spoken part (a sentence or clause): its analysis, its spectrogram (one row), its pause after it in seconds.

    Of speech that is written while it is spoken the spectrogram is let go: it has no frames, and `passed` keeps its traversal.
    """

    analysis: Analysis
    spectrogram: Spectrogram
    pause_s: float
    passed: Traversal | None = None

    @property
    def traversal(self) -> Traversal | None:
        """How an autoregressive model went through the part by its own alignment; None for parallel models."""
        return self.passed or Traversal.of(self.spectrogram, self.analysis.token_words)

    def without_frames(self) -> Part:
        """The part with what grows with its length let go."""
        heard = self.spectrogram
        empty = heard.mel.new_zeros(1, heard.mel.shape[1], 0)
        return Part(self.analysis, Spectrogram(empty, heard.lengths, finished=heard.finished), self.pause_s, self.traversal)

    @property
    def words(self) -> tuple[str, ...]:
        """The part's words, by which `traversal` counts."""
        return tuple(word.text for word in self.analysis.words)


class _Spoken:
    """What speech and its stream have in common."""

    __slots__ = ()

    if TYPE_CHECKING:  # each has them, as field or as slot
        sample_rate_hz: int
        parts: Sequence[Part]
        timings: Mapping[str, float]

        @property
        def samples(self) -> int: ...

    @property
    def duration_s(self) -> float:
        """Length of the audio in seconds."""
        return self.samples / self.sample_rate_hz

    @property
    def real_time_factor(self) -> float:
        """Seconds of work per second of audio; below 1 is faster than speech."""
        return sum(self.timings.get(name, 0.0) for name in WORK) / max(self.duration_s, 1e-9)

    @property
    def first_audio_s(self) -> float:
        """Seconds from the call to the first audio."""
        return self.timings.get("first_audio", float("nan"))

    @property
    def finished(self) -> bool:
        """Whether every part of an autoregressive model stopped by itself (always true for parallel models)."""
        return all(p.spectrogram.finished is None or bool(p.spectrogram.finished.all()) for p in self.parts)

    def faults(self) -> dict[str, list[str]] | None:
        """Words "skipped" and "repeated" by an autoregressive model's own alignment, in order; None for parallel models.

        It says where to listen, not what was heard.
        """
        found: dict[str, list[str]] = {"skipped": [], "repeated": []}
        known = [(part.words, traversal) for part in self.parts if (traversal := part.traversal) is not None]
        for words, traversal in known:
            found["skipped"] += [words[w] for w in traversal.skipped]
            found["repeated"] += [words[w] for w in traversal.repeated]
        return found if known else None


@dataclass(frozen=True, slots=True)
class Speech(_Spoken):
    """What `Voice.synthesize` gives.

    Args:
        audio: (S,) float32 in [-1, 1].
        sample_rate_hz: its rate.
        parts: what was spoken, part by part; spans of their words count the characters of the text without markup.
        unknown: characters of the text that were not read.
        timings: seconds spent in "frontend", "acoustic", "vocoder", and from the call to the "first_audio".
        notes: one line each on anything that was adapted or went wrong (a part cut by the frame limit, a frame shift).
    """

    audio: np.ndarray
    sample_rate_hz: int
    parts: tuple[Part, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """Length of the audio in samples."""
        return len(self.audio)

    def save(self, path: str | Path) -> Path:
        """Write a sound file in the format of its name: .wav (16 bit), .flac, .ogg, .opus, .mp3 … (`ttskit.audio.encoding`).

        Raises:
            UsageError: that format cannot be written.
        """
        from ttskit.audio.files import write_audio

        write_audio(Path(path), self.audio, self.sample_rate_hz)
        return Path(path)

    def _repr_html_(self) -> str:
        """What a notebook shows: a player and the spectrogram."""
        from ttskit.synthesis.notebook import speech_html

        return speech_html(self)


class SpeechStream(_Spoken):
    """An iterator over the audio of a text, chunk by chunk as it is made; joined, the chunks are `Speech.audio`.

    `parts`, `notes`, `timings` and `samples` grow with it and are whole when it has ended.

    Attributes:
        sample_rate_hz, unknown, notes, timings: as in `Speech`.
        parts: those whose mel is there.
        samples: length of what was given so far.
        keeps_frames: whether the parts keep their spectrograms.
    """

    __slots__ = ("_chunks", "_started", "keeps_frames", "notes", "parts", "sample_rate_hz", "samples", "timings", "unknown")

    def __init__(self, sample_rate_hz: int, unknown: Sequence[Unknown], notes: Sequence[str], started: float) -> None:
        self.sample_rate_hz, self.unknown, self.notes = sample_rate_hz, tuple(unknown), list(notes)
        self.parts: list[Part] = []
        self.samples, self.keeps_frames = 0, True
        self.timings: dict[str, float] = dict.fromkeys(WORK, 0.0)
        self._started = started
        self._chunks: Iterator[np.ndarray] = iter(())

    def __iter__(self) -> SpeechStream:
        return self

    def __next__(self) -> np.ndarray:
        chunk = next(self._chunks)
        self.timings.setdefault("first_audio", time.perf_counter() - self._started)
        self.samples += len(chunk)
        return chunk

    def begin(self, part: Part) -> None:
        """A part's mel is there."""
        self.parts.append(part if self.keeps_frames else part.without_frames())
        if part.spectrogram.finished is not None and not bool(part.spectrogram.finished.all()):
            self.notes.append(f"part {len(self.parts)} ({part.analysis.normalized[:40]!r}) was cut at the frame limit")
