"""The page's words: one file per language that teachers may edit, equations rendered beforehand.

`texts/LANGUAGE.yaml` has:

    words:     what controls and pictures say: key → words
    sections:  name → title, short (for the table of contents), intro (optional)
    cards:     key → title, text (paragraphs, an empty line between them), try (optional), more (optional, folded away)
    captions:  key of a figure → one line under it
    notes:     key → what is not there, and why
    steps:     key of a model's step, or of an intervention → its name in the language

`*…*` is emphasis, `**…**` strong, `` `…` `` code, `$…$` a formula, `{name}` a value of this sentence, `{name:.2f}` with digits.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from markupsafe import Markup, escape

__all__ = ["LANGUAGES", "Texts", "equations", "formula"]

LANGUAGES = ("es", "en")
PARTS = ("words", "sections", "cards", "captions", "notes", "steps")
_INLINE = re.compile(r"\$(?P<math>[^$]+)\$|\*\*(?P<strong>.+?)\*\*|\*(?P<em>[^*]+)\*|`(?P<code>[^`]+)`")


@cache
def equations() -> Mapping[str, str]:
    """Keys of `equations.yaml` → LaTeX."""
    found = yaml.safe_load(_texts().joinpath("equations.yaml").read_text(encoding="utf-8"))
    return dict(found or {})


@cache
def _rendered() -> Mapping[str, str]:
    """LaTeX → MathML, as `make equations` left it."""
    path = _texts().joinpath("equations.json")
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def formula(latex: str, *, block: bool = False) -> Markup:
    """A formula as MathML; as its LaTeX where it was not rendered."""
    found = _rendered().get(("block " if block else "") + latex)
    return Markup(found) if found else Markup("<code>{}</code>").format(latex)


class _Filling(string.Formatter):
    """Fills places; numbers as the language writes them."""

    def __init__(self, language: str) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        text = format(value, format_spec)
        if isinstance(value, float) and self.language == "es":
            text = text.replace(",", " ").replace(".", ",")
        return text


class Texts:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.parts: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
        for content in _contents(language):
            for part, entries in content.items():
                self.parts[part].update(entries or {})

    def get(self, part: str, key: str) -> Any:
        """An entry, or None."""
        return self.parts[part].get(key)

    def fill(self, template: str, values: Mapping[str, object]) -> str:
        """A template with its places filled. Raises KeyError where a value is missing."""
        return _Filling(self.language).vformat(template, (), values)

    def inline(self, template: str, values: Mapping[str, object]) -> Markup:
        """One paragraph with its marks as HTML; values are text, never marks."""
        pieces: list[Markup] = []
        place = 0
        for found in _INLINE.finditer(template):
            pieces.append(self._plain(template[place : found.start()], values))
            if found["math"]:
                pieces.append(formula(found["math"]))
            elif found["strong"]:
                pieces.append(Markup("<strong>{}</strong>").format(self._plain(found["strong"], values)))
            elif found["em"]:
                pieces.append(Markup("<em>{}</em>").format(self._plain(found["em"], values)))
            else:
                pieces.append(Markup("<code>{}</code>").format(found["code"]))
            place = found.end()
        pieces.append(self._plain(template[place:], values))
        return Markup("").join(pieces)

    def paragraphs(self, text: str, values: Mapping[str, object]) -> list[Markup]:
        """A text of several paragraphs."""
        return [self.inline(" ".join(part.split()), values) for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]

    def _plain(self, text: str, values: Mapping[str, object]) -> Markup:
        return escape(self.fill(text, values))


def _texts() -> Any:
    return files("ttskit_explain").joinpath("texts")


def _contents(language: str) -> Iterator[Mapping[str, Any]]:
    whole = _texts().joinpath(f"{language}.yaml")
    if whole.is_file():
        yield yaml.safe_load(whole.read_text(encoding="utf-8")) or {}
    parts = _texts().joinpath(language)
    if parts.is_dir():
        for part in sorted(parts.iterdir(), key=lambda one: one.name):
            if part.name.endswith(".yaml"):
                yield yaml.safe_load(part.read_text(encoding="utf-8")) or {}
