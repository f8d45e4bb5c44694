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
