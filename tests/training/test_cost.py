"""What a training has cost: utterances and frames as they were trained on, multiply-adds as arithmetic by hand says."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from ttskit.corpus.subsets import utterances_of
from ttskit.errors import CheckpointError, CorpusError
from ttskit.interfaces.trainable import Losses, LossTerm
from ttskit.runs import RunFolder
from ttskit.training.cost import multiply_adds_per_frame, training_cost

B, T, IN, OUT = 3, 10, 8, 6


class Made(nn.Module):
    """Stands for a model: what a step does to a batch (B, T, IN), by phase."""

    def __init__(self, made, phases=(0,)):
        super().__init__()
        self.made, self.phases = made, phases

    def phase_starts(self, total):
        return self.phases

    def training_step(self, batch, state, optimize):
        times = 1 + sum(state.step >= start for start in self.phases[1:])
        for _ in range(times):
            out = self.made(batch)
            out = out[0] if isinstance(out, tuple) else out
            optimize("main", Losses({"all": LossTerm(out.sum(), 1.0, 1.0)}))
        return {}


def given(rows=B):
    """Batches of `rows` utterances, T frames each."""
    return SimpleNamespace(
        epoch=lambda n: [[f"u{i}" for i in range(rows)]] * 4,
        load=lambda ids, epoch: torch.randn(len(ids), T, IN),
        frames=lambda ids: len(ids) * T,
    )


def test_a_matrix_product_forward_and_backward():
    """The input needs no gradient: one product there, one for the weights."""
    counted = multiply_adds_per_frame(Made(nn.Linear(IN, OUT, bias=False)), given(), 100)
    assert counted == {0: 2 * IN * OUT}


@pytest.mark.parametrize("rows", [1, 3, 20])
def test_it_is_by_frame_whatever_the_batch(rows):
    assert multiply_adds_per_frame(Made(nn.Linear(IN, OUT)), given(rows), 100) == {0: 2 * IN * OUT}


def test_recurrent_layers_count_as_their_products():
    """Forward: 4 gates from the input and from the state. Backward: the weights of both, and the states before; oneDNN's one
    kernel would count as nothing. At the ends of the sequence a product or two may be left out."""
    lstm = Made(nn.LSTM(IN, OUT, batch_first=True))
    counted = multiply_adds_per_frame(lstm, given(), 100)[0]
    forward, backward = 4 * OUT * (IN + OUT), 4 * OUT * (IN + OUT) + 4 * OUT * OUT
    assert 0.9 * (forward + backward) <= counted <= forward + backward


def test_each_phase_has_its_price():
    counted = multiply_adds_per_frame(Made(nn.Linear(IN, OUT), (0, 40)), given(), 100)
    assert counted == {0: 2 * IN * OUT, 40: 4 * IN * OUT}
    assert list(multiply_adds_per_frame(Made(nn.Linear(IN, OUT), (0, 40)), given(), 30)) == [0]


def test_torchs_random_numbers_are_left_as_they_were():
    made, batches = Made(nn.Sequential(nn.Linear(IN, OUT), nn.Dropout(0.5))), given()
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    multiply_adds_per_frame(made, batches, 100)
    assert torch.equal(torch.rand(1), expected)


def test_an_epoch_is_every_utterance_once(trained, corpus, registry):
    run = trained(steps=7)  # 14 utterances, two a step
    cost = training_cost(run.path, registry=registry)
    frames = sum(u.frames for u in corpus.split("train"))
    assert (cost.steps, cost.utterances, cost.frames) == (7, 14, frames)
    assert frames < cost.padded_frames < 1.5 * frames
    assert cost.seconds == pytest.approx(run.metrics("train")[-1]["seconds"])
    model, _ = run.build(registry)
    assert cost.parameters == sum(p.numel() for p in model.parameters())
    assert cost.multiply_adds > 3 * cost.padded_frames * model.projection.weight.numel()
    assert RunFolder.open(run.path).info == run.info


def test_a_step_costs_more_on_more(trained, registry):
    """Twice the epochs are twice the cost, and the subset's epochs are smaller."""
    once, twice = (training_cost(trained(run=f"r{n}", steps=7 * n).path, registry=registry) for n in (1, 2))
    assert twice.frames == 2 * once.frames and twice.utterances == 2 * once.utterances
    assert twice.multiply_adds == pytest.approx(2 * once.multiply_adds, rel=0.1)


def test_the_subset_is_what_counts(trained, corpus, registry):
    some = utterances_of(corpus, "train", 0.03)
    steps = -(-len(some) // 2)
    cost = training_cost(trained(steps=steps, overrides=("training.minutes=0.03",)).path, registry=registry)
    assert (cost.utterances, cost.frames) == (len(some), sum(u.frames for u in some))


@pytest.mark.parametrize("model", ["tacotron2", "hifigan"])
def test_other_models(model, trained, registry):
    run = trained(model, steps=3)
    cost = training_cost(run, registry=registry)
    assert cost.steps == 3 and cost.utterances == 6 and cost.multiply_adds > 0
    assert cost.padded_frames >= cost.frames


def test_what_cannot_be_counted(random_run, trained, registry, tmp_path):
    with pytest.raises(CheckpointError, match="cannot be counted"):
        training_cost(random_run("imported").path, registry=registry)
    run = trained(steps=1)
    with pytest.raises(CorpusError):
        training_cost(run, data=tmp_path / "gone", registry=registry)
