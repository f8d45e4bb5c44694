"""What a walk through a parallel model needs to find on its way, by what tensors are: no model's name is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import nn

from ttskit.errors import TTSKitError
from ttskit.interfaces.acoustic import AcousticModel, Controls, PitchStats, Spectrogram
from ttskit.interfaces.explanation import Explanation, Recorded, Step
from ttskit.synthesis.speakers import speaker_shares
from ttskit_explain.finding import named, with_axes
from ttskit_explain.lesson import Lesson, Subject

__all__ = [
    "Stage",
    "Walk",
    "frame_stages",
    "hz_of",
    "projection_of",
    "share_within",
    "shown",
    "token_of_frames",
    "token_stages",
]

_STREAM = ("sum", "out")  # what runs through a step, where it records its parts as well
_PREDICTED = ("predicted", "frames", "regulated")


@dataclass(frozen=True, slots=True)
class Stage:
    """States at one place on the way.

    Args:
        key, title: of the step, or "walk.repeated" for what no step has.
        values: (N, H) or (T, H).
    """

    key: str
    title: str
    values: np.ndarray


def shown(token: str) -> str:
    """A token as a label: what is no sound ("<edge>") is a bar."""
    return "‖" if len(token) > 2 and token.startswith("<") and token.endswith(">") else token


def token_stages(explanation: Explanation) -> list[Stage]:
    """States of the tokens, step by step, up to where something is predicted from them."""
    stages = []
    for step in explanation.steps:
        if any(tensor.key in _PREDICTED for tensor in step.tensors):
            break
        found = _stream(step, "token")
        if found is not None:
            stages.append(Stage(step.key, step.title, found.values))
    return stages


def frame_stages(explanation: Explanation) -> list[Stage]:
    """States of the frames: the tokens' repeated, and then step by step.

    What goes into the second stack is recorded with its positions; without them it is what was repeated.
    """
    stages = []
    regulated = [one for one in named(explanation, "regulated") if _names(one.tensor) == ("frame", "channel")]
    steps = list(explanation.steps)
    if regulated:
        steps = steps[steps.index(regulated[0].step) + 1 :]
        values = regulated[0].values
        placed = next(
            (t.values for s in steps for t in s.tensors if t.key == "positions" and t.values.shape == values.shape), 0
        )
        stages.append(Stage("walk.repeated", "each token's state, once for each of its frames", values - placed))
    for step in steps:
        found = _stream(step, "frame")
        if found is not None:
            stages.append(Stage(step.key, step.title, found.values))
    return stages


def _stream(step: Step, place: str) -> Recorded | None:
    """What runs through a step: (places, channels)."""
    found = [one for one in step.tensors if _names(one) == (place, "channel") and one.key not in (*_PREDICTED, "positions")]
    return next((one for one in found if one.key in _STREAM), found[0] if found else None)


def _names(tensor: Recorded) -> tuple[str, ...]:
    return tuple(axis.name for axis in tensor.axes)


def share_within(states: np.ndarray, groups: Sequence[object]) -> float | None:
    """How much of the difference between states lies within groups that began alike.

    Squared distances from each group's mean, over those from the mean of all. 0: members of a group are equal. 1: to know the
    group says nothing. Groups of one say nothing and are left out; None where there are no others, or nothing differs.

    Args:
        states: (L, H).
        groups: L names.
    """
    members: dict[object, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    several = [np.array(places) for places in members.values() if len(places) > 1]
    if not several:
        return None
    x = states.astype(np.float64)
    every = x[np.concatenate(several)]
    total = float(((every - every.mean(0)) ** 2).sum())
    within = sum(float(((x[places] - x[places].mean(0)) ** 2).sum()) for places in several)
    return within / total if total > 0 else None


def token_of_frames(frames: np.ndarray) -> np.ndarray:
    """(T,) the token of each frame, of frames per token (N,)."""
    return np.repeat(np.arange(len(frames)), frames)


def hz_of(pitch: np.ndarray, statistics: PitchStats) -> np.ndarray:
    """Normalised pitch in Hz: mean + deviations × standard deviation."""
    return statistics.mean_hz + statistics.std_hz * pitch


def projection_of(model: AcousticModel, states: np.ndarray, mel: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Weights (M, H) and bias (M,) of a model's linear layer that gives a mel (M, T) from states (T, H); None if none does."""
    for module in model.modules():
        if isinstance(module, nn.Linear) and (module.out_features, module.in_features) == (len(mel), states.shape[1]):
            weights = module.weight.detach().float().cpu().numpy()
            bias = module.bias.detach().float().cpu().numpy() if module.bias is not None else np.zeros(len(mel), np.float32)
            made = states @ weights.T + bias
            if made.shape == mel.T.shape and np.allclose(made.T, mel, atol=1e-3):
                return weights, bias
    return None


class Walk:
    """A parallel run with durations, and what every card of its walk shows of it.

    Args:
        lesson: of the page.
        subject: the run.
    """

    def __init__(self, lesson: Lesson, subject: Subject) -> None:
        self.lesson, self.subject = lesson, subject
        self.explanation, self.spectrogram = subject.explanation, subject.spectrogram
        self.controls = frozenset(subject.model.controls)
        self.frames = frames_of(self.spectrogram)
        self.labels = [shown(token) for token in subject.tokens]
        self.stages = token_stages(self.explanation)
        self.later = frame_stages(self.explanation)

    @cached_property
    def words(self) -> list[dict[str, object]]:
        """The words that have tokens: text, first and last token."""
        found = []
        for index, word in enumerate(self.subject.analysis.words):
            places = [i for i, owner in enumerate(self.subject.token_words) if owner == index]
            if places:
                found.append({"index": index, "text": word.text, "first": places[0], "last": places[-1]})
        return found

    @cached_property
    def statistics(self) -> PitchStats | None:
        """Of the speaker's pitch; None where the run does not have them."""
        context = self.subject.model.context
        try:
            return context.pitch_of(speaker_shares(self.subject.speaker, context.speakers))
        except TTSKitError:
            return None

    @cached_property
    def seconds_per_frame(self) -> float:
        """Of the mel."""
        mel = self.subject.model.context.mel
        return mel.hop_samples / mel.sample_rate_hz

    @cached_property
    def plain(self) -> dict[str, object]:
        """The sentence with nothing changed: see `said`."""
        return self._said(self.spectrogram, "walk")

    def said(self, controls: Controls, name: str) -> dict[str, object]:
        """The sentence under controls: frames per token, contour, mel and audio, for the script.

        Raises:
            Failed: the run did.
        """
        return self._said(self.subject.infer(controls), f"walk-{name}")

    def _said(self, spectrogram: Spectrogram, name: str) -> dict[str, object]:
        frames = frames_of(spectrogram)
        return {
            "frames": [int(n) for n in frames],
            "contour": self.contour(spectrogram),
            "mel": self.lesson.mel(spectrogram),
            "audio": self.lesson.heard(self.subject, spectrogram, name),
        }

    def contour(self, spectrogram: Spectrogram) -> list[float] | None:
        """Pitch of each token, in Hz where the statistics are known, else in deviations; None for a model without."""
        if spectrogram.pitch is None:
            return None
        pitch = spectrogram.pitch[0].detach().cpu().float().numpy().astype(np.float64)
        values = pitch if self.statistics is None else hz_of(pitch, self.statistics)
        return [round(float(one), 3) for one in values]

    def per_token(self, value: float, places: Sequence[int], otherwise: float) -> torch.Tensor:
        """(1, N) with a value at some tokens."""
        made = torch.full((1, len(self.labels)), otherwise)
        made[0, list(places)] = value
        return made

    def common(self) -> Mapping[str, object]:
        """What every picture of this walk knows."""
        return {"tokens": self.labels, "words": self.words, "frame_seconds": self.seconds_per_frame}

    def tensor(self, key: str, *axes: str) -> np.ndarray | None:
        """The first tensor of that key and those axes."""
        return next((one.values for one in with_axes(self.explanation, axes) if one.tensor.key == key), None)


def frames_of(spectrogram: Spectrogram) -> np.ndarray:
    """(N,) whole frames per token."""
    assert spectrogram.durations is not None
    return spectrogram.durations[0].detach().cpu().numpy().astype(np.int64)
