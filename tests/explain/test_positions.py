"""Positions: their waves and products by the formula, the sentence without them, and whose numbers notice an exchange."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from looking import array_of, card_of, noted, words_of

from ttskit.nn import sinusoidal_positions
from ttskit_explain.lesson import Subject
from ttskit_explain.making import open_lesson
from ttskit_explain.sections import positions

SENTENCE = "La luna verde."


def test_waves_are_known_by_their_numbers_in_either_order():
    halves = sinusoidal_positions(9, 4).numpy()
    turns = halves[:, [0, 2, 1, 3]]
    assert turns[3, 2] == pytest.approx(math.sin(3 / 10000 ** (2 / 4)), abs=1e-6)  # Vaswani et al. 2017, section 3.5
    assert turns[3, 1] == pytest.approx(math.cos(3.0), abs=1e-6)
    slow = 2 * math.pi * 100
    found = positions.waves(halves)
    assert found is not None and found.scale == pytest.approx(1, abs=1e-5)
    assert found.periods.tolist() == pytest.approx([2 * math.pi, slow, 2 * math.pi, slow])
    assert found.cosine.tolist() == [False, False, True, True]
    found = positions.waves(0.3 * turns)
    assert found is not None and found.scale == pytest.approx(0.3, abs=1e-5)
    assert found.periods.tolist() == pytest.approx([2 * math.pi, 2 * math.pi, slow, slow])
    assert found.cosine.tolist() == [False, True, False, True]


@pytest.mark.parametrize("other", [np.random.default_rng(0).normal(size=(9, 4)), np.zeros((9, 3)), np.ones((1, 4))])
def test_other_positions_have_no_periods(other):
    assert positions.waves(other) is None


def test_attention_by_distance_by_hand():
    one = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.0, 0.4, 0.6]])
    weights = np.stack([one, np.eye(3)])
    mean = (one + np.eye(3)) / 2
    expected = [mean[2, 0], (mean[1, 0] + mean[2, 1]) / 2, (mean[0, 0] + mean[1, 1] + mean[2, 2]) / 3]
    expected += [(mean[0, 1] + mean[1, 2]) / 2, mean[0, 2]]
    np.testing.assert_allclose(positions.by_distance(weights), expected)


@pytest.mark.parametrize(
    ("tokens", "words", "expected"),
    [
        ("|abc,d|", [None, 0, 0, 1, None, 2, None], ("|cab,d|", "ab", "c")),
        ("|a,a,bc|", [None, 0, None, 1, None, 2, 2, None], ("|bc,a,a|", "a", "bc")),  # the next word of other sounds
        ("|aab|", [None, 0, 0, 0, None], ("|baa|", "a", "b")),  # one word only
        ("|aa|", [None, 0, 0, None], None),
        ("|", [None], None),
    ],
)
def test_two_words_change_places(tokens, words, expected):
    found = positions.swapped(tokens, words)
    if expected is None:
        assert found is None
        return
    order, first, second = found
    assert ("".join(tokens[i] for i in order), first, second) == expected
    assert sorted(order) == list(range(len(tokens)))


def test_waves_and_products_are_those_that_were_added(lesson):
    cards = positions.build(lesson)
    subject = lesson.subjects[1]
    added = subject.explanation["fastpitch.encoder.positions"]["positions"]
    card = card_of(cards, "positions.waves")
    (run,) = card.figures[0].spec["runs"]
    assert run["label"] == "fastpitch" and noted(card) == ["positions.some", "positions.halves"]
    np.testing.assert_allclose(array_of(lesson.sheet, run["values"]), added, atol=1e-3)
    channels = added.shape[1]
    assert run["periods"][1] == pytest.approx(2 * math.pi * 10000 ** (2 / channels), abs=0.01)

    card = card_of(cards, "positions.distance")
    products = array_of(lesson.sheet, card.figures[0].spec["products"])
    by_hand = sum(math.cos(3 / 10000 ** (2 * i / channels)) for i in range(channels // 2))
    assert products[2, 5] == pytest.approx(by_hand, abs=0.01) and products[7, 4] == pytest.approx(by_hand, abs=0.01)
    assert card.values["own"] == pytest.approx(channels / 2) and card.values["apart"] < 0.001
    assert words_of(cards)


def test_the_sentence_without_positions_is_what_the_model_said_without_them(lesson):
    card = card_of(positions.build(lesson), "positions.without")
    subject = lesson.subjects[1]
    (run,) = card.figures[0].spec["runs"]
    found = {(one["side"], one["how"]): one for one in run["variants"]}
    asked = {(side, how): {f"{side}.positions": how} for side in ("encoder", "decoder") for how in ("removed", "shuffled")}
    assert set(found) == {("", "as_is"), *asked}
    plain = subject.explanation.spectrogram
    for key, change in asked.items():
        noise = [torch.Generator().manual_seed(subject.seed)]
        spoken = subject.model.explain(subject.inputs, None, noise, change).spectrogram
        mel = array_of(lesson.sheet, found[key]["mel"])
        np.testing.assert_allclose(mel, spoken.mel[0, :, : int(spoken.lengths[0])], rtol=2e-3, atol=1e-2)
        assert found[key]["frames"] == int(spoken.lengths[0]) == sum(found[key]["durations"])
        assert spoken.mel.shape != plain.mel.shape or not torch.equal(spoken.mel, plain.mel)
        assert (lesson.sheet.folder / found[key]["audio"]["audio"]).is_file()


def test_how_far_attention_looks_is_counted_on_its_weights(lesson):
    card = card_of(positions.build(lesson), "positions.looks")
    (run,) = card.figures[0].spec["runs"]
    subject, reach = lesson.subjects[1], -run["first"]
    for change, shown in ((None, "plain"), ({"encoder.positions": "removed"}, "removed")):
        weights = subject.explain(change)["fastpitch.encoder.1"]["weights"].astype(np.float64)
        length = weights.shape[-1]
        for distance in (-reach, 0, 2):
            pairs = [weights[:, i, i + distance].mean() for i in range(length) if 0 <= i + distance < length]
            assert run["layers"][0][shown][reach + distance] == pytest.approx(np.mean(pairs), abs=2e-5)
    assert len(run["layers"][0]["plain"]) == 2 * reach + 1


def test_who_notices_that_two_words_changed_places(lesson):
    card = card_of(positions.build(lesson), "positions.order")
    shown = {(one["run"], one["kind"], one["removed"]): one for one in card.figures[0].spec["shown"]}
    assert set(shown) == {("tacotron2", "lstm", False), ("fastpitch", "attention", False), ("fastpitch", "attention", True)}
    assert (card.values["first"], card.values["second"]) == ("la", "lˈuna")
    moved = {key: np.array(one["moved"]) for key, one in shown.items()}
    assert shown["tacotron2", "lstm", False]["mean"] > 0.01 and shown["fastpitch", "attention", False]["mean"] > 0.001
    assert moved["fastpitch", "attention", True].max() < 1e-4  # a bag of symbols has no order
    assert card.notes == ()

    # the LSTM's cells of the last symbol, by hand
    subject = lesson.subjects[0]
    order, *_ = positions.swapped(subject.tokens, subject.token_words)
    turned = subject.inputs_of([subject.tokens[i] for i in order])
    noise = [torch.Generator().manual_seed(subject.seed)]
    after = subject.model.explain(turned, None, noise)["tacotron2.encoder"]["ahead_cells"][-1]
    before = subject.explanation["tacotron2.encoder"]["ahead_cells"][-1]
    length = (np.linalg.norm(before) + np.linalg.norm(after)) / 2
    assert moved["tacotron2", "lstm", False][-1] == pytest.approx(np.linalg.norm(after - before) / length, abs=1e-4)


@pytest.fixture
def alone(run_of, registry, tmp_path):
    """alone("fastpitch") -> the lesson of this run only."""
    return lambda model: open_lesson([run_of(model)], SENTENCE, tmp_path / "alone", registry=registry)


def test_a_model_without_self_attention_says_so_on_every_card(alone):
    cards = positions.build(alone("tacotron2"))
    assert noted(card_of(cards, "positions.waves")) == ["positions.none"]
    assert card_of(cards, "positions.waves").figures and card_of(cards, "positions.distance").figures  # the paper's own waves
    assert noted(card_of(cards, "positions.without")) == ["positions.nothing_to_remove"]
    assert noted(card_of(cards, "positions.looks")) == ["positions.no_attention"]
    assert noted(card_of(cards, "positions.order")) == ["positions.no_attention"]
    assert words_of(cards)


def test_a_model_without_gates_says_so(alone):
    cards = positions.build(alone("fastpitch"))
    assert noted(card_of(cards, "positions.order")) == ["positions.no_lstm"]
    assert [one["kind"] for one in card_of(cards, "positions.order").figures[0].spec["shown"]] == ["attention", "attention"]
    assert words_of(cards)


def test_a_model_that_explains_nothing_of_its_own_leaves_the_paper_s_waves(lesson, monkeypatch):
    for subject in lesson.subjects:
        monkeypatch.setattr(type(subject.model), "explaining", "")
    cards = positions.build(lesson)
    assert noted(card_of(cards, "positions.waves")) == ["positions.none"]
    assert noted(card_of(cards, "positions.order")) == ["positions.no_lstm", "positions.no_attention"]
    assert [card.key for card in cards if card.figures] == ["positions.waves", "positions.distance"]
    assert words_of(cards)


def test_a_change_that_fails_costs_its_variant(alone, monkeypatch):
    lesson = alone("fastpitch")
    (subject,) = lesson.subjects
    whole = type(subject.model).explain

    def failing(self, inputs, controls=None, generators=None, changed=None):
        return whole(self, inputs, controls, generators, changed) if not changed else 1 / 0

    monkeypatch.setattr(type(subject.model), "explain", failing)
    cards = positions.build(lesson)
    card = card_of(cards, "positions.without")
    assert [one["how"] for one in card.figures[0].spec["runs"][0]["variants"]] == ["as_is"]
    assert noted(card) == ["positions.failed"] and words_of(cards)


def test_a_sentence_of_one_sound_has_nothing_to_exchange(lesson):
    for i, old in enumerate(lesson.subjects):
        analysis = replace(old.analysis, tokens=("a", "a"), token_words=(0, 0))
        lesson.subjects[i] = Subject(old.system, analysis, old.registry, old.origin)
    card = positions._order(lesson)
    assert noted(card) == ["positions.one_sound", "positions.no_lstm", "positions.no_attention"] and words_of([card])
