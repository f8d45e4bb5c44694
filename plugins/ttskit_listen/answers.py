"""What a listener's browser hands in: the same file from the static pages and from the server's export."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ttskit_listen.plan import Id, Strict

__all__ = ["LIMIT_BYTES", "Answer", "AnswerFile", "Browser", "Headphones", "Response"]

LIMIT_BYTES = 4 << 20  # of one listener's file

Text = Annotated[str, StringConstraints(max_length=2000)]
Score = Annotated[int, Field(ge=0, le=100)]
# cmos −3 … 3 (how much better the second is), mos 1 … 5; ab and abx "first" or "second" (ab also "none"); mushra a number for
# each sound, in the trial's order; transcribe what was understood.
Response = Annotated[int, Field(ge=-3, le=5, strict=True)] | tuple[Score, ...] | Text
When = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Answer(Strict):
    """One trial answered.

    Args:
        trial: its id in the plan.
        response: as the kind has it.
        plays: how often each sound was begun, in the trial's order.
        heard: how many of the sounds were heard to their end.
        rt_ms: from the moment the trial was shown to the answer.
        at: when, in UTC.
    """

    trial: Id
    response: Response
    plays: tuple[Count, ...] = ()
    heard: Count = 0
    rt_ms: Count = 0
    at: When


class Browser(Strict):
    """What was listened with, as the browser says: no address, no fingerprint."""

    name: Text = ""
    mobile: bool = False
    width: Count = 0
    height: Count = 0


class Headphones(Strict):
    """The check for headphones: what was answered (1–3 each), and how many were right."""

    answers: tuple[Annotated[int, Field(ge=1, le=3)], ...] = Field(max_length=24)
    right: Count


class AnswerFile(Strict):
    """All of one listener.

    Args:
        test: the plan's id.
        listener: the code, which begins with the form's number; form: that number modulo the forms.
        language: of the pages.
        began, ended: in UTC; `ended` is "" and `complete` false for one who left.
        consent: what was agreed to, by a click.
        questions: answers to the questionnaire and at the end, by name.
    """

    format: Literal[1] = 1
    test: Id
    listener: Annotated[str, StringConstraints(pattern=r"^\d{1,4}-[a-z0-9]{4,40}$")]
    form: Count
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
    began: When
    ended: When | Literal[""] = ""
    complete: bool = False
    consent: bool
    browser: Browser = Browser()
    headphones: Headphones | None = None
    questions: dict[Id, Text] = Field(default_factory=dict, max_length=40)
    answers: tuple[Answer, ...] = Field(default=(), max_length=2000)
