"""What commands share for showing results: tables or JSON on stdout, progress and notes on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["json_option", "note", "print_json", "print_table", "print_wrapped", "progress", "stderr_console"]

# Decorator of every command that shows a table: adds the parameter `as_json: bool`.
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def print_json(data: Any) -> None:
    """One JSON document on stdout; paths and the like become strings."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "") -> None:
    """A table on stdout: rich's in a terminal, columns of plain text in a pipe."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from rich.console import Console

        from ttskit.columns import laid_out

        console = Console()
        console.print(laid_out(columns, texts, console.width, title))
        return
    widths = [max(len(column), *(len(row[i]) for row in texts)) if texts else len(column) for i, column in enumerate(columns)]
    for row in [list(columns), *texts]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_wrapped(text: str) -> None:
    """Prose on stdout: broken between words in a terminal, as it is in a pipe."""
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.text import Text

        Console().print(Text(text))
    else:
        click.echo(text)


def note(text: str) -> None:
    """One line on stderr: what happens, warnings, where things went."""
    click.echo(text, err=True)


def stderr_console() -> Console:
    """A rich console on stderr, for progress."""
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def progress(label: str, total: int | None = None, every_s: float = 10.0) -> Iterator[Callable[..., None]]:
    """Show how far a long piece of work is; yields `advance(count=1, note="")`.

    In a terminal a bar with rate and time left; otherwise one plain line each `every_s` seconds and at the end.
    """
    if sys.stderr.isatty():
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )
        with Progress(*columns, console=stderr_console()) as bar:
            task = bar.add_task(label, total=total, note="")
            yield lambda count=1, note="": bar.update(task, advance=count, note=note)
        return
    started = shown = time.monotonic()
    done = 0

    def advance(count: int = 1, note: str = "") -> None:
        nonlocal done, shown
        done += count
        now = time.monotonic()
        if now - shown >= every_s:
            shown = now
            rate = done / (now - started)
            left = f", {(total - done) / rate:.0f} s left" if total and rate > 0 else ""
            click.echo(f"{label}: {done}{f'/{total}' if total else ''} ({rate:.1f}/s{left}) {note}".rstrip(), err=True)

    yield advance
    click.echo(f"{label}: {done} done in {time.monotonic() - started:.1f} s", err=True)
