"""The value that ranks checkpoints: what is summed over batches, weighed over terms, and when there is none."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from ttskit.interfaces.trainable import Losses, LossTerm, TrainState
from ttskit.training.data import Loader
from ttskit.training.precision import Precision
from ttskit.training.processes import Processes
from ttskit.training.validation import LossValidator

CPU = torch.device("cpu")


class Model(nn.Module):
    """Its losses are those of the batch, and noise of its own."""

    def validation_losses(self, batch, state):
        assert not self.training and not torch.is_grad_enabled()
        self.noise = torch.rand(1).item()
        return Losses({name: LossTerm(torch.tensor(total), count, weight) for name, (total, count, weight) in batch.of.items()})


class Batches:
    def __init__(self, batches):
        self.batches = batches

    def epoch(self, n):
        return [[str(i)] for i in range(len(self.batches))]

    def load(self, ids, epoch):
        batch = SimpleNamespace(of=self.batches[int(ids[0])])
        batch.to = lambda device: batch
        return batch


@pytest.fixture
def losses():
    """losses(batches) -> (what is logged, what ranks), and the model."""
    with Loader() as loader:

        def make(batches):
            model = Model()
            workshop = SimpleNamespace(group=Processes(0, 1, CPU), precision=Precision("fp32", CPU), loader=loader)
            validator = LossValidator(model, None if batches is None else Batches(batches), workshop, seed=3)
            return (*validator.losses(TrainState(5, 0, 10, 3)), model)

        yield make


def test_terms_are_means_over_everything_weighed_by_their_weights(losses):
    """Planted: the terms without their weights; a small term of a large weight no longer counted."""
    values, ranking, model = losses([{"a": (6.0, 3, 1.0), "b": (0.2, 1, 50.0)}, {"a": (4.0, 1, 1.0), "b": (0.2, 3, 50.0)}])
    assert values == pytest.approx({"loss": 2.5 + 50 * 0.1, "a": 2.5, "b": 0.1}) and ranking == values["loss"]
    assert model.training
    values, ranking, _ = losses([{"a": (6.0, 2, 0.0), "b": (9.0, 3, -1.0)}])  # logged without counting, or to be large
    assert ranking == -3.0 and values["a"] == 3.0


def test_a_total_of_the_models_own_is_what_ranks(losses):
    values, ranking, _ = losses([{"a": (6.0, 2, 5.0), "total": (8.0, 2, 0.0)}])
    assert ranking == 4.0 and values == {"loss": 4.0, "a": 3.0, "total": 4.0}


def test_a_term_that_only_some_batches_have_is_a_mean_over_those(losses):
    values, ranking, _ = losses([{"a": (2.0, 2, 1.0)}, {"a": (4.0, 2, 1.0), "b": (3.0, 1, 2.0)}])
    assert values == {"loss": 1.5 + 6.0, "a": 1.5, "b": 3.0} and ranking == 7.5


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_ranks_nothing_and_is_not_logged(losses, bad):
    values, ranking, _ = losses([{"a": (2.0, 2, 1.0), "b": (bad, 1, 1.0)}])
    assert ranking is None and values == {"a": 1.0}
    values, ranking, _ = losses([{"b": (1.0, 1, 1.0)}, {"b": (bad, 1, 1.0)}])
    assert ranking is None and values == {}


def test_without_a_validation_split_nothing_is_measured(losses):
    assert losses(None)[:2] == ({}, None)


def test_every_validation_draws_the_same_random_numbers_whatever_was_drawn_before(losses):
    torch.manual_seed(1)
    first = losses([{"a": (1.0, 1, 1.0)}])[2].noise
    torch.manual_seed(2)
    assert losses([{"a": (1.0, 1, 1.0)}])[2].noise == first
