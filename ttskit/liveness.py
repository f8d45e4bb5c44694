"""Whether another process lives, and workers that end with the one that started them; on Linux, macOS and Windows."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["PARENT", "end_with_named_parent", "end_with_parent", "is_alive", "started_at"]

PARENT = "TTSKIT_PARENT"  # environment variable: the process that a command is to end with, which started it

_LOOK_EVERY_S = 0.5
_watched: set[int] = set()
_adding = threading.Lock()


def is_alive(pid: int, started: str | None = None) -> bool:
    """Whether process `pid` of this machine runs; with `started` (see `started_at`), whether it is still the same one."""
    if pid <= 0:
        return False
    if sys.platform == "win32":
        return _alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass  # it is someone else's, or not a number that a process has
    if _zombie(pid):
        return False
    now = started_at(pid)
    return started is None or now is None or now == started


def started_at(pid: int) -> str | None:
    """A mark of the moment when `pid` started, by which a later process of the same number is told; None if nobody says."""
    fields = _linux_fields(pid)
    return fields[19] if len(fields) > 19 else None


def end_with_parent(parent: int, ended: Callable[[], None] = lambda: os._exit(1)) -> None:
    """Let this worker end when process `parent` does, within a second, whatever it is at; asked again, it does nothing.

    Python's own workers wait for work that nobody sends any more after a parent was killed.
    """
    with _adding:
        if parent in _watched or parent == os.getpid():
            return
        _watched.add(parent)
    threading.Thread(target=_watch, args=(parent, ended), name="ttskit-parent", daemon=True).start()


def end_with_named_parent() -> None:
    """`end_with_parent` of the process that the environment names, if it names one."""
    named = os.environ.get(PARENT, "")
    if named.isdecimal():
        end_with_parent(int(named))


def _watch(parent: int, ended: Callable[[], None]) -> None:
    if sys.platform == "win32":
        _wait_on_windows(parent)
    else:
        born = started_at(parent)
        while is_alive(parent, born):
            time.sleep(_LOOK_EVERY_S)
    ended()


def _linux_fields(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on (proc(5): the 3rd); [] elsewhere, or if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # the name before it may hold anything


def _zombie(pid: int) -> bool:
    """Ended, and its parent has not asked how."""
    return _linux_fields(pid)[:1] in (["Z"], ["X"])


if sys.platform == "win32":  # pragma: no cover - there only
    import ctypes

    _SYNCHRONIZE, _WAIT_TIMEOUT, _ACCESS_DENIED = 0x00100000, 0x102, 5
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.OpenProcess.restype = ctypes.c_void_p
    _kernel.OpenProcess.argtypes = (ctypes.c_uint32, ctypes.c_int, ctypes.c_uint32)
    _kernel.WaitForSingleObject.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
    _kernel.CloseHandle.argtypes = (ctypes.c_void_p,)

    def _alive_on_windows(pid: int) -> bool:
        _handle = _kernel.OpenProcess(_SYNCHRONIZE, 0, pid)
        if not _handle:
            return ctypes.get_last_error() == _ACCESS_DENIED
        try:
            return _kernel.WaitForSingleObject(_handle, 0) == _WAIT_TIMEOUT
        finally:
            _kernel.CloseHandle(_handle)

    def _wait_on_windows(pid: int) -> None:
        _handle = _kernel.OpenProcess(_SYNCHRONIZE, 0, pid)
        if _handle:
            _kernel.WaitForSingleObject(_handle, 0xFFFFFFFF)
            _kernel.CloseHandle(_handle)
