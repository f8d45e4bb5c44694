"""Work on many items, in processes or not, with a bar, rate and time left."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import TYPE_CHECKING, Any

from ttskit.liveness import end_with_parent
from ttskit.messages import translated

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["FEW", "PLAIN_EVERY_S", "progress", "run_all"]

PLAIN_EVERY_S = 10.0
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


@contextmanager
def progress(console: Console | None, title: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar (or plain lines, or nothing without a console) over `total` items; yields `advance()`."""
    title = translated(title)
    if console is None or not total:
        yield lambda: None
    elif console.is_terminal:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description:<18}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(title, total=total, rate="")

            def advance() -> None:
                speed = bar.tasks[task].speed
                bar.update(task, advance=1, rate=f"{speed:.1f}/s" if speed else "")

            yield advance
    else:
        start = last = time.monotonic()
        done = 0

        def advance() -> None:
            nonlocal done, last
            done += 1
            now = time.monotonic()
            if done == total or now - last >= PLAIN_EVERY_S:
                last, rate = now, done / max(now - start, 1e-9)
                console.print(f"{title}: {done}/{total}, {rate:.1f}/s, {(total - done) / rate:.0f} s left", highlight=False)

        yield advance
