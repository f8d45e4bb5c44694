"""Currencies, units, fractions, ordinals, Roman numerals, times, addresses: lists judged before they were run, by kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ttskit_spanish.frontend import SpanishFrontend

FRONTEND = SpanishFrontend()
LISTS = ("kinds.tsv", "kinds_further.tsv", "kinds_others.tsv")


def plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text).split())


def sections() -> dict[tuple[str, str], list[tuple[str, list[str]]]]:
    found: dict[tuple[str, str], list[tuple[str, list[str]]]] = {}
    for name in LISTS:
        kind = ""
        for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines():
            if line.startswith("# "):
                kind = line[2:]
            elif not line.startswith("##"):
                written, spoken = line.split("\t")
                found.setdefault((name, kind), []).append((written, spoken.split("|")))
    return found


SECTIONS = sections()


def test_there_are_many_of_each_kind():
    assert sum(map(len, SECTIONS.values())) > 950
    kinds = {kind: sum(len(rows) for (_, k), rows in SECTIONS.items() if k == kind) for _, kind in SECTIONS}
    assert {kind: count for kind, count in kinds.items() if count < 6} == {}


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: f"{s[0]}-{s[1]}")
def test_reads(section):
    wrong = [(w, FRONTEND.normalize(w), good) for w, good in SECTIONS[section] if plain(FRONTEND.normalize(w)) not in good]
    assert wrong == []


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: f"{s[0]}-{s[1]}")
def test_a_reading_is_read_as_it_is(section):
    said = [FRONTEND.normalize(written) for written, _ in SECTIONS[section]]
    assert [(s, FRONTEND.normalize(s)) for s in said if FRONTEND.normalize(s) != s] == []


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: f"{s[0]}-{s[1]}")
def test_nothing_is_left_unread(section):
    left = [(written, FRONTEND.analyze(written).unknown) for written, _ in SECTIONS[section]]
    assert [(w, u) for w, u in left if u] == []
