"""Cheap dropout: its share, its scale, its seed."""

from __future__ import annotations

import math

import pytest
import torch

from ttskit.nn import Dropout, apply_dropout


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5])
def test_it_keeps_its_share_and_follows_the_seed(rate: float):
    x, takes = torch.ones(500, 401), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        takes.append(apply_dropout(x, rate))
    assert torch.equal(takes[0], takes[1]) and torch.equal(takes[0], takes[2]) == (rate == 0)
    gone = takes[0] == 0
    # Six standard deviations of a share of independent draws, and what the rate is rounded by.
    assert float(gone.double().mean()) == pytest.approx(rate, abs=6 * math.sqrt(rate * (1 - rate) / x.numel()) + 2**-16)
    assert bool((takes[0][~gone] == torch.tensor(1 / (1 - rate))).all())


def test_neighbours_are_dropped_independently():
    """Four of them share one draw: pairs and lags within it are as rare as chance has it."""
    torch.manual_seed(0)
    gone = apply_dropout(torch.ones(400_000), 0.5) == 0
    for lag in (1, 2, 3, 4):
        both = float((gone[lag:] & gone[:-lag]).double().mean())
        assert both == pytest.approx(0.25, abs=6 * math.sqrt(0.25 * 0.75 / len(gone)))


def test_the_module_drops_while_training_only_and_the_gradient_where_the_value():
    layer, x = Dropout(0.3), torch.randn(40, 7, requires_grad=True)
    out = layer(x)
    (gradient,) = torch.autograd.grad(out.sum(), x)
    assert torch.equal(gradient == 0, out == 0) and bool((out == 0).any())
    assert layer.eval()(x) is x
