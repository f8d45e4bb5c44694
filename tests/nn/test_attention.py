"""Attention against its equation and against torch's own module, in double."""

from __future__ import annotations

import contextlib
import math

import pytest
import torch
from torch import Tensor

from ttskit.nn import MultiHeadSelfAttention, length_mask, scaled_dot_product_attention

LENGTHS = torch.tensor([7, 4, 1])
ATTENDED = length_mask(LENGTHS, 7)[:, None, None]


def by_the_equation(q: Tensor, k: Tensor, v: Tensor, lengths: list[int]) -> Tensor:
    """softmax(q kᵀ / √D) v over the first keys of each row, head by head."""
    rows = []
    for b, n in enumerate(lengths):
        heads = []
        for h in range(q.shape[1]):
            weights = torch.exp(q[b, h] @ k[b, h, :n].T / math.sqrt(q.shape[3]))
            heads.append(weights / weights.sum(1, keepdim=True) @ v[b, h, :n])
        rows.append(torch.stack(heads))
    return torch.stack(rows)


@pytest.mark.parametrize("learns", [True, False])
def test_it_is_the_equation(learns: bool):
    """Values on both ways, with and without gradients; gradients too. Five queries look at seven keys."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(3, 2, size, 4, dtype=torch.float64, requires_grad=True) for size in (5, 7, 7))
    with contextlib.nullcontext() if learns else torch.no_grad():
        ours = scaled_dot_product_attention(q, k, v, ATTENDED)
    exact = by_the_equation(q, k, v, LENGTHS.tolist())
    torch.testing.assert_close(ours, exact)
    if learns:
        weight = torch.randn_like(exact)
        for a, b in zip(*(torch.autograd.grad(out, (q, k, v), weight) for out in (ours, exact)), strict=True):
            torch.testing.assert_close(a, b)


def test_the_module_is_torchs_multi_head_attention():
    torch.manual_seed(1)
    ours = MultiHeadSelfAttention(12, heads=3, head_channels=4).double()
    theirs = torch.nn.MultiheadAttention(12, 3, batch_first=True).double()
    theirs.in_proj_weight.data, theirs.in_proj_bias.data = ours.qkv.weight.data, ours.qkv.bias.data
    theirs.out_proj.weight.data, theirs.out_proj.bias.data = ours.out.weight.data, ours.out.bias.data
    x = torch.randn(3, 7, 12, dtype=torch.float64, requires_grad=True)
    mine = ours(x, ATTENDED)
    other, _ = theirs(x, x, x, key_padding_mask=~ATTENDED[:, 0, 0], need_weights=False)
    torch.testing.assert_close(mine, other)
    weight = torch.randn_like(mine)
    pairs = zip(
        torch.autograd.grad(mine, (x, ours.qkv.weight, ours.out.bias), weight),
        torch.autograd.grad(other, (x, theirs.in_proj_weight, theirs.out_proj.bias), weight),
        strict=True,
    )
    for a, b in pairs:
        torch.testing.assert_close(a, b)


def test_the_heads_may_be_of_any_width_and_the_output_without_bias():
    layer = MultiHeadSelfAttention(6, heads=1, head_channels=64, out_bias=False)
    assert layer.out.bias is None and layer.qkv.weight.shape == (192, 6)
    assert layer(torch.randn(3, 7, 6), ATTENDED).shape == (3, 7, 6)


@pytest.mark.parametrize("learns", [True, False])
def test_what_is_not_attended_to_does_not_matter(learns: bool):
    torch.manual_seed(2)
    layer, x = MultiHeadSelfAttention(6, 2, 4), torch.randn(3, 7, 6)
    other = torch.where(ATTENDED[:, 0, 0, :, None], x, torch.full_like(x, 1e3))
    with contextlib.nullcontext() if learns else torch.no_grad():
        for row, n in enumerate(LENGTHS.tolist()):
            assert torch.equal(layer(x, ATTENDED)[row, :n], layer(other, ATTENDED)[row, :n])


def test_dropout_takes_its_share_of_the_weights_while_training_only():
    torch.manual_seed(3)
    q, k = torch.randn(2, 1, 200, 8), torch.randn(2, 1, 300, 8, requires_grad=True)
    v, all_keys = torch.eye(300).expand(2, 1, 300, 300), torch.ones(2, 1, 1, 300, dtype=torch.bool)
    whole = scaled_dot_product_attention(q, k, v, all_keys)
    dropped = scaled_dot_product_attention(q, k, v, all_keys, 0.25)
    gone = dropped == 0
    assert float(gone.float().mean()) == pytest.approx(0.25, abs=6 * math.sqrt(0.25 * 0.75 / gone.numel()))
    torch.testing.assert_close(dropped[~gone], whole[~gone] / 0.75)
    layer, x, mask = (
        MultiHeadSelfAttention(6, 2, 4, dropout=0.5),
        torch.randn(1, 7, 6),
        torch.ones(1, 1, 1, 7, dtype=torch.bool),
    )
    assert not torch.equal(layer(x, mask), layer(x, mask))
    layer.eval()
    assert torch.equal(layer(x, mask), layer(x, mask))


def test_under_autocast_the_weights_are_made_in_fp32():
    """Scores of some hundreds, rounded to bfloat16, would be off by one: another softmax altogether."""
    torch.manual_seed(4)
    layer = MultiHeadSelfAttention(8, 1, 8)
    x = torch.randn(1, 9, 8).bfloat16().float()
    seen = []
    real = torch.nn.functional.scaled_dot_product_attention

    def spy(q, k, v, **others):
        seen.append((q.dtype, torch.is_autocast_enabled("cpu")))
        return real(q, k, v, **others)

    with pytest.MonkeyPatch.context() as patch, torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        patch.setattr(torch.nn.functional, "scaled_dot_product_attention", spy)
        assert layer(x, torch.ones(1, 1, 1, 9, dtype=torch.bool)).dtype == torch.bfloat16
    assert seen == [(torch.float32, False)]
