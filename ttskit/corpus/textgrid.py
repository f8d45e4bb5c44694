"""Praat's TextGrid files: interval tiers read from the long, short and chronological text forms, written in the long one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ttskit.corpus.storage import write_atomic
from ttskit.errors import CorpusError, InputError
from ttskit.texts import DecodedText, read_text

__all__ = [
    "LARGEST_BYTES",
    "TextGrid",
    "TimedLabel",
    "read_alignment_text",
    "read_grid",
    "read_textgrid",
    "time_of",
    "write_textgrid",
]

LARGEST_BYTES = 2**23  # of the alignment of one clip
# The long and the short form are the same values in the same order; the long one only names them. What stands in brackets
# counts, and what follows "!" is a comment. Offices in Spanish write decimals with a comma.
_VALUE = re.compile(r'"(?:[^"]|"")*"|![^\r\n]*|<exists>|<absent>|(?<![\w\[.,])[-+]?\d+(?:[.,]\d*)?(?:[eE][-+]?\d+)?(?![\w\]])')
_CHRONOLOGICAL = '"Praat chronological TextGrid text file"'
_LONGEST_S = 1e6  # eleven days: a recording's clock says less


@dataclass(frozen=True, slots=True)
class TimedLabel:
    """A labelled stretch of time, in seconds."""

    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True, slots=True)
class TextGrid:
    """What a TextGrid holds, on its own clock.

    Args:
        start_s, end_s: its time domain; a part that was cut out "with preserved times" does not begin at 0.
        tiers: name and intervals of each interval tier, in the file's order (names may be there twice).
        notes: what a person should know of how its text was read.
    """

    start_s: float
    end_s: float
    tiers: tuple[tuple[str, tuple[TimedLabel, ...]], ...]
    notes: tuple[str, ...] = ()


def read_textgrid(path: Path) -> dict[str, tuple[TimedLabel, ...]]:
    """TimedLabel tiers by name, in the file's order and on its own clock (see `read_grid`); tiers of points are left out."""
    return dict(read_grid(path).tiers)


def read_grid(path: Path) -> TextGrid:
    """Read a text TextGrid in any of its three forms and any encoding that `ttskit.texts` knows.

    Raises:
        CorpusError: missing, too large, no text TextGrid, with times that are none, or cut short.
    """
    content = read_alignment_text(path)
    values = (match[0] for match in _VALUE.finditer(content.text) if not match[0].startswith("!"))
    try:
        first = next(values, "")
        if first == _CHRONOLOGICAL:
            start, end, tiers = _chronological(values)
        else:
            start, end, tiers = _listed(first, values)
    except StopIteration:
        raise CorpusError(f"{path} is cut short", "it ends before the last tier does", "write it again") from None
    except ValueError as error:
        raise CorpusError(
            f"{path} is not a TextGrid that can be read", str(error), "save it from Praat as a text file"
        ) from error
    return TextGrid(start, end, tuple(tiers), tuple(note.reason for note in content.notes))


def read_alignment_text(path: Path) -> DecodedText:
    """The text of a file of at most `LARGEST_BYTES`, by the one rule for texts from outside.

    Raises:
        CorpusError: it cannot be read, is too large or no text.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            why = f"{size / 2**20:.0f} MiB, at most {LARGEST_BYTES / 2**20:.0f} are read"
            raise CorpusError(f"{path} is too large for the alignment of a clip", why, "one file per recording")
        if not size:
            raise CorpusError(f"{path} is empty", "0 bytes", "write it again")
        return read_text(path)
    except OSError as error:
        raise CorpusError(f"cannot read {path}", error.strerror or str(error), "") from error
    except InputError as error:
        raise CorpusError(error.what if path.name in error.what else f"{path}: {error.what}", error.why, error.fix) from error


def time_of(value: str) -> float:
    """Seconds, with a decimal point or comma.

    Raises:
        ValueError: no number, or none that a clock can show.
    """
    seconds = float(value.replace(",", "."))
    if not math.isfinite(seconds) or abs(seconds) > _LONGEST_S:
        raise ValueError(f"{value:.30} is not a time in seconds")
    return seconds


def _listed(first: str, values: Iterator[str]) -> tuple[float, float, list[tuple[str, tuple[TimedLabel, ...]]]]:
    if not first.startswith('"ooTextFile'):
        raise ValueError("it does not begin as a text TextGrid does; Praat's binary form is not read")
    kind = next(values)
    if not kind.startswith('"TextGrid'):
        raise ValueError(f"it holds a {kind} of Praat, not a TextGrid")
    start, end, exists = time_of(next(values)), time_of(next(values)), next(values)
    if exists == "<absent>":
        return start, end, []
    count = _count(next(values) if exists == "<exists>" else exists)
    tiers = [_tier(values) for _ in range(count)]
    return start, end, [(name, intervals) for name, intervals in tiers if intervals is not None]


def _count(value: str) -> int:
    if not value.isdecimal() or len(value) > 9:
        raise ValueError(f"{value:.30} is not a count")
    return int(value)  # more than there are turns out to be cut short


def _tier(values: Iterator[str]) -> tuple[str, tuple[TimedLabel, ...] | None]:
    kind, name = _string(next(values)), _string(next(values))
    next(values), next(values)
    count = _count(next(values))
    if kind == "TextTier":
        for _ in range(2 * count):
            next(values)
        return name, None
    if kind != "IntervalTier":
        raise ValueError(f"unknown kind of tier {kind!r}")
    return name, tuple([TimedLabel(time_of(next(values)), time_of(next(values)), _string(next(values))) for _ in range(count)])


def _chronological(values: Iterator[str]) -> tuple[float, float, list[tuple[str, tuple[TimedLabel, ...]]]]:
    """Tiers first, then what lies in them by time, each with the number of its tier; there is not a count of it."""
    start, end = time_of(next(values)), time_of(next(values))
    heads = []
    for _ in range(_count(next(values))):
        heads.append((_string(next(values)), _string(next(values))))
        next(values), next(values)
    found: list[list[TimedLabel]] = [[] for _ in heads]
    for number in values:
        place = _count(number) - 1
        if not 0 <= place < len(heads):
            raise ValueError(f"there is no tier {number:.30}")
        if heads[place][0] == "TextTier":
            next(values), next(values)
        else:
            found[place].append(TimedLabel(time_of(next(values)), time_of(next(values)), _string(next(values))))
    pairs = zip(heads, found, strict=True)
    return start, end, [(name, tuple(intervals)) for (kind, name), intervals in pairs if kind == "IntervalTier"]


def _string(value: str) -> str:
    if not value.startswith('"'):
        raise ValueError(f"{value:.30} stands where a text belongs")
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
