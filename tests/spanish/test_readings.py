"""Many short texts and a page of a newspaper, each with the reading that was expected before it was run."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttskit_spanish.frontend import SpanishFrontend

FRONTEND = SpanishFrontend()


def sections() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for line in Path(__file__).with_name("readings.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            name = line[2:]
        else:
            written, spoken = line.split("\t")
            found.setdefault(name, []).append((written, spoken))
    return found


SECTIONS = sections()


def test_there_are_many():
    assert sum(map(len, SECTIONS.values())) > 800


@pytest.mark.parametrize("name", SECTIONS)
def test_reads(name):
    wrong = [(w, FRONTEND.normalize(w), s) for w, s in SECTIONS[name] if FRONTEND.normalize(w) != s]
    assert wrong == []


@pytest.mark.parametrize("name", SECTIONS)
def test_a_reading_is_read_as_it_is(name):
    again = [(s, FRONTEND.normalize(s)) for _, s in SECTIONS[name] if FRONTEND.normalize(s) != s]
    assert again == []
