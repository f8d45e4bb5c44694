"""How far a long piece of work is: bars that keep step and time left at any width, plain lines without a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from ttskit.messages import translated

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["PLAIN_EVERY_S", "Bars", "Counter", "duration", "progress"]

PLAIN_EVERY_S = 10.0  # between two plain lines
_BESIDE = 58  # columns that a label, a count, the time spent and the time left take beside the bar

Counter = Callable[..., None]  # advance(count=1, note=""): so much more is done


def duration(seconds: float) -> str:
    """A length of time in words: 40 s, 12 min, 3.5 h, 4.2 days."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    days = f"{seconds / 86400:.1f} days"  # messages
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else days


class _Left(ProgressColumn):
    """Time left: the task's field `left_s` where someone knows better, else at the rate since the task began."""

    def render(self, task: Task) -> Text:
        left: float | None = task.fields.get("left_s")
        done = task.completed - task.fields.get("began", 0)
        if left is None and task.total and done > 0 and task.elapsed:
            left = (task.total - task.completed) * task.elapsed / done
        if task.finished or left is None:
            return Text("" if task.finished else translated("left: –"))
        return Text(translated(f"{duration(left)} left"))


class Bars(Progress):
    """Bars on a console, one a task: its label, the bar, done/total, time spent and time left, whatever the width.

    What there is to say besides (`note`, a field of each task) stands below in a line of its own, cut where the
    terminal ends: it can take nothing from the numbers. The bar takes what is left of the width.

    Args:
        console: where to.
        off: show nothing.
    """

    def __init__(self, console: Console, off: bool = False) -> None:
        def fixed() -> Column:
            return Column(no_wrap=True)

        super().__init__(
            TextColumn(
                "{task.description}", markup=False, table_column=Column(no_wrap=True, max_width=24, overflow="ellipsis")
            ),
            BarColumn(bar_width=max(4, min(40, console.width - _BESIDE))),
            MofNCompleteColumn(table_column=fixed()),
            TimeElapsedColumn(table_column=fixed()),
            _Left(table_column=fixed()),
            console=console,
            disable=off,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bars, and below them the tasks' notes."""
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            if task.visible and (note := task.fields.get("note")):
                yield Text(f"  {note}", no_wrap=True, overflow="ellipsis", style="dim")


@contextmanager
def progress(console: Console | None, title: str, total: int | None, every_s: float = PLAIN_EVERY_S) -> Iterator[Counter]:
    """Show how far the work on `total` items is: a bar in a terminal, elsewhere a line each `every_s` seconds and at the end.

    Yields `advance(count=1, note="")`. Without a console, and for no items, nothing is shown.
    """
    if console is None or total == 0:
        yield lambda count=1, note="": None
        return
    title = translated(title)
    if console.is_terminal:
        with Bars(console) as bars:
            task = bars.add_task(title, total=total, note="")
            yield lambda count=1, note="": bars.update(task, advance=count, note=note)
        return
    started = shown = time.monotonic()
    done = 0

    def advance(count: int = 1, note: str = "") -> None:
        nonlocal done, shown
        done += count
        now = time.monotonic()
        if done != total and now - shown < every_s:
            return
        shown, rate = now, done / max(now - started, 1e-9)
        left = f", {translated(f'{duration((total - done) / rate)} left')}" if total and done < total else ""
        of, more = f"/{total}" if total else "", f"  {note}" if note else ""
        console.print(f"{title}: {done}{of}, {_rate(rate)}{left}{more}", markup=False, highlight=False, soft_wrap=True)

    yield advance


def _rate(each_s: float) -> str:
    """Items in a second, or seconds of one where that is longer."""
    return f"{each_s:.1f}/s" if each_s >= 0.1 or each_s == 0 else translated(f"{duration(1 / each_s)} each")
