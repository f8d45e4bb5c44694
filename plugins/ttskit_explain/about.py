"""How the page was made: the numbers at its foot."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass

import torch

import ttskit
from ttskit_explain.lesson import Lesson

__all__ = ["PageNumbers", "numbers_of"]

COLUMNS = ("run", "model", "decoding", "parameters", "steps", "vocoder")


@dataclass(frozen=True, slots=True)
class PageNumbers:
    """A table with a row for each run, and what the line above it says.

    Args:
        columns: keys of `words`.
        rows: in that order; a cell is plain text, a whole number, or None where the run does not say.
        values: places of `words.made_with`.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str | int | None]]
    values: dict[str, object]


def numbers_of(lesson: Lesson, *, seed: int, date: str) -> PageNumbers:
    """What made this page.

    Args:
        lesson: its runs.
        seed: of what is random.
        date: as the reader shall see it.
    """
    rows = [
        (
            one.label,
            one.system.loaded.name,
            one.decoding,
            one.system.parameters,
            one.system.loaded.step,
            one.voice.vocoder_name,
        )
        for one in lesson.subjects
    ]
    return PageNumbers(
        COLUMNS,
        rows,
        {
            "date": date,
            "ttskit": ttskit.__version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "device": str(lesson.subjects[0].voice.device),
            "threads": torch.get_num_threads(),
            "seed": seed,
        },
    )
