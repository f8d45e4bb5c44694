"""Weight and spectral normalisation against torch's own and its definition, values and gradients."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ttskit.nn import SpectralNormConv1d, WeightNormConv1d, WeightNormConv2d, WeightNormUpsample, split_weight


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


KINDS = {
    "Conv1d": (lambda: WeightNormConv1d(4, 6, 3, dilation=2, padding=2, groups=2), lambda: nn.Conv1d(4, 6, 3, 1, 2, 2, 2)),
    "Conv2d": (lambda: WeightNormConv2d(4, 6, (5, 1), (3, 1), padding=(2, 0)), lambda: nn.Conv2d(4, 6, (5, 1), (3, 1), (2, 0))),
    "Upsample": (lambda: WeightNormUpsample(4, 6, 8, 4), lambda: nn.ConvTranspose1d(4, 6, 8, 4, padding=2)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_weight_norm_equals_torchs_in_values_and_gradients(kind):
    ours, plain = (build() for build in KINDS[kind])
    theirs = nn.utils.parametrizations.weight_norm(plain)
    with torch.no_grad():
        ours.weight_g.mul_(1 + 0.5 * noise(*ours.weight_g.shape, seed=1).abs())
    state = ours.state_dict()
    theirs.load_state_dict(
        {
            "bias": state["bias"],
            "parametrizations.weight.original0": state["weight_g"],
            "parametrizations.weight.original1": state["weight_v"],
        }
    )
    x = noise(2, 4, 12, *((3,) if kind == "Conv2d" else ()))
    a, b = ours(x), theirs(x)
    torch.testing.assert_close(a, b)
    weights = noise(*a.shape, seed=2)
    (a * weights).sum().backward()
    (b * weights).sum().backward()
    parts = theirs.parametrizations.weight
    for mine, other in ((ours.weight_g, parts.original0), (ours.weight_v, parts.original1), (ours.bias, theirs.bias)):
        assert float(other.grad.abs().max()) > 0.1
        torch.testing.assert_close(mine.grad, other.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_folded_is_never_old(kind):
    layer = KINDS[kind][0]().eval()
    x = noise(1, 4, 12, *((3,) if kind == "Conv2d" else ()))
    with torch.no_grad():
        first = layer(x)
        assert layer.product() is layer.product()  # folded once
        layer.weight_v[0] += 1.0
        changed = layer(x)
        assert not torch.allclose(first, changed)
        fresh = KINDS[kind][0]().eval()
        fresh(x)
        fresh.load_state_dict(layer.state_dict())
        assert torch.equal(fresh(x), changed) and torch.equal(deepcopy(layer)(x), changed)
    assert layer.product().requires_grad  # where a gradient is asked for nothing is kept


def test_a_weight_is_its_gain_times_its_direction():
    weight = torch.tensor([[[3.0, 4.0]], [[0.0, 2.0]]])  # (C', C, k)
    g, v = split_weight(weight)
    assert g.shape == (2, 1, 1) and g.flatten().tolist() == [5.0, 2.0]
    torch.testing.assert_close(g * v / v.flatten(1).norm(dim=1)[:, None, None], weight)


@pytest.mark.parametrize("training", [True, False])
def test_spectral_norm_equals_its_definition_in_values_and_gradients(training):
    """Miyato et al. 2018, algorithm 1: v from u, then u from v, in training only; both constants for the gradient."""
    torch.manual_seed(0)
    layer = SpectralNormConv1d(6, 4, 3, padding=1).train(training)
    assert set(layer.state_dict()) == {"bias", "weight_orig", "weight_u", "weight_v"}
    u, v = layer.weight_u.clone(), layer.weight_v.clone()
    weight = layer.weight_orig.detach().clone().requires_grad_()
    x = noise(2, 6, 9)
    for _ in range(2):
        if training:
            with torch.no_grad():
                v = F.normalize(weight.flatten(1).T @ u, dim=0)
                u = F.normalize(weight.flatten(1) @ v, dim=0)
        wanted = F.conv1d(x, weight / (u @ weight.flatten(1) @ v), layer.bias, padding=1)
        made = layer(x)
        torch.testing.assert_close(made, wanted)
    made.square().sum().backward()
    wanted.square().sum().backward()
    torch.testing.assert_close(layer.weight_orig.grad, weight.grad, rtol=1e-4, atol=1e-4)
