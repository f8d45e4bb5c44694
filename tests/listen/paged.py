"""Made tests with their pages written, and a plan changed where a test of the pages needs another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from made_test import made_test, tone

from ttskit_listen.folder import TestFolder
from ttskit_listen.pages import write_pages
from ttskit_listen.plan import Kind, SurveyQuestion

__all__ = ["CLOSING", "RESPONSES", "paged"]

RESPONSES: dict[str, Any] = {
    "cmos": -2,
    "ab": "second",
    "abx": "first",
    "mos": 4,
    "mushra": [50, 20, 90],
    "transcribe": "qué día",
}
CLOSING = SurveyQuestion(
    name="remarks",
    kind="long",
    title={"es": "¿Querés contarnos algo más?", "en": "Anything else that you would like to tell us?"},
    required=False,
)


def paged(folder: Path, kind: Kind = "cmos", *, made: dict[str, Any] | None = None, **changes: Any) -> TestFolder:
    """A made test with its pages; `made` goes to `made_test`, `changes` are fields of its plan. Sounds of the check for
    headphones are tones of 0.25 s.
    """
    test = made_test(folder, kind, **{"sentences": 1, "listeners": 2, **(made or {})})
    plan = test.plan().model_copy(update=changes)
    test.write(plan, test.key(), test.design())
    for number in range(len(plan.headphones)):
        tone(test.audio / f"hp_{number + 1}.flac", 200)
    write_pages(test)
    return test
