"""What is told of a training while it runs: metrics.jsonl, TensorBoard, the console, and the event hooks of plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ttskit.training.logs import Display, MetricsLog, Pace
from ttskit.training.task import Task, Workshop

__all__ = ["Reports"]


class Reports:
    """Tells it in the first process; in the others it does nothing.

    A plugin that fails in an event hook becomes one note for each of its hooks, in metrics.jsonl (split "note") and on
    the console: it costs neither the training nor another plugin's event.

    Args:
        step, total: where the training stands, and where it ends.
    """

    def __init__(self, task: Task, workshop: Workshop, step: int, total: int) -> None:
        self._folder, self._registry, self._first = task.folder, workshop.registry, workshop.group.first
        self._log = MetricsLog(task.folder.path, step, task.config.tensorboard) if self._first else None
        self._display = Display(workshop.console, task.name, step, total)
        self._pace = Pace(total)
        self._failed: set[tuple[str, str]] = set()  # entry point and hook of what has been told
        self._at = (step, 0)

    def __enter__(self) -> Reports:
        return self

    def __exit__(self, *_: object) -> None:
        self._display.close()
        if self._log is not None:
            self._log.__exit__()

    def note(self, text: str) -> None:
        """A line for people."""
        if self._first:
            self._display.note(text)

    def started(self, settings: Mapping[str, Any]) -> None:
        """Before the first step of this session."""
        self._notify("ttskit_train_started", config=dict(settings))

    def step(self, step: int, epoch: int) -> None:
        """A step is done."""
        self._at = (step, epoch)
        self._display.step(step)

    def skipped(self, step: int, epoch: int, ids: Sequence[str]) -> None:
        """A step whose loss or gradient was not finite."""
        if self._log is not None:
            self._log.write(step, epoch, "skipped", {"utterances": list(ids)})
        self.note(f"step {step} was skipped: loss or gradient not finite; its utterances: {', '.join(ids)}")

    def values(self, split: str, values: Mapping[str, float], seconds: float, starts: Sequence[int] = (0,)) -> None:
        """A log line of the step at hand.

        Args:
            split: "train" or "validation".
            seconds: of training so far.
            starts: first steps of stretches of another pace.
        """
        if self._log is None:
            return
        step, epoch = self._at
        self._log.write(step, epoch, split, values)
        if split == "train":
            self._display.values(step, values, self._pace.seconds_left(step, seconds, starts))
        else:
            self._display.values(step, {"validation" if k == "loss" else k: v for k, v in values.items()})
            values = {f"{split}/{name}": value for name, value in values.items()}
        self._notify("ttskit_step_ended", step=step, values=dict(values))

    def samples(self, step: int) -> None:
        """A validation has drawn and spoken: for looking at, so that a training does not die of what goes wrong with it."""
        if self._log is None:
            return
        try:
            self._log.samples(step)
        except Exception as error:
            self.note(f"TensorBoard has no samples of step {step}: {type(error).__name__}: {error}")

    def sync(self) -> None:
        """Make what was logged durable, before a checkpoint, which relies on it."""
        if self._log is not None:
            self._log.sync()

    def saved(self, path: Path) -> None:
        """The checkpoint of the step at hand is complete on disk."""
        self._notify("ttskit_checkpoint_saved", step=self._at[0], path=path)

    def _notify(self, hook: str, **arguments: Any) -> None:
        if not self._first or self._registry is None:
            return
        for problem in self._registry.notify(hook, run=self._folder.path, **arguments):
            if (key := (problem.origin.entry_point, hook)) not in self._failed:
                self._failed.add(key)
                text = f"{problem}; the training goes on without it"
                self._log.write(*self._at, "note", {"text": text})
                self.note(text)
