"""The joint of text and mel: which frames belong to which token, as an aligner finds it (Badlani et al. 2022)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from ttskit.errors import MismatchError
from ttskit.interfaces.acoustic import AcousticBatch, AcousticModel
from ttskit.measure.systems import require_same_mel
from ttskit.nn import beta_binomial_prior
from ttskit.plugins import Origin
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.finding import named
from ttskit_explain.lesson import Failed
from ttskit_explain.sections.walk_route import Walk, token_of_frames

__all__ = ["Joint", "joint"]


@dataclass(frozen=True)
class Joint:
    """What an aligner says of a mel; maps are (T, N), None where it does not say.

    Args:
        by: label of the run that aligned; "" where the durations are the model's own.
        hard: (N,) frames per token of the path.
        alone: how well each frame's sound fits each token, without the prior; rows sum to 1.
        prior: what is likely before anything is heard.
        soft: both together, rows sum to 1.
    """

    by: str
    hard: np.ndarray
    alone: np.ndarray | None = None
    prior: np.ndarray | None = None
    soft: np.ndarray | None = None


def joint(walk: Walk) -> Card:
    """The maps one over the other, and the path; without an aligner the prior and the durations that were used."""
    notes: list[Note] = []
    found = _found(walk, notes)
    path = np.zeros((len(walk.frames), int(found.hard.sum())), np.int32)
    path[token_of_frames(found.hard), np.arange(path.shape[1])] = 1
    maps = {"alone": found.alone, "prior": found.prior, "soft" if found.prior is not None else "attention": found.soft}
    layers = [{"name": name, "values": walk.lesson.sheet.array(one.T)} for name, one in maps.items() if one is not None]
    layers.append({"name": "path", "values": walk.lesson.sheet.array(path)})
    spec = {**walk.common(), "layers": layers, "hard": [int(n) for n in found.hard]}
    values: dict[str, object] = {"tokens": len(walk.frames), "frames": int(walk.frames.sum())}
    if not found.by:
        return Card(
            "walk.joint_given", (Figure("walk.joint_given.maps", "walk-joint", spec),), ("beta_binomial",), values, tuple(notes)
        )
    same = token_of_frames(found.hard) == token_of_frames(walk.frames)[: path.shape[1]]
    values |= {"aligner": found.by, "agree": int(same.sum()), "percent": round(100 * float(same.mean()))}
    key, equations = ("walk.joint", ("beta_binomial", "walk.soft")) if found.prior is not None else ("walk.joint_path", ())
    return Card(key, (Figure(f"{key}.maps", "walk-joint", spec),), equations, values, tuple(notes))


def _found(walk: Walk, notes: list[Note]) -> Joint:
    """By the run itself if it learned to align, else by the lesson's aligner, else the durations that were used."""
    subject, lesson = walk.subject, walk.lesson
    soft, hard = named(walk.explanation, "soft"), named(walk.explanation, "hard")
    if soft and hard:
        return subject.ask("align", lambda: _aligned(walk, subject.model, subject.label))
    aligner = lesson.aligner
    if aligner is not None and aligner.label != subject.label:
        model = aligner.voice.acoustic
        strange = [token for token in subject.tokens if token not in model.context.symbols]
        if strange or not _same_mel(walk, model):
            notes.append(Note("walk.strange_aligner", {"aligner": aligner.label}))
        else:
            try:
                origin = lesson.registry.origin("acoustic model", aligner.loaded.name)
                return _guarded(walk, origin, lambda: _aligned(walk, model, aligner.label))
            except Failed as error:
                notes.append(Note("failed", {"why": str(error)}))
    by = subject.system.alignment
    key = "walk.given" if subject.system.given_durations else "walk.no_aligner"
    notes.append(Note(key, {"run": subject.label, "by": by or "?"}))
    return Joint("", walk.frames, prior=_prior(walk))


def _same_mel(walk: Walk, model: AcousticModel) -> bool:
    try:
        require_same_mel(walk.subject.model.context.mel, model.context.mel, "", "")
    except MismatchError:
        return False
    return True


def _guarded(walk: Walk, origin: Origin, question: Callable[[], Joint]) -> Joint:
    found: list[Joint] = []
    with walk.lesson.registry.guard(origin, "align") as guard:
        found.append(question())
    if not found:
        raise Failed(str(guard.problem))
    return found[0]


def _prior(walk: Walk) -> np.ndarray:
    """(T, N) as the papers have it."""
    return beta_binomial_prior(torch.tensor([len(walk.frames)]), torch.tensor([int(walk.frames.sum())]))[0].numpy()


@torch.no_grad()
def _aligned(walk: Walk, model: AcousticModel, label: str) -> Joint:
    """What a model's `align` says of the mel that was made, with and without its prior; else its attention and `durations`.

    The prior that a model used is what lies between its two answers, whatever form its options give it: both are log
    probabilities, and the prior's logarithm is added to the scores.
    """
    batch = _batch(walk, model)
    align = getattr(model, "align", None)
    if not callable(align):
        attention = model(batch).alignment
        hard = model.durations(batch)[0].cpu().numpy()
        return Joint(label, hard, soft=None if attention is None else _numpy(attention))
    told = align(batch)
    log_soft, hard = _numpy(told.log_soft), told.durations[0].cpu().numpy()
    if "prior" not in inspect.signature(align).parameters:
        return Joint(label, hard, soft=np.exp(log_soft))
    log_alone = _numpy(align(batch, prior=torch.ones(1, *log_soft.shape, device=batch.mel.device)).log_soft)
    prior = np.exp(log_soft - log_alone)
    return Joint(label, hard, np.exp(log_alone), prior / prior.sum(1, keepdims=True), np.exp(log_soft))


def _batch(walk: Walk, model: AcousticModel) -> AcousticBatch:
    """The sentence and the mel that was made of it, as if it were a recording."""
    spoken, context = walk.spectrogram.row(0), model.context
    speakers = context.speakers.names
    speaker = speakers.index(walk.subject.speaker) if walk.subject.speaker in speakers else 0
    ids = torch.tensor([context.symbols.ids(walk.subject.tokens)], dtype=torch.long)
    device = next(model.parameters()).device
    return AcousticBatch(
        ids=("explained",),
        tokens=ids,
        token_lengths=torch.tensor([ids.shape[1]]),
        mel=spoken.mel,
        mel_lengths=spoken.lengths,
        speaker=torch.tensor([speaker]),
    ).to(device)


def _numpy(values: torch.Tensor) -> np.ndarray:
    """The only row, in double precision."""
    return values[0].detach().cpu().double().numpy()
