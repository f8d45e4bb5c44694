"""The helpers that say how near is near enough, and the matrix of settings that watches the rest."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from ttskit.testing.numerics import assert_as_near_as, in_double, rounding_bound, rounding_of

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def matrix():
    spec = importlib.util.spec_from_file_location("run_matrix", HERE / "run_matrix.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sums(order: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A product of matrices summed in this order in fp32, in torch's own order, and in float64."""
    torch.manual_seed(0)
    x, weight = torch.randn(16, len(order)), torch.randn(len(order), 8)
    ours = torch.zeros(16, 8)
    for k in order:
        ours += x[:, k, None] * weight[k]
    return ours, x @ weight, x.double() @ weight.double()


@pytest.mark.parametrize("terms", [1, 7, 300])
def test_every_order_of_a_sum_lies_within_its_bound(terms):
    torch.manual_seed(terms)
    x, weight = torch.randn(16, terms), torch.randn(terms, 8)
    ours = torch.zeros(16, 8)
    for k in torch.randperm(terms):
        ours += x[:, k, None] * weight[k]
    truth = x.double() @ weight.double()
    bound = rounding_bound(x.abs() @ weight.abs(), terms)
    assert 0 < float((ours - truth).abs().max()) <= bound and float((x @ weight - truth).abs().max()) <= bound
    assert bound < 1e-3 * max(1.0, float(truth.abs().max()))  # and it is still a narrow one


def test_a_bound_is_the_textbooks():
    assert rounding_bound(2.0, 3, torch.float64) == pytest.approx(2.0 * 3 * 2.0**-53, rel=1e-12)
    assert rounding_bound(torch.tensor([-4.0, 1.0]), 2**23) == pytest.approx(4.0)  # γ = ½ / (1 − ½)
    with pytest.raises(ValueError, match="lose every digit"):
        rounding_bound(1.0, 2**11, torch.float16)


def test_another_order_is_as_near_and_half_precision_is_not():
    ours, plain, truth = sums(torch.arange(299, -1, -1))
    assert_as_near_as(ours, plain, truth, factor=16)  # one after another: up to √300 times a blocked sum's
    with pytest.raises(AssertionError, match=r"off by .* at \(\d+, \d+\); the direct computation in torch.float32 is off by"):
        assert_as_near_as(plain.half().float(), plain, truth, factor=16)
    wrong = plain.clone()
    wrong[3, 5] += 1e-4
    with pytest.raises(AssertionError, match=r"at \(3, 5\)"):
        assert_as_near_as(wrong, plain, truth)
    with pytest.raises(AssertionError, match="off by nan"):
        assert_as_near_as(plain * float("nan"), plain, truth)


def test_a_direct_result_that_happens_to_be_exact_still_leaves_a_unit_in_the_last_place():
    truth = torch.tensor([1.0, 4.0], dtype=torch.float64)
    last = 4.0 * torch.finfo(torch.float32).eps
    assert_as_near_as(np.array([1.0, 4.0 + last], np.float32), truth.float(), truth, factor=1)
    with pytest.raises(AssertionError):
        assert_as_near_as(np.array([1.0, 4.0 + 2 * last], np.float32), truth.float(), truth, factor=1)


def test_what_cannot_be_judged_is_said():
    one = torch.ones(2)
    with pytest.raises(TypeError, match="float64"):
        assert_as_near_as(one, one, one)
    with pytest.raises(AssertionError, match="shapes differ"):
        assert_as_near_as(one, one, torch.ones(3).double())
    with pytest.raises(AssertionError, match="different ways"):
        rounding_of(lambda x: x[: 1 + (x.dtype == torch.float64)], one)


@dataclass(frozen=True)
class Pair:
    values: torch.Tensor
    lengths: torch.Tensor
    name: str = "x"


def test_rounding_is_that_of_the_same_run():
    """The way through a layer in fp32 against float64, its module, batch and nested parts included, and nothing changed."""
    torch.manual_seed(0)
    layer, pair = torch.nn.Linear(64, 8), Pair(torch.randn(4, 64), torch.tensor([1, 2]))
    near = rounding_of(
        lambda layer, pair, more: Pair(layer(pair.values) + more["x"][0], pair.lengths), layer, pair, {"x": [1.0]}
    )
    assert layer.weight.dtype == pair.values.dtype == torch.float32
    with torch.no_grad():
        off = (layer(pair.values).double() - in_double(layer)(pair.values.double())).abs().max()
    assert 0.2 * 8 * float(off) < near < 5 * 8 * float(off) + 1e-5
    rough = rounding_of(lambda layer, pair: layer(pair.values).mul(1e3), layer, pair)
    assert rough > 100 * near
    double = in_double(pair)
    assert double.values.dtype == torch.float64 and double.lengths.dtype == torch.int64 and double.name == "x"


def test_settings_are_those_that_the_processor_has(matrix, tmp_path):
    """A level above its own would kill the process; a name that torch gives to other processors means none."""
    old, new, other = (matrix.settings(name, tmp_path) for name in ("AVX2", "AVX512", "NEON"))
    levels = {k: v["ATEN_CPU_CAPABILITY"] for k, v in new.items() if len(v) == 3 and "ATEN_CPU_CAPABILITY" in v}
    assert levels == {"default": "default", "avx2": "avx2", "avx512": "avx512"}
    assert set(new) - set(old) == {"avx512"} and set(other) == {"as it comes", "two threads", "no numba cache"}
    assert {v["OMP_NUM_THREADS"] for v in new.values()} == {"1", "2"}
    held = [v for v in new.values() if "MKL_ENABLE_INSTRUCTIONS" in v]
    assert len(held) == 2 and all(v["ONEDNN_MAX_CPU_ISA"] == "AVX2" for v in held)


def test_a_tolerance_of_rounding_that_is_nearly_used_up_is_named_and_others_are_not(matrix):
    def row(at, error, allowed, size=1.0):
        return {"at": at, "error": error, "allowed": allowed, "size": size, "share": error / allowed}

    rows = [
        row("a:1", 6e-6, 1e-5),
        row("a:1", 9e-6, 1e-5),
        row("b:2", 4e-6, 1e-5),
        row("c:3", 0.9, 1.0),
        row("d:4", 9.5e-3, 1e-2, 500),
    ]
    assert [(r["at"], r["share"]) for r in matrix.tight(rows)] == [("d:4", pytest.approx(0.95)), ("a:1", pytest.approx(0.9))]


TIGHT = """
import numpy as np, pytest, torch

def test_one():
    torch.testing.assert_close(torch.tensor(1.0 + 4e-6), torch.tensor(1.0), rtol=0, atol=1e-5)
    np.testing.assert_allclose([2.0, 1.0 + 3e-8], [2.0, 1.0], rtol=0, atol=1e-7)
    assert 1.0 + 2e-7 == pytest.approx(1.0)
    off = 7e-6
    assert off < 1e-5
"""


def test_what_a_run_used_of_its_tolerances_is_noted(tmp_path):
    """Both libraries' comparisons, approx and plain ones, with line, error and what was allowed."""
    tests = tmp_path / "noted"
    tests.mkdir()
    (tests / "test_tight.py").write_text(TIGHT, encoding="utf-8")
    source = (HERE / "headroom.py").read_text(encoding="utf-8")
    (tests / "numerics").mkdir()
    (tests / "numerics" / "headroom.py").write_text(source, encoding="utf-8")
    variables = {"PYTHONPATH": str(tests / "numerics"), "TTSKIT_HEADROOM": str(tests), "PYTHONPYCACHEPREFIX": str(tests / "c")}
    words = ["-q", "-p", "headroom", "-p", "no:cacheprovider", "-o", "enable_assertion_pass_hook=true", "test_tight.py"]
    ran = subprocess.run([sys.executable, "-m", "pytest", *words], cwd=tests, env=os.environ | variables, capture_output=True)
    assert ran.returncode == 0, ran.stdout.decode()
    (file,) = tests.glob("*.jsonl")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    found = [(row["at"], row["share"]) for row in rows]
    assert [at for at, _ in found] == [f"test_tight.py:{line}" for line in (5, 6, 7, 9)]
    assert [share for _, share in found] == pytest.approx([0.4, 0.3, 0.2, 0.7], rel=0.05)


def test_the_files_of_the_matrix_are_there(matrix):
    """A file that has moved would end every setting before its first test."""
    files = matrix.FILES
    assert len(files) > 10 and [name for name in files if not (HERE.parents[1] / name).exists()] == []
