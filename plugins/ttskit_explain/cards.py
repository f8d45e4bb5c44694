"""What a section of the page is made of: cards, their figures, and notes for what could not be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Card", "Figure", "Note", "Question"]


@dataclass(frozen=True, slots=True)
class Figure:
    """Something to look at or touch.

    Args:
        key: unique within the page; its caption stands in the texts under `captions`.
        widget: what draws it (`ttskit.widget` in the script).
        spec: plain data for the widget; arrays and audio by reference (`Sheet.array`, `Subject.heard`).
    """

    key: str
    widget: str
    spec: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """A line that says what is not there and why, or what differs.

    Args:
        key: under `notes` in the texts.
        values: for its places.
    """

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """A question for the class; its answer is folded away.

    Args:
        key: under `questions` in the texts: ask, answer.
        see: keys of the cards that answer it.
        values: for the places of both.
    """

    key: str
    see: tuple[str, ...]
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """One thing to understand.

    Args:
        key: under `cards` in the texts: title, text, what to try.
        figures: in order.
        equations: keys of `equations.yaml`, in order.
        values: what the places of its text and captions say: numbers and words of this sentence.
        notes: in order, above the figures.
        questions: in order, below the text.
        title: in plain English where the texts have none under the key (a step of a stranger's model).
    """

    key: str
    figures: tuple[Figure, ...] = ()
    equations: tuple[str, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    questions: tuple[Question, ...] = ()
    title: str = ""
