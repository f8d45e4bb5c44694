"""What the system's refusals of files mean: a full disk, a missing permission, a name that is too long."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ttskit.errors import TTSKitError

__all__ = ["FULL", "explain", "explained", "full_disk_behind", "space_left"]

# What ends every further writing as well: no room, no quota, no larger files, no disk.
FULL = frozenset(getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO") if hasattr(errno, name))
_HELD = (32, 33)  # Windows: another program has the file open, or locked
_STREAMS = ("standard output", "standard error")
_LONGEST_NAME = 255  # of most file systems, in bytes (ext4, APFS) or in UTF-16 units (NTFS)


def explained(
    error: OSError, path: Path | str | None = None, kept: str = "", again: str = "", doing: str = "write"
) -> TTSKitError:
    """A refusal of the system in three parts: the file, the reason with figures, what to do.

    Args:
        error: what the system raised.
        path: the file, where the error does not name it (a write does not); None takes the error's.
        kept: what is still good, as a sentence.
        again: how to go on once the cause is mended; "" says to run the same command again.
        doing: "write", "read" …: what was tried; "" where that is not known.
    """
    return TTSKitError(*_parts(error, path, kept, again or "run the same command again", doing))


@contextmanager
def explain(
    kind: type[TTSKitError], path: Path | str | None = None, kept: str = "", again: str = "", doing: str = "write"
) -> Iterator[None]:
    """Turn what the system refuses while entered into a `kind` of three parts, see `explained`; not a closed pipe."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise kind(*_parts(error, path, kept, again or "run the same command again", doing)) from error


def full_disk_behind(error: BaseException | None) -> OSError | None:
    """The refusal that ends every further writing, if that is `error` or one of its causes; else None."""
    seen = 0
    while error is not None and seen < 16:
        if isinstance(error, OSError) and error.errno in FULL:
            return error
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None


def space_left(path: Path | str) -> str:
    """How much room is left where `path` lies, in words; "" where the system does not say."""
    if not str(path):
        return ""
    place = _nearest(path)
    try:
        usage = shutil.disk_usage(place)
    except OSError:
        return ""
    return f"{_size(usage.free)} of {_size(usage.total)} are left on the disk of {place}"


def _parts(error: OSError, path: Path | str | None, kept: str, again: str, doing: str) -> tuple[str, str, str]:
    named = path if path is not None else error.filename
    if isinstance(named, bytes):
        named = os.fsdecode(named)
    place = "" if named is None or isinstance(named, int) else str(named)
    where = place or "the output"
    if place in _STREAMS:  # no place on a disk that figures could be given of
        place = ""
    reason, fact, fix = _reason(error, place)
    why = "\n".join(line for line in (fact, kept) if line)
    what = f"{reason}: cannot {doing} {where}" if doing else f"{reason}: {where}" if place else reason
    return what, why, f"{fix}, then {again}" if fix else again


def _reason(error: OSError, place: str) -> tuple[str, str, str]:
    """The reason, the figures behind it, and how to mend it."""
    number = error.errno
    if number == errno.ENOSPC:
        return "the disk is full", space_left(place), "free some space or choose a place on another disk"
    if number == getattr(errno, "EDQUOT", None):
        return "your quota of this disk is used up", space_left(place), "delete files of yours there, or ask for more"
    if number == errno.EFBIG:
        fact = "the file system or a limit of this session (ulimit -f) takes no larger file; FAT32 takes 4 GB"
        return "the file would be too large", fact, "raise the limit or choose another disk"
    if number == errno.EROFS:
        return "the file system is read-only", f"nothing can be written below {_nearest(place)}", "choose another place"
    if getattr(error, "winerror", None) in _HELD:
        return "another program holds the file", "Windows lets nobody else change it", "close the program that has it open"
    if number in (errno.EACCES, errno.EPERM):
        return "permission denied", _permissions(place), "change the permissions or choose another place"
    if number == errno.ENAMETOOLONG:
        name = Path(place).name
        longest = max((part for part in Path(place).parts), key=lambda part: len(os.fsencode(part)), default=name)
        fact = (
            f"the name has {len(os.fsencode(longest))} bytes, a file system takes {_LONGEST_NAME}"
            if len(os.fsencode(longest)) > _LONGEST_NAME
            else f"the whole path has {len(os.fsencode(place))} bytes"
        )
        return "the file name is too long", fact, "choose a shorter name"
    if number in (errno.EMFILE, errno.ENFILE):
        return "too many open files", _open_files(), "close other programs or raise the limit (ulimit -n 4096)"
    if number == errno.EIO:
        return "the disk does not work", "the system reports an input/output error", "check the disk or the network drive"
    if number == errno.ENOENT:
        return "no such file or folder", f"{_nearest(place)} is there, what lies below it is not" if place else "", ""
    if number in (errno.ENOTDIR, errno.EEXIST):
        return "a file is where a folder should be", f"{_nearest(place)} is a file" if place else "", "choose another place"
    if number == errno.EISDIR:
        return "it is a folder", "a file of this name is wanted", "choose another name"
    if number == errno.ENOMEM:
        return "the memory is full", "the system gave no more", "close other programs"
    return error.strerror or type(error).__name__, "", ""


def _nearest(path: Path | str) -> Path:
    """The path itself, or what of its parents exists."""
    place = Path(path or ".").absolute()
    for candidate in (place, *place.parents):
        try:
            if candidate.exists():
                return candidate
        except OSError:
            continue
    return Path(place.anchor)


def _permissions(place: str) -> str:
    if not place:
        return ""
    found = _nearest(place)
    what = "folder" if found.is_dir() else "file"
    return f"this user may not change the {what} {found}" if not os.access(found, os.W_OK) else "the system refuses it"


def _open_files() -> str:
    try:
        import resource  # not on Windows
    except ImportError:
        return ""
    return f"this process may have {resource.getrlimit(resource.RLIMIT_NOFILE)[0]} open at once"


def _size(count: int) -> str:
    value, units = float(count), ("bytes", "KB", "MB", "GB", "TB")
    for unit in units:
        if value < 1000 or unit == units[-1]:
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
