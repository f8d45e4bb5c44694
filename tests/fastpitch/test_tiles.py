"""Convolutions with half the multiplications equal direct ones, forwards and backwards."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
import torch.nn.functional as F

from ttskit.testing.numerics import assert_as_near_as
from ttskit_fastpitch.fast import tiles
from ttskit_fastpitch.layers import Conv

# How much more the tiles round than the three products that they replace. With inputs and kernels of variance 1, output j of a
# tile is Σₖ Aⱼₖ (G g)ₖ (Bᵀ d)ₖ, of terms with variance Aⱼₖ² |Gₖ|² |Bₖ|²: in all 9, 8.6, 17.4 and 94.4, where directly it is 3,
# and rounding errors go with the size of what is added. The last output's √(94.4 / 3) = 5.6 decides, the largest of many errors
# scatters by two, and the inputs' pieces are rounded too.
AMPLIFIED = 2.5 * 5.6


def direct(x, weight, bias):
    return F.conv1d(x.transpose(1, 2), weight, bias, padding=1).transpose(1, 2)


def products(x, weight, bias):
    """The same as one product of matrices, by the library that the tiles use: a library's convolution may sum otherwise."""
    padded, length = F.pad(x, (0, 0, 1, 1)), x.shape[1]
    return torch.cat([padded[:, k : k + length] for k in range(3)], 2) @ weight.permute(2, 1, 0).flatten(0, 1) + bias


def assert_near(result, x, weight, bias):
    """As near the exact convolution as the plain product, but for what the tiles amplify."""
    exact = direct(x.double(), weight.double(), bias.double())
    assert_as_near_as(result, products(x, weight, bias), exact, AMPLIFIED)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8, 11])
def test_values_and_gradients(length):
    torch.manual_seed(length)
    x, weight, bias = (torch.randn(s, dtype=torch.double, requires_grad=True) for s in ((2, length, 5), (7, 5, 3), (7,)))
    ours, exact = tiles.Convolve.apply(x, weight, bias), direct(x, weight, bias)
    torch.testing.assert_close(ours, exact)
    with torch.no_grad():
        torch.testing.assert_close(tiles.convolve(x, tiles.kernel_pieces(weight), bias), exact)
    gradient = torch.randn_like(exact)
    for a, b in zip(
        torch.autograd.grad(ours, (x, weight, bias), gradient),
        torch.autograd.grad(exact, (x, weight, bias), gradient),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_single_precision_is_as_near_as_a_direct_convolution():
    torch.manual_seed(0)
    x, weight, bias = torch.randn(1, 60, 384), torch.randn(256, 384, 3) / 34, torch.randn(256)
    assert_near(tiles.convolve(x, tiles.kernel_pieces(weight), bias), x, weight, bias)


def test_the_kept_kernel_follows_the_weight():
    """Also where a fused optimiser changes it, which torch does not count, and in evaluation mode throughout."""
    torch.manual_seed(0)
    conv, x = Conv(32, 32, 3).eval(), torch.randn(1, 9, 32)
    with torch.no_grad():
        conv(x)
    optimizer = torch.optim.AdamW(conv.parameters(), lr=0.1, fused=True)
    conv.weight.grad, conv.bias.grad = torch.ones_like(conv.weight), torch.ones_like(conv.bias)
    optimizer.step()
    with torch.no_grad():
        assert_near(conv(x), x, conv.weight, conv.bias)
        other = copy.deepcopy(conv)
        assert other._kept[1] is None and pickle.loads(pickle.dumps(conv))._kept[1] is None
        other.weight.mul_(2.0)
        assert_near(other(x), x, other.weight, conv.bias)
    assert conv.train()._kept[1] is None


def test_the_kept_kernel_follows_a_weight_of_inference_mode():
    with torch.inference_mode():
        conv, x = Conv(32, 32, 3).eval(), torch.randn(1, 9, 32)
        for factor in (1.0, 2.0):
            conv.weight.mul_(factor)
            assert_near(conv(x), x, conv.weight, conv.bias)


@pytest.mark.parametrize("length", [9, 520])
def test_layers_learn_the_same_either_way(length):
    torch.manual_seed(0)
    conv, x = Conv(32, 40, 3), torch.randn(2, length, 32)
    gradient = torch.randn(2, length, 40)
    ours = torch.autograd.grad(conv(x), (conv.weight, conv.bias), gradient)
    plain = torch.autograd.grad(products(x, conv.weight, conv.bias), (conv.weight, conv.bias), gradient)
    wide = [value.detach().double().requires_grad_() for value in (conv.weight, conv.bias)]
    exact = torch.autograd.grad(direct(x.double(), *wide), wide, gradient.double())
    for a, b, truth in zip(ours, plain, exact, strict=True):
        assert_as_near_as(a, b, truth, AMPLIFIED)


@pytest.mark.parametrize("channels", [8, 64])
def test_autocast_and_narrow_layers_take_the_direct_way(channels):
    torch.manual_seed(0)
    conv, x = Conv(channels, channels, 3), torch.randn(2, 9, channels)
    with torch.autocast("cpu", torch.bfloat16):
        assert conv(x).dtype == torch.bfloat16
    assert_near(conv(x), x, conv.weight, conv.bias)
