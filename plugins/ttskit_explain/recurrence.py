"""One recurrent cell read step by step: with its gates, without them, and how far what arrived still counts.

The bare network is the LSTM's own path of candidates with the gates taken away: the same trained weights, so that what
differs between the two pictures is the gates and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["GATES", "KINDS", "Cell", "States", "influence", "path_lengths", "ready_at"]

GATES = ("i", "f", "g", "o")  # as torch lays the weights out
# Who can see whom: an LSTM that reads ahead, back, in both directions; self-attention without and with its mask; a convolution.
KINDS = ("ahead", "back", "both", "attention", "masked", "convolution")
_Step = Callable[[Tensor, Tensor], Tensor]  # what arrives (…, C), the state before (…, K) → the state (…, K)


@dataclass(frozen=True)
class States:
    """What an LSTM makes of a sequence.

    Args:
        gates: (N, 4, H) in the order of `GATES`, after their sigmoids and tanh.
        cells: (N, H).
        hidden: (N, H).
    """

    gates: Tensor
    cells: Tensor
    hidden: Tensor


@dataclass(frozen=True)
class Cell:
    """Weights of an LSTM of one direction, float64: derivatives over a sentence are products of many small numbers.

    Args:
        w: (4H, C) of what arrives.
        u: (4H, H) of the hidden state before.
        bias: (4H).
        trained: whether they come from a trained model.
    """

    w: Tensor
    u: Tensor
    bias: Tensor
    trained: bool = True

    @classmethod
    def of(cls, lstm: nn.LSTM) -> Cell:
        """The first layer of an LSTM, the direction that reads ahead."""
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        w, u, *biases = (getattr(lstm, name).detach().double().cpu() if hasattr(lstm, name) else None for name in names)
        assert w is not None
        assert u is not None
        bias = sum((one for one in biases if one is not None), torch.zeros(len(w), dtype=torch.float64))
        return cls(w, u, bias)

    @classmethod
    def untrained(cls, channels: int, hidden: int, seed: int = 0) -> Cell:
        """Random weights, uniform in ±1/√H, as torch begins an LSTM."""
        generator, most = torch.Generator().manual_seed(seed), hidden**-0.5
        w, u, bias = (
            (2 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1) * most
            for shape in ((4 * hidden, channels), (4 * hidden, hidden), (4 * hidden,))
        )
        return cls(w, u, bias, trained=False)

    @property
    def size(self) -> int:
        """H."""
        return self.u.shape[1]

    def gates(self, x: Tensor, hidden: Tensor) -> Tensor:
        """(…, 4, H) of what arrives (…, C) and the hidden state before (…, H)."""
        i, f, g, o = (x @ self.w.t() + hidden @ self.u.t() + self.bias).chunk(4, dim=-1)
        return torch.stack([i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()], dim=-2)

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """State (…, 2H): hidden state and cell, after what arrives (Hochreiter & Schmidhuber 1997; Gers et al. 2000)."""
        hidden, cell = state.chunk(2, dim=-1)
        i, f, g, o = self.gates(x, hidden).unbind(-2)
        cell = f * cell + i * g
        return torch.cat([o * cell.tanh(), cell], dim=-1)

    def bare_step(self, x: Tensor, state: Tensor) -> Tensor:
        """State (…, H) of the path of candidates alone: tanh(W_g x + U_g h + b_g) (Elman 1990)."""
        rows = slice(2 * self.size, 3 * self.size)
        return (x @ self.w[rows].t() + state @ self.u[rows].t() + self.bias[rows]).tanh()

    def read(self, x: Tensor) -> States:
        """An LSTM over x (N, C), which begins with zeros."""
        state = x.new_zeros(2 * self.size)
        gates, states = [], []
        for now in x:
            gates.append(self.gates(now, state[: self.size]))
            state = self.step(now, state)
            states.append(state)
        hidden, cells = torch.stack(states).chunk(2, dim=1)
        return States(torch.stack(gates), cells, hidden)

    def read_bare(self, x: Tensor) -> Tensor:
        """(N, H) of the bare network over x (N, C), which begins with zeros."""
        state = x.new_zeros(self.size)
        states = []
        for now in x:
            state = self.bare_step(now, state)
            states.append(state)
        return torch.stack(states)


def influence(step: _Step, x: Tensor, states: Tensor, seen: int, sources: Sequence[int]) -> np.ndarray:
    """How much what arrived at one place still counts in the states after it: ‖∂h_t/∂x_s‖, Frobenius norms.

    Each step's own derivatives come from autograd; the chain rule multiplies them.

    Args:
        step: what arrives and the state before → the state.
        x: (N, C).
        states: (N, K) after each step; it began with zeros.
        seen: of the state, how much is h (an LSTM's cell is not seen from outside).
        sources: places s.

    Returns:
        (sources, N), zero before s.
    """
    before = torch.cat([torch.zeros_like(states[:1]), states[:-1]])
    found = np.zeros((len(sources), len(x)))
    flowing: dict[int, Tensor] = {}
    for t in range(len(x)):
        arriving, kept = _derivatives(step, x[t], before[t])
        flowing = {row: kept @ one for row, one in flowing.items()}
        flowing.update({row: arriving for row, source in enumerate(sources) if source == t})
        for row, one in flowing.items():
            found[row, t] = float(one[:seen].norm())
    return found


def _derivatives(step: _Step, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """(K, C) and (K, K) of one step: K rows of the same, and row k is asked for the slope of its k-th number alone."""
    rows = len(state)
    arriving, before = (one.expand(rows, -1).clone().requires_grad_() for one in (x, state))
    with torch.enable_grad():
        of_x, of_state = torch.autograd.grad(step(arriving, before).diagonal().sum(), (arriving, before))
    return of_x, of_state


def path_lengths(kind: str, places: int, radius: int = 1) -> np.ndarray:
    """Through how many applications of a layer a signal goes from place s to place t of one layer.

    Args:
        kind: one of `KINDS`.
        places: N.
        radius: how far a convolution sees to each side.

    Returns:
        (N, N) of whole numbers, rows t and columns s; 0 where t cannot see s.
    """
    t, s = np.indices((places, places))
    far = np.abs(t - s)
    if kind == "ahead":
        return np.where(s <= t, far + 1, 0)
    if kind == "back":
        return np.where(s >= t, far + 1, 0)
    if kind == "both":
        return far + 1
    if kind == "attention":
        return np.ones_like(far)
    if kind == "masked":
        return (s <= t).astype(far.dtype)
    assert kind == "convolution", kind
    return (far <= radius).astype(far.dtype)


def ready_at(kind: str, places: int) -> np.ndarray:
    """At which tick, from 1, each place of a layer can be there at the earliest, if its input is: (N,) whole numbers."""
    order = np.arange(1, places + 1)
    if kind == "ahead":
        return order
    if kind == "back":
        return order[::-1].copy()
    if kind == "both":
        return np.maximum(order, order[::-1])
    assert kind in KINDS, kind
    return np.ones_like(order)
