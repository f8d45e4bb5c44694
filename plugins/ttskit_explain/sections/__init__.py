"""The sections of the page, in order.

Each is a module with `build(lesson)` that gives its cards, one after the other where a run may fail on the way: what came
before is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from ttskit_explain.cards import Card
from ttskit_explain.lesson import Lesson

__all__ = ["SECTIONS", "build"]

SECTIONS = (
    "reading",
    "sequence",
    "attention",
    "positions",
    "stream",
    "decoder",
    "walk",
    "vocoder",
    "clock",
    "training",
    "questions",
)


def build(name: str, lesson: Lesson) -> Iterable[Card]:
    """The cards of a section.

    Raises:
        Failed: a run could not answer, where the section does not go on without it.
    """
    cards: Iterable[Card] = import_module(f"ttskit_explain.sections.{name}").build(lesson)
    return cards
