"""Autoregressive against parallel on one clock, and what follows from it: mistakes, chance, hard sentences."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ttskit.audio.pitch import autocorrelation
from ttskit.interfaces.acoustic import Spectrogram
from ttskit.interfaces.explanation import Explanation, Intervention
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.faults import faults_of
from ttskit_explain.lesson import Failed, Lesson, Subject
from ttskit_explain.racing import Race, Runner, Said, race, said
from ttskit_explain.spread import distances_db, frames_of, with_silent_frame

__all__ = ["HARD", "TAKES", "build", "steps_of"]

# What breaks autoregressive models, in Rioplatense: many symbols, the same word again, words of other languages.
HARD = {
    "long": "Te digo que el perro que mordió al gato que corrió al ratón que se comió el queso se fue a vivir al sur.",
    "repeated": "No, no, no, no, no.",
    "unseen": "¿Viste el show de Björk en Reikiavik?",
}
TAKES = 5
_RUN_S = 4.0  # seconds for a run's variants within a card; one variant is made whatever it takes
_MOST_HEARD_S = 5.0  # of a sentence that does not end
_SLOW = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SHOWN_S = 8.0  # about how long the animation lasts
_F0_HZ = (60.0, 500.0)


def build(lesson: Lesson) -> list[Card]:
    """Six cards: what depends on what, one clock, other lengths, a mistake, chance, hard sentences."""
    found = race(lesson)
    one_kind = _one_kind(lesson)
    facts = {
        "device": str(lesson.subjects[0].voice.device),
        "threads": found.threads,
        "rounds": found.rounds,
        "words": len(lesson.subjects[0].analysis.words),
        "tokens": len(lesson.subjects[0].tokens),
    }
    return [
        Card("clock.order", (Figure("clock.order", "clock-order", {"frames": 8}),), ("clock_autoregressive", "clock_parallel"), facts),
        _raced(lesson, found, facts, one_kind),
        _lengths(found, facts),
        _mistake(lesson, facts, one_kind),
        _chance(lesson, facts),
        _hard(lesson, facts),
    ]


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
    listed = "; ".join(f"{k}: {m.sample_rate_hz} Hz, {m.hop_samples}, {m.bands}" for k, m in mels.items())
    return [Note("clock.other_mel", {"mels": listed})]


# -- one clock


def _raced(lesson: Lesson, found: Race, facts: dict[str, object], one_kind: list[Note]) -> Card:
    total_s = max((float(r.frames_s[-1]) + r.vocoder_s for r in found.runners), default=0.0)
    slow = next((n for n in _SLOW if total_s * n >= _SHOWN_S / 1.6), _SLOW[-1])
    runs = [_runner(lesson, runner) for runner in found.runners]
    notes = [*found.notes, *one_kind, *_several_mels(lesson)]
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


# -- a mistake


def _mistake(lesson: Lesson, facts: dict[str, object], one_kind: list[Note]) -> Card:
    notes: list[Note] = list(one_kind)
    runs: list[dict[str, Any]] = []
    places_s: list[float] = []
    for subject in sorted(lesson.subjects, key=lambda one: one.decoding != "autoregressive"):  # they say at which frames
        try:
            if subject.decoding == "autoregressive":
                made = _told_wrongly(lesson, subject)
                if made is None:
                    notes.append(Note("clock.no_wrong_frame", {"run": subject.label}))
                    continue
                places_s = places_s or [one["at_s"] for one in made["places"]]
            else:
                made = _put_wrongly(lesson, subject, places_s)
            runs.append(made)
        except Failed as error:
            notes.append(Note("failed", {"why": str(error)}))
    figures = (Figure("clock.mistake", "clock-mistake", {"runs": runs}),) if runs else ()
    return Card("clock.mistake", figures, (), facts, tuple(notes))


def steps_of(explanation: Explanation) -> int | None:
    """How many steps a decoder took: the length of a recorded axis of steps; None where none was recorded."""
    for step in explanation.steps:
        for tensor in step.tensors:
            for size, axis in zip(tensor.values.shape, tensor.axes, strict=True):
                if axis.name == "step":
                    return int(size)
    return None


def _told_wrongly(lesson: Lesson, subject: Subject) -> dict[str, Any] | None:
    """The decoder is told at one step that it said silence: what it says then. None where the model does not offer it."""
    offered = next((one for one in subject.interventions.values() if one.key.endswith("wrong_frame")), None)
    plain = subject.explanation
    steps = steps_of(plain)
    if offered is None or steps is None:
        return None
    frames = int(plain.spectrogram.lengths[0])
    within = [int(choice) for choice in offered.choices if int(choice) <= steps]
    made: dict[int, Spectrogram] = {}
    started = time.perf_counter()
    for choice in _middle_first(within):
        if made and time.perf_counter() - started > _RUN_S:
            break
        made[choice] = subject.explain({offered.key: choice}).spectrogram
    per_step = max(1, round(frames / steps))
    places = [_place(lesson, subject, made[choice], (choice - 1) * per_step) for choice in sorted(made)]
    return _mistaken(lesson, subject, places)


def _put_wrongly(lesson: Lesson, subject: Subject, places_s: Sequence[float]) -> dict[str, Any]:
    """Silence in place of one frame of the finished mel: there is no other place to put it, nothing is made from a frame."""
    plain, mel = subject.spectrogram, subject.voice.mel
    frames, frame_s = int(plain.lengths[0]), mel.hop_samples / mel.sample_rate_hz
    wanted = [round(second / frame_s) for second in places_s] or [frames // 4, frames // 2, 3 * frames // 4]
    at = [min(frame, frames - 1) for frame in wanted]
    places = [_place(lesson, subject, with_silent_frame(plain, frame, mel), frame) for frame in at]
    return _mistaken(lesson, subject, places)


def _middle_first(choices: Sequence[int]) -> list[int]:
    return sorted(choices, key=lambda one: abs(choices.index(one) - len(choices) // 2))


def _place(lesson: Lesson, subject: Subject, wrong: Spectrogram, frame: int) -> dict[str, Any]:
    mel = subject.voice.mel
    distance = distances_db(wrong, subject.spectrogram, mel)
    after = distance[frame + 1 :]
    return {
        "frame": frame,
        "at_s": frame * mel.hop_samples / mel.sample_rate_hz,
        "distance": lesson.sheet.array(distance),
        "others": int((after != 0).sum()),
        "later": len(after),
        "most": round(float(after.max(initial=0.0)), 3),
        "frames": int(wrong.lengths[0]),
        "mel": lesson.mel(wrong),
        "audio": lesson.heard(subject, wrong, f"mistake-{frame}"),
    }


def _mistaken(lesson: Lesson, subject: Subject, places: list[dict[str, Any]]) -> dict[str, Any]:
    plain, mel = subject.spectrogram, subject.voice.mel
    values = frames_of(plain)
    return {
        "label": subject.label,
        "decoding": subject.decoding,
        "frames": values.shape[1],
        "frame_s": mel.hop_samples / mel.sample_rate_hz,
        "range": [round(float(values.min()), 3), round(float(values.max()), 3)],
        "audio": lesson.heard(subject, plain, "no-mistake"),
        "places": places,
    }


# -- chance


def _chance(lesson: Lesson, facts: dict[str, object]) -> Card:
    notes, runs = [], []
    for subject in lesson.subjects:
        try:
            runs.append(_takes(lesson, subject))
        except Failed as error:
            notes.append(Note("failed", {"why": str(error)}))
    figures = (Figure("clock.chance", "clock-chance", {"runs": runs}),) if runs else ()
    return Card("clock.chance", figures, (), {**facts, "takes": TAKES}, tuple(notes))


def _takes(lesson: Lesson, subject: Subject) -> dict[str, Any]:
    """The sentence with several seeds; what is equal to the first take, bit for bit, is said and not kept again."""
    mel = subject.voice.mel
    first = subject.infer(seed=subject.seed)
    takes: list[dict[str, Any]] = []
    started = time.perf_counter()
    for seed in range(subject.seed, subject.seed + TAKES):
        if len(takes) > 1 and time.perf_counter() - started > _RUN_S:
            break
        spoken = subject.infer(seed=seed)
        same = bool(takes) and torch.equal(spoken.mel, first.mel) and torch.equal(spoken.lengths, first.lengths)
        frames = int(spoken.lengths[0])
        take = {"seed": seed, "same": same, "frames": frames, "seconds": frames * mel.hop_samples / mel.sample_rate_hz}
        if not same:
            distance = distances_db(spoken, first, mel)
            f0 = autocorrelation(subject.audio(spoken), mel, *_F0_HZ)
            voiced = f0[f0 > 0]
            take |= {
                "audio": lesson.heard(subject, spoken, f"take-{seed}"),
                "distance": lesson.sheet.array(distance),
                "mean_db": round(float(distance.mean()), 2),
                "f0": lesson.sheet.array(np.where(f0 > 0, f0, np.nan)),
                "f0_hz": round(float(np.median(voiced)), 1) if len(voiced) else None,
                "alignment": _alignment(lesson, spoken),
            }
        takes.append(take)
    return {
        "label": subject.label,
        "decoding": subject.decoding,
        "frame_s": mel.hop_samples / mel.sample_rate_hz,
        "tokens": list(subject.tokens),
        "takes": takes,
    }


def _alignment(lesson: Lesson, spoken: Spectrogram) -> dict[str, str] | None:
    """(N, T): the text from top to bottom, time from left to right."""
    if spoken.alignment is None:
        return None
    return lesson.sheet.array(spoken.row(0).alignment[0].float().cpu().numpy().T)


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
    heard = row if finished else _beginning(row, most)
    return {
        "label": subject.label,
        "decoding": subject.decoding,
        "tokens": list(read.tokens),
        "unknown": list(read.unknown),
        "alignment": _alignment(lesson, row),
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
        return _gone_through(lesson, subject, _own(subject), spoken, "broken") | {"robbed": robbery.key}
    except Failed:
        return None


def _robbery(subject: Subject) -> Intervention | None:
    for suffix in ("decoder.location", "decoder.positions"):
        for one in subject.interventions.values():
            if one.key.endswith(suffix):
                return one
    return None
