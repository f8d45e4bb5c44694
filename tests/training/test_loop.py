"""What the loop decides: when it validates, saves and stops, and which checkpoint is the best. Nothing here learns anything."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from ttskit.config.training import TrainingConfig
from ttskit.errors import MismatchError, TrainingError
from ttskit.interfaces.trainable import Losses, LossTerm, OptimizerPlan, Trainable
from ttskit.runs.checkpoints import best_of, find_checkpoints, write_checkpoint
from ttskit.training.data import Loader
from ttskit.training.loop import Training, TrainingStopped
from ttskit.training.precision import Precision
from ttskit.training.processes import Processes
from ttskit.training.task import Task, Workshop

CPU = torch.device("cpu")


class Counter(Trainable):
    """Its weight goes down by one each step."""

    def __init__(self):
        super().__init__()
        self.ended = lambda: None
        self.weight, self.other = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))

    def optimizers(self, total_steps):
        return {"main": OptimizerPlan(torch.optim.SGD([self.weight, self.other], lr=1.0))}

    def training_step(self, batch, state, optimize):
        optimize("main", Losses({"error": LossTerm((self.weight + self.other).sum(), 1)}))
        self.ended()


class Batch:
    frames = 10

    def to(self, device):
        return self


class Batches:
    """Two batches an epoch."""

    def epoch(self, n):
        return [["u1"], ["u2"]]

    def load(self, ids, epoch):
        return Batch()

    def frames(self, ids):
        return 10


class Folder:
    """As much of a run folder as the loop asks for."""

    def __init__(self, path):
        self.path, self.info = path, {}
        path.mkdir(exist_ok=True)

    @property
    def checkpoints(self):
        return find_checkpoints(self.path / "checkpoints")

    @property
    def steps(self):
        return [c.step for c in self.checkpoints]

    def save(self, model, step, trainer=None, **facts):
        return write_checkpoint(self.path / "checkpoints", step, model.state_dict(), trainer, facts)

    def update(self, **facts):
        self.info |= facts

    def cut_metrics(self, step):
        path = self.path / "metrics.jsonl"
        rows = [line for line in path.read_text(encoding="utf-8").splitlines(True) if json.loads(line)["step"] <= step]
        path.write_text("".join(rows), encoding="utf-8")


class Validator:
    """Ranks the steps as it is told, and sees no hope from `gives_up` on."""

    def __init__(self, rankings, gives_up=10**6):
        self.rankings, self.gives_up, self.asked = rankings, gives_up, []

    def losses(self, state):
        self.asked.append(state.step)
        return {}, self.rankings.get(state.step)

    def inspect(self, step):
        return {}

    def hopeless(self):
        return TrainingError("no hope") if self.asked[-1] >= self.gives_up else None


@pytest.fixture
def training(tmp_path):
    """training(total, rankings, stop_at=…, **settings) -> (the training, its folder, its validator)."""
    loader = Loader()

    def make(total, rankings=None, gives_up=10**6, stop_at=None, resume=False, freeze=(), **settings):
        folder, stop = Folder(tmp_path / "run"), SimpleNamespace(asked=False)
        validator = None if rankings is None else Validator(rankings, gives_up)
        often = {"log_every": 1000, "validate_every": 1000, "checkpoint_every": 1000, "keep_last": 100, **settings}
        config = TrainingConfig(device="cpu", freeze=list(freeze), **often)

        shop = Workshop(Processes(0, 1, CPU), Precision("fp32", CPU), loader, stop)
        task = Task("counter", folder, config, 1, Counter, lambda *_: Batches(), lambda *_: validator, steps={"total": total})
        made = Training(task, shop)
        made.prepare(resume=resume)

        def ended():
            assert made.step < total, "it goes on beyond its end"
            stop.asked = made.step + 1 == stop_at

        made.model.ended = ended
        return made, folder, validator

    yield make
    loader.__exit__()


def test_the_best_is_the_lowest_and_is_saved_when_it_is_met(training):
    """Planted: the highest loss was the best, which only the next validation would have shown."""
    made, folder, validator = training(12, {2: 3.0, 4: 1.0, 6: 2.0, 8: 1.0, 10: 0.5, 12: 4.0}, validate_every=2)
    made.run()
    assert validator.asked == [2, 4, 6, 8, 10, 12]
    assert folder.steps == [2, 4, 10, 12]  # each better one as it came; not 6, not the equal 8; and the end
    assert best_of(folder.checkpoints).step == 10 and made.best == 0.5


def test_a_validation_without_a_number_is_not_the_best(training):
    made, folder, _ = training(6, {2: None, 4: 2.0, 6: None}, validate_every=2)
    made.run()
    assert folder.steps == [4, 6] and best_of(folder.checkpoints).step == 4


def test_the_best_outlives_those_that_come_after_it(training):
    made, folder, _ = training(
        12, {k: abs(k - 4) + 1.0 for k in range(1, 13)}, validate_every=1, checkpoint_every=1, keep_last=2
    )
    made.run()
    assert folder.steps == [4, 11, 12]


def test_the_end_is_validated_saved_and_logged_whatever_the_intervals(training):
    made, folder, validator = training(7, {4: 1.0, 7: 2.0}, validate_every=4, checkpoint_every=5, log_every=3)
    made.run()
    assert validator.asked == [4, 7] and folder.steps == [4, 5, 7]
    rows = [json.loads(line) for line in (folder.path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [r["step"] for r in rows if r["split"] == "train"] == [3, 6, 7]
    assert rows[0]["frames_per_s"] > 0 and rows[-1]["seconds"] >= rows[0]["seconds"]


def test_a_stop_that_is_asked_for_is_saved_at_the_step_at_hand(training):
    made, folder, _ = training(9, stop_at=4)
    with pytest.raises(TrainingStopped) as stopped:
        made.run()
    assert folder.steps == [4] and stopped.value.step == 4
    made, folder, _ = training(9, resume=True)
    assert made.step == 4 and made.place == (2, 0)
    made.run()
    assert folder.steps == [4, 9] and made.model.weight.item() == -9


def test_a_stop_at_the_last_step_is_the_end(training):
    made, folder, _ = training(5, stop_at=5)
    made.run()
    assert folder.steps == [5]


def test_a_hopeless_training_is_saved_before_it_ends(training):
    """Planted: it ended unsaved, since another checkpoint was near."""
    made, folder, _ = training(9, {2: 1.0, 4: 1.5, 6: 1.0}, gives_up=4, validate_every=2)
    with pytest.raises(TrainingError, match="no hope"):
        made.run()
    assert folder.steps == [2, 4]


def test_a_resumed_training_knows_what_was_the_best(training):
    """Planted: the first validation after resuming was the best so far, however bad."""
    made, folder, _ = training(8, {2: 1.0, 4: 3.0}, stop_at=4, validate_every=2)
    with pytest.raises(TrainingStopped):
        made.run()
    made, folder, _ = training(8, {6: 2.0, 8: 2.0}, resume=True, validate_every=2)
    assert made.best == 1.0
    made.run()
    assert folder.steps == [2, 4, 8] and best_of(folder.checkpoints).step == 2


def test_a_training_that_is_done_does_not_go_on(training):
    made, _, _ = training(3)
    made.run()
    made, _, validator = training(3, {}, resume=True)
    made.run()
    assert made.model.weight.item() == -3 and validator.asked == []


def test_a_resumed_training_goes_on_from_its_last_checkpoint_and_not_its_best(training):
    made, _, _ = training(6, {2: 1.0, 4: 2.0}, stop_at=5, validate_every=2)
    with pytest.raises(TrainingStopped):
        made.run()
    made, _, _ = training(6, {6: 9.0}, resume=True)
    assert made.step == 5 and made.model.weight.item() == -5


def test_a_training_that_freezes_something_else_is_not_resumed(training):
    made, _, _ = training(4, stop_at=2, freeze=("other",))
    with pytest.raises(TrainingStopped):
        made.run()
    for freeze in ((), ("weight",)):
        with pytest.raises(MismatchError, match="something else is frozen now"):
            training(4, resume=True, freeze=freeze)
    made, _, _ = training(4, resume=True, freeze=("other",))
    made.run()
    assert (made.model.weight.item(), made.model.other.item()) == (-4, 0)
