"""Whether what a listener's browser sends fits the plan."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, StringConstraints, ValidationError

from ttskit_listen.answers import Answer, AnswerFile, When
from ttskit_listen.plan import CODE, LANGUAGES, ListeningPlan, Strict, Trial
from ttskit_listen.serving.refusals import Refused

__all__ = ["AnswerBody", "BeginBody", "EndBody", "HeaderBody", "check_answer", "check_header", "is_code", "parsed"]

Short = Annotated[str, StringConstraints(max_length=64)]
M = TypeVar("M", bound=BaseModel)
_SOUND_ERRORS = "sound_errors"  # names of sounds that could not be played: the page's own, and no question


class BeginBody(Strict):
    """POST api/begin: a code, or "" where the test is open, and how a platform names who comes."""

    listener: Short
    participant: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""


class HeaderBody(Strict):
    """PUT api/header."""

    listener: Short
    header: dict[str, Any]


class AnswerBody(Strict):
    """PUT api/answer."""

    listener: Short
    answer: Answer


class EndBody(Strict):
    """POST api/end."""

    listener: Short
    ended: When


def is_code(text: str) -> bool:
    """Whether it could be anyone's."""
    return text.isascii() and CODE.fullmatch(text) is not None


def parsed(kind: type[M], raw: bytes) -> M:
    """A body as a `kind`, strictly: true is not 1, "3" is not 3, and no field that is not named.

    Raises:
        Refused: it is none; 401 where it has no listener's code.
    """
    try:
        return kind.model_validate_json(raw, strict=True)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in problem["loc"])[:80]
        raise Refused(400, "body", place=place or "JSON", why=problem["msg"][:120]) from None


def check_answer(plan: ListeningPlan, form: int, answer: Answer) -> None:
    """Whether the trial is of this form, and the response of its kind and range.

    Raises:
        Refused: 404 for a trial of another form, 400 for what does not fit.
    """
    trial = plan.trial(form, answer.trial)
    if trial is None:
        raise Refused(404, "trial")
    if not _fits(plan, trial, answer.response):
        raise Refused(400, "response")
    sounds = len(trial.sounds)
    # The named reference of mushra may be counted behind the others.
    if len(answer.plays) not in ((sounds, sounds + 1) if trial.reference else (sounds,)) or answer.heard > len(answer.plays):
        raise Refused(400, "plays")


def check_header(plan: ListeningPlan, form: int, code: str, header: dict[str, Any]) -> AnswerFile:
    """The file of a listener without answers.

    Raises:
        Refused: it is of another test or listener, of a language that the plan has not, holds a question that the plan does not
            ask or an answer that it does not offer, or nothing was agreed to.
    """
    if "answers" in header:
        raise Refused(400, "body", place="header.answers", why="answers are sent one by one")  # no message
    file = parsed(AnswerFile, json.dumps(header).encode())
    if (file.test, file.listener, file.form) != (plan.id, code, form):
        raise Refused(400, "other-test")
    if file.language not in (plan.languages or LANGUAGES):
        raise Refused(400, "body", place="header.language", why=file.language)
    if not file.consent:
        raise Refused(400, "consent")
    if file.headphones is not None and not (plan.headphones and file.headphones.right <= len(file.headphones.answers)):
        raise Refused(400, "body", place="header.headphones", why="the plan has no such check")  # no message
    asked = {question.name: question for question in (*plan.questions, *plan.closing)}
    for name, value in file.questions.items():
        question = asked.get(name)
        if name == _SOUND_ERRORS:
            continue
        if question is None:
            raise Refused(400, "question", name=name)
        if question.kind == "choice" and value not in question.choices and (value or question.required):
            raise Refused(400, "question", name=name)
    return file


def _fits(plan: ListeningPlan, trial: Trial, response: Any) -> bool:
    whole = type(response) is int
    match plan.kind:
        case "cmos":
            return whole and -3 <= response <= 3
        case "mos":
            return whole and 1 <= response <= 5
        case "ab":
            return response in ("first", "second") or (response == "none" and plan.allow_none)
        case "abx":
            return response in ("first", "second")
        case "mushra":
            return isinstance(response, tuple) and len(response) == len(trial.sounds)
        case _:
            return isinstance(response, str)
