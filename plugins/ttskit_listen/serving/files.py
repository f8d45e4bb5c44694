"""The pages and sounds that the server gives: those that were in the public folder when it started, and no others."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ttskit.errors import InputError
from ttskit_listen.folder import TestFolder

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["PublicFile", "file_reply", "public_files", "span"]

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
}
_HOUR_S = 3600
_CHUNK_BYTES = 256 << 10
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class PublicFile:
    """A file that may be asked for: where it is, its media type, its size in bytes, and a mark of its content."""

    path: Path
    kind: str
    size: int
    mark: str


def public_files(test: TestFolder) -> Mapping[str, PublicFile]:
    """Path below the root of the server → file. No links, no hidden names, no kinds that pages do not need.

    Raises:
        InputError: the pages are not there.
    """
    found = {}
    for folder, folders, names in os.walk(test.public, followlinks=False):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not (here / name).is_symlink())
        for name in sorted(names):
            path = here / name
            kind = _TYPES.get(path.suffix.lower())
            if kind is None or name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            about = path.stat()
            mark = f'"{about.st_mtime_ns:x}-{about.st_size:x}"'
            found[path.relative_to(test.public).as_posix()] = PublicFile(path, kind, about.st_size, mark)
    if "index.html" not in found:
        raise InputError(
            f"{test.path} has no pages", f"there is no {test.public / 'index.html'}", "make the test anew: ttskit listen make"
        )
    return found


def span(asked: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte that a Range asks for (RFC 9110, 14.1.2); None for all of them, as for several ranges at once.

    Raises:
        ValueError: it lies outside.

    >>> span("bytes=2-", 10), span("bytes=-3", 10), span("bytes=0-99", 10), span("bytes=0-1,4-5", 10)
    ((2, 9), (7, 9), (0, 9), None)
    """
    match = _RANGE.fullmatch((asked or "").strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
        if match[2] and int(match[2]) < first:
            return None  # no valid range: as if none was asked for
    if first > last:
        raise ValueError(asked)
    return first, last


def file_reply(request: Request, file: PublicFile) -> Response:
    """A file, the part of it that was asked for, or that the browser has it already."""
    from starlette.responses import Response, StreamingResponse

    sound = file.kind.startswith("audio/")
    headers = {
        "accept-ranges": "bytes",
        "etag": file.mark,
        "cache-control": f"private, max-age={_HOUR_S}" if sound else "no-cache",
        "content-type": file.kind,
    }
    asked = request.headers
    known = [mark.strip().removeprefix("W/") for mark in asked.get("if-none-match", "").split(",")]
    if file.mark in known or "*" in known:
        return Response(status_code=304, headers=headers)
    try:
        part = span(asked.get("range"), file.size) if asked.get("if-range", file.mark) == file.mark else None
    except ValueError:
        return Response(status_code=416, headers=headers | {"content-range": f"bytes */{file.size}"})
    first, last = part or (0, file.size - 1)
    headers["content-length"] = str(last - first + 1)
    if part:
        headers["content-range"] = f"bytes {first}-{last}/{file.size}"
    if request.method == "HEAD":
        return Response(status_code=206 if part else 200, headers=headers)
    try:
        opened = os.fdopen(os.open(file.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)), "rb")
    except OSError:  # it was there when the server started
        return Response("Not found", 404)
    return StreamingResponse(_chunks(opened, first, last - first + 1), 206 if part else 200, headers)


async def _chunks(file: BinaryIO, first: int, left: int) -> AsyncIterator[bytes]:
    with file:
        file.seek(first)
        while left > 0:
            chunk = await asyncio.to_thread(file.read, min(left, _CHUNK_BYTES))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk
