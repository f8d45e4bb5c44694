"""A report is made beside its place and put there when it is whole: an earlier one stays until then, other files always."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from ttskit.corpus.storage import write_json
from ttskit.disk import explain
from ttskit.errors import TTSKitError
from ttskit.reading import Misread, read_json

__all__ = ["FILES", "placed_report"]

FILES = "files.json"  # what the report is made of: the next one takes away what it no longer needs, and nothing else


@contextmanager
def placed_report(out: Path) -> Iterator[Path]:
    """A folder to make the report in; at the end its files take their places in `out`.

    Whatever is raised meanwhile leaves `out` as it was.

    Raises:
        TTSKitError: the disk is full, or the place cannot be written.
    """
    with explain(TTSKitError, out, again="nothing that was there is lost"):
        out.mkdir(parents=True, exist_ok=True)
        new = out / f".new-{os.getpid()}"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
    try:
        yield new
        with explain(TTSKitError, out, again="analyse the answers again"):
            _put(new, out)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        with suppress(OSError):  # where nothing was made nothing stays; what is not empty is not removed
            out.rmdir()


def _put(new: Path, out: Path) -> None:
    before = _own_before(out / FILES)
    made = sorted(one.relative_to(new).as_posix() for one in new.rglob("*") if one.is_file())
    write_json(new / FILES, made)
    # The page last: while the others take their places, the one that is there speaks of what was there.
    for name in sorted((*made, FILES), key=lambda one: one == "index.html"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).replace(out / name)
    for name in before - {*made, FILES}:
        (out / name).unlink(missing_ok=True)


def _own_before(path: Path) -> set[str]:
    """Files of an earlier report: only names that lie within its folder; none where its list cannot be read."""
    try:
        names: list[str] = read_json(path, list[str])
    except (OSError, Misread):
        return set()
    return {one for one in names if _within(one)}


def _within(name: str) -> bool:
    path = PurePosixPath(name)
    inside = len(path.parts) == 1 or (len(path.parts) == 2 and path.parts[0] == "audio")
    return inside and ".." not in path.parts and not path.is_absolute() and "\\" not in name and ":" not in name
