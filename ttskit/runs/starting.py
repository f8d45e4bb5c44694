"""Folders that are being started: what a killed training or import left is known by a mark, and may be started again."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from ttskit.errors import UsageError
from ttskit.runs.files import TEMPORARY, explain_full_disk
from ttskit.runs.lock import LOCK

__all__ = ["UNFINISHED", "claim", "clear", "discard", "finish_start", "is_unfinished"]

UNFINISHED = ".unfinished"  # an empty file, made before anything else and removed when the work may go on by itself
_OURS = frozenset(
    (
        "run.json config.yaml environment.json metrics.jsonl transfer.json checkpoints frontend samples fit tensorboard "
        f"{LOCK} {UNFINISHED}"
    ).split()
)


def is_unfinished(path: Path) -> bool:
    """Whether a start in this folder was begun and neither finished nor taken back."""
    return (path / UNFINISHED).is_file()


def claim(path: Path) -> None:
    """Make `path` a folder that a start may fill, and mark it; what an earlier, killed start left is still there.

    Take the run's lock next, then `clear` it. A folder without the mark that holds anything is someone's own.

    Raises:
        UsageError: there is a run, or anything else that no killed start left.
        TrainingError: the folder cannot be made.
    """
    if not is_unfinished(path):
        if (path / "run.json").is_file():
            raise UsageError(
                f"{path} is a run already",
                "training into it would mix two runs",
                f"continue it with --resume, or choose another folder: --run {path.with_name(path.name + '-2')}",
            )
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UsageError(f"{path} is not empty", "a run needs a folder of its own", "--run NEW_FOLDER")
    with explain_full_disk(path, "nothing was changed"):
        path.mkdir(parents=True, exist_ok=True)
        (path / UNFINISHED).touch()


def clear(path: Path) -> None:
    """Remove what a killed start left in a claimed folder: all but the mark and the lock.

    Raises:
        UsageError: it holds what no start makes; nothing is removed then.
    """
    entries = sorted(path.iterdir())
    foreign = [entry.name for entry in entries if entry.name not in _OURS and not entry.name.startswith(TEMPORARY)]
    if foreign:
        raise UsageError(
            f"{path} holds what no training made: {', '.join(foreign[:4])}{' …' if len(foreign) > 4 else ''}",
            "a start in it was interrupted, and is begun anew only where nothing else lies",
            "move that away, or choose another folder",
        )
    for entry in entries:
        if entry.name in (UNFINISHED, LOCK):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def discard(path: Path, keep_folder: bool = False) -> None:
    """Take back a start that failed: the folder goes, the mark as the last thing in it (as far as the system lets it go)."""
    with suppress(OSError, UsageError):
        (path / UNFINISHED).touch()
        clear(path)
        (path / LOCK).unlink(missing_ok=True)
        (path / UNFINISHED).unlink(missing_ok=True)
        if not keep_folder:
            path.rmdir()


def finish_start(path: Path) -> None:
    """The start is done: what lies there is a run."""
    with explain_full_disk(path, "the run is whole"):
        (path / UNFINISHED).unlink(missing_ok=True)
