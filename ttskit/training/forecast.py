"""What a training costs on this machine, said before it starts: hours by a few timed steps, and what would be sensible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from ttskit.errors import TTSKitError
from ttskit.progress import duration
from ttskit.training.budget import cost_s
from ttskit.training.loop import Training

__all__ = [
    "ERROR",
    "LONG_S",
    "PATIENCE_S",
    "SHORT_STEPS",
    "TIMED_S",
    "Confirm",
    "Forecast",
    "TrainingDeclined",
    "forecast",
    "forecast_lines",
    "suggestions",
]

LONG_S = 3 * 3600.0  # a training longer than this is asked about: nobody waits for it by accident
SHORT_STEPS = 8  # so few steps are not timed: that would take as long as they do
TIMED_S, PATIENCE_S = 6.0, 20.0  # of timing where steps are fast; and when one timed step is enough where they are slow
ERROR = 0.2  # what a rate is off in practice, besides: validations in between, batches of other lengths, a warm processor


class TrainingDeclined(TTSKitError):
    """Someone was told how long the training takes, and said no; nothing was written."""


@dataclass(frozen=True)
class Forecast:
    """How long a training is going to take.

    Args:
        model: its name.
        parameters: of the model.
        steps: that are left to do.
        seconds, low_s, high_s: of all of them, by the median step; by the fastest and the slowest that were timed.
        timed: steps that were timed for it; 0 where the run's own past tells the rate.
    """

    model: str
    parameters: int
    steps: int
    seconds: float
    low_s: float
    high_s: float
    timed: int

    @property
    def long(self) -> bool:
        """Whether it is worth asking first."""
        return self.seconds > LONG_S

    def steps_within(self, seconds: float) -> int:
        """How many of the steps fit into a time."""
        return int(self.steps * seconds / self.seconds)

    def line(self) -> str:
        """One line for people."""
        how = f"{self.timed} step{'s' if self.timed > 1 else ''} timed" if self.timed else "at the run's pace so far"
        each = self.seconds / self.steps
        rate = f"{each:.2g} s a step" if each < 10 else f"{duration(each)} a step"
        return (
            f"this takes about {duration(self.seconds)} on this machine "
            f"({duration(self.low_s)} to {duration(self.high_s)}): {self.steps:,} steps at {rate}, {how}"
        )


Confirm = Callable[[Forecast], bool]  # asks whether to start; False for no


def forecast(training: Training) -> Forecast:
    """What is left of a training whose parts are prepared: by its own past where it goes on, else by timing some steps.

    In all processes, and all get the same answer. The model that is trained is not touched.
    """
    left = training.total - training.step
    if training.step and training.seconds:
        seconds = training.seconds / training.step * left
        return _forecast(training, left, seconds, 0)
    timings = training.timings(TIMED_S, PATIENCE_S)

    def whole(what: str) -> float:
        return cost_s(training.model, training.total, {start: getattr(timing, what) for start, timing in timings.items()})

    timed = sum(timing.steps for timing in timings.values())
    return _forecast(training, left, whole("median"), timed, whole("fastest"), whole("slowest"))


def _forecast(
    training: Training, steps: int, seconds: float, timed: int, fastest: float | None = None, slowest: float | None = None
) -> Forecast:
    parameters = sum(p.numel() for p in training.model.parameters())
    low, high = (fastest or seconds) / (1 + ERROR), (slowest or seconds) * (1 + ERROR)
    return Forecast(training.task.name, parameters, steps, seconds, low, high, timed)


def suggestions(whole: Forecast, others: Mapping[str, Callable[[], Training]], device: torch.device) -> list[str]:
    """What would be sensible instead of a long training, each as what to write and what that costs here.

    Args:
        whole: the training that is long.
        others: recipe name → a prepared training of the same model on the same corpus by that recipe; what cannot be
            made or timed is left out, and so is a model of more than half the size.
    """
    lines = []
    for name, make in others.items():
        try:
            training = make()
            if 2 * sum(p.numel() for p in training.model.parameters()) > whole.parameters:
                continue
            other = forecast(training)
        except TTSKitError:  # the recipe needs what is not there (durations, another mel)
            continue
        if other.seconds < whole.seconds / 2:
            size = f"{_millions(other.parameters)} parameters, {other.steps:,} steps"
            lines.append(f"--recipe {name}: {size}, about {duration(other.seconds)}")
    lines.append(f"--budget 3h: as many steps as fit, about {whole.steps_within(LONG_S):,} of {whole.steps:,}")
    if device.type == "cpu":
        there = torch.cuda.is_available()
        lines.append("--device cuda: there is a GPU" if there else "a machine with a GPU: none was found here (ttskit doctor)")
    return lines


def forecast_lines(whole: Forecast, sensible: Sequence[str]) -> list[str]:
    """The forecast for people, and below it what would be sensible."""
    return [
        whole.line(),
        *([f"  sensible here: {sensible[0]}"] if sensible else []),
        *(f"             or: {s}" for s in sensible[1:]),
    ]


def _millions(count: int) -> str:
    """A number of parameters in words."""
    return f"{count / 1e6:.1f} million" if count >= 1e5 else f"{count:,}"
