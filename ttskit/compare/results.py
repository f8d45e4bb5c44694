"""ComparisonResults: what a comparison found, as plain data and as a folder."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttskit.errors import CheckpointError
from ttskit.measure.stats import Interval

FORMAT = 1


@dataclass(frozen=True)
class ComparisonResults:
    """A comparison on disk.

    Args:
        folder: holds index.html, results.json, audio/ and figures/.
        content: what results.json holds.
    """

    folder: Path
    content: dict

    @property
    def page(self) -> Path:
        """The page to open."""
        return self.folder / "index.html"

    @property
    def labels(self) -> list[str]:
        """Names of the systems compared."""
        return [s["label"] for s in self.content["systems"]]

    @classmethod
    def open(cls, folder: Path | str) -> ComparisonResults:
        """Read results.json.

        Raises:
            CheckpointError: missing, damaged or from another version.
        """
        path = Path(folder) / "results.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            fix = "ttskit compare RUN RUN -o OUT"
            raise CheckpointError(f"{folder} is not a comparison", f"{path}: {error}", fix) from error
        if content.get("format") != FORMAT:
            found = content.get("format")
            raise CheckpointError(f"{folder} was written by another version", f"format {found}, need {FORMAT}", "compare again")
        return cls(Path(folder), content)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """The summary: column names and rows of text."""
        return (
            ["measure", "unit", *self.labels],
            [
                [row["title"], row["unit"], *(show(row["values"].get(n), row["digits"]) for n in self.labels)]
                for row in self.content["summary"]
            ],
        )


def show(value: Any, digits: int) -> str:
    """A number, or an interval as "value [low, high]", with `digits` decimals; "–" for nothing."""
    if value is None:
        return "–"
    if isinstance(value, dict):
        return f"{value['value']:,.{digits}f} [{value['low']:,.{digits}f}, {value['high']:,.{digits}f}]"
    return f"{value:,.{digits}f}"


def plain(value: Any) -> Any:
    """Anything of a report as JSON data: intervals as dictionaries, paths as text, NaN and infinity as null."""
    if isinstance(value, Interval):
        return plain(value.to_json())
    if isinstance(value, dict):
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
