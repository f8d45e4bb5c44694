"""What a plan comes to, for people: cells, amounts, hours, disk."""

from __future__ import annotations

from typing import Any

from ttskit.progress import duration
from ttskit_study.locked import Lock, PlannedRun
from ttskit_study.planning import Planned
from ttskit_study.pool import default_workers, gpus

__all__ = ["disk_bytes", "plan_lines", "plan_rows", "plan_summary"]

# Of each parameter: weights of two checkpoints (last and best), and two moments beside each.
_BYTES_A_PARAMETER = 2 * 3 * 4


def plan_rows(lock: Lock) -> tuple[list[str], list[list[Any]]]:
    """A row for each cell and aligner."""
    columns = ["cell", "minutes", "trainings", "steps", "utterances", "frames", "multiply-adds", "time each"]
    rows = [_row(one, len(lock.seeds) if one.system else 1) for one in [*lock.aligners, *lock.cells]]
    return columns, rows


def plan_lines(planned: Planned) -> list[str]:
    """The sum of it."""
    lock, trainings, seconds = planned.lock, _trainings(planned.lock), _seconds(planned.lock)
    counted = lock.budget
    cells, seeds = len(lock.cells), len(lock.seeds)
    lines = [
        f"{cells} cells × {seeds} seeds and {len(lock.aligners)} aligners: {trainings} trainings",
        f"fixed: {counted['amount']:,.0f} {str(counted['kind']).replace('_', '-')} each; checkpoint: {lock.plan['checkpoint']}",
    ]
    if seconds is not None:
        device, threads = str(lock.plan["device"]), int(lock.plan["threads"])
        workers = default_workers(threads, gpus(device))
        lines.append(
            f"training takes about {duration(seconds)} of one worker, {duration(seconds / workers)} with {workers} here; "
            "speaking and measuring come on top"
        )
    lines.append(f"disk: about {disk_bytes(lock) / 1e9:.1f} GB")
    if planned.changed:
        lines.append(f"changed since it was locked: {', '.join(planned.changed)}")
    return lines


def plan_summary(planned: Planned) -> dict[str, Any]:
    """The same as data."""
    lock = planned.lock
    return {
        "study": str(planned.study.path),
        "trainings": _trainings(lock),
        "seconds": _seconds(lock),
        "disk_bytes": disk_bytes(lock),
        "budget": lock.budget,
        "seeds": lock.seeds,
        "cells": [one.model_dump() for one in lock.cells],
        "aligners": [one.model_dump() for one in lock.aligners],
        "changed": list(planned.changed),
    }


def disk_bytes(lock: Lock) -> float:
    """What checkpoints and audio are going to take, about."""
    seeds = len(lock.seeds)
    runs = sum(_BYTES_A_PARAMETER * lock.systems[one.system]["parameters"] * seeds for one in lock.cells)
    if lock.aligner is not None:
        runs += _BYTES_A_PARAMETER * lock.aligner["parameters"] * len(lock.aligners)
    speak = lock.plan["speak"]
    sentences = (speak.get("limit") or 100) * (2 + len(speak["seeds"]))
    sentences += (speak.get("hard_limit") or 50) * len(speak["seeds"]) if speak.get("hard") else 0
    audio = sentences * 4.0 * 22_050 * 2  # four seconds of 16 bits each
    return float(runs + audio * len(lock.cells) * seeds)


def _trainings(lock: Lock) -> int:
    return len(lock.cells) * len(lock.seeds) + len(lock.aligners)


def _seconds(lock: Lock) -> float | None:
    each = [(one.seconds, len(lock.seeds)) for one in lock.cells] + [(one.seconds, 1) for one in lock.aligners]
    if any(seconds is None for seconds, _ in each):
        return None
    return float(sum((seconds or 0.0) * count for seconds, count in each))


def _row(one: PlannedRun, count: int) -> list[Any]:
    return [
        one.name if one.system else f"aligners/{one.name}",
        "all" if one.minutes is None else f"{one.minutes:g}",
        count,
        f"{one.steps:,}",
        f"{one.utterances:,}",
        f"{one.frames:,}",
        f"{one.multiply_adds:.2e}" if one.multiply_adds is not None else "",
        duration(one.seconds) if one.seconds is not None else "",
    ]
