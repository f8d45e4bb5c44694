"""The decoder's recurrence over all steps with its gradient written out: training's hot loop.

Left to autograd, every decoder step would multiply out its own share of every weight's gradient and
add it up (a pass over all LSTM weights per step), and keep some forty nodes. Here a step backwards
only carries gradients to states; those of the weights are one matrix product each, over all steps,
at the end. The arithmetic is that of `Decoder.step`; tests hold it to that, and against numeric
derivatives.

Shapes: S steps, B rows, N tokens, E memory, H and H2 the LSTMs' units, A attention width, F location
filters, K their kernel.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["Run", "run"]


class Run(NamedTuple):
    """What the recurrence gives: top state (S, B, H or H2), context (S, B, E), energies and weights (S, B, N)."""

    state: Tensor
    context: Tensor
    energies: Tensor
    weights: Tensor


def _lstm_step(gates: Tensor, cell: Tensor, new_cell: Tensor, tanh_cell: Tensor, hidden: Tensor) -> None:
    """Activate gates (B, 4·H) in place (torch's order i, f, g, o); write the new cell, its tanh and the hidden state."""
    size = cell.shape[1]
    gates[:, : 2 * size].sigmoid_()
    gates[:, 2 * size : 3 * size].tanh_()
    gates[:, 3 * size :].sigmoid_()
    i, f, g, o = gates.split(size, 1)
    torch.mul(f, cell, out=new_cell)
    new_cell.addcmul_(i, g)
    torch.tanh(new_cell, out=tanh_cell)
    torch.mul(o, tanh_cell, out=hidden)


def _lstm_back(gates: Tensor, last: Tensor, tanh_cell: Tensor, d_hidden: Tensor, d_cell: Tensor, d_gates: Tensor) -> Tensor:
    """Gradient of the gates (into `d_gates`) and of the last cell (returned), given those of hidden state and cell."""
    size = last.shape[1]
    i, f, g, o = gates.split(size, 1)
    d_i, d_f, d_g, d_o = d_gates.split(size, 1)
    inner = d_hidden * o
    d_cell = torch.addcmul(d_cell, inner, tanh_cell.square().neg_().add_(1.0))
    torch.mul(d_cell, g, out=d_i)
    torch.mul(d_cell, last, out=d_f)
    torch.mul(d_cell, i, out=d_g)
    torch.mul(d_hidden, tanh_cell, out=d_o)
    slope = gates * (1.0 - gates)
    slope[:, 2 * size : 3 * size] = 1.0 - g.square()
    d_gates.mul_(slope)
    return d_cell.mul_(f)


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx,
        inputs,
        recurrent,
        memory,
        keys,
        hidden,
        query,
        convolution,
        dense,
        score,
        given,
        share,
        prior,
        drop,
        second,
        second_bias,
        second_drop,
    ):
        steps, rows, width = inputs.shape[0], inputs.shape[1], inputs.shape[2] // 4
        tokens, size = memory.shape[1:]
        filters, attention = dense.shape
        kernel = convolution.shape[0] // 2
        new = inputs.new_empty
        x = new(steps + 1, rows, size + width)  # [context, hidden] before each step; the last is after the end
        x[0] = 0.0
        gates, cells, tanh_cells = new(steps, rows, 4 * width), new(steps + 1, rows, width), new(steps, rows, width)
        cells[0] = 0.0
        raw = new(rows, width)
        padded = inputs.new_zeros(rows, 2, tokens + kernel - 1)  # previous and cumulative attention, with conv padding
        centre = padded[:, :, kernel // 2 : kernel // 2 + tokens]
        spread = padded.unfold(2, kernel, 1).permute(0, 2, 1, 3)
        windows = new(steps, rows, tokens, 2, kernel)
        features = new(steps, rows * tokens, filters)
        compared = new(steps, rows, tokens, attention)
        energies, weights = new(steps, rows, tokens), new(steps, rows, tokens)
        keys_flat = keys.reshape(rows * tokens, attention)
        query_t = query.t().contiguous()
        if second is not None:
            width2 = second_bias.shape[0] // 4
            x2 = new(steps + 1, rows, width + size + width2)  # [hidden, context, second hidden of the step before]
            x2[0, :, width + size :] = 0.0
            gates2, cells2, tanh2 = new(steps, rows, 4 * width2), new(steps + 1, rows, width2), new(steps, rows, width2)
            cells2[0] = 0.0
            raw2 = new(rows, width2)
        for t in range(steps):
            torch.addmm(inputs[t], x[t], recurrent, out=gates[t])
            h = x[t + 1, :, size:]
            _lstm_step(gates[t], cells[t], cells[t + 1], tanh_cells[t], raw)
            h.copy_(raw) if drop is None else torch.mul(raw, drop[t], out=h)

            windows[t].copy_(spread)
            torch.mm(windows[t].view(rows * tokens, 2 * kernel), convolution, out=features[t])
            u = compared[t]
            torch.addmm(keys_flat, features[t], dense, out=u.view(rows * tokens, attention))
            u.add_((h @ query_t)[:, None]).tanh_()
            torch.mv(u.view(rows * tokens, attention), score, out=energies[t].view(-1))
            if prior is not None:
                energies[t].add_(prior[t])
            if hidden is not None:
                energies[t].masked_fill_(hidden, -torch.inf)
            torch.softmax(energies[t], 1, out=weights[t])
            centre[:, 0] = weights[t]
            centre[:, 1] += weights[t]
            context = torch.bmm(weights[t][:, None], memory).squeeze(1)
            if given is not None:
                context = torch.add(given[t], context, alpha=1.0 - share)
            x[t + 1, :, :size] = context
            if second is not None:
                x2[t, :, :width] = h
                x2[t, :, width : width + size] = context
                torch.addmm(second_bias, x2[t], second, out=gates2[t])
                _lstm_step(gates2[t], cells2[t], cells2[t + 1], tanh2[t], raw2)
                h2 = x2[t + 1, :, width + size :]
                h2.copy_(raw2) if second_drop is None else torch.mul(raw2, second_drop[t], out=h2)
        ctx.share, ctx.sizes = share, (steps, rows, tokens, size, width, kernel)
        extra = (x2, gates2, cells2, tanh2, second, second_drop) if second is not None else (None,) * 6
        ctx.save_for_backward(
            x,
            gates,
            cells,
            tanh_cells,
            windows,
            features,
            compared,
            weights,
            recurrent,
            memory,
            query,
            convolution,
            dense,
            score,
            given,
            drop,
            *extra,
        )
        state = x[1:, :, size:].clone() if second is None else x2[1:, :, width + size :].clone()
        return state, x[1:, :, :size].clone(), energies, weights

    @staticmethod
    @once_differentiable
    def backward(ctx, d_state, d_context, d_energies, d_weights):
        (
            x,
            gates,
            cells,
            tanh_cells,
            windows,
            features,
            compared,
            weights,
            recurrent,
            memory,
            query,
            convolution,
            dense,
            score,
            given,
            drop,
            x2,
            gates2,
            cells2,
            tanh2,
            second,
            second_drop,
        ) = ctx.saved_tensors
        steps, rows, tokens, size, width, kernel = ctx.sizes
        filters, attention = dense.shape
        new, zeros = x.new_empty, x.new_zeros
        recurrent_t, convolution_t, dense_t = (w.t().contiguous() for w in (recurrent, convolution, dense))
        d_gates = new(steps, rows, 4 * width)
        d_contexts = new(steps, rows, size)  # before mixing
        d_energy = new(steps, rows, tokens)
        d_query = new(steps, rows, attention)
        d_features = new(steps, rows * tokens, filters)
        d_keys = zeros(rows * tokens, attention)
        d_dense = zeros(filters, attention)
        d_h, d_c, d_x_context = zeros(rows, width), zeros(rows, width), zeros(rows, size)
        d_cumulative, d_previous = zeros(rows, tokens), zeros(rows, tokens)
        # Adding up overlapping windows: each window lies in a row of its own, shifted by its place, and rows are summed.
        long = tokens + kernel - 1
        skewed = zeros(rows, 2, tokens, long)
        diagonal = skewed.as_strided((rows, tokens, 2, kernel), (2 * tokens * long, long + 1, tokens * long, 1))
        d_pre = new(rows, tokens, attention)
        if second is not None:
            width2, second_t = cells2.shape[2], second.t().contiguous()
            d_gates2 = new(steps, rows, 4 * width2)
            d_h2, d_c2 = zeros(rows, width2), zeros(rows, width2)
        for t in range(steps - 1, -1, -1):
            d_ctx = d_context[t] + d_x_context
            if second is not None:
                d_h2 = d_h2 + d_state[t]
                if second_drop is not None:
                    d_h2 = d_h2 * second_drop[t]
                d_c2 = _lstm_back(gates2[t], cells2[t], tanh2[t], d_h2, d_c2, d_gates2[t])
                d_h_more, d_ctx_more, d_h2 = (d_gates2[t] @ second_t).split((width, size, width2), 1)
                d_h = d_h + d_h_more
                d_ctx += d_ctx_more
            else:
                d_h = d_h + d_state[t]
            d_contexts[t] = d_ctx

            w = weights[t]
            d_w = torch.bmm(memory, d_ctx[:, :, None]).squeeze(2)
            if given is not None:
                d_w *= 1.0 - ctx.share
            d_w += d_weights[t]
            d_w += d_previous
            d_w += d_cumulative
            d_e = d_energy[t]
            torch.mul(w, d_w - (w * d_w).sum(1, keepdim=True), out=d_e)
            d_e += d_energies[t]
            torch.mul(compared[t], compared[t], out=d_pre)
            d_pre.neg_().add_(1.0).mul_(d_e[:, :, None]).mul_(score)
            flat = d_pre.view(rows * tokens, attention)
            d_keys += flat
            torch.sum(d_pre, 1, out=d_query[t])
            d_dense.addmm_(features[t].t(), flat)
            torch.mm(flat, dense_t, out=d_features[t])
            diagonal.copy_((d_features[t] @ convolution_t).view(rows, tokens, 2, kernel))
            d_history = skewed.sum(2)[:, :, kernel // 2 : kernel // 2 + tokens]
            d_previous = d_history[:, 0]
            d_cumulative = d_cumulative + d_history[:, 1]

            d_h = torch.addmm(d_h, d_query[t], query)
            if drop is not None:
                d_h = d_h * drop[t]
            d_c = _lstm_back(gates[t], cells[t], tanh_cells[t], d_h, d_c, d_gates[t])
            d_x_context, d_h = (d_gates[t] @ recurrent_t).split((size, width), 1)

        def over_steps(left: Tensor, right: Tensor) -> Tensor:
            return left.reshape(-1, left.shape[-1]).t() @ right.reshape(-1, right.shape[-1])

        d_recurrent = over_steps(x[:-1], d_gates)
        d_memory = torch.bmm(weights.permute(1, 2, 0), d_contexts.transpose(0, 1))
        d_given = None
        if given is not None:
            d_memory = d_memory * (1.0 - ctx.share)
            d_given = d_contexts
        d_query_weight = over_steps(d_query, x[1:, :, size:])
        d_convolution = over_steps(windows.view(steps, rows * tokens, 2 * kernel), d_features)
        d_score = compared.view(-1, attention).t() @ d_energy.view(-1)
        d_second = d_second_bias = None
        if second is not None:
            d_second, d_second_bias = over_steps(x2[:-1], d_gates2), d_gates2.sum((0, 1))
        return (
            d_gates,
            d_recurrent,
            d_memory,
            d_keys.view(rows, tokens, attention),
            None,
            d_query_weight,
            d_convolution,
            d_dense,
            d_score,
            d_given,
            None,
            None,
            None,
            d_second,
            d_second_bias,
            None,
        )


def run(
    inputs: Tensor,
    recurrent: Tensor,
    memory: Tensor,
    keys: Tensor,
    hidden: Tensor | None,
    query: Tensor,
    convolution: Tensor,
    dense: Tensor,
    score: Tensor,
    given: Tensor | None = None,
    share: float = 0.0,
    prior: Tensor | None = None,
    drop: Tensor | None = None,
    second: Tensor | None = None,
    second_bias: Tensor | None = None,
    second_drop: Tensor | None = None,
) -> Run:
    """All decoder steps with known inputs.

    Args:
        inputs: (S, B, 4·H) what the prenet and the biases give to the attention LSTM's gates.
        recurrent: (E + H, 4·H) weight of [context, hidden].
        memory: (B, N, E).
        keys: (B, N, A) projected memory.
        hidden: (B, N) True where attention must not look, or None.
        query: (A, H) projection of the hidden state.
        convolution: (2·K, F) location filters over [previous, cumulative] attention.
        dense: (F, A) their projection.
        score: (A,).
        given: (S, B, E) contexts to mix in, already times `share`; the model's own counts 1 − share.
        prior: (S, B, N) log prior added to the energies, which come back with it; no gradient; or None.
        drop: (S, B, H) dropout factors of the hidden state, or None.
        second: (H + E + H2, 4·H2) weight of the second LSTM over [hidden, context, own hidden], None without one.
        second_bias: (4·H2,).
        second_drop: (S, B, H2) dropout factors, or None.
    """

    def full(value: Tensor | None) -> Tensor | None:
        return value.float() if value is not None and value.dtype in (torch.float16, torch.bfloat16) else value

    # Under autocast the loop stays in fp32: rounding would add up over hundreds of steps, and its products are small.
    with torch.autocast(inputs.device.type, enabled=False):
        tensors = map(full, (inputs, recurrent, memory, keys))
        rest = map(full, (query, convolution, dense, score, given))
        return Run(
            *_Recurrence.apply(
                *tensors, hidden, *rest, share, full(prior), full(drop), full(second), full(second_bias), full(second_drop)
            )
        )
