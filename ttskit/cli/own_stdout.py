"""Standard output is for the results of a command: what else writes to it, by whatever door, goes to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TextIO

__all__ = ["aside", "own_stdout", "their_exit_code"]


@contextmanager
def aside() -> Iterator[TextIO]:
    """While models, readers and frontends of plugins work: what they print goes to standard error.

    Gives standard output itself, for the one who has something to write there meanwhile.
    """
    stdout = sys.stdout
    with redirect_stdout(sys.stderr):
        yield stdout


@contextmanager
def own_stdout() -> Iterator[None]:
    """While a command runs, keep the real standard output for `sys.stdout`, and let file 1 be standard error.

    `os.write(1, …)`, C libraries, programs that are started and `sys.__stdout__` then reach standard error. Where standard
    output is not file 1 (in tests, in other programs), nothing is changed.
    """
    before = sys.stdout
    try:
        if before.fileno() != 1:
            raise OSError
        before.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
    except (OSError, ValueError, AttributeError):
        yield
        return
    lines = bool(getattr(before, "line_buffering", False)) or os.isatty(kept)
    sys.stdout = open(  # noqa: SIM115 - a stream on the file that was kept; closed below
        kept, "w", encoding=before.encoding, errors=before.errors, buffering=1 if lines else -1, closefd=False
    )
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        with suppress(OSError, ValueError):
            before.flush()
        os.dup2(kept, 1)
        os.close(kept)
        sys.stdout = before


def their_exit_code(code: object) -> int:
    """Our exit code for one that a plugin asked for: 0 done, 2 wrong usage, 1 for everything else.

    >>> [their_exit_code(code) for code in (None, 0, True, 2, 77, "a message")]
    [0, 0, 1, 2, 1, 1]
    """
    return 0 if code is None else code if code in (0, 2) and type(code) is int else 1
