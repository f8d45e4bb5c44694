"""Trainings given to a cluster through submitit: arrays of jobs, begun again where they are cut off."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ttskit.errors import TTSKitError, UsageError
from ttskit_study.layout import StudyFolder
from ttskit_study.locked import Job
from ttskit_study.working import status_of

__all__ = ["CellTask", "options_of", "submit"]

_NAME = "ttskit-study"


class CellTask:
    """What one job of a cluster does: a training of a study, with the aligner that it needs.

    submitit pickles it, and asks `checkpoint` for what to do when a job is cut off by its time or taken from its machine:
    the same once more, which goes on from the run's last checkpoint.
    """

    def __call__(self, study: str, key: str) -> int:
        """Do it; gives the number of trainings that failed."""
        from ttskit_study.worker import work_here

        return work_here(Path(study), [key])

    def checkpoint(self, study: str, key: str) -> Any:
        """The job that goes on after this one."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, study, key)


def submit(
    study: StudyFolder,
    jobs: Sequence[Job],
    cluster: str,
    options: Sequence[str],
    threads: int,
    gpu: bool,
    tell: Callable[[str], None],
) -> list[str]:
    """Give what is left of the trainings to a cluster: aligners first, then an array of the cells that wait for them.

    Args:
        cluster: "slurm", or "local" for submitit's own executor on this machine, whose jobs are waited for.
        options: KEY=VALUE of each job, as submitit names them (timeout_min=240, slurm_partition=gpu).
        threads: CPU cores of a job.
        gpu: whether a job needs one.

    Returns:
        The numbers of the jobs.

    Raises:
        UsageError: submitit is not installed, an option that is none.
        TTSKitError: the cluster cannot be asked, or refuses.
    """
    try:
        import submitit
    except ImportError as error:
        raise UsageError(
            "a cluster needs submitit", "the package submitit is not installed", 'pip install "ttskit[slurm]"'
        ) from error
    given = options_of(options)
    lacking = [name for name in ("sbatch", "srun") if shutil.which(name) is None]
    if cluster == "slurm" and lacking:
        raise TTSKitError(
            "SLURM is not here",
            f"there is no {lacking[0]} on the PATH",
            "run this on a login node of the cluster; without one: ttskit study run STUDY, or ttskit study cells STUDY",
        )
    left = [job for job in jobs if status_of(job).status not in ("done", "failed", "running")]
    if not left:
        tell("nothing is left to give to the cluster")
        return []
    numbers: list[str] = []
    try:
        executor = submitit.AutoExecutor(folder=str(study.path / "cluster" / "%j"), cluster=cluster)
        standard: dict[str, Any] = {"name": _NAME, "cpus_per_task": threads, "timeout_min": 24 * 60}
        standard |= {"gpus_per_node": 1} if gpu else {}
        first: list[Any] = []
        for part in ([job for job in left if job.is_aligner], [job for job in left if not job.is_aligner]):
            if not part:
                continue
            waiting = _after(first) if cluster == "slurm" else {}
            executor.update_parameters(**{**standard, **waiting, **given})
            made = executor.map_array(CellTask(), [str(study.path.resolve())] * len(part), [job.key for job in part])
            numbers += [str(job.job_id) for job in made]
            first = made
            if cluster == "local":
                for job in made:
                    job.exception()  # waits; what failed stands in its state
    except (submitit.core.utils.FailedSubmissionError, OSError, RuntimeError) as error:
        raise TTSKitError(
            f"the cluster took no job of {study.path}",
            str(error).strip() or type(error).__name__,
            "mend that, then the same again",
        ) from error
    except (TypeError, ValueError, AssertionError, NameError) as error:
        raise UsageError(
            "a job cannot be described so", str(error), "--job KEY=VALUE as submitit's update_parameters takes it"
        ) from error
    tell(f"{len(numbers)} jobs: {', '.join(numbers[:4])}{' …' if len(numbers) > 4 else ''}; ttskit study status {study.path}")
    return numbers


def options_of(options: Sequence[str]) -> dict[str, Any]:
    """KEY=VALUE as submitit takes it: whole numbers as numbers.

    Raises:
        UsageError: an option without a value.
    """
    found: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise UsageError(f"--job {option}", "write it as KEY=VALUE", "--job timeout_min=240")
        found[key.strip()] = int(value) if value.strip().isdecimal() else value.strip()
    return found


def _after(jobs: Sequence[Any]) -> dict[str, Any]:
    """Begin when these have ended, however: a cell whose aligner failed says so itself."""
    if not jobs:
        return {}
    numbers = dict.fromkeys(str(job.job_id).partition("_")[0] for job in jobs)
    return {"slurm_additional_parameters": {"dependency": f"afterany:{':'.join(numbers)}"}}
