"""A page is made beside its folder's content and put in its place when it is whole: an earlier one stays until then."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ttskit.corpus.storage import write_json
from ttskit.disk import explain
from ttskit.errors import TTSKitError
from ttskit.reading import Misread, read_json

__all__ = ["LIST", "placed"]

LIST = "data/files.json"  # what the page is made of, so that the next one takes away what is no longer needed, and nothing else


@contextmanager
def placed(out: Path) -> Iterator[Path]:
    """A folder to make the page in; at the end its files take their places in `out`.

    Files that belong to nobody's page are never touched; those of an earlier page that the new one has not are removed.
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
        with explain(TTSKitError, out, again="make the page again"):
            _put(new, out)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        with suppress(OSError):  # of a page that was not made, nothing stays; what is not empty is not removed
            out.rmdir()


def _put(new: Path, out: Path) -> None:
    before = _listed(out / LIST)
    made = sorted(one.relative_to(new).as_posix() for one in new.rglob("*") if one.is_file())
    write_json(new / LIST, made)
    for name in (*made, LIST):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).replace(out / name)
    for name in before - {*made, LIST}:
        (out / name).unlink(missing_ok=True)


def _listed(path: Path) -> set[str]:
    """Files of an earlier page: only names within its own folders; none where its list cannot be read."""
    try:
        names: list[str] = read_json(path, list[str])
    except (OSError, Misread):
        return set()
    return {name for name in names if name.startswith(("data/", "audio/")) and ".." not in Path(name).parts}
