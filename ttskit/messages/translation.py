"""A catalogue of templates, and the text that a message becomes in it.

A message arrives finished ("clips/a.wav is silent"), its template stands in the catalogue ("{path} is silent"). The template
that fits with the most text of its own is the one meant; what stands in its places is kept as it is, unless it is a message of
several words itself, as the cause inside a note is.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import cache

from ttskit.messages.language import LOCALE, language

__all__ = ["Catalogue", "catalogue", "translated"]

_LETTER = re.compile(r"[^\W\d_]")
_DEPTH = 3
_FEWEST_LETTERS = 4  # of a template's own: fewer fit anything


class Catalogue:
    """Templates and their translations.

    Args:
        entries: template -> translation, both with places as `str.format` has them: `{path} is silent`. Braces that are text
            are doubled. A place may stand elsewhere, twice or not at all in the translation.
    """

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._whole: dict[str, str] = {}
        self._templates: list[_Template] = []
        for template, translation in entries.items():
            template, translation = template.strip(), translation.strip()  # what stands around a message is put back
            pieces = list(string.Formatter().parse(template))
            if all(name is None for _, name, _, _ in pieces):
                self._whole[_unescaped(template)] = _unescaped(translation)
            else:
                one = _Template([(text, name) for text, name, _, _ in pieces], translation)
                if one.letters >= _FEWEST_LETTERS:
                    self._templates.append(one)
        self._templates.sort(key=lambda one: -one.size)  # the most text of its own first

    def translated(self, text: str, depth: int = 0) -> str:
        """The text in the catalogue's language; itself where no template fits. Spaces around it and line ends are kept."""
        bare = text.strip()
        if not _LETTER.search(bare):
            return text
        found = self._one(bare, depth)
        if found is None and "\n" in bare:
            return "\n".join(self.translated(line, depth) for line in text.split("\n"))
        if found is None:
            found = self._in_parts(bare, depth)
        if found is None:
            return text
        start = len(text) - len(text.lstrip())
        return text[:start] + found + text[start + len(bare) :]

    def _one(self, text: str, depth: int) -> str | None:
        if text in self._whole:
            return self._whole[text]
        for template in self._templates:
            values = template.values(text)
            if values is not None:
                if depth < _DEPTH:
                    values = {name: self._inner(value, depth + 1) for name, value in values.items()}
                return template.translation.format_map(values)
        parts = text.split(", ")  # a title and its group, as labels put them together
        return ", ".join(self._whole[part] for part in parts) if all(part in self._whole for part in parts) else None

    def _in_parts(self, text: str, depth: int) -> str | None:
        """Sentences, or a message and its cause, that were put together; None if none of them is known."""
        for between in (". ", "; ", ": ", " | "):
            parts = text.split(between)
            for at in range(1, len(parts)):  # a message after names of places may have the same mark in itself
                if (rest := self._one(between.join(parts[at:]), depth)) is not None:
                    return between.join([*(self._inner(part, depth + 1) for part in parts[:at]), rest])
            if depth < _DEPTH and len(parts) > 1:
                shown = [self._inner(part, depth + 1) for part in parts]
                if shown != parts:
                    return between.join(shown)
        return None

    def _inner(self, value: str, depth: int) -> str:
        """A single word in a place is a name; several words may be a message."""
        return self.translated(value, depth) if " " in value.strip() else value


def _unescaped(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}").strip()


class _Template:
    def __init__(self, pieces: list[tuple[str, str | None]], translation: str) -> None:
        self.translation = translation
        texts = [text for text, _ in pieces if text]
        self.size = sum(map(len, texts))
        self.letters = len(_LETTER.findall("".join(texts)))
        self._longest = max(texts, key=len, default="")
        self._pieces = pieces
        self._pattern: re.Pattern[str] | None = None

    def values(self, text: str) -> dict[str, str] | None:
        """What stands in the places of a text; None if it is of another template."""
        if self._longest not in text:
            return None
        if self._pattern is None:
            groups = (re.escape(before) + (f"(?P<{name}>.+?)" if name else "") for before, name in self._pieces)
            self._pattern = re.compile("".join(groups), re.DOTALL)
        fits = self._pattern.fullmatch(text)
        return fits.groupdict() if fits else None


def catalogue(name: str) -> Catalogue:
    """The catalogue of a language; English has no entries."""
    return _read(name)


@cache
def _read(name: str) -> Catalogue:
    path = LOCALE / name / "LC_MESSAGES" / "ttskit.mo"
    if not path.is_file():
        return Catalogue({})
    import polib

    return Catalogue({entry.msgid: entry.msgstr for entry in polib.mofile(str(path)) if entry.msgstr})


def translated(text: str) -> str:
    """A message in the reader's language (see `ttskit.messages.language`)."""
    name = language()
    return text if name == "en" else _read(name).translated(text)
