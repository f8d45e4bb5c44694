"""Products with weights in fewer bytes: how near they are, and the way back where torch lacks a private operator."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

import ttskit_tacotron2
from ttskit.errors import UsageError
from ttskit.testing.numerics import rounding_bound
from ttskit_tacotron2.fast import operators, weights


def relative(ours, exact) -> float:
    return float((ours - exact).square().mean().sqrt() / exact.std())


def hide(monkeypatch, *names: str) -> None:
    """A torch without these operators."""
    for name in names:
        assert name in operators.NAMES
        monkeypatch.setitem(operators.NAMES, name, f"ops.mkldnn.{name}_of_no_torch")
        assert operators.look_up(name) is None


def product(precision: str, rows: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """A product of fixed numbers in this precision, and the exact one."""
    torch.manual_seed(seed)
    weight, bias, x, out = torch.randn(40, 56), torch.randn(40), torch.randn(rows, 56), torch.empty(rows, 40)
    weights.product(weight, bias, precision, rows, (16,))(x, out)
    return out, x.double() @ weight.double().t() + bias


def lost(precision: str, weight: torch.Tensor, x: torch.Tensor) -> float:
    """How far a product may be off (root mean square): in fewer bytes, twice what rounding to their levels makes of it.

    int8: errors are even within a step, of variance step² / 12; steps are a row's largest value over 127 for weights and
    over 63 for inputs. fp16: weights, inputs and the result, each by up to 2⁻¹¹ of itself, together about 2⁻¹¹.
    """
    weight, x = weight.double(), x.double()
    if precision == "fp32":
        return rounding_bound(x.abs() @ weight.abs().t(), x.shape[1] + 1)
    if precision == "fp16":
        return 2 * 2.0**-11 * float((x @ weight.t()).square().mean().sqrt())
    steps = (weight.abs().amax(1) / 127).square(), (x.abs().amax(1) / 63).square()
    variance = torch.outer(x.square().sum(1), steps[0]) + torch.outer(steps[1], weight.square().sum(1))
    return 2 * float((variance / 12).mean().sqrt())


def allowed(precision: str, rows: int, seed: int = 0) -> float:
    """`lost` of the numbers of `product`, relative to the exact product's deviation."""
    torch.manual_seed(seed)
    weight, bias, x = torch.randn(40, 56), torch.randn(40), torch.randn(rows, 56)
    return lost(precision, weight, x) / float((x.double() @ weight.double().t() + bias.double()).std())


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
@pytest.mark.parametrize("rows", [1, 3, 6])
def test_products_are_near_the_exact_one(precision, rows):
    torch.manual_seed(0)
    weight, bias, x = torch.randn(40, 56), torch.randn(40), torch.randn(rows, 56) * torch.rand(rows, 1).mul(5)
    x[-1] = 0.0  # before the first step the state is all zero
    out, exact = torch.empty(rows, 40), x.double() @ weight.double().t() + bias
    weights.product(weight, bias, precision, rows, (16,))(x, out)
    assert relative(out, exact) * float(exact.std()) <= lost(precision, weight, x)
    assert torch.allclose(out[-1], bias, atol=1e-3)


def test_int8_rows_do_not_depend_on_each_other():
    torch.manual_seed(0)
    weight, bias = torch.randn(40, 56), torch.zeros(40)
    x = torch.randn(5, 56) * torch.tensor([0.01, 1.0, 3.0, 100.0, 0.5])[:, None]
    run, together, alone = weights.product(weight, bias, "int8", 5), torch.empty(5, 40), torch.empty(1, 40)
    run(x, together)
    for row in range(5):
        run(x[row : row + 1], alone)
        torch.testing.assert_close(together[row : row + 1], alone, rtol=1e-6, atol=0)


def test_int8_leaves_room_for_kernels_that_add_pairs_in_16_bits(monkeypatch):
    """Without AVX512-VNNI oneDNN's does so; inputs of eight bits were cut off there, and the product off by 7 %."""
    if not onednn_works():
        pytest.skip("this torch has no oneDNN int8 product for this processor")
    seen, real = [], operators.look_up("linear_int8_onednn")
    monkeypatch.setattr(
        weights,
        "look_up",
        lambda name: (lambda x, *more: (seen.append(x), real(x, *more))[1]) if "linear" in name else operators.look_up(name),
    )
    largest = torch.ones(2, 1)
    weights._onednn(torch.full((4, 4), 127, dtype=torch.int8), torch.ones(4))(torch.tensor([[1.0] * 4, [-1.0] * 4]), largest)
    assert 2 * 127 * int(seen[0].max()) < 2**15 and int(seen[0].min()) >= 1


def test_threads_share_int8_weights_and_nothing_else():
    torch.manual_seed(0)
    weight, bias = torch.randn(64, 512), torch.zeros(64)
    run, inputs = weights.product(weight, bias, "int8", 1), [torch.randn(1, 512) for _ in range(4)]

    def said(x: torch.Tensor) -> torch.Tensor:
        run(x, out := torch.empty(1, 64))
        return out

    alone = [said(x) for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(said, inputs * 200))
    assert all(torch.equal(out, alone[index % 4]) for index, out in enumerate(together))


FBGEMM = ("quantized_tensor", "pack_int8", "linear_int8")
ONEDNN = ("pack_int8_onednn", "linear_int8_onednn")


def onednn_works() -> bool:
    try:
        ones = torch.ones(4, 4, dtype=torch.int8)
        weights._onednn(ones, torch.ones(4))(torch.ones(1, 4), torch.ones(1, 1))
    except (RuntimeError, TypeError):
        return False
    return True


def test_every_operator_looked_up_is_asked_for_and_none_elsewhere():
    """One module knows torch's private names."""
    folder = Path(ttskit_tacotron2.__file__).parent
    sources = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.py") if path.name != "operators.py"}
    together = "".join(sources.values())
    assert all(f'look_up("{name}")' in together for name in operators.NAMES)
    private = re.compile(r"torch\.ops|torch\._(?!_)|_VF|torch\.backends\.")
    assert [(path.name, found) for path, text in sources.items() for found in private.findall(text)] == []


def test_int8_without_quantised_tensors(monkeypatch):
    """Torch means to drop them: the other operator must then do."""
    if not onednn_works():
        pytest.skip("this torch has no oneDNN int8 product for this processor")
    hide(monkeypatch, *FBGEMM)
    assert relative(*product("int8", 3)) <= allowed("int8", 3)


@pytest.mark.parametrize("name", FBGEMM)
def test_int8_without_any_one_of_them(monkeypatch, name):
    hide(monkeypatch, name)
    assert relative(*product("int8", 3)) <= allowed("int8", 3)


@pytest.mark.parametrize("rows", [1, 3])
def test_int8_without_any_operator_is_the_same_and_said_to_be_slow(monkeypatch, rows):
    hide(monkeypatch, *FBGEMM)
    before = product("int8", rows)[0] if onednn_works() else None
    hide(monkeypatch, *ONEDNN)
    with pytest.warns(UserWarning, match="int8 is no faster here"):
        after, exact = product("int8", rows)
    assert relative(after, exact) <= allowed("int8", rows)
    if before is not None:  # the same whole numbers, multiplied exactly and scaled in another order
        torch.testing.assert_close(after, before, rtol=0, atol=8 * 2**-23 * float(exact.abs().max()))


def test_int8_levels_are_those_of_the_formula(monkeypatch):
    """The way back, against whole numbers worked out one by one."""
    hide(monkeypatch, *FBGEMM, *ONEDNN)
    torch.manual_seed(3)
    weight, x, out = torch.randn(5, 8), torch.randn(2, 8), torch.empty(2, 5)
    with pytest.warns(UserWarning):
        weights.product(weight, torch.zeros(5), "int8", 2)(x, out)
    for row in range(2):
        largest = float(x[row].abs().max())
        levels = [int(63 * float(value) / largest + 64.5) - 64 for value in x[row]]
        for channel in range(5):
            scale = float(weight[channel].abs().max()) / 127
            whole = [round(float(value) / scale) for value in weight[channel]]
            want = sum(a * b for a, b in zip(levels, whole, strict=True)) * scale * largest / 63
            assert float(out[row, channel]) == pytest.approx(want, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", ["reorder_weight", "linear"])
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_oneDNN_layout_is_not_needed(monkeypatch, precision, name):
    with_it = product(precision, 6)[0]
    hide(monkeypatch, name)
    without, exact = product(precision, 6)
    torch.testing.assert_close(without, with_it, rtol=0, atol=8 * 2**-23 * float(exact.abs().max()))


def test_an_operator_of_other_arguments_is_one_that_is_not_there(monkeypatch):
    monkeypatch.setitem(operators.NAMES, "reorder_weight", "relu_")  # found, but not made for these arguments
    assert relative(*product("fp32", 6)) <= allowed("fp32", 6)


def test_int8_is_for_processors():
    with pytest.raises(UsageError, match="int8 is for CPUs"):
        weights.product(torch.ones(4, 4, device="meta"), torch.ones(4, device="meta"), "int8", 1)
