"""The examples of the Spanish frontend's documents, in both languages, are what it does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ttskit_spanish.config import SpanishOptions
from ttskit_spanish.frontend import SpanishFrontend

DOCS = Path(__file__).resolve().parents[2] / "docs"
ROW = re.compile(r"\| `(?P<options>\w+=[^`]*)` \| (?P<text>.+) \| `(?P<result>[^`]+)` \|$")


def rows(name: str) -> list[tuple[dict, str, str, bool]]:
    found, phones = [], True
    for line in (DOCS / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("| op"):
            phones = line.rstrip(" |").endswith(("phones", "fonos"))
        match = ROW.match(line)
        if match:
            pairs = dict(pair.split("=") for pair in match["options"].split(", "))
            options = {k: {"true": True, "false": False}.get(v, v) for k, v in pairs.items()}
            found.append((options, match["text"], match["result"], phones))
    return found


@pytest.mark.parametrize("name", ["spanish-frontend.md", "frontend-espanol.md"])
def test_every_example_is_what_the_frontend_does(name):
    assert len(rows(name)) >= 30
    for options, text, result, phones in rows(name):
        analysis = SpanishFrontend(**options).analyze(text)
        said = " ".join(t for t in analysis.tokens if t != "<edge>") if phones else analysis.normalized
        assert said == result, (options, text)


@pytest.mark.parametrize("name", ["spanish-frontend.md", "frontend-espanol.md"])
def test_every_option_is_explained(name):
    text = (DOCS / name).read_text(encoding="utf-8")
    assert [field for field in SpanishOptions.model_fields if not re.search(rf"[`,] ?{field}[`=]", text)] == []


def test_both_languages_show_the_same_examples():
    one, other = rows("spanish-frontend.md"), rows("frontend-espanol.md")
    assert [r[:3] for r in one] == [r[:3] for r in other]
