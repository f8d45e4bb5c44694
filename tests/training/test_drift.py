"""Drift: nothing where nothing changed, something where it did, and clear words where nothing can be compared."""

import json
import math

import pytest
from click.testing import CliRunner

from ttskit.cli.drift import command
from ttskit.compare.drift import SpeakerDrift, drift
from ttskit.errors import MismatchError, UsageError
from ttskit.measure.systems import load_systems


@pytest.fixture
def run(random_run, corpus):
    """run(name, …): random weights for the corpus's symbols."""
    return lambda name, **more: random_run(name, symbols=corpus.symbols, **more)


def test_the_same_weights_do_not_drift_and_others_do(run, corpus_folder):
    first, same, other = run("first"), run("same"), run("other", seed=6)
    for row in drift(first.path, same.path, corpus_folder, limit=1):
        assert (row.mcd_db, row.length_ratio) == (0.0, 1.0)
        if row.speaker == "beto":  # the test sentences are his: only he has recordings to be near to
            assert row.natural_mcd_db[0] == row.natural_mcd_db[1] > 0
        else:
            assert row.natural_mcd_db is None
        assert row.f0_shift_semitones == 0 or math.isnan(row.f0_shift_semitones)
    moved = drift(first.path, other.path, corpus_folder, limit=1)
    assert [row.speaker for row in moved] == ["ana", "beto"] and all(row.mcd_db > 0.1 for row in moved)


def test_the_command_shows_each_speaker(run, corpus_folder):
    words = [run("a").path, run("b", seed=6).path, "--data", corpus_folder, "--limit", "1", "--speaker", "beto"]
    table = CliRunner().invoke(command, [str(w) for w in words], catch_exceptions=False)
    assert table.exit_code == 0 and "beto" in table.output and " dB" in table.output and "ana" not in table.output
    rows = json.loads(CliRunner().invoke(command, [*map(str, words), "--json"], catch_exceptions=False).stdout)
    assert rows[0]["speaker"] == "beto" and rows[0]["sentences"] == 1


def test_a_voice_without_voiced_frames_has_no_f0_and_the_json_is_json(monkeypatch):
    row = SpeakerDrift("ana", 2, 9.0, math.nan, math.nan, 1.0, (2.0, 9.0), (1.0, math.nan))
    monkeypatch.setattr("ttskit.compare.drift.drift", lambda *_, **__: [row])
    table = CliRunner().invoke(command, ["a", "b", "--data", "c"], catch_exceptions=False).output
    assert "nan" not in table and "1.00 → – st" in table
    said = CliRunner().invoke(command, ["a", "b", "--data", "c", "--json"], catch_exceptions=False).output

    def refuse(name):
        raise AssertionError(name)

    (shown,) = json.loads(said, parse_constant=refuse)
    assert shown["f0_rmse_semitones"] is None and shown["natural_f0_semitones"] == [1.0, None]


def test_nobody_in_common(random_run, corpus_folder):
    with pytest.raises(UsageError, match="no speaker in common") as error:
        drift(random_run("a").path, random_run("b", speakers=("zoe", "yan")).path, corpus_folder)
    assert "--rehearse" in error.value.fix
    with pytest.raises(UsageError, match="does not know speaker 'zoe'"):
        drift(random_run("c").path, random_run("d").path, corpus_folder, speakers=("zoe",))


def test_all_runs_speak_through_one_vocoder(run, registry):
    systems = load_systems([run("one").path, run("two", seed=6).path], None, "cpu", "last", registry)
    assert systems[0].voice.vocoder is systems[1].voice.vocoder


def test_runs_of_other_mels_are_not_loaded_beside_each_other(run, registry):
    one, other = run("one"), run("two")
    path = other.path / "run.json"
    info = json.loads(path.read_text(encoding="utf-8"))
    info["context"]["mel"]["f_max_hz"] = 7000.0
    path.write_text(json.dumps(info), encoding="utf-8")
    with pytest.raises(MismatchError, match="disagree on audio") as error:
        load_systems([one.path, other.path], "griffinlim", "cpu", "last", registry)
    assert "f_max_hz: one uses 8000.0, two uses 7000.0" in error.value.why and "one prepared corpus" in error.value.fix
