"""Worker processes on this machine: as many as it has room for, one GPU each, watched, and stopped with their work saved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ttskit.errors import TTSKitError
from ttskit.liveness import PARENT
from ttskit_study.layout import StudyFolder
from ttskit_study.locked import Job
from ttskit_study.progress import Watch
from ttskit_study.worker import CANNOT_GO_ON, STOPPED

__all__ = ["Worker", "default_workers", "gpus", "run_workers"]

_LOOK_EVERY_S = 1.0
_SAVING_S = 120.0  # that workers get to finish their step and save
_SHORT_S = 20.0  # a worker that ends so soon, that often in a row, without a training to blame, will end again
_SHORT_LIVES = 3


def gpus(device: str) -> list[str]:
    """The GPUs that workers may have, as CUDA_VISIBLE_DEVICES names them; [] where the plan wants none or there is none."""
    if device not in ("auto", "cuda"):
        return []
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    import torch

    if not torch.cuda.is_available():
        return []
    if given:
        return [name.strip() for name in given.split(",") if name.strip()]
    return [str(index) for index in range(torch.cuda.device_count())]


def default_workers(threads: int, cards: Sequence[str]) -> int:
    """One a GPU, else as many as have cores of their own."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return len(cards) or max(1, cores // threads)


@dataclass
class Worker:
    """A process, what it was started with, and what it says."""

    number: int
    command: Sequence[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    short_lives: int = 0
    _file: IO[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Begin, or begin again."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.log.open("ab")
        # a session of its own: Ctrl-C in the terminal reaches `ttskit study run`, which asks its workers to save once
        apart = sys.platform != "win32"
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=self._file,
            start_new_session=apart,
        )

    @property
    def code(self) -> int | None:
        """How it ended; None while it works."""
        return None if self.process is None else self.process.poll()

    def ask_to_stop(self) -> None:
        """Let it save and end."""
        if self.process is not None and self.process.poll() is None:
            with suppress(OSError):
                self.process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)

    def end(self, within_s: float) -> None:
        """Wait for its end, and end it if it takes too long."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, within_s))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        """Close its log."""
        if self._file is not None:
            self._file.close()

    @property
    def last_words(self) -> str:
        """The end of its log."""
        with suppress(OSError):
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
        return ""


def run_workers(
    study: StudyFolder, jobs: Sequence[Job], only: Collection[str], count: int, threads: int, cards: Sequence[str], watch: Watch
) -> None:
    """Let `count` processes do what is left, and watch them.

    A worker that dies (memory, a crash in a library) is replaced; the training it had is tried again, and given up after a
    few times.

    Raises:
        TTSKitError: what stops every worker: a full disk, or workers that cannot even start.
        KeyboardInterrupt: Ctrl-C; all have saved.
    """
    workers = [_worker(study, number, only, threads, cards) for number in range(count)]
    try:
        for worker in workers:
            worker.start()
        with watch:
            while any(worker.code is None for worker in workers):
                time.sleep(_LOOK_EVERY_S)
                watch.look()
                for worker in workers:
                    _replace_if_dead(worker)
            watch.look(last=True)
    except BaseException:
        for worker in workers:
            worker.ask_to_stop()
        deadline = time.monotonic() + _SAVING_S
        for worker in workers:
            worker.end(deadline - time.monotonic())
        raise
    finally:
        for worker in workers:
            worker.close()


def _worker(study: StudyFolder, number: int, only: Collection[str], threads: int, cards: Sequence[str]) -> Worker:
    environment = {**os.environ, PARENT: str(os.getpid()), "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    if cards:
        environment["CUDA_VISIBLE_DEVICES"] = cards[number % len(cards)]
    command = [sys.executable, "-m", "ttskit_study.worker", str(study.path), *only]
    return Worker(number, command, environment, study.path / "workers" / f"{number}.txt")


def _replace_if_dead(worker: Worker) -> None:
    code = worker.code
    if code in (None, 0):
        return
    if code in (CANNOT_GO_ON, STOPPED):
        raise _as_told(worker)
    worker.short_lives = worker.short_lives + 1 if time.monotonic() - worker.started < _SHORT_S else 0
    if worker.short_lives >= _SHORT_LIVES:
        raise TTSKitError(
            "workers end as soon as they start",
            f"exit code {code}; the last lines of {worker.log}:\n{worker.last_words}",
            "mend that, then ttskit study run STUDY goes on",
        )
    worker.close()
    worker.start()


def _as_told(worker: Worker) -> BaseException:
    """What a worker says that ends all of them."""
    if worker.code == STOPPED:
        return KeyboardInterrupt()
    lines = worker.last_words.splitlines()
    begin = max((i for i, line in enumerate(lines) if not line.startswith("  ")), default=0)
    what, rest = lines[begin] if lines else "a worker cannot go on", [line.strip() for line in lines[begin + 1 :]]
    fix = next((line.removeprefix("fix: ") for line in rest if line.startswith("fix: ")), "")
    return TTSKitError(what, "\n".join(line for line in rest if not line.startswith("fix: ")), fix)
