"""What results.json and measurements.csv hold of rows, remarks and notes that are known."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ttskit.compare.results import ComparisonResults, content_of, write_results
from ttskit.config import CompareConfig
from ttskit.errors import CheckpointError
from ttskit.interfaces.measurement import NATURAL, Findings, Measure, Observation, Remark, Row, Sample, Sentence, Spoken
from ttskit.measure.run import Measured
from ttskit.measure.tables import table_row

SHARE = Measure("share", "share", "%", "lower", 1, factor=100.0, brief="S")
ASIDE = Measure("aside", "aside", "dB", digits=2)


def system(label: str, seed: int, note: str) -> SimpleNamespace:
    run = SimpleNamespace(info={"seed": seed, "steps": {"total": 3}}, path=SimpleNamespace(name=f"run-{label}"))
    loaded = SimpleNamespace(name="model", step=3, options={})
    facts = {"decoding": "parallel", "parameters": 7, "given_durations": False, "alignment": None, "aids": ()}
    facts |= {"system": label, "seed": seed, "frames_per_step": None}
    return SimpleNamespace(label=label, run=run, loaded=loaded, voice=SimpleNamespace(notes=(note,)), **facts)


@pytest.fixture
def results(prepared, tmp_path) -> ComparisonResults:
    u = prepared.split("test")[0]
    sentences = [
        Sentence(u.id, "test", u.text, u.tokens, u.token_words, (), "ana", recorded=True),
        Sentence("hard_001", "hard", "tres tristes tigres", (), (), (), "ana"),
    ]
    said = [(sentences[0], NATURAL, 0)] + [(s, label, seed) for s in sentences for label in ("a", "b") for seed in (0, 4)]
    samples = [Sample(*who, load=lambda: None, audio_path="audio/x.wav") for who in said]
    systems = [system("a", 11, "a was told"), system("b", 12, "b was told")]
    spoken = Spoken(prepared, systems, sentences, samples, CompareConfig(resamples=200), tmp_path, "cpu", prepared.mel)
    value = {("a", 0): 0.25, ("a", 4): 0.35, ("b", 0): 0.5, ("b", 4): 0.5, (NATURAL, 0): 0.125}
    share = Row(SHARE, tuple(s.observation(value[s.system, s.seed], 8) for s in samples if s.sentence.group == "test"))
    aside = Row(ASIDE, (Observation("a", 1.5), Observation("b", 2.5)), summary=False)
    tables = tuple(table_row(row, spoken.labels, spoken.settings) for row in (share, aside))
    remarks = [Remark("a", "hard_001", 4, "cut", "bad"), Remark("a", "hard_001", 0, "ok")]
    measured = [
        Measured("shares", "Shares", "theirs 1.0", Findings(remarks=remarks, data={"k": 1}), tables, ("shares noted",)),
        Measured("broken", "Broken", "theirs 2.1", Findings(), notes=("broken of theirs 2.1 failed",)),
    ]
    content = content_of(spoken, measured, [], {}, {})
    write_results(tmp_path, content, spoken, measured)
    return ComparisonResults.open(tmp_path)


def test_the_long_table_is_in_the_unit_of_its_measure(results):
    rows = results.observations("share")
    found = {(r["system"], r["seed"]): r["value"] for r in rows}
    assert found == {("a", 0): 25.0, ("a", 4): 35.0, ("b", 0): 50.0, ("b", 4): 50.0, (NATURAL, None): 12.5}
    assert {(r["unit"], r["weight"], r["group"], r["speaker"], r["measurement"]) for r in rows} == {
        ("%", 8.0, "test", "ana", "shares")
    }
    assert {r["system"]: r["training_seed"] for r in rows} == {"a": 11, "b": 12, NATURAL: None}
    assert {(r["system"], r["sentence"], r["group"], r["value"]) for r in results.observations("aside")} == {
        ("a", "", "", 1.5),
        ("b", "", "", 2.5),
    }


def test_the_summary_holds_what_asks_for_it_and_every_row_stands_in_its_measurement(results):
    assert [row["key"] for row in results.content["summary"]] == ["share"]
    assert [row["key"] for row in results.content["measurements"]["shares"]["rows"]] == ["share", "aside"]
    assert results.table() == (
        ["measure", "unit", "a", "b"],
        [["share", "%", "30.0", "50.0"]],  # of one sentence there is no interval
    )


def test_every_note_is_told_of_voices_and_of_measurements_that_found_nothing(results):
    assert results.content["notes"] == ["a was told", "b was told", "shares noted", "broken of theirs 2.1 failed"]
    assert "broken" not in results.content["measurements"]


def test_remarks_stand_at_the_sample_with_their_seed(results):
    samples = {(s["id"], v["system"], v["seed"]): v["remarks"] for s in results.content["sentences"] for v in s["samples"]}
    assert [r["chip"] for r in samples["hard_001", "a", 4]] == ["cut"] and samples["hard_001", "b", 4] == []
    assert [r["chip"] for r in samples["hard_001", "a", 0]] == ["ok"]
    recorded = next(s["id"] for s in results.content["sentences"] if s["group"] == "test")
    assert [r["facts"] for r in samples[recorded, "a", 4]] == [["S 35.0 %"]]
    assert [r["facts"] for r in samples[recorded, NATURAL, 0]] == [["S 12.5 %"]]


def test_a_comparison_of_another_version_is_refused(results):
    path = results.folder / "results.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 3', '"format": 2'), encoding="utf-8")
    with pytest.raises(CheckpointError, match="another version") as error:
        ComparisonResults.open(results.folder)
    assert "format 2, need 3" in error.value.why
