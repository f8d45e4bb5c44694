"""What commands share for showing results: tables or JSON on stdout, progress and notes on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ttskit import terminal
from ttskit.disk import explain
from ttskit.errors import TTSKitError
from ttskit.messages import translated
from ttskit.terminal import plain, plain_json, plain_line

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "echo",
    "json_option",
    "note",
    "print_json",
    "print_table",
    "print_wrapped",
    "progress",
    "say",
    "stderr_console",
]

# Decorator of every command that shows a table: adds the parameter `as_json: bool`.
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def echo(text: str, err: bool = False) -> None:
    """Text on stdout, or on stderr: the one way there. Nothing in it steers the terminal, whoever named the file.

    Raises:
        TTSKitError: the output cannot be written, as on a full disk. A reader that left raises BrokenPipeError.
    """
    with explain(TTSKitError, "standard error" if err else "standard output"):
        click.echo(plain(text), err=err)


def print_json(data: Any, indent: int | None = 2, err: bool = False) -> None:
    """One JSON document on stdout (or stderr); paths and the like become strings."""
    echo(plain_json(data, indent), err)


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "", names: Sequence[str] = ("name", "kind", "option")
) -> None:
    """A table on stdout: rich's in a terminal, columns of plain text in a pipe.

    Args:
        columns: their titles.
        rows: a cell for each column.
        title: of the whole.
        names: columns of names that people type, which are the same in every language.
    """
    kept = [column in names for column in columns]
    columns = [translated(column) for column in columns]
    texts = [
        [
            "" if cell is None else plain_line(str(cell) if own else translated(str(cell)))
            for cell, own in zip(row, kept, strict=True)
        ]
        for row in rows
    ]
    if sys.stdout.isatty():
        from ttskit.columns import laid_out

        console = terminal.console(stderr=False)
        console.print(laid_out(columns, texts, console.width, translated(title)))
        return
    widths = [max(len(column), *(len(row[i]) for row in texts)) if texts else len(column) for i, column in enumerate(columns)]
    for row in [list(columns), *texts]:
        echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_wrapped(text: str) -> None:
    """Prose on stdout: broken between words in a terminal, as it is in a pipe."""
    text = translated(text)
    if sys.stdout.isatty():
        from rich.text import Text

        terminal.console(stderr=False).print(Text(text))
    else:
        echo(text)


def note(text: str) -> None:
    """One line on stderr: what happens, warnings, where things went."""
    echo(translated(text), err=True)


def say(text: str) -> None:
    """What a command answers, on stdout; what other programs read (paths, JSON, tokens) goes through `echo` instead."""
    echo(translated(text))


def stderr_console() -> Console:
    """A rich console on stderr, for progress."""
    return terminal.console()


@contextmanager
def progress(label: str, total: int | None = None, every_s: float = 10.0) -> Iterator[Callable[..., None]]:
    """Show how far a long piece of work is; yields `advance(count=1, note="")`.

    In a terminal a bar with rate and time left; otherwise one plain line each `every_s` seconds and at the end.
    """
    label = translated(label)
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
            echo(translated(f"{label}: {done}{f'/{total}' if total else ''} ({rate:.1f}/s{left}) {note}".rstrip()), err=True)

    yield advance
    echo(translated(f"{label}: {done} done in {time.monotonic() - started:.1f} s"), err=True)
