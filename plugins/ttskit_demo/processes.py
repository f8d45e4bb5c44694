"""Other programs of the demo: started together, their trainings' progress shown, and stopped together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ttskit.errors import TrainingError
from ttskit.liveness import PARENT
from ttskit.progress import Bars, duration
from ttskit.reading import Misread, read_json

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Program", "Watched", "python", "together"]

_SAVING_S = 125.0  # a study gives its workers two minutes to finish their step and save
_LINE_EVERY_S = 20.0


@dataclass(frozen=True)
class Program:
    """A command in a process of its own.

    Args:
        name: what errors call it.
        command: its words.
        log: file of what it says.
        why: tells why it failed; the last lines of the log if it has nothing to say.
    """

    name: str
    command: Sequence[str]
    log: Path
    why: Callable[[], str] = lambda: ""

    def start(self) -> subprocess.Popen[bytes]:
        """Begin. It ends with this process, so that a demo that is killed takes its trainings with it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        env = {**os.environ, PARENT: str(os.getpid())}
        with self.log.open("wb") as sink:
            return subprocess.Popen(list(self.command), stdout=sink, stderr=sink, stdin=subprocess.DEVNULL, env=env)

    def failed(self, code: int) -> TrainingError:
        """The error that says why it ended with this code."""
        tail = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
        why = self.why() or "\n".join(tail)
        stem, returncode = self.name, code
        return TrainingError(f"{stem} failed (exit {returncode})", why, f"see {self.log}; run the demo again to go on")


@dataclass(frozen=True)
class Watched:
    """A training of one of the programs: its folder and how many steps it will have."""

    name: str
    run: Path
    total: int

    def progress(self) -> tuple[int, float | None]:
        """Last logged step and its loss."""
        path = self.run / "metrics.jsonl"
        if not path.exists():
            return 0, None
        for line in reversed(path.read_text(encoding="utf-8").splitlines()):
            try:
                entry = json.loads(line)
            except ValueError:  # the other process is in the middle of this line
                continue
            if entry.get("split") == "train":
                return int(entry["step"]), entry.get("loss")
        return 0, None

    def speaks(self) -> bool:
        """Whether it is trained, and being spoken with and measured."""
        try:
            state = read_json(self.run.parent / "state.json", dict[str, object])
        except (OSError, Misread):  # not begun, or being written
            return False
        return (state.get("status"), state.get("stage")) == ("running", "speak")


def python(*words: object) -> list[str]:
    """The command line of this Python: `-m` and what follows."""
    return [sys.executable, "-m", *map(str, words)]


def together(programs: Sequence[Program], trainings: Sequence[Watched], console: Console) -> None:
    """Run programs at the same time and show how far their trainings are; a failure of one stops all.

    Raises:
        TrainingError: one has failed.
        KeyboardInterrupt: Ctrl-C, which they have got too; those that need long to save are ended.
    """
    processes: list[subprocess.Popen[bytes]] = []
    try:
        with _bars(trainings, console) as update:
            processes.extend(program.start() for program in programs)
            while any(process.poll() is None for process in processes):
                if any(process.poll() not in (None, 0) for process in processes):
                    break
                update()
                time.sleep(0.5)
            update()
    except BaseException:  # Ctrl-C reaches the children too: give them time to save what they have
        deadline = time.monotonic() + _SAVING_S
        for process in processes:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.terminate()
        raise
    running = [process for process in processes if process.poll() is None]
    for process in running:
        process.terminate()
        process.wait()
    for program, process in zip(programs, processes, strict=True):
        if process.returncode != 0 and process not in running:
            raise program.failed(process.returncode)


@contextmanager
def _bars(trainings: Sequence[Watched], console: Console) -> Iterator[Callable[[], None]]:
    """Each training's step of how many, and the time left: bars in a terminal, elsewhere one line for those at work."""
    with Bars(console, off=not console.is_terminal) as bars:
        began = [training.progress()[0] for training in trainings]
        tasks = [
            bars.add_task(training.name, total=training.total, completed=step, began=step, note="")
            for training, step in zip(trainings, began, strict=True)
        ]
        said = time.monotonic()
        waiting = [said] * len(trainings)  # when each was last seen without a new step: those that queue begin later

        def update() -> None:
            nonlocal said
            now, lines = time.monotonic(), []
            for i, (task, training) in enumerate(zip(tasks, trainings, strict=True)):
                step, loss = training.progress()
                note = "" if loss is None else f"{training.name}: loss {loss:.3f}"
                bars.update(task, completed=step, note=note)
                if step == began[i]:
                    waiting[i] = now
                pace = (now - waiting[i]) / (step - began[i]) if step > began[i] else 0.0
                left = f"  {duration((training.total - step) * pace)} left" if pace and step < training.total else ""
                if began[i] < step < training.total:
                    lines.append(
                        f"{training.name}  step {step}/{training.total}{'' if loss is None else f'  loss {loss:.3f}'}{left}"
                    )
                elif training.speaks():
                    lines.append(f"{training.name}  speaks, is measured")
            if lines and not console.is_terminal and now - said > _LINE_EVERY_S:
                said = now
                console.print(" | ".join(lines), soft_wrap=True)

        yield update
