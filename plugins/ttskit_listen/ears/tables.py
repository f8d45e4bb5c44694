"""Measured values to set beside what was heard: tables of comparisons and studies, and tables of others in the same columns."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ttskit.errors import InputError
from ttskit.reading import Misread, as_type, read_json, read_limited

__all__ = ["MeasureFacts", "MeasuredValues", "read_measured"]

_MOST_BYTES, _MOST_RESULTS_BYTES, _MOST_ROWS, _MOST_MEASURES, _LONGEST = 128 << 20, 256 << 20, 2_000_000, 400, 200
_NEEDED = ("system", "sentence", "measure", "value")
_FIX = "columns: system, sentence, measure, value; and, where there are any, run, title, unit, better, weight"
_SIDES = ("lower", "higher", "")


@dataclass(frozen=True, slots=True)
class MeasureFacts:
    """What a measured number is: title, unit, and which side is better ("lower", "higher", "" for neither)."""

    key: str
    title: str = ""
    unit: str = ""
    better: str = ""


@dataclass
class MeasuredValues:
    """All values, seeds of synthesis averaged.

    Args:
        facts: by measure.
        values: by measure, then system, run and sentence; "" for a value of a whole run or system.
        tables: names of what was read.
    """

    facts: dict[str, MeasureFacts] = field(default_factory=dict)
    values: dict[str, dict[tuple[str, str, str], float]] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    _means: dict[str, dict[tuple[str, str], float]] = field(default_factory=dict, repr=False)

    def value(self, measure: str, system: str, run: str, sentence: str) -> float:
        """A value, NaN where there is none; over all runs where the table, or the test (run ""), does not tell them apart."""
        own = self.values[measure]
        found = own.get((system, run, sentence))
        if found is None and run:
            found = own.get((system, "", sentence))
        if found is None and not run:
            found = self._over_runs(measure).get((system, sentence))
        return math.nan if found is None else found

    def _over_runs(self, measure: str) -> dict[tuple[str, str], float]:
        if measure not in self._means:
            each: dict[tuple[str, str], list[float]] = {}
            for (system, _, sentence), value in self.values[measure].items():
                each.setdefault((system, sentence), []).append(value)
            self._means[measure] = {place: sum(own) / len(own) for place, own in each.items()}
        return self._means[measure]


def read_measured(paths: Sequence[Path]) -> MeasuredValues:
    """Read tables: a comparison or its measurements.csv, a study, or any CSV with the columns system, sentence, measure, value.

    Where two tables have a value of one measure for one sound, the later one counts.

    Raises:
        InputError: there is none, it lacks a column, or holds what is no number; too large to be a table of a listening test.
    """
    found = MeasuredValues()
    for path in paths:
        found.tables.append(path.resolve().name if path.is_dir() else path.name)
        for file, renamed in _files(path):
            for key, facts in _facts_beside(file).items():
                found.facts.setdefault(key, facts)
            _read(file, renamed, found)
    for key in found.values:
        found.facts.setdefault(key, MeasureFacts(key, key))
    return found


def _files(path: Path) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """The tables below a path, and how the test calls their systems where it calls them otherwise."""
    of_study = path.name == "measurements.csv" and path.parent.name == "report" and (path.parents[1] / "cells").is_dir()
    if of_study:  # its one table tells cells apart by columns of its own
        path = path.parents[1]
    if not path.is_dir():
        yield path, {}
        return
    if (path / "measurements.csv").is_file():
        yield path / "measurements.csv", {}
        return
    cells: list[tuple[Path, str]] = []
    for place in sorted(path.glob("cells/*/*/spoken/observations.csv")):
        try:
            content = as_type(dict[str, Any], read_json(place.parents[1] / "cell.json"))
            cells.append((place, as_type(str, content.get("system"), "system")))
        except (OSError, Misread) as error:
            raise _bad(place.parents[1] / "cell.json", getattr(error, "strerror", None) or error) from error
    if not cells:
        raise InputError(f"{path} holds no measured values", "no measurements.csv and no study's cells", _FIX)
    names: dict[str, set[str]] = {}
    for place, system in cells:
        names.setdefault(system, set()).add(place.parents[2].name)
    for place, system in cells:  # as a listening test of the study calls them: by the cell, where a system has several
        yield place, {system: system if len(names[system]) == 1 else place.parents[2].name}


def _facts_beside(table: Path) -> dict[str, MeasureFacts]:
    """What results.json, or sentences.json of a study's cell, says of the measures; nothing where it says nothing."""
    for name in ("results.json", "sentences.json"):
        file = table.parent / name
        if not file.is_file():
            continue
        try:
            content = as_type(dict[str, Any], read_json(file, limit_bytes=_MOST_RESULTS_BYTES))
        except (OSError, Misread):
            continue  # the table is what counts
        rows: list[Any] = []
        for source in (content.get("measures"), content.get("measurements")):
            for one in source.values() if isinstance(source, Mapping) else source if isinstance(source, list) else []:
                more = one.get("rows") if isinstance(one, Mapping) else None
                rows += more if isinstance(more, list) else [one]
        found = {}
        for row in rows:
            if isinstance(row, Mapping) and isinstance(row.get("key"), str):
                title, unit, better = (str(row.get(k) or "")[:_LONGEST] for k in ("title", "unit", "better"))
                found[row["key"]] = MeasureFacts(row["key"], title or row["key"], unit, better if better in _SIDES else "")
        return found
    return {}


def _read(path: Path, renamed: Mapping[str, str], found: MeasuredValues) -> None:
    try:
        text = read_limited(path, _MOST_BYTES).decode("utf-8-sig")
        head = text.split("\n", 1)[0]
        # Spreadsheets write semicolons or tabs where the comma is the decimal sign.
        mark = max(",;\t", key=head.count)
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        lacking = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
        if lacking:
            raise ValueError(
                f"no column {', '.join(lacking)}: {', '.join(map(str, rows.fieldnames or ()))[:_LONGEST] or 'empty'}"
            )
        sums: dict[tuple[str, tuple[str, str, str]], list[float]] = {}
        for count, row in enumerate(rows):
            if count >= _MOST_ROWS:
                raise ValueError(f"more than {_MOST_ROWS} rows")
            try:
                key, place, value, weight = _typed(row, renamed, mark)
            except ValueError as error:
                raise ValueError(f"line {rows.line_num}: {error}") from error
            if key not in found.values and len(found.values) >= _MOST_MEASURES:
                raise ValueError(f"more than {_MOST_MEASURES} measures")
            found.values.setdefault(key, {})
            better = (row.get("better") or "").strip()
            if key not in found.facts and (row.get("unit") or better):
                title, unit = ((row.get(k) or "").strip()[:_LONGEST] for k in ("title", "unit"))
                found.facts[key] = MeasureFacts(key, title or key, unit, better if better in _SIDES else "")
            if math.isfinite(value):
                own = sums.setdefault((key, place), [0.0, 0.0])
                own[0] += weight * value
                own[1] += weight
    except (OSError, ValueError, Misread, csv.Error) as error:
        raise _bad(path, getattr(error, "strerror", None) or error) from error
    for (key, place), (whole, weight) in sums.items():
        found.values[key][place] = whole / weight


def _typed(row: Mapping[str, Any], renamed: Mapping[str, str], mark: str) -> tuple[str, tuple[str, str, str], float, float]:
    """The measure, whose value it is, the value, and its weight."""
    if None in row or any(row[name] is None for name in _NEEDED):
        raise ValueError("another number of columns than the first line has")
    system, sentence, key = (str(row[name]).strip() for name in ("system", "sentence", "measure"))
    run = str(row.get("run") or row.get("training_seed") or "").strip()
    if not system or not key or max(map(len, (system, sentence, key, run))) > _LONGEST:
        raise ValueError(f"no system or no measure, or a name of more than {_LONGEST} characters")
    number = lambda text: float(text.replace(",", ".") if mark != "," else text)  # noqa: E731
    written = str(row["value"]).strip()
    value = number(written) if written else math.nan
    weight = number(row["weight"]) if row.get("weight") else 1.0
    if math.isinf(value) or abs(value) > 1e300 or not 0 <= weight < 1e300:
        raise ValueError(f"value {written[:40]!r}, weight {weight:g}")
    return key, (renamed.get(system, system), run, sentence), value if weight > 0 else math.nan, weight


def _bad(path: Path, why: object) -> InputError:
    return InputError(f"{path} is not a table of measured values", str(why)[:300], _FIX)
