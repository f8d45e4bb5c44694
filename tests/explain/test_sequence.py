"""Sequence models: gates, states, traces and paths against what is computed by hand from the same weights."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from ttskit.interfaces.acoustic import Spectrogram
from ttskit.interfaces.explanation import Axis, Explanation, Recorded, Step
from ttskit_explain import finding
from ttskit_explain.making import open_lesson
from ttskit_explain.recurrence import GATES, KINDS, Cell, States, influence, path_lengths, ready_at
from ttskit_explain.sections import sequence


@pytest.fixture(scope="module")
def small() -> tuple[nn.LSTM, torch.Tensor]:
    """An LSTM of 3 cells over 7 places of 4 channels, and what arrives."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return nn.LSTM(4, 3, batch_first=True).double(), torch.randn(7, 4, dtype=torch.float64)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(lstm: nn.LSTM, x: torch.Tensor):
    """Gates, cells, hidden states with numpy alone; torch's rows are i, f, g, o."""
    w, u = lstm.weight_ih_l0.detach().numpy(), lstm.weight_hh_l0.detach().numpy()
    b = (lstm.bias_ih_l0 + lstm.bias_hh_l0).detach().numpy()
    size = u.shape[1]
    h, c, gates, cells, hidden = np.zeros(size), np.zeros(size), [], [], []
    for now in x.numpy():
        i, f, g, o = (
            w[k * size : (k + 1) * size] @ now + u[k * size : (k + 1) * size] @ h + b[k * size :][:size] for k in range(4)
        )
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        gates.append([i, f, g, o])
        cells.append(c)
        hidden.append(h)
    return np.array(gates), np.array(cells), np.array(hidden)


def test_gates_cells_and_states_are_those_of_the_formula_and_of_torch(small):
    lstm, x = small
    reading = Cell.of(lstm).read(x)
    gates, cells, hidden = by_hand(lstm, x)
    assert GATES == ("i", "f", "g", "o")
    np.testing.assert_allclose(reading.gates.numpy(), gates, rtol=1e-12)
    np.testing.assert_allclose(reading.cells.numpy(), cells, rtol=1e-12)
    np.testing.assert_allclose(reading.hidden.numpy(), hidden, rtol=1e-12)
    np.testing.assert_allclose(reading.hidden.numpy(), lstm(x[None])[0][0].detach().numpy(), rtol=1e-12)


def test_the_bare_network_is_the_candidates_path_with_every_state_whole(small):
    lstm, x = small
    w, u = lstm.weight_ih_l0.detach().numpy()[6:9], lstm.weight_hh_l0.detach().numpy()[6:9]
    b = (lstm.bias_ih_l0 + lstm.bias_hh_l0).detach().numpy()[6:9]
    h, expected = np.zeros(3), []
    for now in x.numpy():
        h = np.tanh(w @ now + u @ h + b)
        expected.append(h)
    np.testing.assert_allclose(Cell.of(lstm).read_bare(x).numpy(), expected, rtol=1e-12)


def test_an_lstm_in_both_directions_is_read_ahead():
    lstm, x = nn.LSTM(4, 3, bidirectional=True, bias=False), torch.randn(5, 4)
    found = Cell.of(lstm).read(x.double()).hidden
    torch.testing.assert_close(found.float(), lstm(x)[0][:, :3].detach())


@pytest.mark.parametrize("bare", [True, False])
def test_influence_is_what_a_small_change_of_one_place_does(small, bare):
    lstm, x = small
    cell, source, step = Cell.of(lstm), 2, 1e-6
    run = cell.read_bare if bare else lambda x: cell.read(x).hidden
    states = cell.read_bare(x) if bare else torch.cat([cell.read(x).hidden, cell.read(x).cells], 1)
    found = influence(cell.bare_step if bare else cell.step, x, states, cell.size, [source, 0])
    squares = np.zeros(len(x))
    for channel in range(x.shape[1]):
        change = torch.zeros_like(x)
        change[source, channel] = step
        squares += (((run(x + change) - run(x - change)) / (2 * step)) ** 2).sum(1).numpy()
    np.testing.assert_allclose(found[0], np.sqrt(squares), rtol=1e-6, atol=1e-9)
    assert (found[0, :source] == 0).all()
    assert (found[1] > 0).all()


def seen_by(kind: str, places: int, radius: int) -> np.ndarray:
    """Which inputs change which outputs of a real layer, by its derivatives."""
    x = torch.randn(1, places, 4, requires_grad=True)
    if kind in ("ahead", "back", "both"):
        whole = nn.LSTM(4, 3, bidirectional=True, batch_first=True)(x)[0]
        out = {"ahead": whole[..., :3], "back": whole[..., 3:], "both": whole}[kind]
    elif kind == "convolution":
        out = nn.Conv1d(4, 4, 2 * radius + 1, padding=radius)(x.transpose(1, 2)).transpose(1, 2)
    else:
        hidden = torch.ones(places, places, dtype=torch.bool).triu(1) if kind == "masked" else None
        out = nn.MultiheadAttention(4, 2, batch_first=True)(x, x, x, attn_mask=hidden)[0]
    return np.stack(
        [torch.autograd.grad(out[0, t].sum(), x, retain_graph=True)[0][0].abs().sum(1).numpy() > 0 for t in range(places)]
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("radius", [1, 2])
def test_who_sees_whom_is_what_real_layers_see(kind, radius):
    np.testing.assert_array_equal(path_lengths(kind, 8, radius) > 0, seen_by(kind, 8, radius))


def test_a_signal_goes_through_each_state_between():
    assert path_lengths("ahead", 4).tolist() == [[1, 0, 0, 0], [2, 1, 0, 0], [3, 2, 1, 0], [4, 3, 2, 1]]
    assert path_lengths("back", 3).tolist() == [[1, 2, 3], [0, 1, 2], [0, 0, 1]]
    assert path_lengths("both", 3).tolist() == [[1, 2, 3], [2, 1, 2], [3, 2, 1]]
    assert path_lengths("masked", 3).tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert set(path_lengths("attention", 9).ravel()) == {1}


def test_what_must_wait():
    assert ready_at("ahead", 4).tolist() == [1, 2, 3, 4]
    assert ready_at("back", 4).tolist() == [4, 3, 2, 1]
    assert ready_at("both", 5).tolist() == [5, 4, 3, 4, 5]
    for kind in ("attention", "masked", "convolution"):
        assert ready_at(kind, 4).tolist() == [1, 1, 1, 1]


def test_the_table_is_vaswanis_with_numbers():
    recurrent, convolution, attention = sequence.complexity(10, 8, 5)
    assert (recurrent["work"], recurrent["waits"], recurrent["path"]) == (10 * 64, 10, 10)
    assert (convolution["work"], convolution["waits"], convolution["path"]) == (5 * 10 * 64, 1, 5)  # 9 places, 2 a layer
    assert (attention["work"], attention["waits"], attention["path"]) == (800, 1, 1)


def test_a_cell_whose_forget_gate_is_a_half_keeps_half_for_one_symbol():
    gates = torch.full((6, 4, 2), 0.3, dtype=torch.float64)
    gates[:, 1, 0], gates[:, 1, 1] = 0.5, 0.5**0.25
    np.testing.assert_allclose(sequence.kept_for(States(gates, gates[:, 0], gates[:, 0])), [1.0, 4.0])


def test_the_runs_lstm_is_read_with_the_gates_that_its_model_shows(lesson):
    found = sequence.heard(lesson)
    assert found.subject.label == "tacotron2"
    assert found.cell.trained
    (shown,) = (one for one in finding.gates(found.subject.explanation) if one.tensor.key == "ahead_gates")
    np.testing.assert_allclose(found.cell.read(found.x).gates.numpy(), shown.values, atol=1e-5)


def arrays(lesson):
    return lesson.sheet._arrays


def test_cards_say_this_sentences_numbers(lesson):
    cards = {card.key: card for card in sequence.build(lesson)}
    assert list(cards) == [f"sequence.{key}" for key in ("recurrence", "lstm", "influence", "visible", "waiting")]
    tokens = lesson.subjects[0].tokens
    assert cards["sequence.recurrence"].values["tokens"] == len(tokens)
    assert not any(card.notes for card in cards.values())
    spec = cards["sequence.influence"].figures[0].spec
    assert [one["word"] for one in spec["sources"]] == ["la", "luna", "verde"]
    assert set(spec["curves"]) == {"bare", "lstm", "attention"}
    assert spec["attends"] == "fastpitch"
    starts = [one["place"] for one in spec["sources"]]
    assert all(lesson.subjects[0].token_words[place] == k for k, place in enumerate(starts))
    assert cards["sequence.visible"].values["steps"] == starts[-1] - starts[0] + 1
    row = cards["sequence.waiting"].figures[0].spec["rows"][-1]
    assert row == {"key": "masked_speaking", "at": list(range(1, len(tokens) + 1))}


def test_curves_begin_at_one_and_attentions_are_its_weights(lesson, monkeypatch):
    kept: dict[int, np.ndarray] = {}
    sheet = lesson.sheet
    monkeypatch.setattr(
        sheet, "array", lambda values: kept.setdefault(len(kept), values) is None or {"array": str(len(kept) - 1)}
    )
    cards = {card.key: card for card in sequence.build(lesson)}
    spec = cards["sequence.influence"].figures[0].spec
    curves = {key: kept[int(ref["array"])] for key, ref in spec["curves"].items()}
    for row, one in enumerate(spec["sources"]):
        for key in ("bare", "lstm"):
            assert curves[key][row, one["place"]] == 0.0
            assert np.isnan(curves[key][row, : one["place"]]).all()
    weights = finding.self_attention(lesson.subjects[1].explanation)[0].values.mean(0)
    places = [one["place"] for one in spec["sources"]]
    np.testing.assert_allclose(10 ** curves["attention"], weights[:, places].T, rtol=1e-5)
    told = cards["sequence.influence"].values
    assert told["bare_falls"] == pytest.approx(-curves["bare"][0, places[-1]])
    assert told["lstm_falls"] == pytest.approx(-curves["lstm"][0, places[-1]])
    gates, states = cards["sequence.lstm"].figures[0].spec, kept
    f, i, g, o, c, h = (
        states[int(ref["array"])] for ref in (*(gates["gates"][k] for k in "figo"), gates["cell"], gates["hidden"])
    )
    np.testing.assert_allclose(c[:, 1:], f[:, 1:] * c[:, :-1] + i[:, 1:] * g[:, 1:], atol=1e-9)
    np.testing.assert_allclose(h, o * np.tanh(c), atol=1e-9)
    assert (np.diff(np.log(f).mean(1)) <= 1e-9).all()  # the longest keeper on top


def test_attention_is_the_mean_of_the_heads_of_the_first_layer_over_the_same_tokens():
    def layer(key: str, *heads: float) -> Step:
        weights = np.stack([np.full((3, 3), one, dtype=np.float32) for one in heads])
        return Step(key, "", (Recorded("weights", weights, (Axis("head"), Axis("query"), Axis("key"))),))

    spectrogram = Spectrogram(torch.zeros(1, 2, 4), torch.tensor([4]))
    frames = Step("frames", "", (Recorded("w", np.ones((1, 4, 4), np.float32), (Axis("head"), Axis("query"), Axis("key"))),))
    shown = Explanation(spectrogram, (frames, layer("first", 0.25, 0.75), layer("second", 0.1, 0.1)))
    other, mine = (SimpleNamespace(tokens=tokens, explanation=shown) for tokens in (("a", "b", "x"), ("a", "b", "c")))
    looking = sequence._looking(SimpleNamespace(answering=lambda: [other, mine]), mine)
    assert looking is not None
    assert looking[0] is mine
    np.testing.assert_array_equal(looking[1], np.full((3, 3), 0.5))


def test_without_an_lstm_the_cell_is_untrained_and_the_page_says_so(run_of, registry, tmp_path):
    lesson = open_lesson([run_of("fastpitch")], "La luna verde.", tmp_path / "page", registry=registry)
    found = sequence.heard(lesson)
    assert found.name == ""
    assert not found.cell.trained
    vectors = finding.named(lesson.subjects[0].explanation, "vectors")[0].values
    np.testing.assert_allclose(found.x.numpy(), vectors, rtol=1e-6)
    cards = sequence.build(lesson)
    assert [note.key for note in cards[0].notes] == ["sequence.untrained"]
    again = sequence.heard(lesson).cell
    assert torch.equal(again.w, found.cell.w)
    assert float(again.w.abs().max()) <= again.size**-0.5
