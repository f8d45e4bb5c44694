"""Numbers and intervals as text and as JSON data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ttskit.measure.stats import Interval

__all__ = ["plain", "show"]


def show(value: Any, digits: int) -> str:
    """A number, or an interval as "value [low, high]" (only its value without limits), in `digits` decimals; "–" for none."""
    if value is None:
        return "–"
    if isinstance(value, dict):
        if value["value"] is None:  # what was not finite is null in JSON
            return "–"
        if value.get("low") is None or value.get("high") is None:  # one sentence, or values that do not differ: no interval
            return f"{value['value']:,.{digits}f}"
        return f"{value['value']:,.{digits}f} [{value['low']:,.{digits}f}, {value['high']:,.{digits}f}]"
    return f"{value:,.{digits}f}"


def plain(value: Any) -> Any:
    """Anything of a report as JSON data: intervals as dictionaries, paths as text, NaN and infinity as null."""
    if isinstance(value, Interval):
        return plain(value.to_json())
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "item"):  # numpy's and torch's scalars
        return plain(value.item())
    return value
