"""What is seen of a training: metrics.jsonl, TensorBoard, a progress bar or plain lines."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ttskit.errors import UsageError
from ttskit.progress import PLAIN_EVERY_S, Bars, duration
from ttskit.runs.files import explain_full_disk

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["LAST_VALUE", "PLAIN_EVERY_S", "Display", "MetricsLog", "Pace", "Window"]

LAST_VALUE = ("learning_rate", "loss_scale")  # what is shown as it is, not averaged between two log lines
_SHOWN = {
    "loss": ("loss", ".4f"),
    "frames_per_s": ("frames/s", ",.0f"),
    "validation": ("validation", ".4f"),
    "diagonality": ("diagonality", ".2f"),  # what the watch over the alignment speaks of
}


class Window:
    """Values of the steps since the last log line, left on the device until they are read.

    Its content goes into checkpoints, so that a resumed run logs the same means as an uninterrupted one.
    """

    def __init__(self, state: Mapping[str, list[float]] | None = None) -> None:
        self._values: dict[str, list[Tensor | float]] = {name: list(values) for name, values in (state or {}).items()}

    def add(self, values: Mapping[str, Tensor | float]) -> None:
        """One step's values."""
        for name, value in values.items():
            self._values.setdefault(name, []).append(value.detach() if isinstance(value, Tensor) else float(value))

    def read(self) -> dict[str, list[float]]:
        """All values as numbers: one transfer from the device."""
        tensors = [v.float().reshape(()) for values in self._values.values() for v in values if isinstance(v, Tensor)]
        by_device: dict[torch.device, list[int]] = {}
        for i, tensor in enumerate(tensors):
            by_device.setdefault(tensor.device, []).append(i)
        numbers = [0.0] * len(tensors)
        for places in by_device.values():
            for i, number in zip(places, torch.stack([tensors[i] for i in places]).tolist(), strict=True):
                numbers[i] = number
        read = iter(numbers)
        for values in self._values.values():
            values[:] = [next(read) if isinstance(v, Tensor) else v for v in values]
        return {name: list(values) for name, values in self._values.items()}

    def means(self) -> dict[str, float]:
        """Mean of the finite values of each name (the last one of rates), and start anew."""
        result = {}
        for name, values in self.read().items():
            finite = [v for v in values if math.isfinite(v)]
            if finite:
                result[name] = finite[-1] if name.endswith(LAST_VALUE) else math.fsum(finite) / len(finite)
        self._values = {}
        return result


class MetricsLog:
    """Appends rows to metrics.jsonl, and the same with the samples' pictures and sounds to TensorBoard.

    Args:
        board: whether to TensorBoard; None: where it is installed.

    Raises:
        UsageError: it is wanted and not installed.
    """

    def __init__(self, run: Path, step: int = 0, board: bool | None = None) -> None:
        self._path = run / "metrics.jsonl"
        self._samples = run / "samples"
        self._board = None if board is False else _tensorboard(run / "tensorboard", step, bool(board))
        with explain_full_disk(self._path, "checkpoints are unchanged"):
            self._file = self._path.open("a", encoding="utf-8", newline="\n")

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if self._board is not None:
            self._board.close()

    def write(self, step: int, epoch: int, split: str, values: Mapping[str, Any]) -> None:
        """One row."""
        with explain_full_disk(self._path, "checkpoints are unchanged"):
            self._file.write(json.dumps({"step": step, "epoch": epoch, "split": split, **values}, ensure_ascii=False) + "\n")
            self._file.flush()
        if self._board is not None:
            for name, value in values.items():
                if isinstance(value, (int, float)):
                    self._board.add_scalar(f"{split}/{name}", value, step)

    def samples(self, step: int) -> None:
        """What a validation drew and spoke into samples/, for TensorBoard."""
        if self._board is None:
            return
        import soundfile
        from PIL import Image

        shown = [(f"samples/{path.stem}", path) for path in sorted((self._samples / f"step_{step:08d}").glob("*.*"))]
        shown.append(("attention", self._samples / "attention" / f"step_{step:08d}.png"))
        for tag, path in shown:
            if path.suffix == ".png" and path.is_file():
                with Image.open(path) as picture:
                    self._board.add_image(tag, np.asarray(picture.convert("RGB")), step, dataformats="HWC")
            elif path.suffix == ".wav":
                audio, rate_hz = soundfile.read(path, dtype="float32")
                self._board.add_audio(tag, audio[None], step, sample_rate=rate_hz)

    def sync(self) -> None:
        """Make what was written durable (before a checkpoint, which relies on it)."""
        with explain_full_disk(self._path, "checkpoints are unchanged"):
            os.fsync(self._file.fileno())


def _tensorboard(folder: Path, step: int, wanted: bool):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except Exception as error:  # not installed, or an installation that does not import: its matter, not the training's
        if wanted:
            cause = str(error).partition("\n")[0]
            raise UsageError("TensorBoard cannot be written", cause, 'pip install "ttskit[tensorboard]"') from error
        return None
    return SummaryWriter(str(folder), purge_step=step + 1)


class Pace:
    """How long a training still takes, at the pace of its present stretch: a step of another may cost several times as much."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._since: tuple[int, int, float] | None = None  # a stretch, and the step and time from which its pace is taken

    def seconds_left(self, step: int, seconds: float, starts: Sequence[int] = (0,)) -> float:
        """At `step` after `seconds` of training, with stretches that begin at `starts`."""
        stretch = max(s for s in (0, *starts) if s < step)
        if self._since is None or stretch != self._since[0]:
            self._since = (stretch, step, seconds)
        _, first, began = self._since
        each = (seconds - began) / (step - first) if step > first else seconds / step
        return each * (self._total - step)


class Display:
    """Progress on a console: a bar in a terminal, plain lines elsewhere, nothing without a console."""

    def __init__(self, console: Console | None, label: str, step: int, total: int) -> None:
        self._console, self._label, self._total = console, label, total
        self._notes: dict[str, str] = {}
        self._began, self._started = step, time.monotonic()
        self._shown_at = self._started
        self._told = False
        self._left_s: float | None = None  # by the last figures; before them by the steps of this session
        self._bar = self._task = None
        if console is not None and console.is_terminal:
            self._bar = Bars(console)
            self._task = self._bar.add_task(label, total=total, completed=step, began=step, note="")
            self._bar.start()

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()

    def step(self, step: int) -> None:
        """A step is done; where steps are slow, that is told before there are figures."""
        if self._bar is not None:
            self._bar.update(self._task, completed=step)
        elif step < self._total and self._left_s is None and time.monotonic() - self._shown_at >= PLAIN_EVERY_S:
            self._tell(step, (time.monotonic() - self._started) / (step - self._began) * (self._total - step))

    def values(self, step: int, values: Mapping[str, float], seconds_left: float | None = None) -> None:
        """New figures; those not given stay shown."""
        losses = {key: (key.removesuffix("/loss"), ".4f") for key in values if key.endswith("/loss")}  # of several optimisers
        for key, (label, form) in (losses | _SHOWN).items():
            if key in values:
                self._notes[key] = f"{label} {values[key]:{form}}"
        if seconds_left is not None:
            self._left_s = seconds_left
        if self._bar is not None:
            self._bar.update(self._task, note="  ".join(self._notes.values()), left_s=self._left_s)
        elif self._console is not None and (
            step == self._total or not self._told or time.monotonic() - self._shown_at >= PLAIN_EVERY_S
        ):
            self._tell(step, self._left_s)

    def note(self, text: str) -> None:
        """A line of its own."""
        self._print(text)

    def _tell(self, step: int, left_s: float | None) -> None:
        self._shown_at, self._told = time.monotonic(), True
        left = f"{duration(left_s)} left" if left_s and step < self._total else ""
        self._print("  ".join([self._label, f"step {step}/{self._total}", *self._notes.values(), *([left] if left else [])]))

    def _print(self, text: str) -> None:
        if self._console is not None:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)
