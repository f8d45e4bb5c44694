"""A test is made beside its place and put there when it is whole; a test that people have answered is never replaced."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ttskit.disk import explain
from ttskit.errors import TTSKitError, UsageError
from ttskit_listen.folder import TestFolder

__all__ = ["new_test"]

_OURS = frozenset({"design.json", "key.json", "invitations.csv", "public", "answers"})


@contextmanager
def new_test(out: Path) -> Iterator[Path]:
    """A folder to make the test in, which becomes `out` at the end; whatever is raised meanwhile leaves `out` as it was.

    Raises:
        UsageError: `out` holds answers, or something other than a test.
        TTSKitError: the disk is full, or the place cannot be written.
    """
    _check(out)
    new, old = (out.parent / f".{out.name}.{mark}-{os.getpid()}" for mark in ("new", "old"))
    with explain(TTSKitError, out):
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
    try:
        yield new
        _check(out)  # someone may have answered meanwhile
        with explain(TTSKitError, out, "what was there is still there"):
            if out.exists():
                out.replace(old)
            try:
                new.replace(out)
            except OSError:
                if old.exists():
                    old.replace(out)
                raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
        with suppress(OSError):
            shutil.rmtree(old, ignore_errors=True)


def _check(out: Path) -> None:
    """Refuse what must not be replaced."""
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir() or out.is_symlink():
        raise UsageError(f"{out} is not a folder of its own", "a file or a link is there", "choose another place: -o FOLDER")
    test = TestFolder(out)
    answered = test.database.exists() or (test.answers.is_dir() and any(test.answers.iterdir()))
    if answered or test.report.exists():
        why = "answers fit the test that they were given to, and no other"
        raise UsageError(f"{out} holds a test that people have answered", why, "choose another place: -o FOLDER")
    strange = sorted(one.name for one in out.iterdir() if one.name not in _OURS)
    if strange or (any(out.iterdir()) and not test.design_file.is_file()):
        shown = ", ".join(strange[:4]) or ", ".join(sorted(one.name for one in out.iterdir())[:4])
        raise UsageError(f"{out} holds something else", shown, "choose an empty place: -o FOLDER")
