"""What a reader of the statistics must know, in plain sentences, in English and Spanish (texts/statistics.LANGUAGE.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from ttskit.reading import parse_yaml

__all__ = ["noted"]


def noted(key: str, why: str = "", **values: object) -> tuple[str, str]:
    """A sentence in English and in Spanish; `why` is the key of a reason, below "why."."""
    english, spanish = (_said(_words(language), key, why, values) for language in ("en", "es"))
    return english, spanish


def _said(words: Mapping[str, str], key: str, why: str, values: Mapping[str, object]) -> str:
    reason = {"why": words[f"why.{why}"]} if why else {}
    return words[key].format(**reason, **values)


@cache
def _words(language: str) -> Mapping[str, str]:
    path = files("ttskit_listen").joinpath("texts", f"statistics.{language}.yaml")
    words: Mapping[str, str] = parse_yaml(path.read_text(encoding="utf-8"), texts=True)
    return words
