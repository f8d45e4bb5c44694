"""The page's words: one file per language that teachers may edit, equations rendered beforehand.

`texts/LANGUAGE.yaml` has:

    words:     what controls and pictures say: key → words
    sections:  name → title, short (for the table of contents), intro (optional)
    cards:     key → title, text (paragraphs, an empty line between them), try (optional), more (optional, folded away)
    captions:  key of a figure → one line under it
    notes:     key → what is not there, and why
    steps:     key of a model's step, or of an intervention → its name in the language
    questions: key → ask, answer
    handout:   key of a part → title; steps (a list), equations (pairs: what it says, its key), terms (term → meaning)

`*…*` is emphasis, `**…**` strong, `` `…` `` code, `$…$` a formula, `{name}` a value of this sentence, `{name:.2f}` with digits.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from markupsafe import Markup, escape

from ttskit.errors import ConfigError
from ttskit.reading import parse_yaml
from ttskit_explain.marks import formulas_of, marked
from ttskit_explain.wording import PARTS, read_words

__all__ = ["LANGUAGES", "PageTexts", "equations", "formula", "formulas", "texts_of"]

LANGUAGES = ("es", "en")


@cache
def equations() -> Mapping[str, str]:
    """Keys of `equations.yaml` → LaTeX."""
    return dict(parse_yaml(_texts().joinpath("equations.yaml").read_text(encoding="utf-8"), texts=True) or {})


@cache
def _rendered() -> Mapping[str, str]:
    """LaTeX → MathML, as `make equations` left it."""
    path = _texts().joinpath("equations.json")
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def formula(latex: str, *, block: bool = False) -> Markup:
    """A formula as MathML; as its LaTeX where it was not rendered (a teacher's own, before `make equations`)."""
    found = _rendered().get(_formula_key(latex, block))
    return Markup(found) if found else Markup("<code>{}</code>").format(latex)


def formulas() -> set[str]:
    """Every formula of the texts and of `equations.yaml`, as `equations.json` has them for keys."""
    found = {_formula_key(latex, True) for latex in equations().values()}
    for language in LANGUAGES:
        for _, text in texts_of(language).sentences():
            found |= {_formula_key(latex, False) for latex in formulas_of(text)}
    return found


def _formula_key(latex: str, block: bool) -> str:
    """LaTeX without its line ends; "block " before one that stands on a line of its own."""
    return ("block " if block else "") + " ".join(latex.split())


class _Filling(string.Formatter):
    """Fills places; numbers as the language writes them."""

    def __init__(self, language: str) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        text = format(value, format_spec)
        if isinstance(value, float) and self.language == "es":
            text = text.replace(",", "\u202f").replace(".", ",")
        return text


class PageTexts:
    """The words of one language.

    Args:
        language: its code.
        folder: where the file is; the plugin's own if not given.

    Raises:
        ConfigError: a file that is not right, with its line.
    """

    def __init__(self, language: str, folder: Traversable | None = None) -> None:
        self.language = language
        self.parts: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
        path = (folder or _texts()).joinpath(f"{language}.yaml")
        content, self._where = read_words(path, path.name)
        for part, entries in content.items():
            self.parts[part].update(entries)

    def get(self, part: str, key: str) -> Any:
        """An entry, or None."""
        return self.parts[part].get(key)

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Every text with where it stands, "cards/reading.tokens/title"."""
        for part, entries in self.parts.items():
            for key, entry in entries.items():
                yield from _leaves(f"{part}/{key}", entry)

    def fill(self, template: str, values: Mapping[str, object]) -> str:
        """A template with its places filled.

        Raises:
            ConfigError: a place that has no value; names file and line.
        """
        try:
            return _Filling(self.language).vformat(template, (), values)
        except (KeyError, ValueError, TypeError) as error:
            named = next((key for key, text in self.sentences() if template in " ".join(text.split())), "")
            where = self._where.get(named) or self._where.get(named.rpartition("/")[0], self.language)
            shown = named or repr(template)[:60]
            reason = f"no value is called {error}" if isinstance(error, KeyError) else str(error)
            raise ConfigError(
                f"{where}: {shown} cannot be filled: {reason}", f"values: {', '.join(values) or 'none'}", ""
            ) from None

    def inline(self, template: str, values: Mapping[str, object]) -> Markup:
        """One paragraph with its marks as HTML; values are text, never marks."""
        pieces: list[Markup] = []
        for kind, piece in marked(" ".join(template.split()) if "\n" in template else template):
            if kind == "math":
                pieces.append(formula(piece))
            elif kind == "code":
                pieces.append(Markup("<code>{}</code>").format(piece))
            else:
                text = escape(self.fill(piece, values))
                pieces.append(text if kind == "plain" else Markup(f"<{kind}>{{}}</{kind}>").format(text))
        return Markup("").join(pieces)

    def paragraphs(self, text: str, values: Mapping[str, object]) -> list[Markup]:
        """A text of several paragraphs."""
        return [self.inline(" ".join(part.split()), values) for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]


@cache
def texts_of(language: str) -> PageTexts:
    """The plugin's own words of a language, read once."""
    return PageTexts(language)


def _leaves(place: str, entry: Any) -> Iterator[tuple[str, str]]:
    if isinstance(entry, Mapping):
        for key, value in entry.items():
            yield from _leaves(f"{place}/{key}", value)
    elif isinstance(entry, list):
        for number, value in enumerate(entry):
            yield from _leaves(f"{place}/{number}", value)
    else:
        yield place, str(entry)


def _texts() -> Traversable:
    return files("ttskit_explain").joinpath("texts")
