"""The main measures as a picture that needs no file: where every training's dot and each system's bar lie on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["strip"]

_MARGIN = 0.06  # of the scale, left free at both ends


def strip(row: Mapping[str, Any], systems: Sequence[str]) -> dict[str, Any]:
    """What is drawn of a row of the summary: a line for each system that has the measure, all on one scale.

    Returns:
        `ends`, the numbers at both ends; and `lines`, each with `system`, `dots` (place in % and number of each training),
        `bar` (places of the interval's limits, or None) and `mean` (its place, where there are several trainings, or None).
    """
    shown = [(name, row["values"][name]) for name in systems if row["values"].get(name)]
    drawn = [x for _, value in shown for x in _numbers(value)]
    if not drawn:
        return {"ends": (), "lines": []}
    low, high = min(drawn), max(drawn)
    room = (high - low) * _MARGIN or abs(high) * _MARGIN or 1.0

    def at(x: float) -> float:
        return round(100 * (x - low + room) / (high - low + 2 * room), 2)

    lines = []
    for name, value in shown:
        runs = list((value.get("by_run") or {name: value["value"]}).values())
        known = value["low"] is not None and value["high"] is not None
        bar = (at(value["low"]), at(value["high"])) if known else None
        mean = at(value["value"]) if len(runs) > 1 else None
        lines.append({"system": name, "dots": [(at(x), x) for x in runs], "bar": bar, "mean": mean})
    return {"ends": (low, high), "lines": lines}


def _numbers(value: Mapping[str, Any]) -> list[float]:
    found = [value["value"], value["low"], value["high"], *value.get("by_run", {}).values()]
    return [float(x) for x in found if x is not None and np.isfinite(x)]
