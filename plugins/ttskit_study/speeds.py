"""Speed of all systems in turns, when no training of the study takes the machine's time: speed.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttskit.corpus.storage import write_json
from ttskit.devices import pick_device
from ttskit.measure.fastest import ranking
from ttskit.measure.plain import plain
from ttskit.measure.speed import measure_speeds, speed_steps
from ttskit.measure.systems import load_systems
from ttskit.plugins import Registry
from ttskit.progress import progress
from ttskit_study.layout import StudyFolder
from ttskit_study.locked import Job, Lock, jobs_of
from ttskit_study.resolve import Resolved
from ttskit_study.working import status_of

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["measure_study_speed", "timed_jobs"]


def timed_jobs(study: StudyFolder, lock: Lock) -> list[Job]:
    """One run of each system, of those that are done: the first seed, with the most speech of the first corpus."""
    corpus = next(iter(lock.corpora))
    found: dict[str, Job] = {}
    done = [job for job in jobs_of(study, lock) if not job.is_aligner and status_of(job).status == "done"]
    for job in sorted(done, key=lambda job: (job.planned.corpus != corpus, -(job.planned.minutes or 0.0))):
        found.setdefault(job.planned.system, job)
    return [found[name] for name in lock.systems if name in found]


def measure_study_speed(
    study: StudyFolder, lock: Lock, resolved: Resolved, registry: Registry, console: Console | None = None
) -> dict[str, Any]:
    """Time first audio, latency, throughput and memory of all systems in turns, and write speed.json.

    Speed depends on the architecture, not on what was learned, so one run of each system is timed.

    Returns:
        What was written; {} where fewer than two systems are done.
    """
    jobs = timed_jobs(study, lock)
    if len(jobs) < 2:
        return {}
    config, corpus = resolved.plan.speak, resolved.corpora[jobs[0].planned.corpus]
    where = str(pick_device(resolved.plan.device))
    labels = [job.planned.system for job in jobs]
    runs = [job.place.run for job in jobs]
    systems = load_systems(runs, resolved.vocoder, where, resolved.plan.checkpoint, registry, labels)
    with progress(console, "speed", speed_steps(systems, config)) as advance:
        speeds = measure_speeds(systems, corpus, config, advance)
    found: dict[str, Any] = plain(
        {
            "systems": speeds,
            "ranking": ranking(speeds, config.confidence),
            "machine": next(iter(speeds.values()))["machine"],
            "runs": {job.planned.system: job.key for job in jobs},
            "device": where,
        }
    )
    write_json(study.speed, found)
    return found
