"""How far the trainings of a study are, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ttskit.progress import duration
from ttskit_study.layout import StudyFolder
from ttskit_study.locked import Job, Lock, jobs_of
from ttskit_study.training import steps_done
from ttskit_study.working import status_of

__all__ = ["StatusRow", "rows_of", "status_of_study", "status_rows", "summary"]


@dataclass(frozen=True)
class StatusRow:
    """One training.

    Args:
        key: CELL/SEED or aligners/NAME.
        status, stage, attempts, error, warning: of its state.
        step, steps: done, and planned.
        seconds: of each stage that is done.
        host, pid: who has it, or had it last.
    """

    key: str
    status: str
    stage: str
    step: int
    steps: int
    attempts: int
    seconds: dict[str, float]
    error: str
    warning: str
    host: str
    pid: int


def status_of_study(path: Path | str) -> list[StatusRow]:
    """All trainings, in the order in which they are begun.

    Raises:
        UsageError: no study.
        CheckpointError: its lock is damaged.
    """
    study = StudyFolder(Path(path))
    return rows_of(jobs_of(study, Lock.read(study)))


def rows_of(jobs: Sequence[Job]) -> list[StatusRow]:
    """These trainings."""
    rows = []
    for job in jobs:
        state = status_of(job)
        step = job.planned.steps if state.status == "done" else steps_done(job.place.run)
        stage = state.stage if state.status != "pending" or step else ""
        rows.append(
            StatusRow(
                job.key,
                state.status,
                stage,
                step,
                job.planned.steps,
                state.attempts,
                state.seconds,
                state.error,
                state.warning,
                state.host,
                state.pid,
            )
        )
    return rows


def status_rows(rows: Sequence[StatusRow]) -> tuple[list[str], list[list[Any]]]:
    """The table for people."""
    columns = ["training", "state", "stage", "step", "time", "why"]
    return columns, [
        [
            one.key,
            one.status,
            one.stage,
            f"{one.step:,}/{one.steps:,}",
            duration(sum(one.seconds.values())) if one.seconds else "",
            (one.error or one.warning).partition("\n")[0],
        ]
        for one in rows
    ]


def summary(rows: Sequence[StatusRow]) -> dict[str, Any]:
    """The same as data."""
    counts: dict[str, int] = {}
    for one in rows:
        counts[one.status] = counts.get(one.status, 0) + 1
    return {"counts": counts, "trainings": [asdict(one) for one in rows]}
