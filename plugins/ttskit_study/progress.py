"""How far a study is: a bar with the time left in a terminal, a line now and then elsewhere; read from the study's folder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ttskit.messages import translated
from ttskit.progress import Bars, duration
from ttskit_study.locked import Job
from ttskit_study.state import RunState
from ttskit_study.training import steps_done
from ttskit_study.working import status_of

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Watch", "share_done"]

_LINE_EVERY_S = 60.0
_LAST_SHARE = 0.15  # of a training's work: speaking and measuring, until some has been seen


def share_done(job: Job, state: RunState, last_share: float = _LAST_SHARE) -> float:
    """How much of a training with its speaking is done, 0 … 1."""
    if state.status in ("done", "failed"):
        return 1.0
    if state.stage == job.stages[1]:
        return 1.0 - last_share
    return (1.0 - last_share) * min(1.0, steps_done(job.place.run) / job.planned.steps)


class Watch:
    """Shows how far the trainings are, as long as it is entered.

    Args:
        jobs: all of them.
        console: where to; None for nowhere.
    """

    def __init__(self, jobs: Sequence[Job], console: Console | None) -> None:
        self.jobs, self.console = list(jobs), console
        self._weights = {job.key: job.planned.seconds or float(job.planned.steps) for job in self.jobs}
        self._shares: dict[str, float] = {}
        self._began = self._before = self._said = 0.0
        self._finished = -1
        self._bars: Bars | None = None

    def __enter__(self) -> Watch:
        self._began = time.monotonic()
        self._look()
        self._before = self._work()
        if self.console is not None and self.console.is_terminal:
            self._bars = Bars(self.console)
            self._bars.start()
            self._task = self._bars.add_task(translated("trainings"), total=len(self.jobs), note="", left_s=None)
        self.look()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def look(self, last: bool = False) -> None:
        """Read how far they are, and show it."""
        if self.console is None:
            return
        at_work = self._look()
        finished = sum(share >= 1.0 for share in self._shares.values())
        left, note = self.left_s(), ", ".join(at_work[:4])
        if self._bars is not None:
            self._bars.update(self._task, completed=finished, left_s=left, note=note)
            return
        now = time.monotonic()
        if finished == self._finished and now - self._said < _LINE_EVERY_S and not last:
            return
        self._finished, self._said = finished, now
        until = f", {translated(f'{duration(left)} left')}" if left and finished < len(self.jobs) else ""
        self.console.print(
            f"{translated('trainings')}: {finished}/{len(self.jobs)}{until}  {note}".rstrip(),
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    def left_s(self) -> float | None:
        """Seconds left at the pace since it was entered; None before there is one."""
        done = self._work()
        spent = time.monotonic() - self._began
        if done <= self._before or spent <= 0:
            return None
        return (sum(self._weights.values()) - done) * spent / (done - self._before)

    def _work(self) -> float:
        return sum(self._weights[key] * share for key, share in self._shares.items())

    def _look(self) -> list[str]:
        """Read all states; gives what is at work, in words."""
        at_work = []
        for job in self.jobs:
            if self._shares.get(job.key, 0.0) >= 1.0:
                continue
            state = status_of(job)
            self._shares[job.key] = share_done(job, state)
            if state.status == "running":
                step = f" {steps_done(job.place.run)}/{job.planned.steps}" if state.stage == "train" else f" {state.stage}"
                at_work.append(job.key + step)
        return at_work
