"""The walk of any run by its own steps: third parties' models, models that explain nothing of themselves, and all built-ins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ttskit.interfaces.explanation import Axis, Explainable, Recorded
from ttskit_explain.making import open_lesson
from ttskit_explain.page import render
from ttskit_explain.sections import walk as section
from ttskit_explain.sections import walk_others
from ttskit_explain.texts import LANGUAGES, PageTexts

DISTRIBUTION = Path(__file__).parents[1] / "third_party" / "ttskit_example"
SENTENCE = "La luna verde."


@pytest.fixture
def example(lesson, monkeypatch):
    """example("Stretch") -> the lesson of one run that is a third party's model, untrained."""
    monkeypatch.syspath_prepend(str(DISTRIBUTION))

    def call(name: str, decoding: str):
        from ttskit_example import config, model, murmur

        subject = lesson.first("parallel")
        torch.manual_seed(0)
        made = getattr(model if name == "Stretch" else murmur, name)(getattr(config, f"{name}Options")(), subject.model.context)
        subject.model = subject.voice.acoustic = made.eval()
        subject.decoding = decoding
        lesson.subjects, lesson.aligner = [subject], None
        return lesson

    return call


def cards_of(lesson):
    cards = section.build(lesson)
    page = render({"walk": cards}, first="en", languages=LANGUAGES, text=SENTENCE, runs=["one"])
    assert all(f'id="figure.{figure.key}"' in page for card in cards for figure in card.figures)
    return {card.key: card for card in cards}


def test_a_third_partys_parallel_model_gets_the_cards_that_it_can(example):
    lesson = example("Stretch", "parallel")
    cards = cards_of(lesson)
    assert list(cards) == ["walk.way", "walk.embedding", "walk.joint_given", "walk.encoder", "walk.duration", "walk.mel"]
    boxes = {box["name"]: box["card"] for box in cards["walk.way"].figures[0].spec["boxes"]}
    assert [name for name, card in boxes.items() if card is None] == ["pitch", "decoder", "projection"]
    assert boxes["joint"] == "walk.joint_given"
    stages = [stage["key"] for stage in cards["walk.encoder"].figures[0].spec["stages"]]
    assert stages == ["stretch.token", "stretch.sound"]
    spec = cards["walk.duration"].figures[0].spec
    tokens = len(lesson.subjects[0].tokens)
    frames = {(one["knob"], one["value"]): one["frames"] for one in spec["variants"]}
    assert frames["plain", 1.0] == [6] * tokens  # its options: every token six frames
    assert frames["pace", 1.5] == [4] * tokens
    assert sum(frames["held", 3]) == 6 * tokens + 12 and spec["log"] is None


def test_a_third_partys_model_that_explains_nothing_is_walked_by_what_infer_gives(example):
    lesson = example("Murmur", "autoregressive")
    cards = cards_of(lesson)
    assert list(cards) == ["walk.others"]
    steps = cards["walk.others"].figures[0].spec["runs"][0]["steps"]
    assert [step["key"] for step in steps][-1] == "model.mel"
    assert all(step["picture"] is not None for step in steps)


def test_a_parallel_model_without_explaining_has_durations_pitch_and_mel(lesson, monkeypatch):
    subject = lesson.first("parallel")
    monkeypatch.setattr(type(subject.model), "explaining", Explainable.explaining)
    lesson.subjects, lesson.aligner = [subject], None
    cards = cards_of(lesson)
    assert list(cards) == ["walk.way", "walk.joint_given", "walk.pitch", "walk.duration", "walk.mel"]


def test_each_step_of_a_run_has_its_picture_and_changes_are_what_explain_gives(lesson, monkeypatch):
    monkeypatch.setattr("ttskit_explain.sheet.Sheet.array", lambda self, values: np.asarray(values))
    subject = lesson.first("autoregressive")
    steps = walk_others.steps_of(lesson, subject)
    assert [step["key"] for step in steps] == [step.key for step in subject.explanation.steps]
    pictures = {step["key"]: step["picture"] for step in steps}
    attention = pictures["tacotron2.attention"]
    assert (attention["rows"]["name"], attention["columns"]["name"]) == ("token", "frame")
    assert (attention["panes"][0]["values"] == subject.explanation["tacotron2.attention"]["weights"].T).all()
    gates = pictures["tacotron2.attention_lstm"]
    assert [pane["name"] for pane in gates["panes"]] == ["i", "f", "g", "o"] and gates["columns"]["name"] == "step"
    assert pictures["tacotron2.stop"]["kind"] == "line"
    heard = [variant for step in steps for variant in step["variants"] if variant["key"]]
    assert len(heard) == walk_others.MOST_CHANGES
    for variant in heard:
        (choice,) = (one for one in subject.interventions[variant["key"]].choices if str(one) == variant["choice"])
        assert np.allclose(variant["mel"], subject.explain({variant["key"]: choice}).spectrogram.mel[0].numpy())
        assert variant["audio"]["seconds"] > 0
    offered = {key for step in steps for key in step["more"]} | {variant["key"] for variant in heard}
    assert offered == set(subject.interventions)


def test_a_change_that_fails_says_why_and_a_run_that_fails_costs_itself_alone(lesson, monkeypatch):
    subject = lesson.first("autoregressive")
    subject.explanation  # noqa: B018
    monkeypatch.setattr(type(subject.model), "explain", lambda *a, **k: 1 / 0)
    whys = [
        variant.get("why") for step in walk_others.steps_of(lesson, subject) for variant in step["variants"] if variant["key"]
    ]
    assert len(whys) == walk_others.MOST_CHANGES and all("ZeroDivisionError" in why for why in whys)
    subject._kept.clear()
    card = walk_others.others(lesson, [subject])
    assert card.figures == () and card.notes[0].key == "walk.no_steps"
    assert "walk.mel" in cards_of(lesson)


@pytest.mark.parametrize(
    ("axes", "shape", "rows", "columns", "panes"),
    [
        (("token", "channel"), (5, 7), "channel", "token", 1),
        (("frame", "token"), (9, 5), "token", "frame", 1),
        (("band", "frame"), (4, 9), "band", "frame", 1),
        (("query", "key"), (5, 5), "query", "key", 1),
        (("head", "query", "key"), (2, 5, 5), "query", "key", 2),
        (("head", "step", "token"), (3, 9, 5), "token", "step", 3),
        (("step", "gate", "channel"), (9, 4, 7), "channel", "step", 4),
    ],
)
def test_a_tensor_is_drawn_by_its_axes(axes, shape, rows, columns, panes, lesson, monkeypatch):
    monkeypatch.setattr("ttskit_explain.sheet.Sheet.array", lambda self, values: np.asarray(values))
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    drawn = walk_others.picture(lesson, Recorded("x", values, tuple(Axis(name) for name in axes)), ["a"] * 5)
    assert (drawn["rows"]["name"], drawn["columns"]["name"], len(drawn["panes"])) == (rows, columns, panes)
    first = next(pane["values"] for pane in drawn["panes"])
    assert first.shape == tuple(shape[axes.index(name)] for name in (rows, columns))
    place = [0] * len(shape)  # one step along the columns, everything else 0
    place[axes.index(columns)] = 1
    assert first[0, 1] == values[tuple(place)]
    assert drawn["columns"]["labels"] == (["a"] * 5 if columns in ("token", "key") else None)


def test_what_has_no_picture_and_what_is_cut(lesson):
    def of(values, *axes):
        return walk_others.picture(lesson, Recorded("x", values, tuple(Axis(name) for name in axes)), ["a"])

    assert of(np.zeros((0, 3)), "frame", "channel") is None
    assert of(np.zeros((2, 3, 4)), "frame", "token", "channel") is None
    cut = of(np.zeros((2, 300)), "frame", "channel")
    assert cut["shown"] == [walk_others.MOST_CHANNELS, 2] and cut["cut"] == 300
    assert of(np.array([[-np.inf, 1.0]]), "step", "token")["range"] == [0.0, 1.0]


def test_every_step_and_change_of_the_built_in_models_has_its_words(run_of, registry, tmp_path):
    runs = [run_of(name) for name in ("tacotron2", "fastpitch", "transformertts")]
    keys, changes = set(), set()
    for subject in open_lesson(runs, SENTENCE, tmp_path, registry=registry).subjects:
        keys |= {step.key for step in subject.explanation.steps}
        changes |= set(subject.interventions)
    assert len(keys) > 25
    for language in LANGUAGES:
        texts = PageTexts(language)
        for key in keys:
            layer = key.rpartition(".")
            plain = f"{layer[0]}.layer" if layer[2].isdigit() else key
            about = layer[0] if layer[2].isdigit() else key
            assert texts.get("steps", key) or texts.get("steps", plain), (language, key)
            assert texts.get("words", f"{about}.about"), (language, key)
        for key in changes:
            assert texts.get("steps", key), (language, key)


def test_both_languages_have_the_same_keys_and_places():
    import re

    one, other = (PageTexts(language).parts for language in LANGUAGES)
    places = re.compile(r"\{(\w+)")
    for part, entries in one.items():
        mine = {key for key in entries if key.startswith("walk")}
        assert mine == {key for key in other[part] if key.startswith("walk")}
        for key in mine:
            assert set(places.findall(str(entries[key]))) == set(places.findall(str(other[part][key]))), key
