"""What two disturbances do to each run: one wrong frame, and another seed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ttskit.audio.pitch import autocorrelation
from ttskit.interfaces.acoustic import Spectrogram
from ttskit.interfaces.explanation import Explanation
from ttskit_explain.cards import Note
from ttskit_explain.lesson import Failed, Lesson, Subject
from ttskit_explain.spread import distances_db, frames_of, with_silent_frame

__all__ = ["TAKES", "alignment_of", "mistakes", "steps_of", "takes"]

TAKES = 5
_RUN_S = 4.0  # seconds for a run's variants; one is made, whatever it takes
_PLACES = 3  # of mistakes, the last ones offered that leave a tenth of the sentence: the first fall into the silence before it
_F0_HZ = (60.0, 500.0)  # where the speaker's own is not known
_VOICED = 0.15  # share of frames with a pitch from which it is believed: a weak model's audio has none


def mistakes(lesson: Lesson, notes: list[Note]) -> list[dict[str, Any]]:
    """For each run, the mel with a wrong frame at some moments, and how far it lies from the undisturbed one.

    Args:
        lesson: whose runs; the autoregressive ones come first and say at which moments.
        notes: what could not be made is added.
    """
    runs: list[dict[str, Any]] = []
    places_s: list[float] = []
    for subject in sorted(lesson.subjects, key=lambda one: one.decoding != "autoregressive"):
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
    return runs


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
    within = ([choice for choice in within if choice <= 0.9 * steps] or within)[-_PLACES:]
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


def takes(lesson: Lesson, subject: Subject) -> dict[str, Any]:
    """The sentence with several seeds; what is equal to the first take, bit for bit, is said and not kept again.

    Raises:
        Failed: the run did.
    """
    mel = subject.voice.mel
    first = subject.infer(seed=subject.seed)
    if torch.equal(first.mel, subject.spectrogram.mel):
        first = subject.spectrogram  # its audio is there already
    made: list[dict[str, Any]] = []
    started = time.perf_counter()
    for seed in range(subject.seed, subject.seed + TAKES):
        if len(made) > 1 and time.perf_counter() - started > _RUN_S:
            break
        spoken = subject.infer(seed=seed) if made else first
        same = bool(made) and torch.equal(spoken.mel, first.mel) and torch.equal(spoken.lengths, first.lengths)
        frames = int(spoken.lengths[0])
        take = {"seed": seed, "same": same, "frames": frames, "seconds": frames * mel.hop_samples / mel.sample_rate_hz}
        if not same:
            distance = distances_db(spoken, first, mel)
            take |= {
                "audio": lesson.heard(subject, spoken, f"take-{seed}"),
                "mean_db": round(float(distance.mean()), 2),
                "f0": None,
                "f0_hz": None,
                "words": _words(subject, spoken),
                "alignment": alignment_of(lesson, spoken),
            }
            f0 = _pitch(subject, spoken)
            if f0 is not None:
                take |= {"f0": lesson.sheet.array(f0), "f0_hz": round(float(np.nanmedian(f0)), 1)}
        made.append(take)
    return {
        "label": subject.label,
        "decoding": subject.decoding,
        "frame_s": mel.hop_samples / mel.sample_rate_hz,
        "tokens": list(subject.tokens),
        "takes": made,
    }


def _pitch(subject: Subject, spoken: Spectrogram) -> np.ndarray | None:
    """(T,) F0 in Hz of the audio, NaN where there is none; None where hardly anything has a pitch."""
    known = subject.model.context.pitch.get(subject.speaker)
    low, high = _F0_HZ if known is None else (max(40.0, known.mean_hz / 2), 2 * known.mean_hz)
    f0 = autocorrelation(subject.audio(spoken), subject.voice.mel, low, high)
    return np.where(f0 > 0, f0, np.nan) if (f0 > 0).mean() >= _VOICED else None


def _words(subject: Subject, spoken: Spectrogram) -> list[list[Any]]:
    """When each word is said by the alignment: its index, spelling, and seconds from its first frame to its last one's end.

    A word that no frame looks at most is left out.
    """
    row = spoken.row(0)
    if row.alignment is None:
        return []
    frame_s = subject.voice.mel.hop_samples / subject.voice.mel.sample_rate_hz
    at = row.alignment[0].float().cpu().numpy().argmax(1)
    found = []
    for index, word in enumerate(subject.analysis.words):
        frames = np.flatnonzero([subject.token_words[token] == index for token in at])
        if len(frames):
            found.append([index, word.text, round(frame_s * int(frames[0]), 3), round(frame_s * (int(frames[-1]) + 1), 3)])
    return found


def alignment_of(lesson: Lesson, spoken: Spectrogram) -> dict[str, str] | None:
    """An alignment as an array (N, T): the text from top to bottom, time from left to right; None where there is none."""
    if spoken.alignment is None:
        return None
    return lesson.sheet.array(spoken.row(0).alignment[0].float().cpu().numpy().T)
