"""Work that is killed at a chosen change of its files, as by a power cut, so that going on after it can be tried at each."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["KILLED", "killed_at"]

KILLED = -1
_CHANGES = {"os.mkdir": 1, "os.rename": 3, "os.remove": 1, "os.rmdir": 1, "os.link": 2, "os.symlink": 2, "os.truncate": None}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def killed_at(event: int, work: Callable[[], object], below: Path) -> int:
    """Do `work` in a child process that dies just before its change number `event`, from 0, of the files below a folder.

    A change is a file opened for writing, a folder made, a name given or taken; and a file forced to disk, of which then
    only the first half is there. Nothing is tidied: no `finally`, no handler. For systems that fork (not Windows).

    Returns:
        `KILLED`, or if there are fewer changes their number, the work being done.

    Raises:
        RuntimeError: the work failed by itself.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os._exit(_child(event, work, str(below.absolute()), writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        count = said.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 9:
        return KILLED
    if code:
        raise RuntimeError(f"the work ended with {code} by itself; see its output")
    return int(count)


def _child(event: int, work: Callable[[], object], below: str, writing: int) -> int:
    count, busy, fsync = 0, False, os.fsync

    def change(last: Callable[[], object] = lambda: None) -> None:
        nonlocal count, busy
        if count == event:
            busy = True
            last()
            os._exit(9)
        count += 1

    def hook(name: str, args: tuple[Any, ...]) -> None:
        if not busy and _changes(name, args, below):
            change()

    def sync(file: Any) -> None:
        handle = file if isinstance(file, int) else file.fileno()
        if _path(handle, None).startswith(below) and not Path(_path(handle, None)).is_dir():
            change(lambda: os.ftruncate(handle, os.fstat(handle).st_size // 2))
        fsync(file)

    sys.addaudithook(hook)
    os.fsync = sync  # type: ignore[assignment]
    try:
        work()
    except BaseException:
        traceback.print_exc()
        return 1
    busy = True
    os.write(writing, str(count).encode())
    return 0


def _changes(name: str, args: tuple[Any, ...], below: str) -> bool:
    if name == "open":
        path, mode, flags = args
        if isinstance(mode, str) and not set(mode) & set("wax+"):
            return False
        if not isinstance(mode, str) and not (isinstance(flags, int) and flags & _WRITES):
            return False
        return _path(path, None).startswith(below)
    if name not in _CHANGES:
        return False
    at = _CHANGES[name]
    directory = args[at] if name in ("os.remove", "os.rmdir") and at is not None and len(args) > at else None
    if name == "os.mkdir" and len(args) > 2:
        directory = args[2]
    return _path(args[0], directory).startswith(below)


def _path(named: Any, directory: Any) -> str:
    """The absolute path of a name, or of an open file (Linux; elsewhere only names are known)."""
    if isinstance(named, int):
        try:
            return str(Path(f"/proc/self/fd/{named}").readlink())
        except OSError:
            return ""
    text = os.fsdecode(named)
    if isinstance(directory, int) and directory >= 0 and not text.startswith("/"):
        text = f"{_path(directory, None)}/{text}"
    return text if text.startswith("/") else f"{Path.cwd()}/{text}"
