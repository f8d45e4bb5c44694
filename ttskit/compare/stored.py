"""What stands in results.json, by type, as far as it is read back."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ttskit.reading import Finite, Stored

__all__ = ["StoredResults"]


class _StoredInterval(Stored):
    value: Finite | None
    low: Finite | None = None
    high: Finite | None = None


class _StoredRow(Stored):
    key: str
    values: dict[str, _StoredInterval | Finite | None]


class _StoredSummary(Stored):
    title: str
    unit: str
    digits: Annotated[int, Field(ge=0, le=20)]
    values: dict[str, _StoredInterval | None]


class _StoredSystem(Stored):
    label: str
    runs: list[str]


class _StoredRun(Stored):
    label: str
    system: str


class _StoredMeasurement(Stored):
    rows: list[_StoredRow]
    data: Any


class StoredResults(Stored):
    """results.json of this version."""

    format: int
    systems: list[_StoredSystem]
    runs: list[_StoredRun]
    summary: list[_StoredSummary]
    measurements: dict[str, _StoredMeasurement]
