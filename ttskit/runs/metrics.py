"""metrics.jsonl: the rows that a training wrote, read back with their types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from ttskit.errors import CheckpointError
from ttskit.reading import Misread, typed_line
from ttskit.runs.stored import MetricRow

__all__ = ["read_metrics"]

_ROW_BYTES = 1 << 20  # of one line


def read_metrics(file: Path, strict: bool = True) -> Iterator[dict]:
    """Rows of a metrics file, without a last line that was cut short by a kill.

    Args:
        strict: any other line that cannot be read is an error; else it is left out.

    Raises:
        CheckpointError: names the line, the field and what is there.
    """
    if not file.exists():
        return
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(iter(lambda: lines.readline(_ROW_BYTES), b""), 1):
                if not line.strip():
                    continue
                try:
                    typed_line(MetricRow, line)
                    yield json.loads(line)
                except Misread as error:
                    if strict and line.endswith(b"\n"):
                        raise _of_metrics(file, f"line {number}: {error}") from error
    except OSError as error:
        raise _of_metrics(file, error.strerror or str(error)) from error


def _of_metrics(file: Path, why: str) -> CheckpointError:
    return CheckpointError(
        f"{file} is damaged", why, "take that line out; the checkpoints are whole without it, and --resume goes on"
    )
