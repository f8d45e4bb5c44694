"""Work on many items, in processes or not, with a bar and the time left."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any

from ttskit.liveness import end_with_parent
from ttskit.progress import PLAIN_EVERY_S, progress

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["FEW", "PLAIN_EVERY_S", "progress", "run_all"]

FEW = 24  # so few items are done sooner than processes start


def run_all(
    function: Callable[[Any], Any], items: Sequence[Any], jobs: int | None, console: Console | None, title: str
) -> list[Any]:
    """`function` of each item, in order of the items.

    Args:
        function: importable by name (worker processes are spawned on some systems).
        jobs: processes; None: one per CPU core, or none for a few items.
        console: where progress goes; None: nowhere.
    """
    results: list[Any] = [None] * len(items)
    with progress(console, title, len(items)) as advance:
        for index, result in _stream(function, items, jobs):
            results[index] = result
            advance()
    return results


def _stream(function: Callable, items: Sequence[Any], jobs: int | None) -> Iterator[tuple[int, Any]]:
    from joblib import Parallel, cpu_count, delayed

    count = (cpu_count() if len(items) >= FEW else 1) if jobs is None else jobs
    if count == 1 or len(items) < 2:
        yield from ((i, function(item)) for i, item in enumerate(items))
        return
    watched: dict[str, Any] = {"initializer": end_with_parent, "initargs": (os.getpid(),)}
    if "backend_kwargs" not in signature(Parallel.__init__).parameters:  # before joblib 1.5: watched from the first item on
        watched = {}
    yield from Parallel(n_jobs=count, return_as="generator_unordered", batch_size="auto", **watched)(
        delayed(_numbered)(function, os.getpid(), i, item) for i, item in enumerate(items)
    )


def _numbered(function: Callable, parent: int, index: int, item: Any) -> tuple[int, Any]:
    end_with_parent(parent)  # a killed `prepare` takes its workers with it
    return index, function(item)
