"""What passes through the parts of a model: taken down, changed, and worked out from what was taken down."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ttskit.nn import Activations, MultiHeadSelfAttention, attention_weights, lstm_gates


class _Chain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(2, 3), nn.LSTM(3, 4, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.first(x)
        hidden.mul_(1)  # a model may write into its own buffers
        return self.second(hidden.relu_())[0]


def test_recording_changes_nothing_and_copies() -> None:
    torch.manual_seed(0)
    model, x = _Chain(), torch.randn(1, 5, 2)
    plain = model(x)
    with Activations(model, ["first", "second", ""]) as seen:
        again = model(x)
    assert torch.equal(plain, again) and torch.equal(seen.output(""), plain.detach())
    assert torch.equal(seen.output("first"), model.first(x).detach())  # as it came out, not as relu_ left it
    assert torch.equal(seen.input("second"), model.first(x).relu().detach())
    with pytest.raises(LookupError, match="2 times"), Activations(model, ["first"]) as seen:
        model(x)
        model(x)
        seen.output("first")


def test_hooks_are_gone_afterwards_even_after_an_error() -> None:
    model = _Chain()
    with pytest.raises(ZeroDivisionError), Activations(model, ["first"], out_of={"first": lambda h: h * 0}):
        raise ZeroDivisionError
    assert not model.first._forward_hooks and not model.first._forward_pre_hooks
    with pytest.raises(KeyError, match="no part 'third'"):
        Activations(model, ["third"])


def test_changes_act_and_are_what_is_recorded() -> None:
    model, x = _Chain(), torch.randn(1, 5, 2)
    with Activations(model, ["first", "second"], into={"first": torch.zeros_like}, out_of={"second": lambda h: h + 1}) as seen:
        out = model(x)
    assert torch.equal(seen.input("first"), torch.zeros_like(x))
    assert torch.equal(seen.output("second"), out.detach())
    assert float(out.detach().min()) > 0.0  # an LSTM's output lies in (-1, 1)


def test_attention_weights_by_hand() -> None:
    q = torch.tensor([[[[2.0, 0.0, 0.0, 0.0]]]])
    k = torch.tensor([[[[1.0, 0, 0, 0], [0.0, 1, 0, 0], [1.0, 0, 0, 0]]]])
    weights = attention_weights(q, k, torch.tensor([False, False, True]))
    e = np.exp(2.0 / np.sqrt(4.0))
    np.testing.assert_allclose(weights.flatten(), [e / (e + 1), 1 / (e + 1), 0.0], rtol=1e-6)


def test_attention_weights_are_those_the_layer_used() -> None:
    torch.manual_seed(1)
    layer, x = MultiHeadSelfAttention(8, 2, 4), torch.randn(1, 6, 8)
    with torch.no_grad(), Activations(layer, ["qkv", "out"]) as seen:
        layer(x, torch.ones(1, 1, 1, 6, dtype=torch.bool))
    q, k, v = seen.output("qkv").view(1, 6, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
    mixed = (attention_weights(q, k) @ v).transpose(1, 2).reshape(1, 6, 8)
    torch.testing.assert_close(mixed, seen.input("out"))


def test_lstm_gates_by_hand_and_against_torch() -> None:
    lstm = nn.LSTM(1, 1, batch_first=True)
    with torch.no_grad():
        for weight in lstm.parameters():
            weight.fill_(0.5)
        hidden, (_, cell) = lstm(torch.tensor([[[1.0], [-1.0]]]))
    gates, cells = lstm_gates(lstm, torch.tensor([[[1.0], [-1.0]]]), hidden)
    first = 1 / (1 + np.exp(-1.5))  # 0.5·1 + 0.5·0 + 0.5 + 0.5
    np.testing.assert_allclose(gates[0, 0, :, 0], [first, first, np.tanh(1.5), first], rtol=1e-6)
    torch.testing.assert_close(cells[:, -1], cell[0])
    torch.testing.assert_close(gates[:, :, 3] * cells.tanh(), hidden)
