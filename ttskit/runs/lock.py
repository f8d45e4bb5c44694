"""A run is written by one training at a time: a lock in its folder says who, and is taken over from those that are gone."""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from ttskit.errors import UsageError
from ttskit.liveness import is_alive, started_at
from ttskit.runs.files import TEMPORARY, explain_full_disk, write_bytes

__all__ = ["BEAT_S", "LOCK", "STALE_S", "RunLock", "holder_of"]

LOCK = "lock.json"
BEAT_S = 30.0  # how often the holder says that it lives, by the time of change of its lock
STALE_S = 300.0  # silence after which a holder that cannot be asked, on another machine, is taken for gone
_ATTEMPTS = 20
_PAUSE_S = 0.02  # while another takes the lock of one that is gone


class RunLock:
    """Held while entered; all processes of one training share the one that their first takes.

    A holder on this machine is asked for by its number and its start: if it is gone, its lock is taken over at once. One on
    another machine (a cluster's shared folder) changes its lock's time while it lives, and is taken over after `STALE_S`
    without; the folder's own clock is compared, not this machine's.

    Args:
        run: the run folder, which exists.
        tell: is told where a lock is taken over.

    Raises:
        UsageError: on entering: another process holds it; with its number, its machine and since when.
        TrainingError: on entering: the folder cannot be written.
    """

    def __init__(self, run: Path, tell: Callable[[str], None] = lambda text: None) -> None:
        self.run, self.path, self._tell = run, run / LOCK, tell
        self._mine = {
            "pid": os.getpid(),
            "host": platform.node(),
            "since": datetime.now().astimezone().isoformat(timespec="seconds"),
            "started": started_at(os.getpid()),
            "place": _place(),
            "command": sys.argv[1:],
            "token": uuid.uuid4().hex,
        }
        self._ended = threading.Event()

    def __enter__(self) -> RunLock:
        with explain_full_disk(self.path, "nothing was changed"):
            self._acquire()
        threading.Thread(target=self._beat, name="ttskit-lock", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        if (_read(self.path) or {}).get("token") == self._mine["token"]:
            with suppress(OSError):
                self.path.unlink()

    def _acquire(self) -> None:
        for _ in range(_ATTEMPTS):
            if self._create():
                return
            try:
                silent_s = max(0.0, _clock(self.run) - self.path.stat().st_mtime)
            except FileNotFoundError:
                continue  # it was let go just now
            holder = _read(self.path)
            gone = _gone(holder, silent_s)
            if not gone:
                break
            if self._take_away(holder):
                self._tell(f"{self.run}: taking over the lock of {_who(holder)}: {gone}")
        holder = _read(self.path)
        raise UsageError(
            f"{self.run} is being trained already",
            f"by {_who(holder)}",
            f"wait for it, or stop it; if it is gone its lock is taken over by itself, {_when(holder)}",
        )

    def _create(self) -> bool:
        """Make the lock with its content in one step; False if there is one."""
        data = (json.dumps(self._mine, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
        temporary = self.run / f"{TEMPORARY}lock-{self._mine['token']}"
        write_bytes(temporary, data)
        try:
            os.link(temporary, self.path)
        except FileExistsError:
            return False
        except OSError:  # a file system without links: a kill between these lines leaves an empty lock, see `_gone`
            try:
                handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            except FileExistsError:
                return False
            with os.fdopen(handle, "wb") as file:
                file.write(data)
        finally:
            temporary.unlink(missing_ok=True)
        return True

    def _take_away(self, holder: dict[str, Any] | None) -> bool:
        """Remove the lock that was judged, and no other that came in its place meanwhile.

        Whoever does it holds a second file: without one, two that judged the same lock could each remove what the other made.
        """
        guard = self.run / f"{TEMPORARY}lock-takeover"
        try:
            os.close(os.open(guard, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except OSError:
            with suppress(OSError):
                if _clock(self.run) - guard.stat().st_mtime > BEAT_S:  # of one that was killed just there
                    guard.unlink()
            time.sleep(_PAUSE_S)
            return False
        try:
            if _read(self.path) != holder:
                return False
            self.path.unlink(missing_ok=True)
            return True
        finally:
            guard.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_S):
            with suppress(OSError):
                os.utime(self.path)


def holder_of(run: Path) -> str | None:
    """Who holds the lock of a run, in words; None if nobody does, or one that is gone."""
    try:
        silent_s = max(0.0, _clock(run) - (run / LOCK).stat().st_mtime)
    except OSError:
        return None
    holder = _read(run / LOCK)
    return None if _gone(holder, silent_s) else _who(holder)


def _place() -> str:
    """Where process numbers mean the same: this boot of this machine, and of its containers this one."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip())
    with suppress(OSError, AttributeError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)


def _read(path: Path) -> dict[str, Any] | None:
    """Content of a lock; None if there is none, or none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _clock(folder: Path) -> float:
    """What time it is in a folder, which may be on another machine with another clock."""
    probe = folder / f"{TEMPORARY}clock-{uuid.uuid4().hex}"
    try:
        probe.touch()
        return probe.stat().st_mtime
    except OSError:
        return datetime.now().timestamp()
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def _gone(holder: dict[str, Any] | None, silent_s: float) -> str:
    """Why a holder is taken for gone; "" if it is not."""
    if holder is None:
        return "it was cut short" if silent_s > 10 else ""
    pid = holder.get("pid")
    if holder.get("place") == _place() and isinstance(pid, int):
        return "" if is_alive(pid, holder.get("started")) else "that process has ended"
    return f"it has not been heard of for {silent_s / 60:.0f} minutes" if silent_s > STALE_S else ""


def _who(holder: dict[str, Any] | None) -> str:
    if holder is None:
        return "a process that is just starting"
    return f"process {holder.get('pid')} on {holder.get('host')}, since {holder.get('since')}"


def _when(holder: dict[str, Any] | None) -> str:
    here = holder is not None and holder.get("place") == _place()
    return "at once" if here else f"{STALE_S / 60:.0f} minutes after its last sign"
