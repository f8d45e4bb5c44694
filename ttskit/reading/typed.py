"""JSON from a disk, bounded and with types: what is wrong is told by field, with what is there and what should be.

A type is a dataclass, a `TypedDict` or any annotation. It is read strictly: true is not 1, "3" is not 3, 1.0 is not a count.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

__all__ = [
    "CONTROLS",
    "LIMIT_BYTES",
    "Count",
    "Finite",
    "Misread",
    "Stored",
    "as_type",
    "parse_json",
    "read_json",
    "read_limited",
    "shown",
    "typed_line",
]

LIMIT_BYTES = 16 << 20  # of a file that describes a run or corpus: a thousand times what they take
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # what no text of a person holds

Count = Annotated[int, Field(ge=0, le=1 << 48)]  # samples, frames, steps
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Stored(BaseModel):
    """What a file holds, as far as it is read; what is not named may be anything."""

    model_config = ConfigDict(extra="allow")


class Misread(ValueError):
    """What is wrong with a file's content, in words: where in it, what is there, what should be."""


def read_limited(path: Path, limit_bytes: int = LIMIT_BYTES) -> bytes:
    """A file's bytes.

    Raises:
        Misread: more than `limit_bytes`, or not a file.
        OSError: as opening it raises.
    """
    if path.exists() and not path.is_file():
        raise Misread("it is a folder or device, not a file")
    with path.open("rb") as file:
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise Misread(f"more than {limit_bytes >> 20} MiB")
    return data


def read_json(path: Path, kind: Any = None, limit_bytes: int = LIMIT_BYTES) -> Any:
    """What a JSON file (UTF-8, with or without a mark) holds, as `kind` or as plain data; errors as `parse_json`."""
    return parse_json(read_limited(Path(path), limit_bytes), kind)


def parse_json(data: bytes | str, kind: Any = None) -> Any:
    """Plain data of a JSON text; with `kind`, a value of that type.

    Raises:
        Misread: not JSON, nested too deeply, not UTF-8, or not of that type.

    >>> parse_json('{"steps": true}', dict[str, int])
    Traceback (most recent call last):
    ttskit.reading.typed.Misread: steps must be a valid integer, got true
    """
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        raise Misread(f"not UTF-8 text: byte {error.start} is {data[error.start]:#04x}") from None
    if not text.strip():
        raise Misread("it is empty")
    try:
        plain = json.loads(text)
    except RecursionError:
        raise Misread("lists or mappings inside one another too deeply") from None
    except ValueError as error:
        raise Misread(f"not whole JSON: {str(error)[:120]}") from None
    return plain if kind is None else as_type(kind, plain)


def typed_line(kind: Any, line: bytes) -> Any:
    """One line of a JSON Lines file as `kind`: as `parse_json`, and faster."""
    try:
        return _adapter(kind).validate_json(line, strict=True)
    except ValidationError as error:
        if error.errors(include_url=False)[0]["type"] == "json_invalid":
            parse_json(line, kind)  # says more, or reads what that parser is too strict for
        raise Misread(_told(error)) from None


def as_type(kind: Any, plain: Any, at: str = "") -> Any:
    """Plain JSON data as a value of the type `kind`; `at` is where in its file it stands, for the message.

    Raises:
        Misread: each field that is missing or of another type (three at most), with its value.
    """
    try:
        return _adapter(kind).validate_json(json.dumps(plain), strict=True)
    except ValidationError as error:
        raise Misread(_told(error, at)) from None
    except (RecursionError, TypeError, ValueError) as error:
        raise Misread(f"not plain data: {str(error)[:120]}") from None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _told(error: ValidationError, at: str = "") -> str:
    problems, lines = error.errors(include_url=False), []
    for problem in problems[:3]:
        place = ".".join(str(part) for part in (*([at] if at else []), *problem["loc"]))[:120] or "it"
        said = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        if problem["type"] == "missing":
            lines.append(f"{place} is missing")
        elif problem["type"] == "json_invalid":
            lines.append(f"not whole JSON: {said[:120]}")
        else:
            lines.append(f"{place} {said if said.startswith('must') else f'is wrong ({said})'}, got {shown(problem['input'])}")
    more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
    return "; ".join(lines) + more


def shown(value: Any, most: int = 60) -> str:
    """A value as JSON on one line without control characters, cut short.

    >>> shown({"a": [True, None]}), shown("x" * 100, 5)
    ('{"a": [true, null]}', '"xxxx…')
    """
    try:
        text = json.dumps(value, default=repr)
    except (ValueError, TypeError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= most else f"{text[:most]}…"
