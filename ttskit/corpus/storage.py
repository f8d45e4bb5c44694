"""Files that are either whole or absent: written beside their place, then renamed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

import numpy as np

from ttskit.disk import explain
from ttskit.errors import CorpusError
from ttskit.reading import Misread

__all__ = ["read_npz", "write_atomic", "write_json", "write_jsonl", "write_npz"]


def write_atomic(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a temporary file beside `path`, then rename it to `path`.

    Raises:
        CorpusError: the disk is full (what is complete stays), or the place cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp{path.suffix}")
    with explain(CorpusError, path, again="run the same command again: what is complete is kept"):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(temporary)
            temporary.replace(path)
        finally:
            with suppress(OSError):  # a name too long for a file is so here as well
                temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """`value` as an indented UTF-8 JSON file; lone surrogates (of file names in other encodings) as JSON escapes them."""
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=False) + "\n"
    write_atomic(path, lambda temporary: temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n"))


def write_jsonl(path: Path, values: Iterable[dict]) -> None:
    """One JSON object per line, as `write_json` writes it."""
    text = "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
    write_atomic(path, lambda temporary: temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n"))


def write_npz(path: Path, **arrays: np.ndarray) -> None:
    """Arrays as an uncompressed .npz file."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, **arrays)

    write_atomic(path, write)


_SLACK_BYTES = 64 << 10
_BROKEN = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    TypeError,
    SyntaxError,
    MemoryError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)


def read_npz(path: Path, most_bytes: int = 0) -> dict[str, np.ndarray]:
    """The arrays of a file that `write_npz` wrote, which hold no more than the file does.

    Args:
        most_bytes: what they may hold where they were compressed.

    Raises:
        Misread: not there, damaged, or it would unpack to more than itself.
    """
    try:
        with path.open("rb") as file:
            with ZipFile(file) as archive:
                unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > max(path.stat().st_size + _SLACK_BYTES, most_bytes):
                raise Misread(f"it would unpack to {unpacked} bytes, and holds {path.stat().st_size}")
            file.seek(0)
            with np.load(file, allow_pickle=False) as data:
                return {name: data[name] for name in data.files}
    except Misread:
        raise
    except (*_BROKEN, BadZipFile, ZlibError) as error:
        raise Misread(getattr(error, "strerror", None) or f"{type(error).__name__}: {str(error)[:120]}") from error
