"""The section on self-attention: its numbers against hand computation on tiny runs."""

from __future__ import annotations

import base64
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ttskit_explain import attending, switching
from ttskit_explain.lesson import Failed, Lesson, Subject
from ttskit_explain.making import open_lesson
from ttskit_explain.sections import attention

SENTENCE = "La luna verde."
HALF = {"rtol": 2e-3, "atol": 2e-3}  # float16 on the page


class Page:
    """The section of some runs, and its arrays read back from the file that the page loads."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.cards = {card.key: card for card in attention.build(lesson)}
        self.figures = {figure.key: figure.spec for card in self.cards.values() for figure in card.figures}
        text = lesson.sheet.write("attention", self.figures).read_text(encoding="utf-8")
        self._arrays = json.loads(text[text.index("{") : text.rindex(")")])["arrays"]

    def array(self, ref: dict[str, str]) -> np.ndarray:
        one = self._arrays[ref["array"]]
        return np.frombuffer(base64.b64decode(one["base64"]), "<" + one["type"]).reshape(one["shape"]).astype(float)


@pytest.fixture(scope="module")
def page_of(run_of, registry, tmp_path_factory):
    """page_of("fastpitch") -> the section of that run alone, made once."""
    made: dict[str, Page] = {}

    def call(model: str) -> Page:
        if model not in made:
            folder = tmp_path_factory.mktemp("attention")
            lesson = open_lesson([run_of(model)], SENTENCE, folder, registry=registry)
            if model == "transformertts":  # trained too little to know when to stop
                with torch.no_grad():
                    lesson.subjects[0].model.decoder.gate.bias.fill_(-9.0)
            made[model] = Page(lesson)
        return made[model]

    return call


def _subject(page: Page) -> Subject:
    return page.lesson.subjects[0]


def _softmax_by_hand(row: list[float]) -> list[float]:
    raised = [math.exp(x) for x in row]
    return [x / sum(raised) for x in raised]


@pytest.mark.parametrize("model", ["fastpitch", "transformertts"])
def test_weights_follow_from_the_queries_and_keys_that_are_shown(page_of, model):
    page = page_of(model)
    (stack,) = page.figures["attention.qkv"]["stacks"]
    recorded = attending.stacks(_subject(page).explanation)[0]
    for layer, truth in zip(stack["layers"], recorded.layers, strict=True):
        q, k, shown = (page.array(layer[name]) for name in ("q", "k", "weights"))
        heads, tokens, d = q.shape
        assert (heads, d) == (layer["heads"], layer["d"])
        for h in range(heads):
            for i in (0, tokens // 2, tokens - 1):
                scores = [sum(q[h, i, c] * k[h, j, c] for c in range(d)) for j in range(tokens)]
                np.testing.assert_allclose(page.array(layer["scores"])[h, i], scores, rtol=5e-3, atol=2e-2)
                np.testing.assert_allclose(shown[h, i], _softmax_by_hand([s / math.sqrt(d) for s in scores]), **HALF)
                np.testing.assert_allclose(page.array(layer["sharp"])[h, i], _softmax_by_hand(scores), atol=6e-3)
                bits = -sum(w * math.log2(w) for w in truth.weights[h, i] if w > 0)
                assert page.array(layer["bits"])[h, i] == pytest.approx(bits, abs=5e-3)
        np.testing.assert_allclose(shown, truth.weights, **HALF)


@pytest.mark.parametrize("model", ["fastpitch", "transformertts"])
def test_heads_put_together_and_mixed_are_what_the_layer_adds(page_of, model):
    page = page_of(model)
    network = _subject(page).model.get_submodule("encoder.blocks.0.attention.out")
    mixing = network.weight.detach().numpy()
    bias = 0.0 if network.bias is None else network.bias.detach().numpy()
    truth = attending.stacks(_subject(page).explanation)[0].layers[0]
    outputs = attending.head_outputs(truth.weights, truth.v)
    joined = np.concatenate(list(outputs), axis=1)
    np.testing.assert_allclose(joined @ mixing.T + bias, truth.adds, rtol=1e-4, atol=1e-5)
    layer = page.figures["attention.heads"]["stacks"][0]["layers"][0]
    np.testing.assert_allclose(page.array(layer["out"]), outputs, **HALF)
    np.testing.assert_allclose(page.array(layer["adds"]), truth.adds, **HALF)
    given, width = page.array(layer["given"]), outputs.shape[2]
    assert len(given) == layer["heads"]
    for h in range(layer["heads"]):  # each head by its own columns of W_O
        np.testing.assert_allclose(given[h], outputs[h] @ mixing[:, h * width : (h + 1) * width].T, **HALF)
    np.testing.assert_allclose(given.sum(0) + bias, truth.adds, rtol=5e-3, atol=5e-3)


def test_padding_gets_nothing_and_the_rest_is_what_it_is_alone(page_of):
    page = page_of("fastpitch")
    subject, spec = _subject(page), page.figures["attention.padding"]
    n, tokens = len(spec["queries"]), len(spec["keys"])
    assert 1 < n < tokens == len(subject.tokens)
    masked, opened = page.array(spec["masked"]), page.array(spec["open"])
    assert (masked[..., n:] == 0.0).all()
    assert (opened[..., n:] > 0.0).any()
    edge = 1 if subject.token_words[-1] is None else 0
    short = (*subject.tokens[: n - edge], *subject.tokens[len(subject.tokens) - edge :])
    alone = subject.model.explain(subject.inputs_of(short), None, [torch.Generator().manual_seed(0)])
    np.testing.assert_allclose(masked[..., :n], attending.stacks(alone)[0].layers[0].weights, **HALF)
    lost = page.cards["attention.mask"].values["lost"]
    assert lost == pytest.approx(100 * opened[..., n:].sum(-1).mean(), abs=0.5)


def test_a_decoder_gives_nothing_to_steps_that_are_not_made_yet(page_of):
    page = page_of("transformertts")
    spec = page.figures["attention.ahead"]
    assert spec["kind"] == "steps"
    masked = page.array(spec["masked"])
    steps = masked.shape[1]
    assert not np.triu(masked, 1).any()
    recorded = next(one for one in attending.stacks(_subject(page).explanation) if one.place == "step")
    np.testing.assert_allclose(masked, recorded.layers[0].weights[:, :steps, :steps], **HALF)
    scores, opened = page.array(spec["scores"]), page.array(spec["open"])
    np.testing.assert_allclose(opened[0, 1], _softmax_by_hand(list(scores[0, 1])), **HALF)


def test_without_the_scaling_the_first_layer_looks_as_the_softmax_of_its_plain_scores(page_of):
    page = page_of("fastpitch")
    tokens = next(one for one in page.figures["attention.without"]["stacks"] if one["place"] == "token")
    unscaled = next(one for one in tokens["variants"] if one["kind"] == "unscaled")
    sharp = page.figures["attention.scaled"]["stacks"][0]["layers"][0]["sharp"]
    np.testing.assert_allclose(page.array(unscaled["weights"][0]), page.array(sharp), atol=4e-3)


@pytest.mark.parametrize("model", ["fastpitch", "transformertts"])
def test_every_change_is_measured_and_the_telling_ones_are_heard(page_of, model):
    page = page_of(model)
    kinds = set()
    for stack in page.figures["attention.without"]["stacks"]:
        assert (page.lesson.sheet.folder / stack["plain"]["audio"]).is_file()
        for one in stack["variants"]:
            kinds.add(one["kind"])
            assert one["db"] >= 0.0 and page.array(one["mel"]).ndim == 2
            assert page.array(one["mel"]).shape[1] == one["frames"]
            if "audio" in one:
                assert (page.lesson.sheet.folder / one["audio"]).is_file()
        heads = sorted((o for o in stack["variants"] if o["kind"] == "head_off"), key=lambda o: -o["db"])
        assert all("audio" in one for one in heads[:2])
    assert kinds == ({"unscaled", "head_off", "mask"} if model == "transformertts" else {"unscaled", "head_off"})


def test_the_difference_of_two_mels_in_decibels(page_of):
    subject = _subject(page_of("fastpitch"))
    plain, mel = subject.spectrogram, subject.model.context.mel
    assert switching.difference_db(plain, plain, mel) == 0.0
    ten_times = replace(plain, mel=plain.mel + math.log(10.0))  # a magnitude of ten times is 20 dB more
    assert switching.difference_db(plain, ten_times, mel) == pytest.approx(20.0, rel=1e-4)


def test_a_run_that_fails_with_something_off_costs_no_other_card(run_of, registry, tmp_path, monkeypatch):
    lesson = open_lesson([run_of("fastpitch")], SENTENCE, tmp_path, registry=registry)
    plainly = Subject.explain

    def failing(self, changed=None, seed=None):
        if changed:
            raise Failed("broken by the test")
        return plainly(self, changed, seed)

    monkeypatch.setattr(Subject, "explain", failing)
    page = Page(lesson)
    notes = {note.key: note.values for note in page.cards["attention.without"].notes}
    assert notes["failed"] == {"why": "broken by the test"}
    assert page.figures["attention.scores"]["stacks"][0]["layers"]
    assert [note.key for note in page.cards["attention.heads_whole"].notes] == ["attention.no_heads"]


def test_runs_without_self_attention_show_the_arithmetic_on_projections_that_are_said_to_be_drawn(page_of):
    page = page_of("tacotron2")
    for name in ("qkv_drawn", "scores", "scaled", "mask_ahead", "softmax", "sum", "heads_whole"):
        assert [note.key for note in page.cards[f"attention.{name}"].notes] == ["attention.untrained"]
    layer = page.figures["attention.qkv"]["stacks"][0]["layers"][0]
    q, k, weights = (page.array(layer[name]) for name in ("q", "k", "weights"))
    row = [float(q[1, 2] @ k[1, j]) / math.sqrt(layer["d"]) for j in range(weights.shape[2])]
    np.testing.assert_allclose(weights[1, 2], _softmax_by_hand(row), **HALF)
    assert not np.triu(page.array(page.figures["attention.ahead"]["masked"]), 1).any()
    for name in ("no_grid", "no_without"):
        card = page.cards[f"attention.{name}"]
        assert not card.figures and [note.key for note in card.notes] == ["attention.none_here"]


def test_entropy_is_in_bits():
    weights = np.array([[1.0, 0.0, 0.0, 0.0], [0.25] * 4, [0.5, 0.25, 0.25, 0.0]])
    np.testing.assert_allclose(attending.entropy_bits(weights), [0.0, 2.0, 1.5], atol=1e-12)


def test_spread_of_scores_by_the_channels_that_count():
    rng = np.random.default_rng(3)
    q, k = rng.standard_normal((2, 1, 400, 64))
    measured, independent = attending.growth(q, k)
    two = [q[0, i, :2] @ k[0, j, :2] for i in range(400) for j in range(400)]
    assert measured[0, 1] == pytest.approx(np.std(two), rel=1e-6)
    assert independent[0, 0] == pytest.approx(measured[0, 0])
    np.testing.assert_allclose(measured[0, [15, 63]], [4.0, 8.0], rtol=0.1)  # √16 and √64, for unit variance


def _kinds(n: int) -> dict[str, np.ndarray]:
    tokens = list("|abcab|")[:n]
    return attending.kinds_of("token", n, tokens, [token == "|" for token in tokens])


def test_words_of_a_map_follow_from_its_shares():
    n = 7
    one, before = np.eye(n), np.eye(n, k=-1)
    before[0, 0] = 1.0
    found = {name: attending.described(w, _kinds(n)) for name, w in (("one", one), ("before", before))}
    found["even"] = attending.described(np.full((n, n), 1 / n), _kinds(n))
    found["some"] = attending.described(0.6 / n + 0.4 * one, _kinds(n))
    assert [(found[name]["rule"], found[name]["what"]) for name in ("before", "even", "some")] == [
        ("mostly", "before"),
        ("spread", ""),
        ("more", "self"),
    ]
    even = found["even"]
    assert even["shares"] == pytest.approx(even["chance"])
    assert even["shares"]["silent"] == pytest.approx((5 * 2 + 2 * 1) / 49)  # two edges, each of which does not count itself
    assert even["shares"]["same"] == pytest.approx(6 / 49)  # a, b and the edges: two each
    assert found["before"]["shares"]["before"] == pytest.approx(6 / 7)
    assert found["some"]["shares"]["self"] == pytest.approx(0.6 / 7 + 0.4)
    assert found["one"]["bits"] == 0.0 and even["bits"] == pytest.approx(math.log2(7))


def test_chance_counts_only_what_may_be_seen():
    weights = np.tril(np.ones((4, 4)))
    weights /= weights.sum(-1, keepdims=True)
    found = attending.described(weights, attending.kinds_of("step", 4, [], []), causal=True)
    assert found["chance"]["self"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert found["rule"] == "spread"


def test_frames_belong_to_the_symbols_that_last():
    owners = attending.frame_tokens(np.array([2, 0, 3]), 5)
    assert owners.tolist() == [0, 0, 2, 2, 2]
    assert attending.frame_tokens(np.array([2, 2]), 5) is None
    kinds = attending.kinds_of("frame", 5, ["a", "b", "."], [False, False, True], owners)
    assert kinds["own"].sum() == 2 + 6
    assert kinds["quiet"].sum() == 2 * 3  # the two frames of “a” may look at three of “.”


def test_a_thinned_map_still_adds_up():
    weights = np.random.default_rng(0).dirichlet(np.ones(7), (2, 7))
    small, every = attending.thinned(weights, 4)
    assert (every, small.shape) == (2, (2, 4, 4))
    np.testing.assert_allclose(small.sum(-1), 1.0)
    assert small[1, 0, 1] == pytest.approx((weights[1, 0, 2:4].sum() + weights[1, 1, 2:4].sum()) / 2)
    assert small[0, 3, 3] == pytest.approx(weights[0, 6, 6])


def test_every_word_that_the_script_says_is_there_in_both_languages():
    from ttskit_explain.texts import PageTexts

    folder = Path(attention.__file__).parents[1] / "script"
    script = "".join((folder / f"{name}.js").read_text(encoding="utf-8") for name in ("attention", "attention_maps"))
    whole = set(re.findall(r'"(attention_[a-z_]+)"', script))
    labels = {f"{key}_label" for key in re.findall(r'(?:cell|all)\((?:k, |v, )?"(attention_[a-z_]+)"', script)}
    begun = set(re.findall(r"`(attention_[a-z_]+)\$\{", script)) - {"attention_"}
    assert len(whole) > 50 and "attention_rule_" in begun and len(labels) == 6
    texts = {name: PageTexts(name).parts for name in ("es", "en")}
    for language, parts in texts.items():
        assert sorted((whole | labels) - set(parts["words"])) == [], language
        assert all(any(key.startswith(start) for key in parts["words"]) for start in begun), language
        kinds = [*_kinds(4), "word", "vowel", "stressed", "near", "own", "quiet", "just", "first"]
        wanted = {f"attention_{way}_{kind}" for way in ("to", "short") for kind in kinds}
        wanted |= {f"attention_rule_{rule}" for rule in ("mostly", "more", "spread", "none")}
        assert wanted <= set(parts["words"]), language
    for part in ("words", "cards", "captions", "notes"):
        keys = [{key for key in one[part] if key.startswith("attention")} for one in texts.values()]
        assert keys[0] == keys[1], part
        for key in keys[0]:
            places = [set(re.findall(r"\{(\w+)", str(one[part][key]))) for one in texts.values()]
            assert places[0] == places[1], key
