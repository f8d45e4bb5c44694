"""What the documents of listening tests say is so: kinds, rules and files, in both languages."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from ttskit_listen.folder import TestFolder
from ttskit_listen.plan import KINDS, Rules

DOCS = Path(__file__).resolve().parents[2] / "docs"
BOTH = pytest.mark.parametrize("document", ["listening.md", "escucha.md"])


def first_cells(document: str, heading: str) -> list[str]:
    """First cells of the rows of the table whose head begins so."""
    text = (DOCS / document).read_text(encoding="utf-8")
    (table,) = re.findall(rf"^\| {heading} \|.*\n\|[-| ]+\n((?:\|.*\n)+)", text, flags=re.MULTILINE)
    return [row.split("|")[1].strip() for row in table.splitlines()]


@BOTH
def test_every_kind_is_described_in_order(document):
    assert first_cells(document, "kind" if document == "listening.md" else "clase") == [f"`{kind}`" for kind in KINDS]


@BOTH
def test_every_rule_is_named_with_what_it_is_by_default(document):
    named: dict[str, float | bool] = {}
    for cell in first_cells(document, "rule" if document == "listening.md" else "regla"):
        for name, value in re.findall(r"`(\w+)` ([\d.]+|no)", cell):
            named[name] = False if value == "no" else float(value)
    assert named == Rules().model_dump()


@BOTH
def test_every_file_of_a_test_is_named(document):
    test = TestFolder(Path("test"))
    paths = [test.design_file, test.key_file, test.invitations, test.public, test.answers, test.database, test.report]
    cells = first_cells(document, "file" if document == "listening.md" else "archivo")
    assert [cell.strip("`/") for cell in cells] == [path.name for path in paths]


@pytest.mark.parametrize(("english", "spanish"), [("listening.md", "escucha.md"), ("listening-ethics.md", "escucha-etica.md")])
def test_both_languages_have_the_same_sections_tables_and_lists(english, spanish):
    def shape(document: str) -> list[str]:
        text = re.sub(r"```.*?```", "", (DOCS / document).read_text(encoding="utf-8"), flags=re.DOTALL)
        return re.findall(r"^(#+|\d\.|-|\||>)(?= |$)", text, flags=re.MULTILINE)

    left, right = Counter(shape(english)), Counter(shape(spanish))
    lines = (left.pop(">", 0), right.pop(">", 0))  # of running text: as long as each language needs
    assert left == right and left.total() > 15 and (min(lines) > 10 or lines == (0, 0))
