"""Non-finite steps move nothing, however the optimiser is told; the rest equals plain torch."""

import copy

import pytest
import torch
from torch import nn

from ttskit.errors import TrainingError, UsageError
from ttskit.interfaces.trainable import Losses, LossTerm, OptimizerPlan, Trainable, TrainState
from ttskit.training.optimize import Optimization
from ttskit.training.precision import LossScale, Precision, pick_precision
from ttskit.training.processes import Processes

CPU = torch.device("cpu")
ALONE = Processes(0, 1, CPU)
FP32 = Precision("fp32", CPU)


class Net(Trainable):
    """A layer with batch statistics and one that gets no gradient."""

    def __init__(self):
        super().__init__()
        self.norm, self.layer, self.unused = nn.BatchNorm1d(3), nn.Linear(3, 2), nn.Linear(2, 2)

    def forward(self, x):
        return self.layer(self.norm(x))


def losses(value, count=4, weight=1.0):
    return Losses({"error": LossTerm(value, count, weight)})


def optimization(net, optimizer=None, skip=None, **more):
    optimizer = optimizer or torch.optim.Adam(net.parameters(), lr=0.1)
    return Optimization(net, {"main": OptimizerPlan(optimizer, **more)}, ALONE, FP32, max_nonfinite=3, skip=skip), optimizer


def step(net, optimize, x, number=0, ids=("u1", "u2")):
    optimize.begin(TrainState(number, 0, 100))
    optimize("main", losses(net(x).square().sum()))
    return optimize.end(ids)


def snapshot(net, optimizer):
    return copy.deepcopy((net.state_dict(), optimizer.state_dict()["state"]))


def same(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b if not isinstance(a, tuple) else all(map(same, a, b))


OPTIMIZERS = {
    "adam": (lambda p: torch.optim.Adam(p, lr=0.1), "host"),
    "adamw restored": (lambda p: torch.optim.AdamW(p, lr=0.1, foreach=True), "restore"),
    "sgd restored": (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), "restore"),
    "adam fused": (lambda p: torch.optim.Adam(p, lr=0.1, fused=True), "fused"),
}


@pytest.mark.parametrize("bad_value", [float("nan"), float("inf")])
@pytest.mark.parametrize("when", [0, 2])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_bad_step_moves_nothing(name, when, bad_value):
    torch.manual_seed(0)
    make, skip = OPTIMIZERS[name]
    net, plain = Net(), Net()
    plain.load_state_dict(net.state_dict())
    optimize, optimizer = optimization(net, make(net.parameters()), skip)
    reference = make(plain.parameters())
    batches = torch.randn(5, 4, 3)
    for i, x in enumerate(batches):
        if i == when:
            before = snapshot(net, optimizer)
            step(net, optimize, torch.where(torch.arange(3) == 1, bad_value, x), i)
            moments, kept = snapshot(net, optimizer)[1], before[1]
            assert same(snapshot(net, optimizer)[0], before[0])
            if kept:  # the very first step may leave empty moments behind, of a step count of 0
                assert same(moments, kept)
        step(net, optimize, x, i)
        reference.zero_grad()
        (plain(x).square().sum() / 4).backward()
        reference.step()
    assert same(net.state_dict(), plain.state_dict())  # as if the bad batch had never been there
    assert all(torch.isfinite(v).all() for v in net.state_dict().values())


def test_skipped_steps_are_named_and_stop_after_k_in_a_row():
    net = Net()
    optimize, _ = optimization(net)
    good, bad = torch.randn(4, 3), torch.full((4, 3), float("nan"))
    for i, x in enumerate((bad, bad, good, bad, bad)):
        step(net, optimize, x, i, ids=(f"u{i}",))
    assert [(s, ids, fault) for s, ids, fault in optimize.check()] == [(i, (f"u{i}",), True) for i in (0, 1, 3, 4)]
    assert optimize.in_a_row == 2 and optimize.check() == []
    step(net, optimize, bad, 5, ids=("last",))
    with pytest.raises(TrainingError, match="3 steps in a row") as error:
        optimize.check()
    assert "last" in error.value.why


def test_a_finite_loss_with_a_bad_gradient_is_skipped():
    net = Net()
    optimize, optimizer = optimization(net)
    before = snapshot(net, optimizer)
    optimize.begin(TrainState(0, 0, 100))
    optimize("main", losses((net.layer.weight.sum() * 0).sqrt()))  # 0, but d√x/dx at 0 is infinite
    optimize.end(("u",))
    assert same(snapshot(net, optimizer), before)
    assert optimize.check() == [(0, ("u",), True)]


def test_the_loss_is_total_over_count_times_weight():
    net = Net()
    optimize, _ = optimization(net, torch.optim.SGD(net.parameters(), lr=1.0))
    before = net.layer.bias.detach().clone()
    optimize.begin(TrainState(0, 0, 100))
    optimize("main", losses(net.layer.bias.sum(), count=4, weight=2.0))
    values = optimize.end(("u",))
    torch.testing.assert_close(net.layer.bias, before - 0.5)
    assert float(values["loss"]) == pytest.approx(2.0 * float(values["error"]))
    assert float(values["error"]) == pytest.approx(float(before.sum()) / 4)


def test_a_term_that_counted_nothing_is_zero():
    net = Net()
    optimize, _ = optimization(net)
    optimize.begin(TrainState(0, 0, 100))
    terms = {"a": LossTerm(net.layer.bias.sum(), 1), "none": LossTerm(net.layer.bias.sum() * 0, 0)}
    optimize("main", Losses(terms))
    assert float(optimize.end(("u",))["none"]) == 0 and optimize.check() == []


def test_clipping_and_schedule():
    net = Net()
    optimize, optimizer = optimization(
        net, torch.optim.SGD(net.parameters(), lr=2.0), clip_norm=0.5, schedule=lambda state: 1 - state.progress
    )
    before = net.layer.bias.detach().clone()
    optimize.begin(TrainState(50, 0, 100))
    optimize("main", losses((net.layer.bias * torch.tensor([3.0, 4.0])).sum(), count=1))
    values = optimize.end(("u",))
    assert float(values["gradient_norm"]) == pytest.approx(5.0) and values["learning_rate"] == pytest.approx(1.0)
    torch.testing.assert_close(before - net.layer.bias, 0.5 * torch.tensor([0.6, 0.8]), rtol=1e-5, atol=0)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1.0)


def test_schedules_need_no_state():
    """A restored optimiser starts from its own base rate, not from the scheduled one in the checkpoint."""
    net = Net()
    optimize, _ = optimization(net, schedule=lambda state: 0.5)
    step(net, optimize, torch.randn(4, 3))
    again, _ = optimization(net, schedule=lambda state: 0.5)
    again.restore(optimize.state())
    assert step(net, again, torch.randn(4, 3), 1)["learning_rate"] == pytest.approx(0.05)


def test_moments_of_a_gpu_run_load_on_a_cpu():
    net = Net()
    optimize, _ = optimization(net)
    step(net, optimize, torch.randn(4, 3))
    state = copy.deepcopy(optimize.state())
    state["optimizers"]["main"]["param_groups"][0]["capturable"] = True
    again, _ = optimization(net)
    again.restore(state)
    step(net, again, torch.randn(4, 3), 1)  # capturable on a CPU would raise


def test_several_optimisers_have_their_own_names():
    net = Net()
    plans = {
        "a": OptimizerPlan(torch.optim.SGD(net.layer.parameters(), lr=1.0)),
        "b": OptimizerPlan(torch.optim.SGD(net.norm.parameters(), lr=1.0)),
    }
    optimize = Optimization(net, plans, ALONE, FP32)
    bias = net.layer.bias.detach().clone()
    optimize.begin(TrainState(0, 0, 100))
    optimize("b", losses(net(torch.randn(4, 3)).sum()))  # its backward leaves a gradient in the layer
    assert torch.equal(net.layer.bias, bias)
    optimize("a", losses(net.layer.bias.sum(), count=1))
    values = optimize.end(("u",))
    torch.testing.assert_close(net.layer.bias, bias - 1)  # without that gradient
    assert {"a/loss", "b/loss", "a/error", "b/error"} <= values.keys()


def test_wrong_use_is_explained():
    net = Net()
    optimize, _ = optimization(net)
    optimize.begin(TrainState(0, 0, 100))
    with pytest.raises(UsageError, match="generator"):
        optimize("generator", losses(net.layer.bias.sum()))
    with pytest.raises(UsageError, match="optimised nothing"):
        optimize.end(("u",))
    with pytest.raises(UsageError, match="has no optimiser"):
        Optimization(net, {}, ALONE, FP32)


def test_loss_scale_halves_on_overflow_and_doubles_after_a_while(monkeypatch):
    monkeypatch.setattr(LossScale, "GROWTH_STEPS", 3)
    scale = LossScale(Precision("fp16", CPU))
    start = float(scale.value)
    no, yes = torch.tensor(False), torch.tensor(True)
    scale.update(yes)
    assert float(scale.value) == start / 2
    for _ in range(3):
        scale.update(no)
    assert float(scale.value) == start
    other = LossScale(Precision("fp16", CPU))
    other.restore(scale.state())
    assert other.state() == scale.state()


def test_an_overflow_of_the_loss_scale_is_no_fault_of_the_data():
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    optimize = Optimization(net, {"main": OptimizerPlan(optimizer)}, ALONE, FP32)
    optimize.scales["main"] = LossScale(Precision("fp16", CPU))
    optimize.scales["main"].value.fill_(2.0**24)
    before = copy.deepcopy(net.state_dict())
    optimize.begin(TrainState(0, 0, 100))
    optimize("main", losses((net.layer.bias * 1e32).sum(), count=1))  # finite, and its scaled gradient is not
    optimize.end(("u",))
    assert optimize.check() == [(0, ("u",), False)] and optimize.in_a_row == 0
    assert same(net.state_dict(), before) and float(optimize.scales["main"].value) == 2.0**23


def test_scaled_gradients_give_the_same_step():
    torch.manual_seed(0)
    net, plain = Net(), Net()
    plain.load_state_dict(net.state_dict())
    scaled, _ = optimization(net, clip_norm=0.01)
    scaled.scales["main"] = LossScale(Precision("fp16", CPU))
    unscaled, _ = optimization(plain, clip_norm=0.01)
    x = torch.randn(4, 3)
    a, b = step(net, scaled, x), step(plain, unscaled, x)
    assert float(a["gradient_norm"]) == pytest.approx(float(b["gradient_norm"]), rel=1e-5)
    torch.testing.assert_close(net.layer.weight, plain.layer.weight)


def test_precision_that_the_device_has_not():
    assert pick_precision("auto", CPU).name == "fp32" and pick_precision("bf16", CPU).name == "bf16"
    with pytest.raises(UsageError, match="fp16 needs a CUDA GPU"):
        pick_precision("fp16", CPU)


class Slope(Trainable):
    """A plane: its gradient is the input, whatever the weights are."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))

    def forward(self, x):
        return self.weight * x


@pytest.mark.parametrize(("limit", "factor"), [(10.0, 1.0), (5.1, 1.0), (2.5, 0.5), (0.05, 0.01), (None, 1.0)])
def test_gradients_are_cut_to_the_limit_and_never_stretched_to_it(limit, factor):
    """Planted: without its upper bound the factor made small gradients as long as the limit, and nothing failed."""
    net = Slope()
    optimize, _ = optimization(net, torch.optim.SGD(net.parameters(), lr=1.0), clip_norm=limit)
    slope = torch.tensor([3.0, 4.0])  # of length 5
    optimize.begin(TrainState(0, 0, 100))
    optimize("main", losses(net(slope).sum(), count=1))
    optimize.end(("u1",))
    torch.testing.assert_close(net.weight.detach(), -factor * slope, rtol=1e-5, atol=0)
