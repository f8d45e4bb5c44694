"""How near is near enough: tolerances that follow from the same run, or from a bound that is derived.

How far an fp32 result lies from the exact one depends on the processor: on the order in which a library adds, on whether it
fuses multiplications with additions, on how many threads share a sum. A constant that was read off one machine fails on
another one, or is so wide that it lets faults through. Three ways without such a constant:

- `assert_as_near_as`: a kernel may err by a stated factor more than the plain computation errs, in the same precision and
  the same run, both against float64.
- `rounding_of`: how far fp32 is from float64 in this run, for a computation that can be run in both. Two ways through one
  network (alone and in a batch, whole and in pieces) may differ by a few times that.
- `rounding_bound`: what a sum of products may be off by, whatever the order (Higham 2002).

All are of rounding. Where two results differ for another reason (a quantised weight, a window's edge, a measured pitch), the
tolerance is the size of that effect, and belongs beside the comparison with its unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["assert_as_near_as", "in_double", "rounding_bound", "rounding_of"]


def rounding_bound(magnitude: float | Tensor, terms: int, dtype: torch.dtype = torch.float32) -> float:
    """What a sum of `terms` products is off by at most: γₙ Σ|aᵢ bᵢ|, with γₙ = n u / (1 − n u) and u = ε / 2.

    It holds for every order of summation, with and without fused multiplications (Higham 2002, "Accuracy and Stability of
    Numerical Algorithms", sections 3.1 and 3.5); two such sums differ by at most twice that.

    Args:
        magnitude: Σ|aᵢ bᵢ|, or an upper bound of it; of a tensor, the largest entry counts.
        terms: how many roundings a result passes: the products of a sum, one more for a bias, one for a scale.
        dtype: the precision of the sum.
    """
    unit = torch.finfo(dtype).eps / 2
    if terms * unit >= 1:
        raise ValueError(f"{terms} terms in {dtype} may lose every digit: no bound holds")
    size = float(magnitude.detach().abs().max()) if isinstance(magnitude, Tensor) else float(magnitude)
    return terms * unit / (1 - terms * unit) * size


def assert_as_near_as(result: Any, direct: Any, truth: Any, factor: float = 4.0) -> None:
    """`result` errs by at most `factor` times as much as `direct`, which is the plain computation in the same precision.

    Errors are the largest ones over all entries, against `truth` in float64. Where `direct` happens to be nearer than a unit
    in the last place of the largest value, that unit counts as its error: no result can promise more. The factor says how
    many more, or how much worse conditioned, operations the result takes; 4 is for as many operations in another order,
    since the largest of many rounding errors scatters by about two between orders.

    Args:
        result, direct: tensors or arrays of one shape and precision.
        truth: the same in float64.
        factor: how many times the error of `direct` is allowed.

    Raises:
        AssertionError: with both errors and where the result is farthest off.
    """
    ours, plain, exact = (torch.as_tensor(value).detach() for value in (result, direct, truth))
    if exact.dtype != torch.float64:
        raise TypeError(f"truth must be float64, not {exact.dtype}: fp32 is what is judged")
    if not ours.shape == plain.shape == exact.shape:
        raise AssertionError(
            f"shapes differ: result {tuple(ours.shape)}, direct {tuple(plain.shape)}, truth {tuple(exact.shape)}"
        )
    error, usual = (ours.double() - exact).abs(), _error(plain, exact)
    worst = int(error.argmax()) if error.numel() else 0
    off = float(error.flatten()[worst]) if error.numel() else 0.0
    if not off <= factor * usual:
        raise AssertionError(
            f"off by {off:.3g} at {tuple(int(i) for i in torch.unravel_index(torch.tensor(worst), error.shape))}; the direct "
            f"computation in {plain.dtype} is off by {usual:.3g}, and {factor:g} times that is allowed"
        )


def rounding_of(run: Callable[..., Any], *args: Any, slack: float = 8.0) -> float:
    """The absolute tolerance for two ways through `run` in fp32: `slack` times how far it is from float64 in this run.

    Two results that differ by rounding only are apart by at most the sum of their errors, which is 2; between orders of
    summation the largest of many errors scatters by about two; 8 leaves another factor of two.

    Args:
        run: called with `args`, and with `in_double` of them; gives a tensor, or a dataclass, list, tuple or dict of some,
            whose worst counts. It must take the same way in both precisions: what it draws at random, and how often it
            repeats, must not depend on the precision.
        args: what has a precision: modules, tensors, batches.
        slack: how many times the error of fp32.
    """
    with torch.no_grad():
        single, double = run(*args), run(*(in_double(value) for value in args))
    pairs = zip(_numbers(single), _numbers(double), strict=True)
    return slack * max(_error(a, b) for a, b in pairs)


def in_double(value: Any) -> Any:
    """A copy with every fp32 number in float64: of a module, a tensor, or a dataclass, list, tuple or dict that holds such."""
    if isinstance(value, nn.Module):
        return deepcopy(value).double()
    if isinstance(value, Tensor):
        return value.double() if value.is_floating_point() else value
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: in_double(getattr(value, f.name)) for f in fields(value) if f.init})
    if isinstance(value, dict):
        return {key: in_double(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(in_double(item) for item in value)
    return value


def _numbers(value: Any) -> Iterator[Tensor]:
    """The floating-point tensors of a result."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif is_dataclass(value):
        yield from _numbers([getattr(value, f.name) for f in fields(value)])
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _numbers(item)


def _error(value: Tensor, exact: Tensor) -> float:
    """The largest error of `value`, at least a unit in the last place of the largest exact entry."""
    if not exact.numel():
        return 0.0
    if value.shape != exact.shape:
        raise AssertionError(f"fp32 and float64 went different ways: shapes {tuple(value.shape)} and {tuple(exact.shape)}")
    least = torch.finfo(value.dtype).eps * float(exact.abs().max())
    return max(float((value.detach().double() - exact.detach().double()).abs().max()), least)
