"""What stands in `fast/` gives the values and gradients of what it stands for.

Tolerances come from the same run: the plain way in fp32 is off from the plain way in double by so much, at least by the
rounding of the result, and the fast way may be off by `TIMES` as much. F(4, 3) loses up to five times what a direct convolution
does (measured, with AVX2 and AVX-512); which direct kernel torch takes depends on the processor.
"""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import ttskit_fastpitch.fast.operators as operators
import ttskit_fastpitch.lamb as lamb
import ttskit_fastpitch.model as network
from ttskit.interfaces import TrainState
from ttskit.testing.builders import tiny_batch, tiny_context
from ttskit_fastpitch.config import FastPitchOptions
from ttskit_fastpitch.fast import tiles
from ttskit_fastpitch.fast.convolution import Neighbourhoods
from ttskit_fastpitch.lamb import Lamb
from ttskit_fastpitch.layers import Conv
from ttskit_fastpitch.model import FastPitch

TIMES = 16.0
EPS = torch.finfo(torch.float32).eps


def assert_as_near(name: str, fast: Tensor, plain: Tensor, exact: Tensor) -> None:
    """`fast` is not much further from `exact` than `plain` is, in the root of the mean square."""
    fast, plain, exact = fast.detach().double(), plain.detach().double(), exact.detach().double()
    off = float((plain - exact).square().mean().sqrt())
    allowed = TIMES * max(off, EPS / 2 * float(exact.square().mean().sqrt()))
    error = float((fast - exact).square().mean().sqrt())
    assert error <= allowed, f"{name}: off by {error:.3g}, allowed {allowed:.3g}"


def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the fast ways as they are taken from now on."""
    seen: list[str] = []
    ways = {
        "speaking": (tiles, "convolve"),
        "learning": (tiles.Convolve, "apply"),
        "around": (Neighbourhoods, "apply"),
    }
    for way, (home, name) in ways.items():
        real = getattr(home, name)

        def noting(*given, way=way, real=real):
            seen.append(way)
            return real(*given)

        monkeypatch.setattr(home, name, noting)
    return seen


@pytest.mark.parametrize(
    ("inputs", "outputs", "kernel", "rows", "length", "learns", "way"),
    [
        (40, 33, 3, 2, 9, False, "speaking"),
        (40, 33, 3, 1, 1, False, "speaking"),
        (40, 33, 3, 2, 515, True, "learning"),
        (40, 33, 3, 2, 9, True, "around"),
        (8, 33, 3, 2, 515, True, "around"),
        (8, 33, 3, 2, 9, False, "around"),
        (40, 33, 5, 2, 9, True, "around"),
        (40, 33, 9, 2, 3, True, "around"),
        (40, 33, 1, 2, 9, True, None),
        (1, 33, 3, 2, 9, True, None),
    ],
)
def test_each_way_of_a_convolution_is_the_direct_one(
    inputs: int, outputs: int, kernel: int, rows: int, length: int, learns: bool, way: str | None, monkeypatch
):
    torch.manual_seed(0)
    conv, x, slope = Conv(inputs, outputs, kernel), torch.randn(rows, length, inputs), torch.randn(rows, length, outputs)
    double = copy.deepcopy(conv).double()
    seen = taken(monkeypatch)
    if not learns:
        with torch.no_grad():
            assert_as_near("value", conv(x), conv.direct(x), double.direct(x.double()))
        assert seen == [way]
        return
    results = []
    for layer, call in ((conv, conv.forward), (conv, conv.direct), (double, double.direct)):
        given = x.to(layer.weight.dtype).requires_grad_()
        value = call(given)
        gradients = torch.autograd.grad(value, (given, layer.weight, layer.bias), slope.to(value.dtype))
        results.append((value, *gradients))
    assert seen == ([] if way is None else [way])
    for name, fast, plain, exact in zip(("value", "input", "weight", "bias"), *results, strict=True):
        assert_as_near(name, fast, plain, exact)


def exactly(conv: Conv, x: Tensor) -> Tensor:
    """The plain convolution in double, its result in fp32."""
    given = x.transpose(1, 2).double(), conv.weight.double(), conv.bias.double()
    return F.conv1d(*given, padding=conv.padding).transpose(1, 2).to(x.dtype)


def passed(model: FastPitch, batch, durations: Tensor, patch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    """Mel, scores and the gradient of every parameter of a training pass on a given path."""
    patch.setattr(network, "monotonic_durations", lambda *given: durations)
    out = model(batch)
    losses = model.loss(out, batch, TrainState(9, 0, 10))
    names, parameters = zip(*model.named_parameters(), strict=True)
    gradients = torch.autograd.grad(losses.total, parameters)
    return {"mel": out.mel, "scores": out.extra["log_scores"], **dict(zip(names, gradients, strict=True))}


def test_the_whole_model_learns_and_speaks_as_the_readable_one(monkeypatch):
    """Values and all gradients, at widths that take every way."""
    torch.manual_seed(1)
    side = {"layers": 1, "head_channels": 16, "filter_channels": 64, "dropout": 0.0, "attention_dropout": 0.0}
    predictor = {"filter_channels": 32, "dropout": 0.0}
    predictors = dict.fromkeys(("duration_predictor", "pitch_predictor", "energy_predictor"), predictor)
    settings = {"channels": 32, "encoder": side, "decoder": side, "min_duration": 2.0, **predictors}
    where = tiny_context()
    model = FastPitch(FastPitchOptions.model_validate(settings), where)
    batch = tiny_batch(where, frames_per_token=60)  # enough frames for the way of learning
    # The best path is a choice: what rounding may tip is no measure of precision.
    durations = model.durations(batch)
    seen = taken(monkeypatch)
    results = [passed(model, batch, durations, monkeypatch)]
    assert {"learning", "around"} <= set(seen)
    with torch.no_grad():
        mels = [model.teacher_forced(batch).mel]
    assert "speaking" in seen
    for plain in (Conv.direct, exactly):
        monkeypatch.setattr(Conv, "forward", plain)
        results.append(passed(model, batch, durations, monkeypatch))
        with torch.no_grad():
            mels.append(model.teacher_forced(batch).mel)
    for name, fast in results[0].items():
        assert_as_near(name, fast, results[1][name], results[2][name])
    assert_as_near("teacher-forced mel", *mels)


def lamb_steps(dtype: torch.dtype, **settings) -> list[Tensor]:
    """Weights after five steps; one tensor begins at 0, one gets no gradient at times."""
    generator = torch.Generator().manual_seed(2)
    start = [torch.randn(7, 5, generator=generator), torch.zeros(5), torch.randn(3, generator=generator)]
    weights = [torch.nn.Parameter(value.to(dtype)) for value in start]
    optimizer = Lamb(weights, lr=0.05, **settings)
    for step in range(5):
        for i, p in enumerate(weights):
            gradient = torch.randn(p.shape, generator=generator)
            p.grad = None if i == 2 and step % 2 else gradient.to(dtype)
        optimizer.step()
    return [p.detach() for p in weights]


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_lamb_on_lists_is_lamb_tensor_by_tensor(decay: float, monkeypatch):
    assert operators.FOREACH is not None
    fast = lamb_steps(torch.float32, weight_decay=decay)
    monkeypatch.setattr(operators, "FOREACH", None)
    plain, exact = (lamb_steps(dtype, weight_decay=decay) for dtype in (torch.float32, torch.float64))
    for ours, theirs, truth in zip(fast, plain, exact, strict=True):
        assert_as_near("weights", ours, theirs, truth)


@pytest.mark.parametrize("missing", ["_foreach_lerp_", "_foreach_norm"])
def test_a_torch_without_a_private_operator_gets_the_plain_lamb(missing: str, monkeypatch):
    expected = lamb_steps(torch.float64, weight_decay=0.1)
    monkeypatch.delattr(torch, missing)
    monkeypatch.setattr(operators, "FOREACH", operators.find_foreach())
    monkeypatch.setattr(lamb, "directions_together", None)
    assert operators.FOREACH is None
    for ours, theirs in zip(lamb_steps(torch.float64, weight_decay=0.1), expected, strict=True):
        torch.testing.assert_close(ours, theirs)
