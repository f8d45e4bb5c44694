"""Praat's TextGrid files: interval tiers read from the long and the short text form, written in the long one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ttskit.corpus.storage import write_atomic
from ttskit.errors import CorpusError

__all__ = ["TimedLabel", "read_textgrid", "write_textgrid"]

# Both forms are the same values in the same order; the long one only names them. What stands in brackets is a count.
_VALUE = re.compile(r'"(?:[^"]|"")*"|<exists>|<absent>|(?<![\w\[.])[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?![\w\]])')


@dataclass(frozen=True, slots=True)
class TimedLabel:
    """A labelled stretch of time, in seconds."""

    start_s: float
    end_s: float
    label: str


def read_textgrid(path: Path) -> dict[str, tuple[TimedLabel, ...]]:
    """TimedLabel tiers by name, in the file's order; tiers of points are left out.

    Args:
        path: a text TextGrid in UTF-8 (with or without a mark), UTF-16 with a mark, or Latin-1.

    Raises:
        CorpusError: missing, no text TextGrid, or cut short.
    """
    try:
        text = _decoded(Path(path).read_bytes())
    except OSError as error:
        raise CorpusError(f"cannot read {path}", error.strerror or str(error), "") from error
    values = (match[0] for match in _VALUE.finditer(text))
    try:
        if next(values) != '"ooTextFile"' or next(values) != '"TextGrid"':
            raise ValueError("it does not begin as a text TextGrid does; Praat's binary form is not read")
        _, _, exists = float(next(values)), float(next(values)), next(values)
        tiers = [_tier(values) for _ in range(int(next(values)) if exists == "<exists>" else 0)]
    except StopIteration:
        raise CorpusError(f"{path} is cut short", "it ends before the last tier does", "write it again") from None
    except ValueError as error:
        raise CorpusError(
            f"{path} is not a TextGrid that can be read", str(error), "save it from Praat as a text file"
        ) from error
    return {name: intervals for name, intervals in tiers if intervals is not None}


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _tier(values: Iterator[str]) -> tuple[str, tuple[TimedLabel, ...] | None]:
    kind, name = _string(next(values)), _string(next(values))
    next(values), next(values)
    count = int(next(values))
    if kind == "TextTier":
        for _ in range(2 * count):
            next(values)
        return name, None
    if kind != "IntervalTier":
        raise ValueError(f"unknown kind of tier {kind!r}")
    return name, tuple([TimedLabel(float(next(values)), float(next(values)), _string(next(values))) for _ in range(count)])


def _string(value: str) -> str:
    if not value.startswith('"'):
        raise ValueError(f"{value!r} stands where a text belongs")
    return value[1:-1].replace('""', '"')


def write_textgrid(path: Path, tiers: Mapping[str, Sequence[TimedLabel]], end_s: float) -> None:
    """Write interval tiers from 0 to `end_s`. Gaps become empty intervals; intervals without length are left out."""
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {end_s:.6f}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for number, (name, intervals) in enumerate(tiers.items(), 1):
        whole = _filled(intervals, end_s)
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f"        name = {_quoted(name)}",
            "        xmin = 0",
            f"        xmax = {end_s:.6f}",
            f"        intervals: size = {len(whole)}",
        ]
        for index, one in enumerate(whole, 1):
            lines += [
                f"        intervals [{index}]:",
                f"            xmin = {one.start_s:.6f}",
                f"            xmax = {one.end_s:.6f}",
                f"            text = {_quoted(one.label)}",
            ]
    text = "\n".join(lines) + "\n"
    write_atomic(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))


def _filled(intervals: Sequence[TimedLabel], end_s: float) -> list[TimedLabel]:
    whole: list[TimedLabel] = []
    now = 0.0
    for one in intervals:
        start, end = max(now, min(one.start_s, end_s)), min(one.end_s, end_s)
        if end - start < 1e-6:
            continue
        if start - now >= 1e-6:
            whole.append(TimedLabel(now, start, ""))
        whole.append(TimedLabel(start, end, one.label))
        now = end
    if end_s - now >= 1e-6:
        whole.append(TimedLabel(now, end_s, ""))
    return whole


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
