"""`ttskit listen analyse`: tables on stdout, where things went on stderr, clear errors."""

from __future__ import annotations

import json

import pytest
from answering import answered, write_answers
from click.testing import CliRunner
from made_test import made_test
from plain_statistics import plain_statistics

from ttskit.errors import CheckpointError, ConfigError, InputError
from ttskit_listen.command import command
from ttskit_listen.report import page as reports


@pytest.fixture
def test(tmp_path, monkeypatch):
    monkeypatch.setattr(reports, "statistics_of", plain_statistics)
    test = made_test(tmp_path / "test", "cmos", listeners=6, sentences=4, sounds=False)
    write_answers(test)
    (test.answers / "hasty.json").write_text(json.dumps(answered(test.plan(), test.key(), 0, seed=9, rt_ms=1)))
    return test


def called(*arguments):
    return CliRunner().invoke(command, ["analyse", *map(str, arguments)], catch_exceptions=False)


def test_a_table_of_pairs_and_who_is_left_out(test):
    done = called(test.path)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["system", "against", "difference", "p", "(Holm)", "verdict", "answers"]
    assert lines[1].startswith("fastpitch  tacotron2  +") and lines[1].endswith("24")
    code = answered(test.plan(), test.key(), 0, seed=9)["listener"]
    assert any(code in line and "answered before it was heard" in line for line in lines)
    assert lines[-1] == "6 of 7 listeners are kept"
    assert f"Report: {test.report / 'index.html'}" in done.stderr and (test.report / "index.html").is_file()


def test_json_goes_to_stdout_alone(test, tmp_path):
    more = tmp_path / "more.json"
    more.write_text("{")
    done = called(test.path, more, "-o", tmp_path / "out", "--json")
    data = json.loads(done.stdout)
    assert data["listeners"] == {"received": 7, "kept": 6, "left_out": 1, "by_rule": {"most_hasty": 1}}
    assert data["pairs"][0]["system"] == "fastpitch" and data["judgements"] == 24
    assert data["left_out"][0]["broken"] == ["most_hasty"] and data["left_out"][0]["code"].startswith("00-")
    assert len(data["problems"]) == 1 and "more.json" in data["problems"][0] and "more.json" in done.stderr
    assert (tmp_path / "out" / "index.html").is_file() and not test.report.exists()


def test_rules_that_are_changed_are_told(test, tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text("most_hasty: 1.0\n")
    data = json.loads(called(test.path, "--rules", rules, "--json").stdout)
    assert data["listeners"]["kept"] == 7
    assert data["deviations"] == ["the rule most_hasty was changed after the fact, from 0.2 to 1.0"]
    for text in ("most_hasty: 2", "no_rule: 1", "- 1", "a: [", "most_hasty: .nan"):
        rules.write_text(text)
        with pytest.raises(ConfigError, match="cannot be read"):
            called(test.path, "--rules", rules)


def test_what_is_no_test_and_what_has_no_answers(test, tmp_path):
    with pytest.raises(InputError, match="holds no listening test"):
        called(tmp_path)
    for path in test.answers.iterdir():
        path.write_text("{")
    with pytest.raises(InputError, match=r"no answers to .* that count"):
        called(test.path)
    test.key_file.write_text("{")
    with pytest.raises(CheckpointError, match=r"key\.json is damaged"):
        called(test.path)


def test_measures_that_cannot_be_read_cost_their_part_only(test, monkeypatch, tmp_path):
    def fail(*args, **more):
        raise InputError("measurements.csv", "no columns", "")

    monkeypatch.setattr(reports, "ears_of", fail)
    done = called(test.path, "--tables", tmp_path / "measurements.csv")
    assert done.exit_code == 0 and "the measures are not shown beside the listeners" in done.stderr
