"""Bodies of requests, read within bounds of size and time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from ttskit_listen.serving.limits import LATE_S, LIMIT_BYTES
from ttskit_listen.serving.refusals import Refused

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["form_fields", "json_body"]

_THROWN_BYTES = 1 << 20  # of what is too much: read, so that the one who sends it gets to read the answer


async def json_body(request: Request, late_s: float | None = None) -> bytes:
    """A body of JSON.

    A page of a stranger cannot send this media type here without being asked first (CORS preflight), which is not answered.

    Raises:
        Refused: 415 not JSON, 413 too long (with or without a length named), 503 too slow.
    """
    _of_type(request, "application/json")
    return await _read(request, late_s)


async def form_fields(request: Request) -> dict[str, str]:
    """Fields of a form; errors as `json_body`."""
    _of_type(request, "application/x-www-form-urlencoded")
    try:
        text = (await _read(request)).decode("utf-8")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=20))
    except ValueError:
        raise Refused(400, "body", place="form", why="UTF-8") from None  # no message


def _of_type(request: Request, wanted: str) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != wanted:
        raise Refused(415, "type", wanted=wanted)


async def _read(request: Request, late_s: float | None = None) -> bytes:
    from starlette.requests import ClientDisconnect

    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LIMIT_BYTES + _THROWN_BYTES:
        raise Refused(413, "long", limit=LIMIT_BYTES >> 10)
    read, kept = 0, bytearray()
    try:
        async with asyncio.timeout(late_s or LATE_S):
            async for chunk in request.stream():
                read += len(chunk)
                if read > LIMIT_BYTES + _THROWN_BYTES:
                    break
                if read <= LIMIT_BYTES:
                    kept += chunk
    except TimeoutError:
        raise Refused(503, "late") from None  # a page tries that again
    except ClientDisconnect:
        raise Refused(400, "body", place="body", why="cut short") from None  # no message
    if read > LIMIT_BYTES:
        raise Refused(413, "long", limit=LIMIT_BYTES >> 10)
    return bytes(kept)
