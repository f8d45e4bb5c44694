"""From a test that `make` made, over answers in every place, to a report by the real statistics."""

from __future__ import annotations

import csv
import json

import pytest
from answering import answered
from made_sources import folders, no_pages

from ttskit.corpus.storage import write_json
from ttskit_listen.answered.identity import as_made
from ttskit_listen.answered.reading import read_answers
from ttskit_listen.answers import AnswerFile
from ttskit_listen.folder import TestFolder
from ttskit_listen.making.assembling import ListeningWishes, make_test
from ttskit_listen.plan import Rules
from ttskit_listen.report.page import analyse_test
from ttskit_listen.simulated import Truth, simulate

SYSTEMS = ("zorzal", "hornero")


def made(root, kind, **more):
    with pytest.MonkeyPatch.context() as patch:
        no_pages(patch.setattr)
        sources = folders(root / "sounds", dict.fromkeys(SYSTEMS, 3), sentences=8)
        wishes = ListeningWishes(kind, listeners=12, made="2026-11-28", **more)
        make_test(tuple(sources), wishes, root / "test")
    return TestFolder(root / "test")


def heard_by(test, root, better: float, careless: int = 2):
    truth = Truth({SYSTEMS[0]: 3.0, SYSTEMS[1]: 3.0 + better}, residual_sd=0.8, sentence_sd=0.1, run_sd=0.05, listener_sd=0.1)
    files = simulate(test.plan(), test.key(), test.design(), truth, 12, seed=3, careless=careless)
    (root / "sent").mkdir()
    for file in files:
        write_json(root / "sent" / f"{file.listener}.json", file.model_dump(mode="json"))
    return [root / "sent"]


def test_what_was_planted_is_said_and_a_rehearsal_is_called_one(tmp_path):
    test = made(tmp_path, "cmos")
    analysis = analyse_test(test, heard_by(test, tmp_path, 1.0), language="en")
    results = analysis.results
    (pair,) = results["statistics"]["pairs"]
    assert pair["word"] == "better" and pair["system"] == "hornero" and pair["low"] < 1.0 < pair["high"]
    assert results["deviations"] == [] and results["listeners"]["simulated"] == 12
    page = (analysis.folder / "index.html").read_text(encoding="utf-8")
    assert "hornero sounded better than zorzal." in page and "hornero sonó mejor que zorzal." in page
    assert page.count('data-note="simulated"') == 2 and 'data-note="claim"' not in page
    assert "REHEARSAL" in (analysis.folder / "methods.en.txt").read_text(encoding="utf-8")
    with (analysis.folder / "pairs.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert float(row["value"]) == pair["value"] and float(row["ordinal_value"]) > 0 and row["about"] == "models"
    rows = results["shown"]["rows"]
    assert results["shown"]["spreads"] == "own" and rows[0]["runs"] == 3 and rows[0]["sentences"] == 8
    assert [rows[0]["smallest"] > one["smallest"] for one in rows[1:]] == [True] * 3  # more of anything shows less
    assert results["statistics"]["notes_es"] == [] or results["statistics"]["notes_es"][0] in page


@pytest.mark.parametrize("kind", ["ab", "abx", "mos", "transcribe"])
def test_other_kinds_by_the_real_statistics(kind, tmp_path):
    test = made(tmp_path, kind, **({"texts": texts_of(tmp_path)} if kind == "transcribe" else {}))
    analysis = analyse_test(test, heard_by(test, tmp_path, 1.5, careless=0))
    results, page = analysis.results, (analysis.folder / "index.html").read_text(encoding="utf-8")
    assert len(results["statistics"]["pairs"]) >= 1 and results["listeners"]["received"] == 12
    assert "NaN" not in page and ">None<" not in page
    if kind in ("ab", "abx"):
        pair = results["statistics"]["pairs"][0]
        assert f"{round(100 * pair['binomial']['value'])}\u00a0%" in page
    assert results["shown"]["smallest"] is not None


def texts_of(root):
    path = root / "texts.csv"
    path.write_text(
        "sentence,text\n" + "".join(f"u{i:03d},La casa número {i} está lejos del río.\n" for i in range(8)), "utf-8"
    )
    return path


def test_a_design_that_was_changed_afterwards_is_told(tmp_path):
    test = made(tmp_path, "cmos")
    plan, key, design = test.plan(), test.key(), test.design()
    assert as_made(plan, key, design) is True
    loose = design.model_copy(update={"rules": Rules(least_gold=0.1)})
    assert as_made(plan, key, loose) is False
    assert as_made(plan, key, design.model_copy(update={"ttskit": "0.0.1"})) is None
    test.write(plan, key, loose)
    results = analyse_test(test, heard_by(test, tmp_path, 1.0)).results
    assert len(results["deviations"]) == 1 and "were changed after the test was made" in results["deviations"][0]


def test_the_server_s_answers_count_once_with_those_sent_and_not_of_who_withdrew(tmp_path):
    pytest.importorskip("starlette")
    from ttskit_listen.serving.store import Store

    test = made(tmp_path, "cmos")
    plan, key = test.plan(), test.key()
    files = [AnswerFile.model_validate_json(json.dumps(answered(plan, key, form, questions={}))) for form in range(3)]
    store = Store(test.database, plan)
    store.register([file.listener for file in files])
    for file in files:
        store.begin(file.listener)
        store.put_header(file.listener, file)
        for answer in file.answers:
            store.put_answer(file.listener, answer)
        store.end(file.listener, file.ended)
    store.withdraw(files[2].listener)
    store.close()
    sent = tmp_path / "sent"
    sent.mkdir()
    for number, file in enumerate(files):  # of the first the whole, of the second a beginning, of the third what they took back
        short = file.model_copy(update={"answers": file.answers[:3], "ended": "", "complete": False}) if number == 1 else file
        write_json(sent / f"{number}.json", short.model_dump(mode="json"))
    came = read_answers(test, [sent])
    assert [(file.listener, len(file.answers)) for file in came.files] == [(f.listener, len(f.answers)) for f in files[:2]]
    assert came.problems == ["2.json: its listener has withdrawn: delete it"]
