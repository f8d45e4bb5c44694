"""The hand-written gradient of the decoder's recurrence, against numeric derivatives."""

from __future__ import annotations

import pytest
import torch

from ttskit_tacotron2.fast import recurrence


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("aids", [False, True])
def test_gradient_equals_numeric_derivative(second, aids):
    torch.manual_seed(0)
    steps, rows, tokens, size, width, width2, attention, filters, kernel = 3, 2, 4, 2, 3, 2, 2, 2, 3

    def draw(*shape):
        return (0.7 * torch.randn(*shape, dtype=torch.float64)).requires_grad_()

    leaves = [
        draw(steps, rows, 4 * width),
        draw(size + width, 4 * width),
        draw(rows, tokens, size),
        draw(rows, tokens, attention),
        draw(attention, width),
        draw(2 * kernel, filters),
        draw(filters, attention),
        draw(attention),
    ]
    given = [draw(steps, rows, size)] if aids else []
    pair = [draw(width + size + width2, 4 * width2), draw(4 * width2)] if second else []
    hidden = torch.tensor([[False] * 4, [False] * 3 + [True]]) if aids else None
    drop = torch.rand(steps, rows, width, dtype=torch.float64) * 2 if aids else None
    drop2 = torch.rand(steps, rows, width2, dtype=torch.float64) * 2 if aids and second else None
    prior = torch.randn(steps, rows, tokens, dtype=torch.float64) if aids else None
    used = torch.ones(rows, tokens) if hidden is None else (~hidden).float()

    def function(inputs, recurrent, memory, keys, query, convolution, dense, score, *rest):
        rest = list(rest)
        mixed = rest.pop(0) if aids else None
        weight, bias = rest if second else (None, None)
        done = recurrence.run(
            inputs,
            recurrent,
            memory,
            keys,
            hidden,
            query,
            convolution,
            dense,
            score,
            mixed,
            0.3 if aids else 0.0,
            prior,
            drop,
            weight,
            bias,
            drop2,
        )
        logs = torch.log_softmax(done.energies, 2).masked_fill(used[None] == 0, 0.0)
        return done.state, done.context, logs, done.weights

    assert torch.autograd.gradcheck(function, (*leaves, *given, *pair))
