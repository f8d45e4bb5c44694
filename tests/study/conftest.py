"""A study of two tiny systems with an aligner, planned, and the same one done."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ttskit.plugins import create_registry
from ttskit_study.layout import StudyFolder
from ttskit_study.locked import Job, Lock, jobs_of
from ttskit_study.opening import OpenStudy, open_study
from ttskit_study.planning import plan_study
from ttskit_study.training import Bench
from ttskit_study.working import work

PLAN = """\
question: Does it matter?
corpus: prepared
systems:
  frames:
    recipe: tiny
    model: tacotron2
    set: [models.tacotron2.options.attention_supervision_weight=1.0, LIGHT]
    factors: {decoding: AR}
    durations: true
  whole: {recipe: tiny, model: fastpitch, set: [LIGHT], factors: {decoding: NAR}}
seeds: [1, 2]
aligner: {recipe: tiny, model: fastpitch, set: [LIGHT], budget: {utterances: 8}}
budget: {utterances: 40}
primary: {mcd_db: 0.3}
speak:
  limit: 3
  hard: false
  measurements: {robustness: false, control: false, intrusive: false, learned: false, training: false}
device: cpu
""".replace("LIGHT", "training.validate_every=20, training.checkpoint_every=4, training.samples=0")


def write_plan(folder: Path, prepared: Path, text: str = PLAN) -> Path:
    """The plan in a folder of its own, with the corpus's whole path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "plan.yaml"
    path.write_text(text.replace("corpus: prepared", f"corpus: {prepared.as_posix()}"), encoding="utf-8")
    return path


class Made:
    """A planned study and how to work on it."""

    def __init__(self, plan: Path, out: Path) -> None:
        self.plan, self.out, self.registry = plan, out, create_registry()

    def lock(self, **how) -> Lock:
        """Plan it, again if it was."""
        return plan_study(self.plan, self.out, self.registry, timed=False, **how).lock

    def open(self) -> OpenStudy:
        """Open it."""
        return open_study(self.out, self.registry)

    def jobs(self) -> list[Job]:
        """All its trainings."""
        opened = self.open()
        return jobs_of(opened.study, opened.lock)

    def job(self, key: str) -> Job:
        """One of them."""
        return next(job for job in self.jobs() if job.key == key)

    def work(self, jobs: list[Job] | None = None, bench: Bench | None = None) -> list[str]:
        """Do what is left in this process; keys of what failed."""
        opened = self.open()
        bench = bench or Bench(opened.resolved, opened.lock, self.registry, "cpu")
        return [job.key for job in work(self.jobs() if jobs is None else jobs, bench, wait=False)]


@pytest.fixture(scope="session")
def planned_once(tmp_path_factory, prepared) -> Made:
    """Planned; not to be changed."""
    folder = tmp_path_factory.mktemp("planned")
    made = Made(write_plan(folder / "plans", prepared.folder), folder / "study")
    made.lock()
    return made


@pytest.fixture
def planned(planned_once, tmp_path) -> Made:
    """Planned, nothing done."""
    return copied(planned_once, tmp_path)


@pytest.fixture(scope="session")
def done_once(planned_once, tmp_path_factory) -> Made:
    """Done, never interrupted; not to be changed."""
    made = copied(planned_once, tmp_path_factory.mktemp("done"))
    assert made.work() == []
    return made


@pytest.fixture
def done(done_once, tmp_path) -> Made:
    """A copy of the done study, which tests may damage."""
    return copied(done_once, tmp_path)


def copied(made: Made, folder: Path) -> Made:
    """The same study with a plan of its own, in another folder."""
    shutil.copytree(made.plan.parent, folder / "plans")
    shutil.copytree(made.out, folder / "study")
    copy = Made(folder / "plans" / "plan.yaml", folder / "study")
    study = StudyFolder(copy.out)
    Lock.read(study).model_copy(update={"plan_file": str(copy.plan)}).write(study)
    return copy
