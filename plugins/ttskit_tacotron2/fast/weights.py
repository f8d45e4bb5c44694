"""Weights as the free-running decoder holds them: every step reads all of them, so their bytes are its speed.

A product x @ Wᵀ + b of few rows on a CPU takes as long as reading W. What can be done is to lay W out for the
kernel that reads it fastest, and to hold it in fewer bytes:

- fp32, exact: one row runs over W transposed (a fifth faster than over W), more rows through oneDNN's own layout.
- fp16: half the bytes; each gate is off by about 3e-4 of its spread. Beyond four rows fp32 is faster and is used.
- int8: a quarter; weights per output channel, inputs rounded per row (a row's result never depends on the others).
  Each gate is off by about 1 % of its spread.

On a GPU, fp32 and fp16 are plain products; int8 is for CPUs.
"""

from __future__ import annotations

import mmap
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from ttskit.errors import UsageError
from ttskit_tacotron2.fast.operators import look_up

__all__ = ["PRECISIONS", "Product", "product"]

PRECISIONS = ("fp32", "fp16", "int8")
_FEW_ROWS = 4  # fp16 products on a CPU run row by row
Product = Callable[[Tensor, Tensor], None]  # (x (B, in), out (B, outputs)): writes x @ Wᵀ + b


def product(weight: Tensor, bias: Tensor, precision: str, rows: int, splits: Sequence[int] = ()) -> Product:
    """The fastest way to multiply by a weight that stays as it is.

    Args:
        weight: (outputs, in).
        bias: (outputs,).
        precision: of `PRECISIONS`.
        rows: B of the inputs to come.
        splits: where the input falls into parts of their own scale (int8 rounds each by itself).

    Raises:
        UsageError: int8 off the CPU.
    """
    weight, bias = weight.detach(), bias.detach()
    cpu = weight.device.type == "cpu"
    if precision == "int8":
        if not cpu:
            raise UsageError("precision int8 is for CPUs", f"the model is on {weight.device}", "--precision fp16")
        return _int8(weight, bias, splits)
    if precision == "fp16" and (not cpu or rows <= _FEW_ROWS):
        return _half(weight, bias)
    if not cpu:
        turned = weight.t()
        return lambda x, out: torch.addmm(bias, x, turned, out=out)
    if rows == 1:
        turned = _on_large_pages(weight.t())
        return lambda x, out: torch.addmm(bias, x, turned, out=out)
    # In fp16 a large batch has the same rounded weights as a small one.
    return _packed(weight.half().float() if precision == "fp16" else weight, bias, rows)


def _half(weight: Tensor, bias: Tensor) -> Product:
    small = _on_large_pages(weight.half())

    def run(x: Tensor, out: Tensor) -> None:
        torch.add(F.linear(x.half(), small), bias, out=out)

    return run


def _packed(weight: Tensor, bias: Tensor, rows: int) -> Product:
    """Through oneDNN's own layout where this torch has it (1.6 times as fast at 16 rows as MKL on AMD)."""
    plain = weight.contiguous()
    reorder, linear = look_up("reorder_weight"), look_up("linear")
    try:
        packed = reorder(plain, rows)
        linear(plain.new_zeros(rows, plain.shape[1]), packed, bias, "none", [], "")
    except (TypeError, RuntimeError):  # not there (None is not callable), built without oneDNN, or of other arguments
        return lambda x, out: torch.addmm(bias, x, plain.t(), out=out)
    return lambda x, out: out.copy_(linear(x, packed, bias, "none", [], ""))


def _int8(weight: Tensor, bias: Tensor, splits: Sequence[int]) -> Product:
    edges = [0, *splits, weight.shape[1]]
    parts = [(slice(a, b), _int8_part(weight[:, a:b].contiguous())) for a, b in pairwise(edges)]

    def run(x: Tensor, out: Tensor) -> None:
        out.copy_(bias)
        for where, part in parts:
            part(x[:, where], out)

    return run


def _int8_part(weight: Tensor) -> Product:
    """(x, out): out += x @ weightᵀ in int8; x is divided by its row's largest value, so its range is always [-1, 1]."""
    scale = weight.abs().amax(1).clamp_min(1e-12) / 127
    rounded = (weight / scale[:, None]).round().to(torch.int8)
    for build in (_fbgemm, _onednn):
        try:
            multiply = build(rounded, scale)
            multiply(weight.new_ones(1, weight.shape[1]), weight.new_ones(1, 1))
            break
        except (TypeError, RuntimeError):  # not in this torch (None is not callable), or not on this processor
            continue
    else:
        multiply = _plain(rounded, scale)
        warnings.warn(f"int8 is no faster here: torch {torch.__version__} has no int8 product for this processor", stacklevel=2)

    def run(x: Tensor, out: Tensor) -> None:
        largest = x.abs().amax(1, keepdim=True).clamp_min_(1e-12)
        out.addcmul_(multiply(x, largest), largest)

    return run


def _fbgemm(rounded: Tensor, scale: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """Dynamic quantisation over the whole input: two columns of ±1 with zero weights pin its range, so rows stay apart."""
    quantise, pack, linear = look_up("quantized_tensor"), look_up("pack_int8"), look_up("linear_int8")
    pinned = F.pad(rounded, (0, 2))
    zeros = torch.zeros(len(scale), dtype=torch.long)
    with warnings.catch_warnings():  # torch means to drop quantised tensors; `_onednn` does without
        warnings.simplefilter("ignore")
        packed = pack(quantise(pinned, scale.double(), zeros, 0), None)
    ends = torch.tensor([[1.0, -1.0]])

    def multiply(x: Tensor, largest: Tensor) -> Tensor:
        wide = torch.cat([x / largest, ends.expand(len(x), 2)], 1)  # of this call alone: threads share the weights
        # reduce_range: without it processors older than AVX512-VNNI overflow.
        return linear(wide, packed, True)

    return multiply


def _onednn(rounded: Tensor, scale: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """The operator that compiled int8 models use: plain tensors, its input rounded here.

    To seven bits, as `_fbgemm` does: without AVX512-VNNI a kernel adds pairs of products in 16 bits, and 2 · 255 · 127 would
    not fit (the result was off by 7 % there), 2 · 127 · 127 does.
    """
    pack, linear = look_up("pack_int8_onednn"), look_up("linear_int8_onednn")
    packed = pack(rounded, None)
    zeros, half = torch.zeros(len(scale), dtype=torch.int32), torch.tensor(64.5)

    def multiply(x: Tensor, largest: Tensor) -> Tensor:
        levels = torch.addcdiv(half, x, largest, value=63.0).to(torch.uint8)
        return linear(levels, 1 / 63, 64, packed, scale, zeros, None, 1.0, 0, torch.float32, "none", [], "")

    return multiply


def _plain(rounded: Tensor, scale: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """The way back: the same whole numbers as `_onednn`'s in a float product; int8's sound without its speed."""
    turned, scale, half = rounded.t().float(), scale / 63, torch.tensor(64.5)

    def multiply(x: Tensor, largest: Tensor) -> Tensor:
        return torch.mm(torch.addcdiv(half, x, largest, value=63.0).floor_().sub_(64.0), turned).mul_(scale)

    return multiply


def _on_large_pages(weight: Tensor) -> Tensor:
    """A contiguous copy, where Linux allows it on 2 MB pages: reading it then misses fewer address translations."""
    size = weight.numel() * weight.element_size()
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    if advice is None or weight.device.type != "cpu" or size < 2**22:
        return weight.contiguous()
    memory = mmap.mmap(-1, size)
    try:
        memory.madvise(advice)
    except OSError:  # a kernel without them
        return weight.contiguous()
    return torch.frombuffer(memory, dtype=weight.dtype).view(weight.shape).copy_(weight)
