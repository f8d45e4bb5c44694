"""The stream: sizes, shares and layer normalisation by hand, in models that normalise before, after, and not at all."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from looking import array_of, card_of, noted, words_of

from ttskit.interfaces.explanation import Axis, Explanation, Recorded, Step
from ttskit_explain.making import open_lesson
from ttskit_explain.residual import Half, halves, norm_of
from ttskit_explain.sections import positions, reading, stream
from ttskit_transformertts.config import TransformerTTSOptions
from ttskit_transformertts.model import TransformerTTS

TOKEN, CHANNEL = Axis("token"), Axis("channel")
SENTENCE = "La luna verde."


def step(key, **tensors):
    return Step(key, key, tuple(Recorded(name, np.asarray(x, np.float32), (TOKEN, CHANNEL)) for name, x in tensors.items()))


def explained(*steps):
    return Explanation(None, steps)


def test_parts_are_followed_through_layers_by_hand():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = halves(
        explained(
            step("m.embedding", vectors=x),
            step("m.positions", positions=x * 0, sum=x),
            step("m.1", attention_adds=x, after_attention=x * 2, feed_forward_adds=x, out=x * 5),
            step("m.pitch", predicted=x, adds=x),
            step("m.2", **{"in": x}, adds=-x, out=x * 0),
        )
    )
    assert [(h.layer, h.part, h.normed) for h in found] == [
        (1, "attention", False),
        (1, "feed_forward", True),
        (0, "pitch", False),
        (2, "2", False),
    ]
    np.testing.assert_allclose(found[1].before, x * 2)  # what attention left
    np.testing.assert_allclose(found[1].summed, x * 3)
    np.testing.assert_allclose(found[2].before, x * 5)  # what the layer left, though the step does not record it
    np.testing.assert_allclose(found[2].after, x * 6)
    np.testing.assert_allclose(found[3].before, x)


def test_a_part_whose_stream_is_not_known_is_left_out():
    x = np.ones((2, 2))
    assert halves(explained(step("m.1", attention_adds=x, out=x))) == []
    wide = step("m.1", **{"in": np.ones((2, 3))}, attention_adds=x, out=x)
    assert halves(explained(wide)) == []


def test_shares_and_agreement_by_hand():
    before, adds = np.array([[3.0, 4.0], [0.0, 0.0], [1.0, 0.0]]), np.array([[-6.0, -8.0], [1.0, 1.0], [0.0, 0.5]])
    half = Half("m", "token", 1, "attention", before, adds, before + adds)
    assert half.shares.tolist() == pytest.approx([2, 0, 0.5])  # nothing is a share of nothing
    assert half.agreement.tolist() == pytest.approx([-1, 0, 0])
    assert not half.normed


def layer_norm(x, gain, bias):
    unit = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return unit * gain + bias


@pytest.fixture
def by_hand():
    rng = np.random.default_rng(3)
    x, f, gain, bias = rng.normal(1, 2, (6, 8)), rng.normal(size=(6, 8)), rng.normal(1, 0.3, 8), rng.normal(size=8)
    return x, f, gain, bias


def test_a_layer_norm_is_found_by_what_it_does(by_hand):
    x, f, gain, bias = by_hand
    found = norm_of(Half("m", "token", 1, "attention", x, f, layer_norm(x + f, gain, bias)))
    assert found is not None
    np.testing.assert_allclose(found.gain, gain, atol=1e-6)
    np.testing.assert_allclose(found.bias, bias, atol=1e-6)
    assert found.mean[2] == pytest.approx((x + f)[2].sum() / 8) and found.variance[2] == pytest.approx((x + f)[2].var())
    before = norm_of(Half("m", "token", 1, "attention", x, f, x + f, layer_norm(x, gain, bias)))
    assert before is not None and np.array_equal(before.before, x)
    np.testing.assert_allclose(before.gain, gain, atol=1e-6)


def test_what_is_no_layer_norm_is_not_taken_for_one(by_hand):
    x, f, gain, bias = by_hand
    spoilt = layer_norm(x + f, gain, bias)
    spoilt[4, 5] += 0.05  # one number of forty-eight
    assert norm_of(Half("m", "token", 1, "attention", x, f, spoilt)) is None
    assert norm_of(Half("m", "token", 1, "attention", x, f, np.tanh(x + f))) is None
    assert norm_of(Half("m", "token", 1, "attention", x, f, x + f)) is None
    few = Half("m", "token", 1, "attention", x[:2], f[:2], layer_norm(x + f, gain, bias)[:2])
    assert norm_of(few) is None  # a line through two points always fits


def test_sizes_shares_and_neurons_are_those_of_the_model(lesson):
    cards = stream.build(lesson)
    subject = lesson.subjects[1]
    block = subject.explanation["fastpitch.encoder.1"]
    side = card_of(cards, "stream.sizes").figures[0].spec["runs"][0]["sides"][0]
    assert side["place"] == "token" and side["parts"][:2] == [
        {"layer": 1, "part": "attention", "worded": True},
        {"layer": 1, "part": "feed_forward", "worded": True},
    ]
    sizes = array_of(lesson.sheet, side["sizes"])
    came, added, left = block["in"][3].astype(float), block["attention_adds"][3].astype(float), block["after_attention"][3]
    expected = [float(np.sqrt(np.mean(np.square(v)))) for v in (came, added, came + added, left)]
    assert sizes[0, :, 3].tolist() == pytest.approx(expected, rel=2e-3)
    assert side["mean"][0][1] == pytest.approx(float(np.sqrt((block["attention_adds"] ** 2).mean(1)).mean()), abs=1e-3)

    side = card_of(cards, "stream.adds").figures[0].spec["runs"][0]["sides"][0]
    assert array_of(lesson.sheet, side["share"])[0, 3] == pytest.approx(100 * expected[1] / expected[0], rel=2e-3)
    cosine = came @ added / np.linalg.norm(came) / np.linalg.norm(added)
    assert array_of(lesson.sheet, side["cosine"])[0, 3] == pytest.approx(cosine, abs=2e-3)

    (part,) = card_of(cards, "stream.hidden").figures[0].spec["runs"][0]["parts"]
    hidden = block["hidden"]
    assert part["each"][4] == sum(x > 0 for x in hidden[4]) and part["units"] == hidden.shape[1]
    assert part["percent"] == pytest.approx(100 * np.count_nonzero(hidden) / hidden.size)
    assert part["never"] == sum(not unit.any() for unit in hidden.T) and part["always"] == sum(unit.all() for unit in hidden.T)
    drawn = array_of(lesson.sheet, part["values"])
    assert sorted(drawn.sum(0)) == pytest.approx(sorted(hidden.sum(0)), rel=1e-2, abs=1e-3)  # the same units in another order
    loudest = [int(unit.argmax()) for unit in drawn.T if unit.any()]
    assert loudest == sorted(loudest)
    assert words_of(cards)


def test_gain_and_bias_of_the_sentence_are_the_model_s(lesson):
    found = [one for one in halves(lesson.subjects[1].explanation) if one.place == "token" and one.layer]
    block = lesson.subjects[1].model.get_submodule("encoder.blocks.0")
    for half, name in zip(found, ("attention.norm", "feed_forward.norm"), strict=True):
        norm, own = norm_of(half), block.get_submodule(name)
        assert norm is not None
        np.testing.assert_allclose(norm.gain, own.weight.detach(), atol=5e-3)
        np.testing.assert_allclose(norm.bias, own.bias.detach(), atol=5e-3)
    run = card_of(stream.build(lesson), "stream.norm").figures[0].spec["runs"][0]
    summed = found[0].summed.astype(float)
    assert run["parts"][0]["mean"][2] == pytest.approx(summed[2].mean(), abs=1e-4)
    assert run["parts"][0]["variance"][2] == pytest.approx(summed[2].var(), abs=1e-4)


def transformer(context, **options):
    stack = {"layers": 2, "heads": 2, "filter_channels": 16, **options}
    small = {"channels": 16, "embedding_channels": 16, "encoder_prenet_channels": 16, "prenet_channels": 8}
    small |= {"postnet_channels": 8, "frames_per_token": 4, "end_token": True}
    small |= {"encoder": stack, "decoder": {**stack, "kernel": 1}}
    torch.manual_seed(5)
    model = TransformerTTS(TransformerTTSOptions(**small), context).eval()
    for name, parameter in model.named_parameters():
        if ".norm." in name:
            torch.nn.init.uniform_(parameter, 0.5, 1.5)  # so that a gain is seen
    return model


@pytest.mark.parametrize(("norm", "kernel"), [("before", 1), ("after", 3)])
def test_a_transformer_tts_is_followed_whichever_way_it_normalises(norm, kernel, lesson):
    subject = lesson.subjects[0]
    subject.model = transformer(subject.model.context, norm=norm, kernel=kernel)
    found = [one for one in halves(subject.explanation) if one.place == "token"]
    assert [(h.layer, h.part, h.normed) for h in found] == [
        (layer, part, norm == "after") for layer in (1, 2) for part in ("attention", "feed_forward")
    ]
    np.testing.assert_array_equal(found[1].after, found[2].before)
    seen, own = norm_of(found[2]), subject.model.encoder.blocks[1].around_attention.norm
    assert seen is not None
    np.testing.assert_allclose(seen.gain, own.weight.detach(), atol=1e-3)
    steps = [one for one in halves(subject.explanation) if one.place == "step"]
    assert [h.part for h in steps[:3]] == ["attention", "reading", "feed_forward"] and len(steps) == 6
    assert all(h.normed == (norm == "after") for h in steps)
    hidden = subject.explanation["transformertts.encoder.1"]["hidden"]
    assert hidden.shape == (len(subject.tokens) + 1, 16) and (hidden >= 0).all() and hidden.any()


def test_an_end_that_a_model_adds_has_a_row_of_its_own(lesson):
    subject = lesson.subjects[0]
    subject.model = transformer(subject.model.context)
    for section in (reading, positions, stream):
        cards = section.build(lesson)
        assert words_of(cards)
        runs = [run for card in cards for figure in card.figures for run in figure.spec.get("runs", ())]
        lists = [one["tokens"] for run in runs for one in (run, *run.get("sides", ())) if "tokens" in one]
        assert section is reading or any(tokens and tokens[-1] == "<end>" for tokens in lists)
        if section is positions:  # its weights have the row as well
            looks = card_of(cards, "positions.looks").figures[0].spec["runs"]
            assert [run["label"] for run in looks] == [one.label for one in lesson.subjects]
    order = card_of(positions.build(lesson), "positions.order").figures[0].spec["shown"]
    with_end = [one for one in order if one["run"] == subject.label]
    assert with_end and all(len(one["moved"]) == len(one["tokens"]) == len(subject.tokens) + 1 for one in with_end)


def test_a_model_without_residuals_shows_its_sizes_and_says_so(run_of, registry, tmp_path):
    lesson = open_lesson([run_of("tacotron2")], SENTENCE, tmp_path / "alone", registry=registry)
    cards = stream.build(lesson)
    assert noted(card_of(cards, "stream.sizes")) == ["stream.none", "stream.nothing"]
    assert noted(card_of(cards, "stream.adds")) == ["stream.nothing"]
    assert noted(card_of(cards, "stream.norm")) == ["stream.no_norm"]
    assert noted(card_of(cards, "stream.hidden")) == ["stream.no_hidden"]
    sizes = {one["key"]: one for one in card_of(cards, "stream.plain").figures[0].spec["runs"][0]["sizes"]}
    memory = lesson.subjects[0].explanation["tacotron2.encoder"]["memory"]
    assert sizes["memory"]["mean"] == pytest.approx(float(np.sqrt((memory**2).mean(1)).mean()), abs=1e-4)
    assert words_of(cards)


def test_a_model_that_explains_nothing_of_its_own_leaves_notes(lesson, monkeypatch):
    for subject in lesson.subjects:
        monkeypatch.setattr(type(subject.model), "explaining", "")
    cards = stream.build(lesson)
    assert all(card.figures == () and card.notes for card in cards) and words_of(cards)


def test_a_model_that_cannot_explain_is_named(lesson, monkeypatch):
    monkeypatch.setattr(type(lesson.subjects[0].model), "explain", lambda *_: 1 / 0)
    card = card_of(stream.build(lesson), "stream.sizes")
    assert noted(card) == ["stream.silent"] and card.notes[0].values["runs"] == "tacotron2"
    assert [one["label"] for one in card.figures[0].spec["runs"]] == ["fastpitch"]
