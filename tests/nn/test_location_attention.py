"""Location-sensitive attention against its formula, term by term, in double precision."""

from __future__ import annotations

import math

import pytest
import torch

from ttskit.nn import LocationAttention, attend

ROWS, TOKENS, QUERY, MEMORY, CHANNELS, FILTERS, KERNEL = 2, 5, 4, 3, 6, 2, 3


def made() -> tuple[LocationAttention, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    layer = LocationAttention(QUERY, MEMORY, CHANNELS, FILTERS, KERNEL).double()
    return layer, torch.randn(ROWS, TOKENS, MEMORY).double(), torch.randn(ROWS, QUERY).double()


def test_energies_and_context_are_those_of_the_formula():
    layer, memory, query = made()
    previous = torch.softmax(torch.randn(ROWS, TOKENS).double(), 1)
    cumulative = previous + torch.rand(ROWS, TOKENS).double()
    real = [5, 3]
    mask = torch.arange(TOKENS)[None] < torch.tensor(real)[:, None]
    texts = layer.keys(memory, mask)
    energies = layer.energies(query, texts, previous, cumulative)
    context, attention = layer(query, texts, previous, cumulative)
    weights = {name: value.detach() for name, value in layer.state_dict().items()}
    for row in range(ROWS):
        past = (previous[row], cumulative[row])
        want = []
        for n in range(real[row]):
            location = torch.zeros(FILTERS).double()
            for f in range(FILTERS):
                for channel in range(2):
                    for k in range(KERNEL):
                        at = n + k - KERNEL // 2
                        if 0 <= at < TOKENS:
                            location[f] += weights["location_conv.weight"][f, channel, k] * past[channel][at]
            inner = weights["query.weight"] @ query[row] + weights["memory.weight"] @ memory[row, n]
            inner = inner + weights["location_dense.weight"] @ location
            want.append(float(weights["score.weight"][0] @ torch.tanh(inner)))
        assert energies[row, : real[row]].tolist() == pytest.approx(want, rel=1e-12)
        assert bool((energies[row, real[row] :] == -torch.inf).all())
        total = sum(math.exp(value) for value in want)
        share = [math.exp(value) / total for value in want]
        assert attention[row].tolist() == pytest.approx([*share, *[0.0] * (TOKENS - real[row])], rel=1e-12)
        read = sum(s * memory[row, n] for n, s in enumerate(share))
        assert context[row].tolist() == pytest.approx(read.tolist(), rel=1e-12)


def test_a_row_alone_is_the_row_in_a_batch():
    layer, memory, query = made()
    none = torch.zeros(ROWS, TOKENS).double()
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    together, weights = layer(query, layer.keys(memory, mask), none, none)
    alone, mine = layer(query[1:], layer.keys(memory[1:, :3]), none[1:, :3], none[1:, :3])
    torch.testing.assert_close(together[1:], alone, rtol=1e-12, atol=0)
    torch.testing.assert_close(weights[1:, :3], mine, rtol=1e-12, atol=0)


def test_its_gradients_are_numeric_derivatives():
    layer, memory, query = made()
    past = torch.rand(ROWS, TOKENS).double()

    def function(memory, query, past, *parameters):
        named = dict(zip(layer.state_dict(), parameters, strict=True))
        keys = torch.func.functional_call(_Keys(layer), {f"layer.{k}": v for k, v in named.items()}, (memory, query, past))
        return keys

    leaves = [memory, query, past, *(p.detach().clone() for p in layer.parameters())]
    assert torch.autograd.gradcheck(function, [leaf.requires_grad_() for leaf in leaves])


class _Keys(torch.nn.Module):
    def __init__(self, layer: LocationAttention) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, memory, query, past):
        return self.layer(query, self.layer.keys(memory), past, 2 * past)


def test_attending_to_one_token_reads_it():
    memory = torch.randn(2, 4, 3)
    one = torch.eye(4)[torch.tensor([2, 0])]
    assert torch.equal(attend(one, memory), torch.stack([memory[0, 2], memory[1, 0]]))
