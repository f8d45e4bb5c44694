"""The pages of a listening test: copied into its public folder, with the libraries that they stand on.

`vendor/` has jsPsych and its plugins as npm has them (`vendor.json`; `make vendor`), `script/` and `style/` what is our own,
`words/LANGUAGE.yaml` every word that a listener reads, key → text. In a text an empty line begins a paragraph, a line that
begins with "- " is a point of a list, `**…**` is strong and `{name}` a value. A test replaces words by `ListeningPlan.words`:
"contact" (whom to ask), "institution", "consent", "instructions", "thanks" and any other key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import jinja2

from ttskit.corpus.storage import write_atomic
from ttskit.reading import parse_yaml
from ttskit_listen.folder import TestFolder
from ttskit_listen.plan import LANGUAGES, ListeningPlan

__all__ = ["page_words", "write_pages"]

_SCRIPTS = ("core", "journal", "sync", "sounds", "deck", "trial", "mushra", "screens", "finish", "flow")
_STYLES = ("page", "trial")


def write_pages(test: TestFolder) -> None:
    """Put index.html, mode.js, words.js, listen.js, listen.css and vendor/ beside the plan and the sounds in `test.public`.

    The plan (test.js) and the sounds (audio/) are only read, never written.

    Raises:
        InputError, CheckpointError: as `TestFolder.plan`.
    """
    plan = test.plan()
    vendor = _own("vendor")
    for one in _walked(vendor):
        _write(test, f"vendor/{one[0]}", one[1].read_bytes())
    _write(test, "index.html", _index(plan).encode("utf-8"))
    _write(test, "mode.js", b"ttskit.mode({});\n")
    _write(test, "words.js", f"ttskit.words({_json(page_words())});\n".encode())
    for name, folder, parts in (("listen.js", "script", _SCRIPTS), ("listen.css", "style", _STYLES)):
        ending = name.rpartition(".")[2]
        content = "\n".join(_own(folder, f"{part}.{ending}").read_text(encoding="utf-8") for part in parts)
        _write(test, name, content.encode("utf-8"))


@cache
def page_words() -> Mapping[str, Mapping[str, str]]:
    """What the pages say: language → key → text."""
    return {
        language: {
            str(key): str(text).strip()
            for key, text in parse_yaml(_own("words", f"{language}.yaml").read_text(encoding="utf-8"), texts=True).items()
        }
        for language in LANGUAGES
    }


def _index(plan: ListeningPlan) -> str:
    first = plan.languages[0]
    listed = json.loads(_own("vendor", "vendor.json").read_text(encoding="utf-8"))
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ttskit_listen", "templates"),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("index.html.jinja").render(
        language=first,
        title=plan.title.get(first) or next(iter(plan.title.values()), "ttskit"),
        vendored=[one["file"] for one in listed],
        noscript=" ".join(page_words()[language]["noscript"] for language in plan.languages if language in LANGUAGES),
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _own(*parts: str) -> Traversable:
    return files("ttskit_listen").joinpath(*parts)


def _walked(folder: Traversable, before: str = "") -> list[tuple[str, Traversable]]:
    """Files of a folder and of those inside, with their paths."""
    found: list[tuple[str, Traversable]] = []
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        found += _walked(one, f"{before}{one.name}/") if one.is_dir() else [(before + one.name, one)]
    return found


def _write(test: TestFolder, name: str, content: bytes) -> None:
    path = test.public / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, lambda file: file.write_bytes(content))
