"""The main measures as a picture that needs no file: every training as a dot, each system's interval as a bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

__all__ = ["strip"]

_MARGIN = 0.06  # of the scale, left free at both ends
_BAR = Markup('<line x1="{}" x2="{}" y1="11" y2="11" stroke="{}" stroke-width="7" opacity=".28"/>')
_DOT = Markup('<circle cx="{}" cy="11" r="4.5" fill="{}"><title>{} {}</title></circle>')
_TICK = Markup('<line x1="{0}" x2="{0}" y1="2" y2="20" stroke="{1}" stroke-width="2"/>')
_OF = Markup('<div class="of"><span>{}</span><svg role="img" aria-label="{}" width="100%" height="22">{}</svg></div>')


def strip(row: Mapping[str, Any], systems: Sequence[str], colours: Mapping[str, str]) -> Markup:
    """A line for each system of a summary row: its mean as a tick, its interval as a bar, each of its trainings as a dot.

    All lines share one scale, from the least to the greatest of what is drawn.
    """
    shown = [(name, row["values"][name]) for name in systems if row["values"].get(name)]
    drawn = [x for _, value in shown for x in _numbers(value)]
    if not drawn:
        return Markup("")
    low, high = min(drawn), max(drawn)
    room = (high - low) * _MARGIN or abs(high) * _MARGIN or 1.0

    def at(x: float) -> str:
        return f"{100 * (x - low + room) / (high - low + 2 * room):.2f}%"

    lines = [_line(name, value, colours.get(name, "#6b7280"), row["digits"], at) for name, value in shown]
    ends = Markup('<div class="ends"><span>{}</span><span>{}</span></div>').format(
        *(f"{x:,.{row['digits']}f}" for x in (low, high))
    )
    return Markup('<div class="strip">{}{}</div>').format(Markup("").join(lines), ends)


def _numbers(value: Mapping[str, Any]) -> list[float]:
    found = [value["value"], value["low"], value["high"], *value.get("by_run", {}).values()]
    return [float(x) for x in found if x is not None and np.isfinite(x)]


def _line(name: str, value: Mapping[str, Any], colour: str, digits: int, at: Any) -> Markup:
    marks = []
    if value["low"] is not None and value["high"] is not None:
        ends = at(value["low"]), at(value["high"])
        marks.append(_BAR.format(*ends, colour))
    runs = value.get("by_run") or {name: value["value"]}
    marks += [_DOT.format(at(x), colour, label, f"{x:,.{digits}f}") for label, x in runs.items()]
    if len(runs) > 1:
        marks.append(_TICK.format(at(value["value"]), colour))
    told = f"{name}: {', '.join(f'{x:,.{digits}f}' for x in runs.values())}"
    return _OF.format(name, told, Markup("").join(marks))
