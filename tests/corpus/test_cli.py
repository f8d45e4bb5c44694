"""`ttskit prepare` and `ttskit check` as commands."""

import json

import pytest
from click.testing import CliRunner

from ttskit.cli.check import command as check
from ttskit.cli.prepare import command as prepare
from ttskit.plugins import create_registry


@pytest.fixture
def run(registry):
    everything = create_registry()  # recipes name models, and are checked with their plugins
    everything.found["frontend", "letters"] = registry.found["frontend", "letters"]

    def call(command, *arguments):
        settings = ("--set", "frontend.name=letters", "--set", "mel=telephone-8000")
        return CliRunner().invoke(command, [*map(str, arguments), *settings], obj=everything)

    return call


def test_help_has_an_example():
    for command, name in ((prepare, "prepare"), (check, "check")):
        text = CliRunner().invoke(command, ["--help"]).output
        assert f"ttskit {name} recordings/ana" in text and "--speaker" in text


def test_prepare_then_again_as_json(corpus, tmp_path, run):
    first = run(prepare, corpus, "--out", tmp_path / "out", "--speaker", "ana", "--jobs", 1)
    assert first.exit_code == 0, first.output
    assert "speaker ana" in first.stdout and "12 clips" in first.stdout
    again = run(prepare, corpus, "--out", tmp_path / "out", "--speaker", "ana", "--jobs", 1, "--json")
    report = json.loads(again.stdout)
    assert (report["audio_made"], report["features_made"]) == (0, 0) and sum(report["utterances"].values()) == 12


def test_check_lists_problems_and_fails_when_prepare_would(corpus, run):
    (corpus / "wavs" / "u00.wav").unlink()
    listed = run(check, corpus)
    assert listed.exit_code == 0 and "u00" in listed.stdout and "missing" in listed.stdout
    assert "11 of 12 utterances usable (ljspeech)" in listed.stdout
    for wav in (corpus / "wavs").iterdir():
        wav.unlink()
    stopped = run(check, corpus, "--json")
    assert json.loads(stopped.stdout)["blocked"] == "no usable utterance"
    assert stopped.exit_code == 1 and "prepare would stop" in str(stopped.exception)


@pytest.fixture
def two_voices(corpus):
    """The corpus with a column of speakers between name and text."""
    lines = (corpus / "metadata.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{line.split('|')[0]}|{('ana', 'beto')[i % 2]}|{line.split('|')[1]}" for i, line in enumerate(lines)]
    (corpus / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return corpus


def test_what_the_columns_are_taken_for_is_said_in_one_line_before_work_starts(two_voices, run):
    """id|speaker|text was prepared as one voice without a word."""
    result = run(check, two_voices)
    first, *rest = result.stderr.splitlines()
    assert first == "metadata.csv: path | speaker (ana, beto) | text" and not any("metadata.csv:" in line for line in rest)
    assert "ana 0." in result.stdout and "beto 0." in result.stdout and "metadata.csv:" not in result.stdout


def test_columns_are_said_by_hand(two_voices, tmp_path, run):
    said = ("--columns", "path,ignore,text", "--speaker", "eva")
    first = run(prepare, two_voices, "--out", tmp_path / "out", "--jobs", 1, *said)
    assert first.exit_code == 0 and "metadata.csv: path | not used (ana, … 2 values) | text, as --columns says" in first.stderr
    assert "speaker eva" in first.stdout and "speaker ana" not in first.stdout
    settings = json.loads((tmp_path / "out" / "corpus.json").read_text(encoding="utf-8"))["settings"]
    assert settings["columns"] == "path,ignore,text"
    wrong = run(check, two_voices, "--columns", "path,txt")
    assert wrong.exit_code != 0 and "no column 'txt'" in str(wrong.exception)


def test_a_reader_without_columns_says_so(two_voices, run, registry, monkeypatch):
    from ttskit.errors import UsageError

    monkeypatch.setattr("ttskit.corpus.readers.read_ljspeech", lambda folder, speaker: None)
    result = run(check, two_voices, "--columns", "path,speaker,text")
    assert isinstance(result.exception, UsageError) and "reads no lists with columns" in str(result.exception)
