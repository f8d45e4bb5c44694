"""One file of the page's words, read and checked: teachers edit them, and each mistake is told with its line."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from ttskit.errors import ConfigError
from ttskit.reading import YamlFault, parse_yaml
from ttskit_explain.marks import plain_pieces

__all__ = ["PARTS", "places_of", "read_words"]

# Parts of a file; for those whose entries have fields: which must be there, and which may.
PARTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]] | None] = {
    "words": None,
    "sections": (("title", "short"), ("intro",)),
    "cards": (("title", "text"), ("try", "more")),
    "captions": None,
    "notes": None,
    "steps": None,
    "questions": (("ask", "answer"), ()),
    "handout": (("title",), ("steps", "equations", "terms")),
}
_LARGEST = 1 << 20  # characters of one file: the whole page in one language is a tenth


def read_words(path: Traversable, shown: str) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """A file's parts, and where each text stands: "cards/reading.tokens/title" → "es/reading.yaml:4".

    Args:
        path: of YAML.
        shown: what it is called in errors.

    Raises:
        ConfigError: not YAML, a key that the page does not know, a field that is missing or is no text, or a brace that is
            no place; names file and line.
    """
    places: dict[str, str] = {}

    def note_places(root: yaml.Node) -> None:
        for keys, line in _lines(root):
            places["/".join(keys)] = f"{shown}:{line}"

    try:
        text = path.read_bytes().decode("utf-8-sig")
        found = parse_yaml(text, size=_LARGEST, texts=True, visit=note_places)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{shown}: not UTF-8 text", str(error), "save the file as UTF-8") from None
    except YamlFault as error:
        where = shown if error.line is None else f"{shown}:{error.line}"
        hint = "a text that holds a colon or begins with a mark stands in double quotes, or under `|`"
        raise ConfigError(f"{where}: not valid YAML", error.reason, hint) from None
    if found is None:
        return {}, {}
    if not isinstance(found, Mapping):
        raise ConfigError(f"{shown}: texts are a mapping of parts", f"parts: {', '.join(PARTS)}", "")
    for part, entries in found.items():
        where = places.get(part, shown)
        if part not in PARTS:
            raise ConfigError(f"{where}: unknown part {part!r}", f"parts: {', '.join(PARTS)}", "")
        if entries in ("", None):
            continue  # a part whose entries were all taken out
        if not isinstance(entries, Mapping):
            raise ConfigError(f"{where}: {part} is a mapping of keys to texts", "", "")
        for key, entry in entries.items():
            _check(part, key, entry, places.get(f"{part}/{key}", where))
    return {part: dict(entries or {}) for part, entries in found.items()}, places


def places_of(text: str) -> frozenset[str]:
    """Names of the places that a text has. Raises ValueError for a brace that opens or closes none."""
    found = set()
    for piece in plain_pieces(text):
        for _, name, spec, conversion in string.Formatter().parse(piece):
            if name is None:
                continue
            if not name.isidentifier() or conversion or "{" in (spec or ""):
                raise ValueError(f"{{{name}}} cannot be filled: it has no name")
            found.add(name)
    return frozenset(found)


def _check(part: str, key: str, entry: Any, where: str) -> None:
    fields = PARTS[part]
    if fields is None:
        texts = [entry]
    else:
        if not isinstance(entry, Mapping):
            raise ConfigError(f"{where}: {part}: {key} has fields", f"fields: {', '.join((*fields[0], *fields[1]))}", "")
        for name in fields[0]:
            if not entry.get(name):
                raise ConfigError(f"{where}: {part}: {key} has no {name}", "", "write it")
        strange = next((name for name in entry if name not in (*fields[0], *fields[1])), None)
        if strange is not None:
            raise ConfigError(
                f"{where}: {part}: {key}: unknown field {strange!r}", f"fields: {', '.join((*fields[0], *fields[1]))}", ""
            )
        texts = list(entry.values()) if part != "handout" else _handed_out(entry)
    for text in texts:
        if not isinstance(text, str):
            raise ConfigError(f"{where}: {part}: {key}: not a text", f"got {text!r:.60}", "put it in double quotes")
        try:
            places_of(text)
        except ValueError as error:
            hint = "a place is {name} or {name:.2f}; a brace that is meant is written twice"
            raise ConfigError(f"{where}: {part}: {key}: a brace without its pair", str(error), hint) from None


def _handed_out(entry: Mapping[str, Any]) -> list[Any]:
    """Texts of a part of the hand-out; what has another shape is given inside of a list, which is no text."""
    steps, equations, terms = entry.get("steps", []), entry.get("equations", []), entry.get("terms", {})
    texts = [entry["title"], *(steps if isinstance(steps, list) else [[steps]])]
    for pair in equations if isinstance(equations, list) else [equations]:
        texts += pair if isinstance(pair, list) and len(pair) == 2 else [[pair]]
    return [*texts, *(terms.values() if isinstance(terms, Mapping) else [[terms]])]


def _lines(node: yaml.Node, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(node, yaml.MappingNode) and len(keys) < 3:
        for key, value in node.value:
            path = (*keys, str(key.value))
            yield path, key.start_mark.line + 1
            yield from _lines(value, path)
