"""`ttskit study run`: what is left of a study, by processes here, in this one, or by a cluster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ttskit.errors import UsageError
from ttskit.plugins import create_registry
from ttskit_study.locked import jobs_of
from ttskit_study.opening import note_code, open_study
from ttskit_study.pool import default_workers, gpus, run_workers
from ttskit_study.progress import Watch
from ttskit_study.speeds import measure_study_speed
from ttskit_study.status import StatusRow, rows_of
from ttskit_study.training import Bench
from ttskit_study.working import chosen, fresh_for_retry, speak_again, work

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["run_study"]


def run_study(
    path: Path | str,
    *,
    workers: int | None = None,
    only: Collection[str] = (),
    retry: bool = False,
    again: bool = False,
    cluster: str = "",
    options: Sequence[str] = (),
    console: Console | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> list[StatusRow]:
    """Do what is left of a study; gives how far each training is then.

    Args:
        path: the study's folder.
        workers: processes; by default one a GPU, else as many as have cores of their own.
        only: keys of trainings (CELL/SEED), which are done in this process with the aligners that they need.
        retry: try again what failed.
        again: speak and measure anew with what is trained.
        cluster: "slurm", or "local" for submitit's executor on this machine; "" for processes of our own.
        options: KEY=VALUE of each cluster job.
        console: where progress goes.
        tell: is told what happens, in lines.

    Raises:
        UsageError, MismatchError, CorpusError, CheckpointError: the study is not as it was planned (see `open_study`).
        TTSKitError: no training can go on (a full disk).
        KeyboardInterrupt: Ctrl-C, after saving.
    """
    registry = create_registry()
    opened = open_study(path, registry)
    if options and not cluster:
        raise UsageError("--job is for a cluster", f"given: {', '.join(options)}", "give --slurm as well")
    lock, plan = note_code(opened), opened.resolved.plan
    everything = jobs_of(opened.study, lock)
    jobs = chosen(everything, only)
    if retry:
        for job in fresh_for_retry(jobs):
            tell(f"{job.key}: tried again")
    if again:
        speak_again(jobs)
    if cluster:
        from ttskit_study.cluster import submit

        submit(opened.study, jobs, cluster, options, plan.threads, bool(gpus(plan.device)) or plan.device == "cuda", tell)
        return rows_of(jobs)
    left = [row for row in rows_of(jobs) if row.status not in ("done", "failed")]
    if left and only:
        work(jobs, Bench(opened.resolved, lock, registry, plan.device), console=console, tell=tell)
    elif left:
        cards = gpus(plan.device)
        count = min(workers or default_workers(plan.threads, cards), len(left))
        run_workers(opened.study, jobs, only, count, plan.threads, cards, Watch(jobs, console))
    rows = rows_of(jobs)
    if not only and all(row.status in ("done", "failed") for row in rows) and (left or not opened.study.speed.exists()):
        tell("speed of all systems, in turns")
        measure_study_speed(opened.study, lock, opened.resolved, registry, console)
    return rows
