"""`ttskit demo`: every stage from nothing to the page; done stages are kept; the slow test holds the figures of the README."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

pytest.importorskip("espeakng_loader", reason="the demo corpus needs the extra `demo`")

from ttskit.compare import ComparisonResults
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import MismatchError, TrainingError, UsageError
from ttskit.measure.learned import _batch
from ttskit.measure.systems import load_systems
from ttskit.plugins import create_registry
from ttskit.runs.align import align
from ttskit.symbols import SpeakerTable
from ttskit_demo.run import ALIGNMENT, AR, NAR, demo


def _seconds(folder):
    return json.loads((folder / "stages.json").read_text(encoding="utf-8"))["seconds"]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    return out, demo(out, recipe="tiny", sentences=16, steps=4)


def test_the_page_and_its_parts_exist(small):
    out, report = small
    assert report.page == out / "comparison" / "index.html"
    assert report.page.is_file()
    assert list(report.stages) == ["corpus", "prepare", "aligner", "train", "compare"]
    results = json.loads((out / "comparison" / "results.json").read_text(encoding="utf-8"))
    assert [s["label"] for s in results["systems"]] == ["tacotron2", "fastpitch"]
    assert list((out / "comparison" / "audio").rglob("*.wav"))


def test_the_page_asks_for_nothing_from_the_network(small):
    page = small[1].page.read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_the_aligner_aligned_every_utterance(small):
    out, _ = small
    lines = (out / "prepared" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    aligned = list((out / "prepared" / "alignments" / ALIGNMENT).glob("*.json"))
    assert len(aligned) == len(lines) == 16


def test_aligning_a_corpus_of_other_speakers_is_refused(small, tmp_path):
    other = tmp_path / "prepared"
    shutil.copytree(small[0] / "prepared", other)
    info = json.loads((other / "corpus.json").read_text(encoding="utf-8"))
    info["speakers"] = ["otra", *info["speakers"]]
    (other / "corpus.json").write_text(json.dumps(info), encoding="utf-8")
    with pytest.raises(MismatchError, match="does not know speaker 'otra'"):
        align(other, small[0] / "runs" / "aligner")


def test_learned_numbers_speakers_as_the_model_does(small):
    """A run that knows more speakers than the corpus: their numbers in the corpus are not the model's."""
    out, _ = small
    corpus = PreparedCorpus.open(out / "prepared")
    system = load_systems([out / "runs" / NAR, out / "runs" / AR], None, "cpu", "last", create_registry())[0]
    names = SpeakerTable(("otra", *corpus.speakers.names))
    loaded = replace(system.loaded, context=replace(system.loaded.context, speakers=names))
    batch = _batch(replace(system, loaded=loaded), corpus, corpus.split("test"))
    assert set(batch.speaker.tolist()) == {1}


def test_a_second_call_does_nothing_again(small):
    out, report = small
    made = {p: p.stat().st_mtime_ns for part in ("corpus", "prepared", "runs") for p in (out / part).rglob("*") if p.is_file()}
    assert made
    again = demo(out, recipe="tiny", sentences=16, steps=4)
    assert again.stages == report.stages
    assert {p: p.stat().st_mtime_ns for p in made} == made


def test_other_settings_in_the_same_folder_are_refused(small):
    with pytest.raises(UsageError, match="other settings"):
        demo(small[0], recipe="tiny", sentences=16, steps=5)


def test_a_training_that_fails_says_why_and_keeps_the_rest(tmp_path, monkeypatch):
    import ttskit_demo.run as module

    real = module._Training.command
    monkeypatch.setattr(module._Training, "command", lambda self: [*real(self), "--no-such-option"])
    with pytest.raises(TrainingError) as caught:
        demo(tmp_path, recipe="tiny", sentences=16, steps=2)
    assert "aligner failed" in caught.value.what
    assert "--no-such-option" in caught.value.why
    assert _seconds(tmp_path).keys() == {"corpus", "prepare"}


@pytest.mark.slow
def test_both_models_learn_what_the_readme_says(tmp_path):
    demo(tmp_path)
    found = ComparisonResults.open(tmp_path / "comparison")
    assert found.row("boundary_error_ms")["values"]["fastpitch"]["value"] <= 25
    assert found.row("teacher_forced_mel_l1")["values"]["fastpitch"]["value"] <= 0.45
    assert found.row("attention_within")["values"]["tacotron2"]["value"] >= 0.85
    assert found.row("stopped")["values"]["tacotron2"]["value"] >= 0.90
    assert found.row("mel_l1")["values"]["tacotron2"]["value"] <= 0.70
    assert sum(_seconds(tmp_path).values()) <= 900
