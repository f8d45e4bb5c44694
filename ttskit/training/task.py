"""What the loop is given: a task, and a workshop to do it in. The loop knows neither acoustic model nor vocoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ttskit.config.training import TrainingConfig
from ttskit.errors import TTSKitError
from ttskit.interfaces.trainable import Trainable, TrainState
from ttskit.plugins import Registry
from ttskit.runs.folder import RunFolder
from ttskit.training.data import Batches, Loader
from ttskit.training.precision import Precision, pick_precision
from ttskit.training.processes import Processes, processes
from ttskit.training.stopping import StopRequest

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Camera", "Note", "Task", "Validator", "Workshop", "workshop"]

Note = Callable[[str], None]  # tells people something, in a line of its own


class Validator(Protocol):
    """Looks at a model during its training (`ttskit.training.validation`)."""

    def losses(self, state: TrainState) -> tuple[dict[str, float], float | None]:
        """In all processes: what is logged, and the value that ranks checkpoints (lower is better), None for none."""

    def inspect(self, step: int) -> dict[str, float]:
        """In the first process, after `losses`: more for the log. What it draws and says is for people: it raises nothing."""

    def hopeless(self) -> TTSKitError | None:
        """In each process, after both: the error that ends the training, or None as long as it may come to something."""


class Camera(Protocol):
    """Keeps how a model comes about (`ttskit.training.filming`)."""

    def take(self, step: int) -> None:
        """In the first process, after `step` steps."""


@dataclass(frozen=True)
class Workshop:
    """What a training works with, whatever it trains.

    Args:
        group: the processes that train together.
        precision: arithmetic on their devices.
        loader: the one reader of the corpus.
        stop: whether Ctrl-C was pressed.
        registry: whose plugins are told of the training's events; None for nobody.
        console: where progress goes (in the first process); None for silence.
    """

    group: Processes
    precision: Precision
    loader: Loader
    stop: StopRequest
    registry: Registry | None = None
    console: Console | None = None

    def note(self, text: str) -> None:
        """Tell people something, in a line of its own."""
        if self.console is not None:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def workshop(config: TrainingConfig, registry: Registry | None, console: Console | None) -> Iterator[Workshop]:
    """Join the processes, start the loader and listen to Ctrl-C, as long as it is entered.

    Raises:
        UsageError: a device or precision that is not there.
    """
    with processes(config.device) as group, Loader() as loader, StopRequest() as stop:
        precision = pick_precision(config.precision, group.device)
        yield Workshop(group, precision, loader, stop, registry, console if group.first else None)


@dataclass(frozen=True)
class Task:
    """What is trained.

    Args:
        name: what people call it, in lines of progress.
        folder: where its log and checkpoints go: a run folder, or one with the same `path`, `info`, `total_steps`,
            `checkpoints`, `save`, `update`, `metrics` and `cut_metrics`.
        config: how training runs.
        seed: of its weights, batches and steps.
        build: makes the model with fresh weights; torch is seeded before, and the loop moves it to the device.
        batches: (model, rank, world) -> the training batches, of each the share of one of `world`. A global batch is
            `config.accumulate` times as large as one share may be. What is loaded has `.to(device)` and `.frames` (for the
            speed that is logged).
        validator: (model, total steps, workshop, note) -> what looks at the model during its training; None for nothing.
        film: (model, workshop, note) -> what keeps frames of a film of its training; None for nothing.
        start_from: copies weights of another run into the model and gives the state-dict names that stay fresh; None
            where it copies nothing.
        steps: facts for run.json with "total", the number of steps; {} where `config.budget_s` is to be turned into one.
        settings: plain data for the event `ttskit_train_started`.
    """

    name: str
    folder: RunFolder
    config: TrainingConfig
    seed: int
    build: Callable[[], Trainable]
    batches: Callable[[Trainable, int, int], Batches]
    validator: Callable[[Trainable, int, Workshop, Note], Validator | None] = lambda *_: None
    film: Callable[[Trainable, Workshop, Note], Camera | None] = lambda *_: None
    start_from: Callable[[Trainable], list[str] | None] = lambda model: None
    steps: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
