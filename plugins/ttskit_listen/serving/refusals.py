"""What the server says no to, and in which words: a status of HTTP, and a sentence in the listener's language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from ttskit.reading import parse_yaml
from ttskit_listen.plan import LANGUAGES

__all__ = ["Refused", "language_of", "texts"]


class Refused(Exception):
    """A request that is not done.

    Args:
        status: of HTTP.
        key: of the sentence in texts/serving.*.yaml.
        more: what the answer holds beside the sentence.
        values: of the places in the sentence.
    """

    def __init__(self, status: int, key: str, more: Mapping[str, Any] | None = None, **values: Any) -> None:
        super().__init__(f"{status} {key}")
        self.status, self.key, self.more, self.values = status, key, dict(more or {}), values

    def sentence(self, language: str) -> str:
        """In words."""
        return str(texts(language)["refusals"][self.key]).format(**self.values)


@cache
def texts(language: str, part: str = "serving") -> dict[str, Any]:
    """All words of the server, or of another part, in a language."""
    path = files("ttskit_listen").joinpath("texts", f"{part}.{language}.yaml")
    found: dict[str, Any] = parse_yaml(path.read_text(encoding="utf-8"))
    return found


def language_of(accepted: str, otherwise: str = "en") -> str:
    """The language that a browser asks for (Accept-Language, RFC 9110, 12.5.4), of those that the server speaks.

    >>> language_of("fr;q=0.5, es-AR, en;q=0.8"), language_of("de"), language_of("es;q=0")
    ('es', 'en', 'en')
    """
    best, chosen = 0.0, otherwise
    for part in accepted[:400].split(","):
        name, _, weight = part.partition(";")
        base = name.strip().lower()[:2]
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            continue
        if base in LANGUAGES and quality > best:
            best, chosen = quality, base
    return chosen
