"""What a stranger's model, vocoder or a section breaks costs its own part of the page; what was there before stays."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from ttskit.errors import InputError, MismatchError, TTSKitError, UsageError
from ttskit.interfaces.explanation import Explanation
from ttskit_explain import sections
from ttskit_explain.cards import Card, Figure
from ttskit_explain.lesson import MOST_TOKENS, Failed, check_length
from ttskit_explain.making import explain, open_lesson
from ttskit_explain.opening import opening_notes

SENTENCE = "La luna verde."


def broken_by(how):
    def explaining(self, inputs, controls=None, generators=None, changed=None):
        return how(self, inputs)

    return explaining


FAULTS = {
    "raises": lambda model, inputs: 1 / 0,
    "exits": lambda model, inputs: sys.exit(3),
    "gives nothing": lambda model, inputs: None,
    "gives NaN": lambda model, inputs: Explanation(_spoilt(model, inputs), ()),
    "gives no frames": lambda model, inputs: Explanation(_empty(model, inputs), ()),
}


WORDS = {
    "raises": "ZeroDivisionError",
    "exits": "SystemExit",
    "gives nothing": "not an Explanation",
    "gives NaN": "NaN or infinite",
    "gives no frames": "a mel of one sentence is",
}


def _spoilt(model, inputs):
    found = model.infer(inputs)
    return replace(found, mel=torch.full_like(found.mel, float("nan")))


def _empty(model, inputs):
    found = model.infer(inputs)
    return replace(found, mel=found.mel[:, :, :0], lengths=torch.zeros_like(found.lengths))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_model_that_cannot_explain_costs_its_part_and_is_named(fault, lesson, monkeypatch):
    first, second = lesson.subjects
    monkeypatch.setattr(type(first.model), "explain", broken_by(FAULTS[fault]))
    with pytest.raises(Failed, match="tacotron2") as caught:
        first.explain()
    assert WORDS[fault] in str(caught.value)
    assert [one.label for one in lesson.answering()] == ["fastpitch"]
    notes = dict(opening_notes(lesson))
    assert notes["cannot_explain"]["run"] == "tacotron2"
    assert second.spectrogram.mel.shape[2] > 0


def test_a_failure_is_asked_for_once(lesson, monkeypatch):
    asked = []
    monkeypatch.setattr(type(lesson.subjects[0].model), "explain", broken_by(lambda *_: asked.append(1) or 1 / 0))
    for _ in range(3):
        with pytest.raises(Failed):
            lesson.subjects[0].explain()
    assert len(asked) == 1


def test_a_vocoder_that_fails_is_named_and_costs_its_sound(lesson, monkeypatch):
    subject = lesson.subjects[1]
    monkeypatch.setattr(type(subject.voice.vocoder), "infer", lambda self, mel, generators=None: 1 / 0)
    with pytest.raises(Failed, match="ZeroDivisionError"):
        lesson.heard(subject, subject.spectrogram, "spoken")


def test_an_interrupt_is_nobodys_fault(lesson, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(type(lesson.subjects[0].model), "explain", broken_by(stop))
    with pytest.raises(KeyboardInterrupt):
        lesson.subjects[0].explain()


@pytest.fixture
def one_section(monkeypatch):
    """one_section(build): a page of one section that is built so."""

    def use(build):
        monkeypatch.setattr(sections, "SECTIONS", ("reading",))
        monkeypatch.setattr(sections, "build", lambda name, lesson: build(lesson))

    return use


def test_cards_before_a_failure_are_kept(runs, registry, tmp_path, one_section):
    def build(lesson):
        yield Card(
            "reading.first", (Figure("reading.picture", "heatmap", {"values": lesson.sheet.array(np.eye(3))}),), title="One"
        )
        raise KeyError("lost")

    one_section(build)
    report = explain(runs, SENTENCE, tmp_path / "p", registry=registry)
    html = report.page.read_text(encoding="utf-8")
    assert "reading.first" in html and "KeyError" in html
    assert list(report.failed) == ["reading"]
    assert "reading.picture" in (tmp_path / "p" / "data" / "reading.js").read_text(encoding="utf-8")


def test_a_full_disk_ends_it_and_the_earlier_page_stays(runs, registry, tmp_path, one_section):
    out = tmp_path / "p"
    one_section(lambda lesson: [Card("reading.first", title="Earlier")])
    explain(runs, SENTENCE, out, registry=registry)

    def full(lesson):
        raise OSError(28, "No space left on device")

    one_section(full)
    with pytest.raises((TTSKitError, OSError)):
        explain(runs, SENTENCE, out, registry=registry)
    assert "Earlier" in (out / "index.html").read_text(encoding="utf-8")
    assert [one.name for one in out.iterdir() if one.name.startswith(".new")] == []


def test_a_page_takes_away_what_the_earlier_left_and_nothing_else(runs, registry, tmp_path, one_section):
    out = tmp_path / "p"
    (out / "data").mkdir(parents=True)
    (out / "data" / "corpus.js").write_text("mine", encoding="utf-8")

    def heard(name):
        return lambda lesson: [lesson.heard(lesson.subjects[1], lesson.subjects[1].spectrogram, name) and Card("reading.a")]

    one_section(heard("before"))
    explain(runs, SENTENCE, out, registry=registry)
    assert [one.name for one in (out / "audio").iterdir()] == ["fastpitch-before.flac"]
    one_section(heard("after"))
    explain(runs, SENTENCE, out, registry=registry)
    assert [one.name for one in (out / "audio").iterdir()] == ["fastpitch-after.flac"]
    assert (out / "data" / "corpus.js").read_text(encoding="utf-8") == "mine"


def test_a_list_that_was_tampered_with_removes_nothing_outside(runs, registry, tmp_path, one_section):
    out = tmp_path / "p"
    (out / "data").mkdir(parents=True)
    (tmp_path / "precious").write_text("mine", encoding="utf-8")
    (out / "data" / "files.json").write_text(json.dumps(["data/../../precious", "../precious"]), encoding="utf-8")
    one_section(lambda lesson: [Card("reading.a")])
    explain(runs, SENTENCE, out, registry=registry)
    assert (tmp_path / "precious").is_file()


@pytest.mark.parametrize("text", ["", "   ", "…!?", "\n"])
def test_nothing_to_speak_is_said(text, runs, registry, tmp_path):
    with pytest.raises(InputError, match="nothing to speak"):
        open_lesson(runs, text, tmp_path, registry=registry)


def test_a_sentence_too_long_to_show_is_refused_with_the_limit(runs, registry, tmp_path):
    with pytest.raises(InputError, match=str(MOST_TOKENS)):
        open_lesson(runs, "la luna verde y el sol " * 12, tmp_path, registry=registry)
    check_length(["a"] * MOST_TOKENS)


def test_what_cannot_be_read_is_said(runs, registry, tmp_path):
    notes = opening_notes(open_lesson(runs[1:], "La luna ☂ verde.", tmp_path, registry=registry))
    assert ("unknown_characters", {"characters": "☂", "run": "fastpitch"}) in notes


def test_symbols_that_a_model_does_not_know_are_left_out_and_said(runs, registry, tmp_path, monkeypatch):
    lesson = open_lesson(runs[1:], SENTENCE, tmp_path, registry=registry)
    subject = lesson.subjects[0]
    gone = subject.tokens[2]
    table = type(subject.model.context.symbols)
    known = table.__contains__
    monkeypatch.setattr(table, "__contains__", lambda self, one: one != gone and known(self, one))
    lesson = open_lesson(runs[1:], SENTENCE, tmp_path, registry=registry)
    assert gone not in lesson.subjects[0].tokens
    assert len(lesson.subjects[0].tokens) == len(lesson.subjects[0].token_words)
    assert ("unknown_symbols", {"symbols": gone, "run": "fastpitch"}) in opening_notes(lesson)


def test_a_voice_without_a_trained_vocoder_is_said(lesson):
    assert ("no_vocoder", {"vocoder": "griffinlim", "runs": "tacotron2, fastpitch"}) in opening_notes(lesson)


def test_other_recordings_are_said(lesson):
    lesson.subjects[1].run.info["corpus"] = {**lesson.subjects[1].run.info["corpus"], "manifest_sha256": "other"}
    assert ("different_corpora", {"first": "tacotron2", "other": "fastpitch"}) in opening_notes(lesson)
    lesson.subjects[1].run.info["corpus"] = None
    assert ("unknown_corpus", {"run": "fastpitch"}) in opening_notes(lesson)


def test_another_mel_is_said(lesson, monkeypatch):
    import ttskit_explain.opening as opening

    def differs(one, other, *labels):
        raise MismatchError("mels differ", "", "")

    monkeypatch.setattr(opening, "require_same_mel", differs)
    assert ("different_mels", {"first": "tacotron2", "other": "fastpitch"}) in opening_notes(lesson)


def test_folders_of_one_name_are_told_apart(runs, registry, tmp_path):
    import shutil

    other = tmp_path / "again" / "fastpitch"
    shutil.copytree(runs[1], other)
    lesson = open_lesson([runs[1], other], SENTENCE, tmp_path, registry=registry)
    assert [one.label for one in lesson.subjects] == ["fastpitch (1)", "fastpitch (2)"]


def test_wrong_usage_is_said(runs, registry, tmp_path):
    with pytest.raises(UsageError, match="no run"):
        explain([], SENTENCE, tmp_path, registry=registry)
    with pytest.raises(UsageError, match="no section"):
        explain(runs, SENTENCE, tmp_path, only=["dessert"], registry=registry)
    with pytest.raises(UsageError, match="'fr'"):
        explain(runs, SENTENCE, tmp_path, language="fr", registry=registry)
