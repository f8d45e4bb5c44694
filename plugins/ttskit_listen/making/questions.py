"""What listeners are asked about themselves before a test, and after it: texts/questions.yaml."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from ttskit.reading import parse_yaml
from ttskit_listen.plan import SurveyQuestion

__all__ = ["closing_questions", "first_questions"]


def first_questions() -> tuple[SurveyQuestion, ...]:
    """Variety of Spanish, age, device, hearing."""
    return _questions()["before"]


def closing_questions() -> tuple[SurveyQuestion, ...]:
    """A comment."""
    return _questions()["after"]


@cache
def _questions() -> dict[str, tuple[SurveyQuestion, ...]]:
    text = files("ttskit_listen").joinpath("texts", "questions.yaml").read_text(encoding="utf-8")
    return {when: tuple(SurveyQuestion.model_validate(one) for one in own) for when, own in parse_yaml(text).items()}
