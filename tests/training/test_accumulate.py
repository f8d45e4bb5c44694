"""A step on k batches in turn equals a step on the k times larger batch."""

from __future__ import annotations

import copy
import signal
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from ttskit.errors import TrainingError
from ttskit.interfaces.trainable import Losses, LossTerm, OptimizerPlan, Trainable, TrainState
from ttskit.runs import RunFolder
from ttskit.training import TrainingStopped, accumulation, optimize
from ttskit.training.data import Shares
from ttskit.training.optimize import Optimization
from ttskit.training.precision import LossScale, Precision
from ttskit.training.processes import Processes
from ttskit.training.step import run_step

CPU = torch.device("cpu")
ALONE, FP32 = Processes(0, 1, CPU), Precision("fp32", CPU)


@dataclass
class Rows:
    """Rows of which some lack a target."""

    x: torch.Tensor
    kept: torch.Tensor

    def to(self, device):
        return self

    def cut(self, *sizes):
        return Shares(tuple(Rows(*pair) for pair in zip(self.x.split(sizes), self.kept.split(sizes), strict=True)))


class Game(Trainable):
    """Maker and judge, as a GAN has them: the maker learns from the judge that has just moved, and a counter and a vector of
    spectral normalisation move with it. Terms have different counts and weights."""

    def __init__(self, announces=True, calls=2):
        super().__init__()
        self.maker = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3))
        self.judge = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(3, 8)), nn.Tanh(), nn.Linear(8, 1))
        self.register_buffer("learnt", torch.tensor(0))
        self.announces, self.calls, self.passes, self.off = announces, calls, 0, 0.0

    def training_step(self, batch, state, optimize):
        self.passes += 1
        made = self.maker(batch.x)
        if self.calls > 1:
            judged = LossTerm(self.judge(made.detach()).square().sum() - self.judge(batch.x).sum(), len(batch.x))
            optimize("judge", Losses({"judged": judged}))
            self.learnt += 1
        near = ((made - batch.x).square() * batch.kept[:, None]).sum()
        terms = {
            "fooled": LossTerm((self.judge(made) - 1).square().sum(), len(batch.x), 0.3),
            "near": LossTerm(near, batch.kept.sum() * 3, 2.0),
        }
        if not batch.kept.any():
            del terms["near"]
        optimize("maker", Losses(terms))
        return {"seen": torch.tensor(float(len(batch.x)))}

    def loss_counts(self, batch, state):
        if not self.announces:
            return None
        maker = {"fooled": len(batch.x), "near": batch.kept.sum() * 3 + self.off}
        return {"judge": {"judged": len(batch.x)}, "maker": maker}


def optimization(model, **more):
    plans = {
        "judge": OptimizerPlan(torch.optim.SGD(model.judge.parameters(), lr=0.2)),
        "maker": OptimizerPlan(torch.optim.SGD(model.maker.parameters(), lr=0.2, momentum=0.9), clip_norm=0.5),
    }
    return Optimization(model, plans, ALONE, FP32, **more)


def batches(steps=4):
    torch.manual_seed(1)
    return [Rows(torch.randn(7, 3), torch.tensor([1.0, 1, 0, 1, 0, 1, 1])) for _ in range(steps)]


def trained(model, given, scale=None):
    optimizing, values = optimization(model), []
    if scale is not None:
        optimizing.scales["maker"] = scale
    for step, batch in enumerate(given):
        values.append(run_step(model, optimizing, batch, ("u",), TrainState(step, 0, 10), ALONE, FP32))
        optimizing.check()
    return values


@pytest.fixture
def game():
    torch.manual_seed(0)
    return Game()


def close(model, other):
    for name, value in model.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value, rtol=1e-5, atol=1e-6, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize("announces", [True, False], ids=["counts announced", "counts found out"])
@pytest.mark.parametrize("sizes", [(4, 3), (1, 2, 4), (2, 2, 2, 1)])
def test_shares_equal_the_whole_for_two_optimisers_and_terms_of_different_counts(game, announces, sizes):
    shared = copy.deepcopy(game)
    shared.announces = announces
    given = batches()
    whole = trained(game, given)
    parts = trained(shared, [batch.cut(*sizes) for batch in given])
    close(game, shared)
    assert int(shared.learnt) == 4  # what stands behind a call of optimize is done once a step
    for one, other in zip(whole, parts, strict=True):
        assert one.keys() == other.keys()
        for name in one.keys() - {"seen"}:
            assert float(other[name]) == pytest.approx(float(one[name]), rel=1e-4, abs=1e-6), name
    k = len(sizes)
    assert shared.passes == 4 * (1 + 2 * (k - 1) if announces else 1 + 4 * (k - 1))  # what it costs


def test_a_term_that_a_share_lacks_is_matched_by_name(game):
    """The third row has no target, and as a share of its own it has no term for it."""
    shared, given = copy.deepcopy(game), batches()
    shared.announces = False
    trained(game, given)
    trained(shared, [batch.cut(2, 1, 4) for batch in given])
    close(game, shared)


def test_scaled_gradients_of_shares_give_the_same_step(game):
    scaled, given = copy.deepcopy(game), batches()
    trained(game, given)
    values = trained(scaled, [batch.cut(3, 4) for batch in given], LossScale(Precision("fp16", CPU)))
    close(game, scaled)
    assert float(values[-1]["maker/loss_scale"]) == LossScale.START


def test_one_bad_share_skips_the_whole_step(game):
    whole, given = copy.deepcopy(game), batches()
    spoilt = copy.deepcopy(given[1])
    spoilt.x[6, 0] = float("nan")
    optimizing = optimization(game)
    trained(whole, [given[0], given[1]])
    for step, batch in enumerate((given[0], spoilt, given[1])):
        before = copy.deepcopy(game.state_dict())
        run_step(game, optimizing, batch.cut(4, 3), (f"u{step}",), TrainState(step, 0, 10), ALONE, FP32)
        if batch is spoilt:
            assert all(torch.equal(value, before[name]) for name, value in game.state_dict().items())
            assert optimizing.check() == [(0, ("u0",), False), (1, ("u1",), True)][1:]
        else:
            assert optimizing.check() == []
    close(whole, game)


def test_counts_that_were_announced_wrongly_are_an_error(game):
    game.off = 1.0
    with pytest.raises(TrainingError, match="counted otherwise than announced at step 1") as error:
        trained(game, [batch.cut(4, 3) for batch in batches()])
    assert "loss_counts" in error.value.fix
    game.off = 0.0
    game.loss_counts = lambda batch, state: {"judge": {"judged": len(batch.x)}, "maker": {"fooled": len(batch.x)}}
    batch = batches()[0]
    batch.kept[:4] = 0  # so that only the second share has the term that is not announced
    with pytest.raises(TrainingError, match="are not those announced: near"):
        trained(game, [batch.cut(4, 3)])


def test_a_step_whose_calls_depend_on_the_batch_is_an_error(game):
    def moody(batch, state, optimize):
        optimize("judge" if len(batch.x) == 4 else "maker", Losses({"judged": LossTerm(game.judge(batch.x).sum(), 1)}))
        return {}

    game.training_step = moody
    with pytest.raises(TrainingError, match="optimises something else with another batch of the same step"):
        trained(game, [batches()[0].cut(4, 3)])


class Normed(Trainable):
    """A layer with batch statistics."""

    def __init__(self):
        super().__init__()
        self.norm, self.layer = nn.BatchNorm1d(3), nn.Linear(3, 2)

    def training_step(self, batch, state, optimize):
        optimize("main", Losses({"error": LossTerm(self.layer(self.norm(batch.x)).square().sum(), len(batch.x))}))
        return {}


def test_batch_statistics_are_each_shares_own_and_kept_as_their_mean():
    model = Normed()
    running = [copy.deepcopy(model.norm).train() for _ in range(2)]
    optimizing = Optimization(model, {"main": OptimizerPlan(torch.optim.SGD(model.parameters(), lr=0.1))}, ALONE, FP32)
    shares = batches()[0].cut(4, 3)
    run_step(model, optimizing, shares, ("u",), TrainState(0, 0, 10), ALONE, FP32)
    for norm, part in zip(running, shares.parts, strict=True):
        norm(part.x)
    torch.testing.assert_close(model.norm.running_mean, (running[0].running_mean + running[1].running_mean) / 2)
    torch.testing.assert_close(model.norm.running_var, (running[0].running_var + running[1].running_var) / 2)
    assert int(model.norm.num_batches_tracked) == 1


# The three models, through train().
ONE = ("training.max_utterances=4", "training.segments_per_batch=4", "training.validate_every=3")
TWO = ("training.accumulate=2", "training.validate_every=3")  # of two utterances or segments
NO_DROPOUT = {
    "fastpitch": tuple(
        f"models.fastpitch.options.{part}=0"
        for part in (
            *("encoder.dropout", "encoder.attention_dropout", "decoder.dropout", "decoder.attention_dropout"),
            *("duration_predictor.dropout", "pitch_predictor.dropout", "energy_predictor.dropout"),
        )
    ),
    "tacotron2": tuple(
        f"models.tacotron2.options.{part}_dropout=0" for part in ("encoder", "prenet", "attention", "decoder", "postnet")
    ),
    "hifigan": (),
}


@pytest.mark.parametrize("model", NO_DROPOUT)
def test_two_batches_a_step_train_as_one_of_twice_the_size(model, request, losses_of):
    train = request.getfixturevalue("trained")
    options = NO_DROPOUT[model]
    if model == "tacotron2":  # batch statistics are each share's own; in evaluation mode there are none
        options += ("training.freeze=[encoder.convolutions.*,postnet.*]",)
    one, two = (train(model, run=name, steps=6, overrides=(*more, *options)) for name, more in (("one", ONE), ("two", TWO)))
    for split in ("train", "validation"):
        large, shared = losses_of(one.path, split), losses_of(two.path, split)
        assert large.keys() == shared.keys()
        for step, values in large.items():
            for name in values.keys() - {"split"}:
                assert shared[step][name] == pytest.approx(values[name], rel=1e-4, abs=1e-6), f"step {step}: {name}"


@pytest.mark.parametrize("how", ["asked in the middle of a step", "killed in the middle of a step"])
def test_stopped_between_two_batches_of_a_step_it_resumes_exactly(how, request, monkeypatch, tmp_path, losses_of, same_weights):
    train = request.getfixturevalue("trained")
    every = (*TWO, "training.checkpoint_every=3")
    losses, done = accumulation.Share.losses, []

    def stopping(share, *given, **more):
        found = losses(share, *given, **more)
        if share.state.step == 4 and not done:
            done.append(share)
            if how.startswith("killed"):
                raise KeyboardInterrupt
            signal.raise_signal(signal.SIGINT)
        return found

    whole = train("tacotron2", run="whole", steps=8, overrides=every)
    with monkeypatch.context() as patch:
        patch.setattr(optimize.Share, "losses", stopping)
        with pytest.raises(KeyboardInterrupt) as stopped:
            train("tacotron2", run="stopped", steps=8, overrides=every)
    assert isinstance(stopped.value, TrainingStopped) is how.startswith("asked")
    assert RunFolder.open(tmp_path / "stopped").checkpoints[-1].step == (5 if how.startswith("asked") else 3)
    resumed = train("tacotron2", run="stopped", steps=None, resume=True, overrides=every)
    assert losses_of(resumed.path) == losses_of(whole.path)
    same_weights(resumed, whole)


def test_steps_and_budgets_count_optimiser_steps(request, losses_of, same_weights):
    train = request.getfixturevalue("trained")
    run = train(run="budget", steps=None, budget_s="0.4s", overrides=TWO)
    assert run.total_steps == run.checkpoints[-1].step == max(losses_of(run.path))
    assert run.total_steps == max(1, int(0.4 / run.info["steps"]["timed_step_s"]))
    same_weights(train(run="replay", steps=run.total_steps, overrides=TWO), run)
