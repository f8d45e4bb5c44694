"""A worker: takes one training after the other that nobody else has, until there is none left; several may work at once."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ttskit import terminal
from ttskit.disk import full_disk_behind
from ttskit.errors import CheckpointError, TTSKitError, UsageError
from ttskit.runs.lock import RunLock
from ttskit_study.layout import RunPlace
from ttskit_study.locked import Job
from ttskit_study.state import MOST_ATTEMPTS, RunState, read_state, write_state
from ttskit_study.training import Bench, steps_done

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["chosen", "fresh_for_retry", "speak_again", "status_of", "work"]

_LOOK_AGAIN_S = 2.0  # at trainings that others have


class _Busy(Exception):
    """Another process has it."""


def work(
    jobs: Sequence[Job],
    bench: Bench,
    *,
    wait: bool = True,
    console: Console | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> list[Job]:
    """Do what is left of these trainings, with the aligners that they need.

    A training that fails is written down and the rest goes on. What other processes have is left to them, and looked at
    again: who of them dies is succeeded.

    Args:
        wait: stay until the others are done too.
        console: where the trainings' own progress goes; their log.txt if None.
        tell: a line at each beginning and end.

    Returns:
        Those that failed, now or before.

    Raises:
        TTSKitError: the disk is full: nothing else could be written either.
        KeyboardInterrupt: Ctrl-C, after saving.
    """
    while True:
        taken = busy = False
        for job in jobs:
            state, ready = status_of(job), _ready(job)
            if state.status in ("done", "failed"):
                continue
            if ready is None:
                busy = True
                continue
            try:
                with _claimed(job):
                    _go_on(job, bench, ready, console, tell)
                    taken = True
            except _Busy:
                busy = True
        if not taken:
            if not (busy and wait):
                return [job for job in jobs if status_of(job).status == "failed"]
            time.sleep(_LOOK_AGAIN_S)


def chosen(jobs: Sequence[Job], only: Collection[str]) -> list[Job]:
    """The trainings of these keys (CELL/SEED, CELL, aligners/NAME) with the aligners that they need; all if none is named.

    Raises:
        UsageError: a key that is none.
    """
    if not only:
        return list(jobs)
    found = []
    for key in only:
        own = [job for job in jobs if key in (job.key, job.planned.name)]
        if not own:
            raise UsageError(f"there is no cell {key!r}", "a cell is named CELL/SEED", "ttskit study cells STUDY lists them")
        found += own
    needed = {job.planned.needs for job in found if job.planned.needs}
    return [job for job in jobs if job in found or (job.is_aligner and job.planned.name in needed)]


def status_of(job: Job) -> RunState:
    """Its state; damaged files of it are a failure of this training, not of the study."""
    try:
        return read_state(job.place)
    except CheckpointError as error:
        return RunState("failed", error=str(error))


def fresh_for_retry(jobs: Sequence[Job]) -> list[Job]:
    """Let what failed be tried again: a damaged run is made anew, any other goes on where it stands. Gives what was failed."""
    failed = [job for job in jobs if status_of(job).status == "failed"]
    for job in failed:
        with RunLock(job.place.folder):
            damaged = not _whole(job.place)
            if damaged:
                shutil.rmtree(job.place.run, ignore_errors=True)
            _drop_unread(job.place)
            write_state(job.place, RunState(stage="train" if damaged else _stage_of(job)))
    return failed


def speak_again(jobs: Sequence[Job]) -> list[Job]:
    """Let what is done speak and be measured anew, as after a change of the measurements; gives those."""
    done = [job for job in jobs if not job.is_aligner and status_of(job).status == "done"]
    for job in done:
        with RunLock(job.place.folder):
            write_state(job.place, status_of(job).changed(status="pending", stage=job.stages[1]))
    return done


def _stage_of(job: Job) -> str:
    done = job.place.cost.is_file() and steps_done(job.place.run) >= job.planned.steps
    return job.stages[1] if done else job.stages[0]


def _whole(place: RunPlace) -> bool:
    """Whether the run can be gone on with: its files can be read, and so can what was saved last."""
    from ttskit.runs.checkpoints import read_trainer, read_weights
    from ttskit.runs.folder import RunFolder

    if not place.run.exists():
        return True
    try:
        checkpoints = RunFolder.open(place.run).checkpoints
        if checkpoints:
            read_weights(checkpoints[-1], checkpoints)
            read_trainer(checkpoints[-1], checkpoints)
    except TTSKitError:
        return False
    return True


def _drop_unread(place: RunPlace) -> None:
    try:
        read_state(place)
    except CheckpointError:
        place.state_file.unlink(missing_ok=True)


def _ready(job: Job) -> str | None:
    """ "" if a training can be begun, None if its aligner is not there yet, else why it never will be."""
    if job.needs is None:
        return ""
    try:
        state = read_state(job.needs)
    except CheckpointError as error:
        state = RunState("failed", error=error.what)
    if state.status == "failed":
        return state.error.splitlines()[0] if state.error else job.needs.key
    return "" if state.status == "done" else None


@contextmanager
def _claimed(job: Job) -> Iterator[None]:
    """Hold a training: nobody else works on it meanwhile."""
    job.place.folder.mkdir(parents=True, exist_ok=True)
    lock = RunLock(job.place.folder)
    try:
        lock.__enter__()
    except UsageError as error:
        raise _Busy from error
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


def _go_on(job: Job, bench: Bench, hindrance: str, console: Console | None, tell: Callable[[str], None]) -> None:
    """All that is left of one training."""
    before = status_of(job)
    if before.status in ("done", "failed"):
        return  # by another process, between looking and taking
    if hindrance:
        said = f"its aligner {job.needs.key if job.needs else ''} failed: {hindrance}"
        write_state(job.place, before.changed(status="failed", error=said))
        tell(f"{job.key}: {said}")
        return
    reached = steps_done(job.place.run)
    attempts = 1 if reached > before.reached else before.attempts + 1
    if attempts > MOST_ATTEMPTS:
        said = f"its process ended without a word {MOST_ATTEMPTS} times (out of memory?); log.txt says how far it came"
        write_state(job.place, before.changed(status="failed", error=said))
        tell(f"{job.key}: {said}")
        return
    stage = before.stage or job.stages[0]
    state = write_state(job.place, before.changed(status="running", stage=stage, attempts=attempts, reached=reached, error=""))
    try:
        with _log(job.place, console) as shown:
            for current in job.stages[job.stages.index(stage) :]:
                state = write_state(job.place, state.changed(stage=current))
                tell(f"{job.key}: {current}")
                started = time.monotonic()
                warning = bench.do(job, current, shown)
                spent = time.monotonic() - started
                state = state.changed(seconds={**state.seconds, current: round(spent, 2)}, warning=warning)
        write_state(job.place, state.changed(status="done", stage="", attempts=0))
        tell(f"{job.key}: done{', ' if state.warning else ''}{state.warning}")
    except KeyboardInterrupt:
        write_state(job.place, state.changed(status="pending", attempts=0))
        raise
    except Exception as error:  # of a plugin's model as well: the rest of the study goes on
        if (full := full_disk_behind(error)) is not None:
            raise _no_room(job, error, full) from error
        if not isinstance(error, TTSKitError):
            with job.place.log.open("a", encoding="utf-8") as file:
                traceback.print_exception(error, file=file)
        said = str(error) if isinstance(error, TTSKitError) else f"{type(error).__name__}: {error}"
        write_state(job.place, state.changed(status="failed", error=said))
        tell(f"{job.key}: failed: {said.splitlines()[0]}")


def _no_room(job: Job, error: Exception, full: OSError) -> TTSKitError:
    from ttskit.disk import explained

    if isinstance(error, TTSKitError):
        return error
    return explained(
        full, full.filename or job.place.folder, "what is complete stays", "ttskit study run STUDY goes on", doing=""
    )


@contextmanager
def _log(place: RunPlace, console: Console | None) -> Iterator[Console]:
    """The console of a training: the given one, or its log.txt."""
    if console is not None:
        yield console
        return
    with place.log.open("a", encoding="utf-8") as file:
        yield terminal.console(file=file, width=200)
