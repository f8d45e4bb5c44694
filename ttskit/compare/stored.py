"""What stands in results.json, by type, as far as it is read back."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from ttskit.reading import Finite

__all__ = ["StoredResults"]


class _Stored(BaseModel):
    model_config = ConfigDict(extra="allow")


class _Interval(_Stored):
    value: Finite | None
    low: Finite | None
    high: Finite | None


class _Row(_Stored):
    key: str
    values: dict[str, _Interval | Finite | None]


class _Shown(_Stored):
    title: str
    unit: str
    digits: Annotated[int, Field(ge=0, le=20)]
    values: dict[str, _Interval | Finite | None]


class _System(_Stored):
    label: str


class _Measured(_Stored):
    rows: list[_Row]
    data: Any


class StoredResults(_Stored):
    """results.json of this version."""

    format: int
    systems: list[_System]
    summary: list[_Shown]
    measurements: dict[str, _Measured]
