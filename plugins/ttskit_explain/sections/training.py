"""Training seen from inside: how the alignment came about, and what helped it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ttskit.errors import TTSKitError
from ttskit.nn import (
    attention_durations,
    duration_attention,
    guided_attention_loss,
    guided_attention_penalty,
    log_beta_binomial_prior,
)
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.films import Film, checkpoints_as_film, losses, recorded_film
from ttskit_explain.lesson import Failed, Lesson, Subject

__all__ = ["build"]

_SIGMAS = (0.1, 0.2, 0.4)  # 0.2 is the published one
_STRENGTHS = (0.1, 0.25, 0.5, 1.0)  # of the prior; 1 is the published one
_MOST_COLUMNS = 280  # of a matrix over frames; of a longer one, every second, third … is shown
_ALIGNED = 0.7  # diagonality from which an attention is one token wide, with a little blur
_NUMBERS = re.compile(r"\d[\d.]*%?(?:, \d[\d.]*%?)*")


def build(lesson: Lesson) -> list[Card]:
    """The film with the losses beside it, then the three helps: guided attention, the prior, given durations."""
    cards = [_film(lesson), _helps(lesson)]
    try:
        look = _Look.of(lesson)
    except Failed as error:
        return [*cards, Card("training.nothing", notes=(Note("failed", {"why": str(error)}),))]
    return [*cards, _guided(lesson, look), _prior(lesson, look), _supervised(lesson, look)]


# -- the film


def _film(lesson: Lesson) -> Card:
    films, notes, logs = [], [], {}
    for subject in lesson.subjects:
        film, damaged = recorded_film(subject.label, subject.run.path, subject.model.context.mel)
        notes += [Note("film_damaged", {"run": subject.label, "frames": damaged})] if damaged else []
        if film is None:
            try:
                film = checkpoints_as_film(subject)
                notes.append(Note("film_of_checkpoints", {"run": subject.label, "checkpoints": len(film.steps)}))
            except Failed as error:
                notes.append(Note("film_none", {"run": subject.label, "why": str(error)}))
        films += [film] if film is not None else []
    systems = [one.system for one in lesson.subjects]
    aligner = lesson.aligner
    if aligner is not None and all(aligner.run.path.resolve() != one.run.path.resolve() for one in systems):
        systems.append(aligner)
        film, _ = recorded_film(aligner.label, aligner.run.path, aligner.loaded.context.mel)
        films += [film] if film is not None else []
        notes += [Note("film_of_no_aligner", {"run": aligner.label})] if film is None else []
    for system in systems:
        try:
            logs[system.label] = losses(system.run)
        except TTSKitError as error:
            notes.append(Note("losses_damaged", {"run": system.label, "why": f"{error.what}: {error.why}"}))
    spec = {"films": [_shown(lesson, film) for film in films], "losses": logs}
    return Card(
        "training.film" if any(one.text for one in films) else "training.kept",
        (Figure("training.film", "training.film", spec),) if films or logs else (),
        values={
            "sentence": next((one.text for one in films if one.text), lesson.text).rstrip("."),
            "frames": max((len(one.steps) for one in films), default=0),
            "steps": max((one.steps[-1] for one in films), default=0),
            "aligned": _ALIGNED,
        },
        notes=tuple(notes),
    )


def _shown(lesson: Lesson, film: Film) -> dict[str, Any]:
    return {
        "label": film.label,
        "kind": film.kind,
        "tokens": [*film.tokens],
        "steps": [*film.steps],
        "pictures": lesson.sheet.array(film.pictures),
        "pooled": film.pooled,
        "seconds": [round(one, 2) for one in film.seconds],
        "aligned": _aligned(film),
        "diagonality": None if film.diagonality is None else [round(one, 3) for one in film.diagonality],
    }


def _aligned(film: Film) -> dict[str, Any] | None:
    """From which frame on the alignment stays a diagonal: the word that says it, and its step."""
    if film.diagonality is None or len(film.steps) < 2:
        return None
    below = [i for i, value in enumerate(film.diagonality) if value < _ALIGNED]
    if not below:
        return {"word": "film_always"}
    if below[-1] + 1 == len(film.steps):
        return {"word": "film_never"}
    return {"word": "film_aligned", "step": film.steps[below[-1] + 1]}


# -- what helped


def _helps(lesson: Lesson) -> Card:
    """What each run says it was helped by."""
    runs, notes = [], []
    for subject in lesson.subjects:
        try:
            helped = [str(one) for one in subject.ask("aids", subject.model.aids)]
        except Failed as error:
            notes.append(Note("failed", {"why": str(error)}))
            continue
        runs.append({"label": subject.label, "aids": [_worded(one) for one in helped]})
    return Card("training.helps", (Figure("training.helps", "training.helps", {"runs": runs}),), notes=tuple(notes))


def _worded(aid: str) -> dict[str, Any]:
    """A help as a key of the words, its numbers apart: "4 frames per step" → "{a} frames per step", {a: "4"}."""
    values: dict[str, str] = {}

    def place(found: re.Match[str]) -> str:
        name = chr(ord("a") + len(values))
        values[name] = found[0]
        return f"{{{name}}}"

    return {"key": _NUMBERS.sub(place, aid), "values": values}


@dataclass(frozen=True)
class _Look:
    """The attention that the helps are shown on: of the run that decodes step by step, or of the first.

    Args:
        subject: whose.
        attention: (1, T, N) as it spoke the sentence.
        reduction: frames of one step of the decoder.
    """

    subject: Subject
    attention: torch.Tensor
    reduction: int

    @property
    def lengths(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Frames and tokens, (1,) each."""
        return torch.tensor([self.attention.shape[1]]), torch.tensor([self.attention.shape[2]])

    @classmethod
    def of(cls, lesson: Lesson) -> _Look:
        """The first run that gives an alignment, one that decodes step by step before others.

        Raises:
            Failed: none does.
        """
        for subject in sorted(lesson.answering(), key=lambda one: one.decoding != "autoregressive"):
            spoken = subject.spectrogram.row(0)
            if spoken.alignment is not None:
                attention = spoken.alignment[:, :, : len(subject.tokens)].float().cpu()
                return cls(subject, attention, subject.system.frames_per_step or 1)
        raise Failed("no run gives an alignment of this sentence")


def _guided(lesson: Lesson, look: _Look) -> Card:
    """The penalty matrix of guided attention for this sentence, and what three attentions would pay."""
    frames, tokens = look.lengths
    T, N = int(frames), int(tokens)
    shapes = {
        "own": look.attention,
        "even": torch.full((1, T, N), 1.0 / N),
        "backwards": look.attention.flip(2),
    }
    penalties, paid, by = [], [], -(-T // _MOST_COLUMNS)
    for sigma in _SIGMAS:
        penalties.append(guided_attention_penalty(frames, tokens, (T, N), sigma)[0, ::by].T.numpy())
        costs = [guided_attention_loss(one, frames, tokens, sigma) for one in shapes.values()]
        # The loss is a mean over all pairs of a frame and a token; times N it is the mean penalty of a frame's attention.
        paid.append([float(total / count) * N for total, count in costs])
    spec = {
        "sigmas": [*_SIGMAS],
        "penalties": lesson.sheet.array(np.stack(penalties)),
        "attention": lesson.sheet.array(look.attention[0, ::by].T.numpy()),
        "every": by,
        "paid": paid,
        "names": [*shapes],
        "tokens": [*look.subject.tokens],
        "run": look.subject.label,
    }
    published = paid[_SIGMAS.index(0.2)]
    values = {"run": look.subject.label, "tokens": N, "frames": T, "own": published[0], "even": published[1]}
    return Card(
        "training.guided", (Figure("training.guided", "training.guided", spec),), ("guided_attention", "guided_loss"), values
    )


def _prior(lesson: Lesson, look: _Look) -> Card:
    """The beta-binomial prior for this sentence, at several strengths."""
    frames, tokens = look.lengths
    log = log_beta_binomial_prior(tokens, frames)
    # What an aligner that knows nothing yet would believe: equal scores, plus the prior's logarithm times its strength.
    believed = [(strength * log).softmax(2)[0].T.numpy() for strength in _STRENGTHS]
    T, N = int(frames), int(tokens)
    by = -(-T // _MOST_COLUMNS)
    middle = T // 2 // by * by
    column = believed[-1][:, middle]
    spec = {
        "strengths": [*_STRENGTHS],
        "priors": lesson.sheet.array(np.stack(believed)[:, :, ::by]),
        "tokens": [*look.subject.tokens],
        "every": by,
        "frame": middle // by,
    }
    values = {
        "tokens": N,
        "frames": T,
        "middle": middle + 1,
        "likeliest": int(column.argmax()) + 1,
        "share": 100.0 * float(column.max()),
        "even": 100.0 / N,
    }
    return Card("training.prior", (Figure("training.prior", "training.prior", spec),), ("beta_binomial",), values)


def _supervised(lesson: Lesson, look: _Look) -> Card:
    """Durations as the attention that they describe, beside the attention as it is."""
    frames, tokens = look.lengths
    giver, given, notes = look.subject, None, []
    parallel = lesson.first("parallel")
    if parallel is not None and parallel.tokens == look.subject.tokens:
        try:
            giver, given = parallel, parallel.spectrogram.durations
        except Failed as error:
            notes.append(Note("failed", {"why": str(error)}))
    if given is None:
        giver = look.subject
        given = attention_durations(look.attention, tokens, frames)
    durations = given[:1, : int(tokens)].long().cpu()
    r = look.reduction
    target = duration_attention(durations, -(-int(durations.sum()) // r), r)[0].T.numpy()
    # A step's attention stands there for each of its frames.
    attention = look.attention[0, ::r].T.numpy()
    silent = look.subject.model.context.symbols.silent
    spoken = [i for i, token in enumerate(look.subject.tokens) if token not in silent] or [0]
    longest = max(spoken, key=lambda i: int(durations[0, i]))
    spec = {
        "target": lesson.sheet.array(target),
        "attention": lesson.sheet.array(attention),
        "tokens": [*look.subject.tokens],
        "giver": giver.label,
        "run": look.subject.label,
    }
    values = {
        "giver": giver.label,
        "run": look.subject.label,
        "longest": look.subject.tokens[longest],
        "longest_frames": int(durations[0, longest]),
        "reduction": r,
        "steps": target.shape[1],
    }
    figure = Figure("training.supervised", "training.supervised", spec)
    return Card("training.supervised", (figure,), ("attention_supervision",), values, tuple(notes))
