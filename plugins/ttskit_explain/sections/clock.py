"""Autoregressive against parallel on one clock, and what follows from it: mistakes, chance, hard sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from ttskit.interfaces.acoustic import Spectrogram
from ttskit.interfaces.explanation import Intervention
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.disturbed import TAKES, alignment_of, mistakes, takes
from ttskit_explain.faults import faults_of
from ttskit_explain.lesson import Failed, Lesson, Subject
from ttskit_explain.racing import Race, Runner, Said, race, said

__all__ = ["HARD", "build"]

# What breaks autoregressive models, in Rioplatense: many symbols, the same word again, words of other languages.
HARD = {
    "long": "Te digo que el perro que mordió al gato que corrió al ratón se fue a vivir al sur.",  # no message
    "repeated": "No, no, no, no, no.",  # no message
    "unseen": "¿Viste el show de Björk en Reikiavik?",  # no message
}
_EQUATIONS = ("clock_autoregressive", "clock_parallel")
_MOST_HEARD_S = 3.0  # of a sentence that does not end
_SLOW = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SHOWN_S = 8.0  # about how long the animation lasts


def build(lesson: Lesson) -> Iterator[Card]:
    """Six cards: what depends on what, one clock, other lengths, a mistake, chance, hard sentences."""
    yield Card("clock.order", (Figure("clock.order", "clock-order", {"frames": 8}),), _EQUATIONS)
    found = race(lesson)
    one_kind = _one_kind(lesson)
    facts: dict[str, object] = {
        "device": str(lesson.subjects[0].voice.device),
        "threads": found.threads,
        "rounds": found.rounds,
        "tokens": len(lesson.subjects[0].tokens),
    }
    yield _raced(lesson, found, facts, one_kind)
    yield _lengths(found, facts)
    yield _mistaken(lesson, facts, one_kind)
    yield _taken(lesson, facts)
    yield _hard(lesson, facts)


def _one_kind(lesson: Lesson) -> list[Note]:
    """A note where only one kind of decoding is there: what the other would add."""
    notes = []
    for wanted in ("autoregressive", "parallel"):
        if lesson.first(wanted) is None:
            notes.append(Note(f"clock.no_{wanted}"))
    return notes


def _several_mels(lesson: Lesson) -> list[Note]:
    """A note where mels differ: pictures stand beside each other, and are not compared."""
    mels = {subject.label: subject.voice.mel for subject in lesson.subjects}
    if len({(mel.sample_rate_hz, mel.hop_samples, mel.bands) for mel in mels.values()}) < 2:
        return []
    listed = "; ".join(f"{k}: {m.sample_rate_hz} Hz, {m.hop_samples}, {m.bands}" for k, m in mels.items())  # no message
    return [Note("clock.other_mel", {"mels": listed})]


# -- one clock


def _raced(lesson: Lesson, found: Race, facts: dict[str, object], one_kind: list[Note]) -> Card:
    total_s = max((float(r.frames_s[-1]) + r.vocoder_s for r in found.runners), default=0.0)
    slow = next((n for n in _SLOW if total_s * n >= _SHOWN_S / 1.6), _SLOW[-1])
    runs = [_runner(lesson, runner) for runner in found.runners]
    notes = [*(one for one in found.notes if one.key != "clock.shorter"), *one_kind, *_several_mels(lesson)]
    notes += [Note("clock.not_streaming", {"run": r.subject.label}) for r in found.runners if _hides_its_frames(r)]
    if found.busy:
        notes.append(Note("clock.busy"))
    spec = {"runs": runs, "slow": slow, "total_ms": round(1e3 * total_s, 2)}
    figures = (Figure("clock.race", "clock-race", spec),) if runs else ()
    return Card("clock.race", figures, (), {**facts, "slow": slow}, tuple(notes))


def _hides_its_frames(runner: Runner) -> bool:
    return runner.subject.decoding == "autoregressive" and not runner.streams


def _runner(lesson: Lesson, runner: Runner) -> dict[str, Any]:
    """The mel is that of the explanation; streamed, the same frames to rounding."""
    subject = runner.subject
    return {
        "label": subject.label,
        "decoding": subject.decoding,
        "arrivals": runner.arrivals(),
        "vocoder_ms": round(1e3 * runner.vocoder_s, 2),
        "mel": lesson.mel(subject.spectrogram),
        "frame_s": runner.frame_s,
        "audio": lesson.heard(subject, subject.spectrogram, "clock"),
    }


def _lengths(found: Race, facts: dict[str, object]) -> Card:
    runs = [
        {
            "label": runner.subject.label,
            "decoding": runner.subject.decoding,
            "ms": [_finite(1e3 * float(runner.lengths[one.words][-1])) for one in found.lengths],
            "seconds": [_finite(_seconds(runner, one.words)) for one in found.lengths],
        }
        for runner in found.runners
    ]
    spec = {"runs": runs, "words": [one.words for one in found.lengths], "times": [one.times for one in found.lengths]}
    notes = tuple(note for note in found.notes if note.key == "clock.shorter")
    return Card("clock.lengths", (Figure("clock.lengths", "clock-lengths", spec),) if runs else (), (), facts, notes)


def _seconds(runner: Runner, words: int) -> float:
    times = runner.lengths[words]
    return len(times) * runner.frame_s if np.isfinite(times[-1]) else float("nan")


def _finite(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


# -- what disturbs


def _mistaken(lesson: Lesson, facts: dict[str, object], one_kind: list[Note]) -> Card:
    notes = list(one_kind)
    runs = mistakes(lesson, notes)
    figures = (Figure("clock.mistake", "clock-mistake", {"runs": runs}),) if runs else ()
    return Card("clock.mistake", figures, (), facts, tuple(notes))


def _taken(lesson: Lesson, facts: dict[str, object]) -> Card:
    notes, runs = [], []
    for subject in lesson.subjects:
        try:
            runs.append(takes(lesson, subject))
        except Failed as error:
            notes.append(Note("failed", {"why": str(error)}))
    figures = (Figure("clock.chance", "clock-chance", {"runs": runs}),) if runs else ()
    most = max((len(run["takes"]) for run in runs), default=TAKES)
    return Card("clock.chance", figures, (), {**facts, "takes": most}, tuple(notes))


# -- hard sentences


def _hard(lesson: Lesson, facts: dict[str, object]) -> Card:
    notes: list[Note] = []
    sentences: list[dict[str, Any]] = []
    faults = 0
    for name, text in {"yours": lesson.text, **HARD}.items():
        runs = []
        for subject in lesson.subjects:
            try:
                read = _own(subject) if name == "yours" else said(subject, text)
                spoken = subject.spectrogram if name == "yours" else subject.infer(tokens=read.tokens)
                runs.append(_gone_through(lesson, subject, read, spoken, f"{name}-sentence"))
            except Failed as error:
                notes.append(Note("failed", {"why": str(error)}))
        faults += sum(len(run["faults"]) for run in runs)
        if runs:
            sentences.append({"name": name, "text": text, "runs": runs})
    broken = _broken(lesson) if sentences and sentences[0]["name"] == "yours" and not faults else None
    if broken is not None:
        sentences[0]["runs"].append(broken)
    figures = (Figure("clock.hard", "clock-hard", {"sentences": sentences}),) if sentences else ()
    return Card("clock.hard", figures, (), facts, tuple(one for i, one in enumerate(notes) if one not in notes[:i]))


def _own(subject: Subject) -> Said:
    return Said(subject.tokens, subject.token_words, tuple(word.text for word in subject.analysis.words), subject.unknown)


def _gone_through(lesson: Lesson, subject: Subject, read: Said, spoken: Spectrogram, name: str) -> dict[str, Any]:
    row = spoken.row(0)
    finished = row.finished is None or bool(row.finished[0])
    mel = subject.voice.mel
    faults = []
    if row.alignment is not None:
        found = faults_of(row.alignment[0].float().cpu().numpy(), read.token_words, finished)
        faults = [one.to_json(read.words, read.tokens) for one in found]
    most = int(_MOST_HEARD_S * mel.sample_rate_hz / mel.hop_samples)
    heard = spoken if finished else _beginning(row, most)
    return {
        "label": subject.label,
        "decoding": subject.decoding,
        "tokens": list(read.tokens),
        "unknown": list(read.unknown),
        "alignment": alignment_of(lesson, row),
        "finished": finished,
        "seconds": int(row.lengths[0]) * mel.hop_samples / mel.sample_rate_hz,
        "cut": int(heard.lengths[0]) < int(row.lengths[0]),
        "faults": faults,
        "audio": lesson.heard(subject, heard, name),
    }


def _beginning(row: Spectrogram, frames: int) -> Spectrogram:
    """Only the first frames, to be heard: a sentence that does not end is long."""
    if int(row.lengths[0]) <= frames:
        return row
    return Spectrogram(row.mel[:, :, :frames], torch.full_like(row.lengths, frames), finished=row.finished)


def _broken(lesson: Lesson) -> dict[str, Any] | None:
    """Where no run makes a fault: an autoregressive one that was robbed of its sense of place, so that one is seen."""
    subject = lesson.first("autoregressive")
    if subject is None:
        return None
    try:
        robbery = _robbery(subject)
        if robbery is None:
            return None
        spoken = subject.explain({robbery.key: robbery.choices[0]}).spectrogram
        return _gone_through(lesson, subject, _own(subject), spoken, "robbed") | {"robbed": robbery.key.split(".")[-1]}
    except Failed:
        return None


def _robbery(subject: Subject) -> Intervention | None:
    for suffix in ("decoder.location", "decoder.positions"):
        for one in subject.interventions.values():
            if one.key.endswith(suffix):
                return one
    return None
