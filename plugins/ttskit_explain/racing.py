"""Every run on one clock: when each frame of the sentence was there, and what other lengths take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ttskit.measure import turns
from ttskit_explain.cards import Note
from ttskit_explain.lesson import Failed, Lesson, Subject
from ttskit_explain.timing import Length, affordable, frame_times, in_turns, lengths_of, median_times

__all__ = ["BUDGET_S", "Race", "Runner", "Said", "frame_counts", "race", "said"]

BUDGET_S = 1.5


@dataclass(frozen=True, slots=True)
class Said:
    """A text as one run reads it.

    Args:
        tokens: that the run knows, in order.
        token_words: for each the index of its word, or None.
        words: their spelling.
        unknown: characters that were not read, and symbols that the run does not know.
    """

    tokens: tuple[str, ...]
    token_words: tuple[int | None, ...]
    words: tuple[str, ...]
    unknown: tuple[str, ...]


def said(subject: Subject, text: str) -> Said:
    """Read another text with the run's own frontend.

    Raises:
        Failed: it could not be read, or nothing of it can be said.
    """
    analysis = subject.ask("frontend", lambda: subject.voice.frontend.analyze(text))
    symbols = subject.model.context.symbols
    known = [(token, word) for token, word in zip(analysis.tokens, analysis.token_words, strict=True) if token in symbols]
    if not known:
        raise Failed(f"{subject.label}: no symbol of {text!r} is known")
    unknown = [one.character for one in analysis.unknown] + [token for token in analysis.tokens if token not in symbols]
    tokens, token_words = zip(*known, strict=True)
    return Said(tokens, token_words, tuple(word.text for word in analysis.words), tuple(dict.fromkeys(unknown)))


@dataclass
class Runner:
    """One run and what was measured of it.

    Args:
        subject: the run.
        lengths: frame times (T,) in seconds of each length by its number of words; the sentence is one of them.
        sentence: how many words it has.
        vocoder_s: what the vocoder takes for the sentence's mel.
    """

    subject: Subject
    lengths: dict[int, np.ndarray]
    sentence: int
    vocoder_s: float

    @property
    def streams(self) -> bool:
        """Whether it gives frames while it speaks; else all are there at its end."""
        return bool(self.subject.model.streaming)

    @property
    def frames_s(self) -> np.ndarray:
        """(T,) of the sentence."""
        return self.lengths[self.sentence]

    @property
    def frame_s(self) -> float:
        """How long a frame of its speech lasts."""
        mel = self.subject.voice.mel
        return mel.hop_samples / mel.sample_rate_hz

    def arrivals(self) -> list[list[float]]:
        """Frames that came together: milliseconds, and how many were there then."""
        times, counts = np.unique(self.frames_s, return_counts=True)
        return [[round(1e3 * float(t), 3), int(n)] for t, n in zip(times, np.cumsum(counts), strict=True)]


@dataclass
class Race:
    """What was measured of all runs in turns.

    Args:
        runners: those that spoke.
        lengths: the texts, from short to long.
        rounds: that count.
        busy: whether other work disturbed the machine meanwhile.
        threads: that torch worked with.
        notes: what could not be measured, or was left out.
    """

    runners: list[Runner]
    lengths: list[Length]
    rounds: int
    busy: bool
    threads: int
    notes: list[Note]


def frame_counts(subject: Subject, tokens: Sequence[str]) -> Iterator[int]:
    """Speaks and gives, as soon as they are there, how many frames were added; all at once where the model does not stream."""
    inputs, generators = subject.inputs_of(tokens), [torch.Generator().manual_seed(subject.seed)]
    if subject.model.streaming:
        for chunk in subject.model.infer_stream(inputs, None, generators):
            yield int(chunk.shape[2])
    else:
        with torch.inference_mode():
            yield int(subject.model.infer(inputs, None, generators).lengths[0])


def race(lesson: Lesson, budget_s: float = BUDGET_S, clock: Callable[[], float] = time.perf_counter) -> Race:
    """Time every run of a lesson on the sentence, on beginnings of it and on multiples, in turns.

    Args:
        lesson: whose runs.
        budget_s: seconds; rounds and lengths are as many as it allows.
        clock: seconds, only forward.
    """
    first = lesson.subjects[0].analysis
    notes, able, sentence_s = [], [], 0.0
    for subject in lesson.subjects:
        try:
            subject.audio(subject.spectrogram)
            _timed(subject, subject.tokens, clock)  # what only the first call costs
            sentence_s += float(_timed(subject, subject.tokens, clock)[-1])
            able.append(subject)
        except Failed as error:
            notes.append(Note("failed", {"why": str(error)}))
    planned = lengths_of(first.text, first.words)
    lengths = affordable(planned, sentence_s, budget_s)
    if len(lengths) < len(planned):
        notes.append(Note("clock.shorter", {"longest": lengths[-1].words}))
    whole = next(one.words for one in lengths if one.times == 1)
    jobs = [_length_job(subject, one, clock) for subject in able for one in lengths]
    jobs += [_vocoder_job(subject, clock) for subject in able]
    threads, before = torch.get_num_threads(), turns.read_machine()
    found = in_turns(jobs, budget_s, clock=clock) if jobs else []
    busy = turns.machine_between(before, turns.read_machine(), threads).busy
    runners = []
    for i, subject in enumerate(able):
        own = found[i * len(lengths) : (i + 1) * len(lengths)]
        measured = {one.words: median_times(passes) for one, passes in zip(lengths, own, strict=True)}
        vocoder_s = float(median_times(found[len(able) * len(lengths) + i])[0])
        runners.append(Runner(subject, measured, whole, vocoder_s))
    return Race(runners, lengths, len(found[0]) if found else 0, busy, threads, notes)


def _sync(subject: Subject) -> None:
    if subject.voice.device.type == "cuda":
        torch.cuda.synchronize(subject.voice.device)


def _timed(subject: Subject, tokens: Sequence[str], clock: Callable[[], float]) -> np.ndarray:
    """(T,) of one pass. Raises `Failed`, also where no frame came."""

    def speak() -> np.ndarray:
        times = frame_times(frame_counts(subject, tokens), lambda: _sync(subject), clock)
        if not len(times):
            raise ValueError("the model gave no frames")
        return times

    return subject.ask("infer", speak)


def _length_job(subject: Subject, length: Length, clock: Callable[[], float]) -> Callable[[], np.ndarray]:
    """Times one text; NaN, once, where the run cannot say it (too long for its positions, say)."""
    try:
        tokens = subject.tokens if length.times == 1 else said(subject, length.text).tokens
    except Failed:
        return lambda: np.array([np.nan])

    def job() -> np.ndarray:
        try:
            return _timed(subject, tokens, clock)
        except Failed:
            return np.array([np.nan])

    return job


def _vocoder_job(subject: Subject, clock: Callable[[], float]) -> Callable[[], np.ndarray]:
    def speak() -> np.ndarray:
        spectrogram = subject.spectrogram.row(0)
        _sync(subject)
        started = clock()
        subject.voice.waveform(spectrogram, subject.seed)
        _sync(subject)
        return np.array([clock() - started])

    return lambda: subject.ask("vocoder", speak)
