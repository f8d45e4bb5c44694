"""Files and folders of a run that are whole or absent: written beside their place, fsynced, renamed."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from ttskit.disk import explain
from ttskit.errors import TrainingError

__all__ = [
    "TEMPORARY",
    "explain_full_disk",
    "remove_leftovers",
    "rename",
    "sync_folder",
    "write_bytes",
    "write_folder",
    "write_json",
    "write_text",
]

TEMPORARY = ".tmp-"  # what a killed process may leave behind starts with this


def explain_full_disk(path: Path, kept: str) -> AbstractContextManager[None]:
    """Turn a full disk, or what else the system refuses while writing `path`, into a `TrainingError` that says what is kept."""
    return explain(TrainingError, path, kept, "continue with --resume")


def write_bytes(path: Path, data: bytes) -> None:
    """Write and fsync one file."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_json(path: Path, value: Any) -> None:
    """`value` as indented UTF-8 JSON, replacing `path` in one step."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """`text` as UTF-8, replacing `path` in one step."""
    temporary = path.with_name(f"{TEMPORARY}{path.name}")
    try:
        with explain_full_disk(path, "what was there before is unchanged"):
            write_bytes(temporary, text.encode("utf-8"))
            rename(temporary, path)
    finally:
        with suppress(OSError):  # what was refused above is refused here
            temporary.unlink(missing_ok=True)


def write_folder(folder: Path, files: Mapping[str, bytes], kept: str) -> None:
    """A folder with these files, appearing in one step; an older folder of that name is replaced.

    Args:
        kept: for the message if the disk is full: what is still good.
    """
    temporary = folder.with_name(f"{TEMPORARY}{folder.name}")
    replaced = folder.with_name(f"{TEMPORARY}old-{folder.name}")
    for leftover in (temporary, replaced):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        with explain_full_disk(folder, kept):
            temporary.mkdir(parents=True)
            for name, data in files.items():
                write_bytes(temporary / name, data)
            sync_folder(temporary)
            if folder.exists():
                rename(folder, replaced)
            rename(temporary, folder)
            sync_folder(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process left half written in `folder`."""
    for path in folder.glob(f"{TEMPORARY}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def rename(source: Path, target: Path) -> None:
    """Rename, waiting out a virus scanner that holds a new file open for a moment (Windows)."""
    for wait_s in (0.05, 0.2, 0.5, 1.0, None):
        try:
            source.replace(target)
            return
        except PermissionError:
            if wait_s is None or os.name != "nt":
                raise
            time.sleep(wait_s)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable (a directory cannot be opened for that on Windows, which needs it not)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
