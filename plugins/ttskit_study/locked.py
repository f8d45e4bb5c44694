"""lock.json: what a study has fixed before it trains, and deviations.json: what was changed later."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ttskit.corpus.storage import write_json
from ttskit.errors import CheckpointError, UsageError
from ttskit.reading import Misread, as_type, read_json
from ttskit_study.layout import RunPlace, StudyFolder
from ttskit_study.plan import NOT_SPOKEN
from ttskit_study.state import now

__all__ = ["FORMAT", "Job", "Lock", "PlannedRun", "deviations", "jobs_of", "record_deviations"]

FORMAT = 1
_MOST_BYTES = 64 << 20


class PlannedRun(BaseModel):
    """A cell, or an aligner: what is trained, and how much."""

    model_config = ConfigDict(extra="ignore")

    name: str  # of its folder
    system: str  # "" for an aligner
    minutes: float | None
    corpus: str
    steps: int
    utterances: int
    frames: int
    multiply_adds: float | None = None
    seconds: float | None = None
    needs: str | None = None  # name of its aligner


class Lock(BaseModel):
    """lock.json."""

    model_config = ConfigDict(extra="ignore")

    format: int
    name: str
    made: str
    plan_file: str
    plan_sha256: str
    plan: dict[str, Any]
    corpora: dict[str, dict[str, Any]]
    code: dict[str, Any]
    systems: dict[str, dict[str, Any]]
    aligner: dict[str, Any] | None = None
    vocoder: str
    budget: dict[str, Any]
    multiply_adds_counted_by: str = ""
    seeds: list[int]
    aligner_seed: int = 1
    cells: list[PlannedRun]
    aligners: list[PlannedRun] = Field(default_factory=list)

    @classmethod
    def read(cls, study: StudyFolder) -> Lock:
        """Read the lock of a study.

        Raises:
            UsageError: the folder holds no study.
            CheckpointError: lock.json is damaged, or of another version.
        """
        if not study.lock.is_file():
            raise UsageError(
                f"{study.path} is not a study",
                f"there is no {study.lock}",
                f"first: ttskit study plan PLAN.yaml -o {study.path}",
            )
        fix = "ttskit study plan PLAN.yaml makes it anew"
        try:
            lock = as_type(cls, read_json(study.lock, dict[str, Any], limit_bytes=_MOST_BYTES))
        except (OSError, Misread) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise CheckpointError(f"{study.lock} is damaged", why, fix) from error
        if lock.format != FORMAT:
            why = f"format {lock.format}, need {FORMAT}"
            raise CheckpointError(f"{study.lock} was written by another version", why, fix)
        for name in NOT_SPOKEN:  # early locks hold them as well
            lock.plan.get("speak", {}).pop(name, None)
        return lock

    def write(self, study: StudyFolder) -> None:
        """Write lock.json."""
        write_json(study.lock, self.model_dump(mode="json"))


class Job:
    """One training of a study with what follows it.

    Args:
        study: the folder.
        planned: cell or aligner.
        seed: training seed.
    """

    def __init__(self, study: StudyFolder, planned: PlannedRun, seed: int) -> None:
        self.study, self.planned, self.seed = study, planned, seed
        self.place: RunPlace = study.cell(planned.name, seed) if planned.system else study.aligner(planned.name)
        self.needs: RunPlace | None = study.aligner(planned.needs) if planned.needs else None

    @property
    def key(self) -> str:
        """CELL/SEED, or aligners/NAME."""
        return self.place.key

    def of(self, planned: PlannedRun, seed: int) -> Job:
        """Another training of the same study."""
        return Job(self.study, planned, seed)

    @property
    def is_aligner(self) -> bool:
        """Whether it serves others."""
        return not self.planned.system

    @property
    def stages(self) -> tuple[str, str]:
        """What is done one after the other."""
        return ("train", "align") if self.is_aligner else ("train", "speak")


def jobs_of(study: StudyFolder, lock: Lock) -> list[Job]:
    """All trainings, in the order in which they are begun: aligners, then every cell with the first seed, the second …

    So that a study that is cut short has fewer seeds of all cells, and not fewer cells.
    """
    aligners = [Job(study, planned, lock.aligner_seed) for planned in lock.aligners]
    return aligners + [Job(study, planned, seed) for seed in lock.seeds for planned in lock.cells]


def deviations(study: StudyFolder) -> list[dict[str, Any]]:
    """What was changed after the first training: what, when, before, after, why, trained_before.

    Raises:
        CheckpointError: deviations.json is damaged.
    """
    if not study.deviations.exists():
        return []
    try:
        return read_json(study.deviations, list[dict[str, Any]])
    except (OSError, Misread) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CheckpointError(f"{study.deviations} is damaged", why, "mend it: the report shows what was changed") from error


def record_deviations(study: StudyFolder, changes: Mapping[str, tuple[Any, Any]], why: str, trained_before: int) -> None:
    """Add what is changed now to deviations.json.

    Args:
        changes: what → (before, after), plain data.
        why: in the words of who did it.
        trained_before: trainings that were begun under what was.
    """
    when = now()
    added = [
        {"what": what, "when": when, "before": before, "after": after, "why": why, "trained_before": trained_before}
        for what, (before, after) in changes.items()
    ]
    write_json(study.deviations, [*deviations(study), *added])


def beside_of(lock: Lock) -> Path:
    """The folder that relative paths of the plan start at."""
    return Path(lock.plan_file).parent
