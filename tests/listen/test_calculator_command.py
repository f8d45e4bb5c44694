"""`ttskit listen design`: its figures are the calculator's, and its sentences follow the figures."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from ttskit.errors import InputError
from ttskit_listen.calculator import USUAL, Spreads, power_of, smallest
from ttskit_listen.commands.design import design
from ttskit_listen.designing import design_lines, design_rows, reckon


def run(*arguments: str):
    return CliRunner().invoke(design, arguments)


def test_the_table_has_the_calculators_figures():
    found = run("--json")
    assert found.exit_code == 0, found.output
    content = json.loads(found.output)
    this, listeners, sentences, runs, both = content["ways"]
    assert this["alone"] == pytest.approx(smallest(USUAL, 24, 24, 3))
    assert this["known"] == pytest.approx(smallest(USUAL, 24, 24, 3, known=True))
    assert listeners["alone"] == pytest.approx(smallest(USUAL, 48, 24, 3))
    assert (both["sentences"], both["runs"]) == (48, 6) and sentences["hours"] < listeners["hours"]
    assert runs["alone"] < sentences["alone"] < this["alone"]
    assert sum(content["parts"].values()) == pytest.approx(1.0)


def test_what_is_said_follows_from_the_numbers():
    text = run().output
    alone, known = (f"{smallest(USUAL, 24, 24, 3, known=known):.2f}" for known in (False, True))
    assert "this design" in text and alone in text and known in text
    assert "What brings most is twice the trainings" in text
    # The same design where trainings and sentences do not differ and listeners do: the other way round.
    lines = design_lines(reckon("cmos", 24, 24, 3, spreads=Spreads(run=0.01, sentence=0.01, listener=1.0, residual=0.5)))
    assert any("comes from the listeners" in line for line in lines)
    assert any("What brings most is twice the listeners" in line for line in lines)
    assert any("Listeners bring most here: 48" in line for line in lines)


def test_of_one_training_nothing_is_claimed_of_models_by_the_test_alone():
    found = reckon("cmos", 24, 12, 1)
    assert found.ways[0].alone is None and found.ways[0].shown == found.ways[0].known
    assert design_rows(found)[1][0][6] == "-"
    lines = design_lines(found)
    assert "0.74" in lines[1] and "elsewhere" in lines[1]
    assert "twice the trainings: 0." not in lines[1]


def test_a_difference_is_asked_for():
    found = reckon("cmos", 24, 24, 3, difference=0.6)
    assert found.found == pytest.approx(power_of(0.6, USUAL, 24, 24, 3))
    lines = design_lines(found)
    assert any(f"with a chance of {found.found:.0%}" in line for line in lines)
    for need in found.needs:
        assert any(f"{need.listeners} listeners × {need.sentences} sentences × {need.runs} trainings" in line for line in lines)
    assert any("No design" in line for line in design_lines(reckon("cmos", 24, 24, 3, difference=0.02)))


def test_a_test_that_shows_nothing_says_so():
    assert any("shows nothing" in line for line in design_lines(reckon("ab", 3, 3, 2)))


def test_spreads_of_an_earlier_analysis(tmp_path):
    variances = {"listener": 0.2, "sentence": 0.2, "run": 0.1, "residual": 0.8}
    results = {"statistics": {"kind": "cmos", "variances": variances}}
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "results.json").write_text(json.dumps(results), encoding="utf-8")
    for path in (tmp_path, tmp_path / "report", tmp_path / "report" / "results.json"):
        content = json.loads(run("--from", str(path), "--json").output)
        assert content["spreads"] == variances
        assert content["ways"][0]["alone"] == pytest.approx(smallest(Spreads(0.1, 0.2, 0.2, 0.8), 24, 24, 3))
    assert isinstance(run("--from", str(tmp_path), "--kind", "mos").exception, InputError)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"statistics": {"kind": "cmos", "variances": {"run": "x"}}}', "NaN"])
def test_a_damaged_analysis_is_one_error(tmp_path, content):
    (tmp_path / "results.json").write_text(content, encoding="utf-8")
    assert isinstance(run("--from", str(tmp_path)).exception, InputError)


def test_a_difference_beyond_the_scale_is_an_error():
    assert isinstance(run("--kind", "ab", "--delta", "0.7").exception, InputError)
    assert run("--listeners", "1").exit_code == 2
