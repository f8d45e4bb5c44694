"""Charts of a measurement's rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ttskit.config import CompareConfig
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS, Row
from ttskit.measure.stats import Interval
from ttskit.measure.tables import table_row
from ttskit.pictures.charts import draw_bars

__all__ = ["draw_rows"]


def draw_rows(path: Path, rows: Sequence[Row], labels: Sequence[str], config: CompareConfig) -> bool:
    """A panel for each row that has intervals: a point for each system and for natural speech. False if there is none."""
    panels = []
    for row in rows:
        table, factor = table_row(row, labels, config), row.measure.factor
        shown = {
            name: {key: getattr(value, key) * factor for key in ("value", "low", "high")}
            for name in (NATURAL, RESYNTHESIS, *labels)
            if isinstance(value := table.values.get(name), Interval)
        }
        if shown:
            unit = f" ({row.measure.unit})" if row.measure.unit else ""
            panels.append((f"{row.measure.title}{unit}", shown))
    return draw_bars(path, panels)
