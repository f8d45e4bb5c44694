"""From which step on a frozen part moves, without any training."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ttskit.errors import ConfigError
from ttskit.interfaces.trainable import OptimizerPlan
from ttskit.training.freezing import Freezing


class Parts(nn.Module):
    def __init__(self):
        super().__init__()
        self.front, self.back, self.norm = nn.Linear(2, 2), nn.Linear(2, 2), nn.BatchNorm1d(2)


def moving(freezing, model, step):
    """Names of the parts that move at a step."""
    model.train()
    freezing.apply(step)
    return sorted({name.split(".")[0] for name, p in model.named_parameters() if p.requires_grad})


@pytest.mark.parametrize(
    ("until", "total", "first"), [(3, 100, 3), (0.5, 10, 5), (0.25, 10, 2), (0.99, 100, 99), (1, 10, 1), (10, 100, 10)]
)
def test_a_part_moves_from_the_step_on_until_which_it_was_frozen(until, total, first):
    """Planted: it stood still for one step more, and 1 was the whole training instead of one step."""
    model = Parts()
    freezing = Freezing(model, (), {"front.*": until}, total)
    for step in range(min(total, first + 3)):
        assert ("front" in moving(freezing, model, step)) == (step >= first)


def test_the_longer_of_two_times_counts_and_what_is_frozen_for_good_stays():
    model = Parts()
    freezing = Freezing(model, ["back.*"], {"front.*": 2, "front.weight": 4}, 10)
    held = [sorted(freezing.names(step) - set(freezing.always)) for step in range(5)]
    assert held == [["front.bias", "front.weight"]] * 2 + [["front.weight"]] * 2 + [[]]
    assert moving(freezing, model, 9) == ["front", "norm"]


def test_batch_statistics_stand_still_with_their_parameters():
    model = Parts()
    freezing = Freezing(model, (), {"norm.*": 2}, 10)
    for step, counts in ((0, False), (1, False), (2, True)):
        moving(freezing, model, step)
        assert model.norm.training == counts and model.front.training


def test_an_optimiser_forgets_what_never_moves_and_keeps_what_moves_later():
    model = Parts()
    freezing = Freezing(model, ["back.*"], {"front.*": 3}, 10)
    plan = OptimizerPlan(torch.optim.SGD(model.parameters(), lr=1.0))
    freezing.without_frozen({"main": plan})
    kept = {id(p) for group in plan.optimizer.param_groups for p in group["params"]}
    assert kept == {id(p) for name, p in model.named_parameters() if not name.startswith("back")}


@pytest.mark.parametrize(("frozen", "until"), [(["*"], {}), ([], {"*": 5}), (["front.*", "norm.*"], {"back.*": 0.5})])
def test_everything_frozen_at_the_first_step_is_refused(frozen, until):
    with pytest.raises(ConfigError, match="everything is frozen"):
        Freezing(Parts(), frozen, until, 10)
