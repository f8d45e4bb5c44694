"""Wrong values, and what damages a text, a file or a tree of plain data: the vocabulary of all fuzzers."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

NESTED_JSON = "[" * 5_000 + "]" * 5_000


class Raw(str):
    """JSON text that stands for itself when it is written."""


# One of each kind that a reader may take for another, or that grows.
WRONG: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    3,
    1.5,
    10_000_000,
    2**31,
    2**70,
    -(2**70),
    10**400,
    1e300,
    float("nan"),
    float("inf"),
    -float("inf"),
    "",
    " ",
    "x",
    "3",
    "nan",
    "../../etc/passwd",
    "\x00",
    "\x1b[31m",
    "ñandú\u0301\u202e",
    "\ud800",
    "a" * 5_000,
    [],
    {},
    [[]],
    [None],
    [1, 2, 3],
    ["a", "a"],
    {"": None},
    {"a": {"b": [{"c": None}]}},
    [0] * 3_000,
    Raw(NESTED_JSON),
    Raw("1" * 5_000),
    Raw("1e999"),
    Raw("-"),
]


def paths(value: Any, here: tuple = ()) -> list[tuple]:
    """Every place in a tree of mappings and lists, the root left out."""
    found: list[tuple] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found.append((*here, key))
        found += paths(item, (*here, key))
    return found


def parent_of(tree: Any, path: tuple) -> Any:
    """What holds the last key of a path."""
    for key in path[:-1]:
        tree = tree[key]
    return tree


def mutated(rng: random.Random, value: Any, wrong: list[Any] = WRONG) -> tuple[Any, str]:
    """A copy of the tree with one to three faults, and what they are."""
    tree, said = copy.deepcopy(value), []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = paths(tree)
        if not places or rng.random() < 0.03:
            tree = copy.deepcopy(rng.choice(wrong))
            said.append(f"root = {tree!r:.40}")
            break
        path = rng.choice(places)
        holder, key = parent_of(tree, path), path[-1]
        name = ".".join(map(str, path))
        kind = rng.random()
        if kind < 0.7:
            holder[key] = copy.deepcopy(rng.choice(wrong))
            said.append(f"{name} = {holder[key]!r:.40}")
        elif kind < 0.85:
            del holder[key]
            said.append(f"no {name}")
        elif isinstance(holder, dict):
            other = rng.choice(("", "x", "format", " " + str(key), "a" * 300))
            holder[other] = holder.pop(key)
            said.append(f"{name} called {other!r:.20}")
        else:
            holder.extend(copy.deepcopy(holder[key]) for _ in range(rng.choice((1, 50))))
            said.append(f"{name} repeated")
    return tree, "; ".join(said)


def json_text(value: Any) -> str:
    """JSON of a tree with raw pieces in it; lone surrogates stay escaped."""
    marks: dict[str, str] = {}

    def plain(item: Any) -> Any:
        if isinstance(item, Raw):
            mark = f"@raw{len(marks)}@"
            marks[f'"{mark}"'] = str(item)
            return mark
        if isinstance(item, dict):
            return {str(k): plain(v) for k, v in item.items()}
        if isinstance(item, (list, tuple)):
            return [plain(v) for v in item]
        return item

    text = json.dumps(plain(value))
    for mark, raw in marks.items():
        text = text.replace(mark, raw)
    return text


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _flipped(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data or b"x")
    for _ in range(rng.choice((1, 1, 4, 32))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _inserted(rng: random.Random, data: bytes) -> bytes:
    piece = rng.choice((b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\x1b[2J", b"\r", b"\t", b"[" * 3_000, b"\n" * 50))
    place = rng.randrange(len(data) + 1)
    return data[:place] + piece + data[place:]


def _encoded(rng: random.Random, data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode(
        rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp1252")), "replace"
    )


def _doubled(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start : start + rng.randrange(200)] * rng.choice((2, 20)) + data[start:]


_DAMAGE: list[Callable[[random.Random, bytes], bytes]] = [_cut, _flipped, _flipped, _inserted, _inserted, _encoded, _doubled]


def damaged(rng: random.Random, data: bytes) -> bytes:
    """The bytes with one or two faults of a disk, an editor or a stranger."""
    for _ in range(rng.choice((1, 1, 2))):
        data = rng.choice(_DAMAGE)(rng, data)
    return data


def put(path: Path, data: bytes | None) -> None:
    """Write a file; None puts a folder in its place."""
    if path.is_dir():
        path.rmdir()
    path.parent.mkdir(parents=True, exist_ok=True)
    if data is None:
        path.unlink(missing_ok=True)
        path.mkdir()
    else:
        path.write_bytes(data)


def wrong_json(rng: random.Random, value: Any) -> tuple[bytes | None, str]:
    """A JSON file gone wrong: in its values, in its bytes, empty, or a folder (None)."""
    kind = rng.random()
    if kind < 0.02:
        return None, "a folder"
    if kind < 0.04:
        return b"", "empty"
    if kind < 0.2:
        data = damaged(rng, json_text(value).encode())
        return data, f"damaged: {data[:60]!r}"
    tree, said = mutated(rng, value)
    return json_text(tree).encode("utf-8", "surrogatepass"), said
