"""Recording what passes through the named parts of a model, and changing it, without a second copy of its forward code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

__all__ = ["Activations", "attention_weights", "lstm_gates"]

_Change = Callable[[Tensor], Tensor]  # of what goes into a part, or comes out of it


class Activations:
    """Takes down the first tensor that goes into, and comes out of, named parts of a model while it runs.

        with Activations(model, ["encoder.blocks.0.attention.qkv"]) as seen:
            model.infer(inputs)
        seen.output("encoder.blocks.0.attention.qkv")

    A part that is called several times (by a decoder that speaks step by step) has as many entries. What is recorded is a
    copy, on the CPU in fp32 (or int64), so that the model may write over its own buffers. Modules that do their work without
    being called (a kernel that reads their weights) are not seen: switch such kernels off first.

    Args:
        model: whose parts.
        parts: names as in `model.named_modules()`; "" is the model itself.
        into, out_of: part → what is done to the first tensor that goes into it or comes out of it, before anything is recorded.
        given: part → what is done to all of its positional arguments, a mask among them, before that.

    Raises:
        KeyError: the model has no such part.
    """

    def __init__(
        self,
        model: nn.Module,
        parts: Iterable[str],
        into: Mapping[str, _Change] | None = None,
        out_of: Mapping[str, _Change] | None = None,
        given: Mapping[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]] | None = None,
    ) -> None:
        self._modules = dict(model.named_modules())
        self._parts, self._into, self._out_of = list(dict.fromkeys(parts)), dict(into or {}), dict(out_of or {})
        self._given = dict(given or {})
        self._named = list(dict.fromkeys((*self._parts, *self._into, *self._out_of, *self._given)))
        missing = [name for name in self._named if name not in self._modules]
        if missing:
            raise KeyError(f"the model has no part {missing[0]!r}")
        self._inputs: dict[str, list[Tensor]] = {name: [] for name in self._parts}
        self._outputs: dict[str, list[Tensor]] = {name: [] for name in self._parts}
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> Self:
        for name in self._named:
            module = self._modules[name]
            self._handles.append(module.register_forward_pre_hook(self._before(name)))
            self._handles.append(module.register_forward_hook(self._after(name)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def inputs(self, part: str) -> list[Tensor]:
        """What went into a part, call by call."""
        return self._inputs[part]

    def outputs(self, part: str) -> list[Tensor]:
        """What came out of it."""
        return self._outputs[part]

    def input(self, part: str) -> Tensor:
        """What went into it at its only call.

        Raises:
            LookupError: it was not called once.
        """
        return _only(self._inputs[part], part)

    def output(self, part: str) -> Tensor:
        """What came out of it at its only call.

        Raises:
            LookupError: it was not called once.
        """
        return _only(self._outputs[part], part)

    def _before(self, name: str) -> Callable[[nn.Module, tuple[Any, ...]], tuple[Any, ...]]:
        def hook(module: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
            arguments = self._given[name](arguments) if name in self._given else arguments
            if name in self._into and arguments:
                arguments = (self._into[name](arguments[0]), *arguments[1:])
            if name in self._inputs and arguments and isinstance(arguments[0], Tensor):
                self._inputs[name].append(_copy(arguments[0]))
            return arguments

        return hook

    def _after(self, name: str) -> Callable[[nn.Module, tuple[Any, ...], Any], Any]:
        def hook(module: nn.Module, arguments: tuple[Any, ...], result: Any) -> Any:
            several = isinstance(result, tuple)
            first = result[0] if several else result
            if name in self._out_of:
                first = self._out_of[name](first)
                result = (first, *result[1:]) if several else first
            if name in self._outputs and isinstance(first, Tensor):
                self._outputs[name].append(_copy(first))
            return result

        return hook


def attention_weights(q: Tensor, k: Tensor, unseen: Tensor | None = None) -> Tensor:
    """Weights of scaled dot-product attention (Vaswani et al. 2017, equation 1), from recorded queries and keys.

    Args:
        q: (B, h, L, D).
        k: (B, h, K, D).
        unseen: bool, broadcast to (B, h, L, K): True on keys that are not looked at.

    Returns:
        (B, h, L, K), each row's sum 1.
    """
    scores: Tensor = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    return (scores if unseen is None else scores.masked_fill(unseen, float("-inf"))).softmax(-1)


def lstm_gates(lstm: nn.LSTM | nn.LSTMCell, x: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Gates and cells of an LSTM of one layer and direction (Hochreiter & Schmidhuber 1997; Gers et al. 2000).

    A kernel does not give them away, so they are worked out from what went in and what came out.

    Args:
        lstm: whose weights.
        x: (B, L, C) what went in.
        hidden: (B, L, H) what came out; it began at zero.

    Returns:
        Gates i, f, g, o (B, L, 4, H), after their sigmoids and tanh; cells (B, L, H).
    """
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ending = "_l0" if isinstance(lstm, nn.LSTM) else ""
    w_x, w_h, b_x, b_h = (getattr(lstm, name + ending).detach().float().cpu() for name in names)
    before = torch.cat([torch.zeros_like(hidden[:, :1]), hidden[:, :-1]], dim=1)
    i, f, g, o = (x @ w_x.t() + before @ w_h.t() + b_x + b_h).chunk(4, dim=-1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    cells, cell = [], torch.zeros_like(hidden[:, 0])
    for t in range(x.shape[1]):
        cell = f[:, t] * cell + i[:, t] * g[:, t]
        cells.append(cell)
    return torch.stack([i, f, g, o], dim=2), torch.stack(cells, dim=1)


def _copy(value: Tensor) -> Tensor:
    kind = torch.float32 if value.is_floating_point() else torch.int64
    return value.detach().to("cpu", kind, copy=True)


def _only(calls: list[Tensor], part: str) -> Tensor:
    if len(calls) != 1:
        raise LookupError(f"part {part!r} was called {len(calls)} times, not once")
    return calls[0]
