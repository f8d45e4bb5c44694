"""Lines as Argentines write them, kind by kind, each with the reading that was judged right before it was run.

A row of the lists is: kind, tab, what is written, tab, the reading. Several readings stand between "||"; one that
begins with "~" need only be contained, in parts joined by "…". Case and punctuation do not count. In `field_lines.tsv`
151 of 334 were right before these rules; of those that were written after them, 289 of 309 (`field_lines_later.tsv`) and
180 of 195 (`field_lines_last.tsv`) at the first run.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from ttskit_spanish.frontend import SpanishFrontend

FRONTEND = SpanishFrontend()
SHARED = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared"))


def plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text.lower()).split())


def is_right(expected: str, said: str) -> bool:
    heard = f" {plain(said)} "
    for reading in expected.split("||"):
        parts = [plain(part) for part in reading[1:].split("…")] if reading.startswith("~") else []
        if plain(reading) == heard.strip() or (parts and all(f" {part} " in heard for part in parts)):
            return True
    return False


def rows() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(Path(__file__).parent.glob("field_lines*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, written, reading = line.split("\t")
            found.setdefault(kind, []).append((written, reading))
    return found


KINDS = rows()


def test_there_are_many_and_none_is_empty():
    assert sum(map(len, KINDS.values())) > 830 and min(map(len, KINDS.values())) >= 8
    assert all(plain(reading) for lines in KINDS.values() for _, reading in lines)


@pytest.mark.parametrize("kind", KINDS)
def test_reads(kind):
    wrong = [(w, FRONTEND.normalize(w), r) for w, r in KINDS[kind] if not is_right(r, FRONTEND.normalize(w))]
    assert wrong == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_reading_is_read_as_it_is(kind):
    once = [FRONTEND.normalize(w) for w, _ in KINDS[kind]]
    assert [(o, FRONTEND.normalize(o)) for o in once if FRONTEND.normalize(o) != o] == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_character_is_in_one_reading_or_reported(kind):
    for written, _ in KINDS[kind]:
        analysis = FRONTEND.analyze(written)
        seen = sorted([i for r in analysis.readings for i in range(*r.span)] + [u.position for u in analysis.unknown])
        assert seen == list(range(len(analysis.text))), written
        assert all(r.text == analysis.text[slice(*r.span)] for r in analysis.readings), written


@pytest.mark.parametrize(
    ("text", "written", "rule"),
    [
        ("Cerramos 24/12 y 31/12", "24/12", "day/month: no fraction has these numbers"),
        ("nos vemos sáb 29/11", "29/11", "day/month: after a weekday"),
        ("feriados: 24/3, 2/4 y 1/5", "2/4", "day/month: another date stands before"),
        ("16/11: asamblea", "16/11", "day/month: as a label of what follows"),
        ("usé 3/4 de la harina", "3/4", "fraction: “de” follows"),
        ("son 2/3 kilos", "2/3", "fraction: what is measured follows"),
        ("arts. 5° y 6°", "5°", "ordinal: after “artículos”"),
        ("arts. 5° y 6°", "6°", "ordinal: after another ordinal"),
        ("hace 28º en CABA", "28º", "degrees: words of weather or angles stand near"),
        ("horno a 180°", "180°", "degrees: words of weather or angles stand near"),
        ("los de 3° B", "3°", "ordinal: a door or class follows"),
        ("García c/ ANSES s/ reajuste", "c/", "letter and slash: parties of a case"),
        ("García c/ ANSES s/ reajuste", "s/", "letter and slash: what a case is about"),
        ("café c/ leche", "c/", "letter and slash: with"),
        ("1 comp. c/ 8 hs", "c/", "letter and slash: before a time or measure"),
        ("Dto. 70/2023", "Dto.", "a number of a norm follows"),
        ("q hacés?", "q", "as people type: asked"),
        ("temperatura máx. 30", "máx.", "agrees with “temperatura”"),
        ("gasté 15k en ropa", "15k", "thousands: an amount stands near"),
        ("en 2h, sáb 10 a 12", "sáb", "weekday before an hour"),
    ],
)
def test_explain_says_why(text, written, rule):
    assert rule in {r.rule for r in FRONTEND.analyze(text).readings if r.text == written}


@pytest.mark.parametrize(
    ("written", "spans"),
    [
        ("ca&ntilde;a y sol", [(0, 11), (12, 13), (14, 17)]),
        ("re\u00adloj de sol", [(0, 6), (7, 9), (10, 13)]),
        ("\u200bhola", [(0, 5)]),
        ("&#233;l &nbsp; sí", [(0, 7), (15, 17)]),
    ],
)
def test_words_behind_references_and_marks_keep_their_place(written, spans):
    assert [w.span for w in FRONTEND.analyze(written).words] == spans


@pytest.mark.parametrize(
    "written", ["&#0;", "&#xD800;", "&#99999999;", "&" * 5000, "&amp;" * 2000, "&#x41" * 2000, "\u00ad" * 5000]
)
def test_broken_references_are_read_as_signs_in_bounded_time(written):
    analysis = FRONTEND.analyze(written)
    seen = [i for r in analysis.readings for i in range(*r.span)] + [u.position for u in analysis.unknown]
    assert sorted(seen) == list(range(len(analysis.text)))


def test_the_lines_of_the_field():
    lines = SHARED / "field" / "text.jsonl"
    if not lines.is_file():
        pytest.skip("the lines of the field are not here (TTSKIT_SHARED)")
    judged = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    right = 0
    for row in judged:
        said = FRONTEND.normalize(row["written"])
        wanted = row["reading"] if "reading" in row else "~" + "…".join(row["contains"])
        right += is_right(wanted, said)
    assert right / len(judged) >= 0.97
