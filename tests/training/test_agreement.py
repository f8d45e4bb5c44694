"""What two processes must have in common is held, and named where they differ: weights, loss terms, calls of optimize."""

from __future__ import annotations

import json
import shutil

import pytest
import torch

from ttskit.training.agreement import require_same_weights
from ttskit.training.processes import Processes

TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")

# Each scenario in both processes, one after the other; what each says goes into a file of its rank.
CHILD = """
import json, sys
from pathlib import Path
import torch, torch.distributed as dist
from torch import nn
from ttskit.config.training import TrainingConfig
from ttskit.errors import TTSKitError
from ttskit.interfaces.trainable import Losses, LossTerm, OptimizerPlan, Trainable, TrainState
from ttskit.runs import RunFolder
from ttskit.training.loop import Training
from ttskit.training.optimize import Optimization
from ttskit.training.task import Task, workshop
from ttskit.training.validation import LossValidator

RANK = {"now": 0}

class Batch:
    def __init__(self, x):
        self.x, self.frames = x, len(x)
    def to(self, device):
        return self

class Batches:
    def __init__(self, rank, world):
        self.rank, self.world = rank, world
    def epoch(self, n):
        return [["a", "b", "c", "d"], ["e", "f", "g", "h"]]
    def load(self, ids, epoch):
        return Batch(torch.tensor([[float(ord(i)) / 100, 1.0] for i in ids[self.rank :: self.world]]))
    def frames(self, ids):
        return len(ids)

class Net(Trainable):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 1)
        self.register_buffer("seen", torch.zeros(()))
        self.terms = lambda errors: {"error": LossTerm(errors.sum(), len(errors))}
    def optimizers(self, total_steps):
        return {"main": OptimizerPlan(torch.optim.SGD(self.parameters(), lr=0.1))}
    def training_step(self, batch, state, optimize):
        optimize("main", Losses(self.terms(self.second(self.first(batch.x)).square())))
        self.seen += 1
        self.after(state)
        return {}
    def validation_losses(self, batch, state):
        return Losses(self.terms(self.second(self.first(batch.x)).square()))
    def after(self, state):
        pass

def train(folder, shop, resume=False, steps=4, change=lambda model: None):
    def build():
        model = Net()
        change(model)
        return model
    if shop.group.first and not resume:
        (folder / "checkpoints").mkdir(parents=True)
        (folder / "run.json").write_text("{}")
    shop.group.wait()
    held_out = lambda model, total, shop, note: LossValidator(model, Batches(shop.group.rank, shop.group.world), shop, 0)
    config = TrainingConfig(steps=steps, checkpoint_every=2, validate_every=4, log_every=1, device="cpu")
    task = Task("net", RunFolder(folder, {}), config, 1, build, lambda m, r, w: Batches(r, w), held_out, steps={"total": steps})
    training = Training(task, shop)
    training.prepare(resume)
    training.run()
    return training

def disturbed(name, where):
    def change(model):
        if RANK["now"] == 1:
            model.state_dict()[name].view(-1)[0] += 1e-3
    return change

def at_step(step, name):
    def change(model):
        model.after = lambda state: disturbed(name, 1)(model) if state.step == step else None
    return change

def terms(here):
    def change(model):
        model.terms = lambda errors: here(errors, RANK["now"])
    return change

def one_lacks(errors, rank):
    found = {"error": LossTerm(errors.sum(), len(errors), 2.0), "second": LossTerm((errors[:1] * 3).sum(), 1, 0.5)}
    return found if rank == 0 else {"error": found["error"]}

def other_order(errors, rank):
    found = {"error": LossTerm(errors.sum(), len(errors), 2.0), "second": LossTerm((errors * 3).sum(), 5 * len(errors), 0.5)}
    return found if rank == 0 else dict(reversed(found.items()))

def same_order(errors, rank):
    return other_order(errors, 0)

def other_call(shop):
    net = Net()
    plans = {name: OptimizerPlan(torch.optim.SGD(getattr(net, name).parameters(), lr=0.1)) for name in ("first", "second")}
    optimize = Optimization(net, plans, shop.group, shop.precision)
    optimize.begin(TrainState(6, 0, 10))
    loss = lambda name: optimize(name, Losses({name + "_error": LossTerm(getattr(net, name)(torch.ones(1, 2)).sum(), 1)}))
    loss("first")
    if RANK["now"] == 0:
        loss("second")
    optimize.end(("u",))

def scenarios(folder, shop):
    yield "as it should be", lambda: train(folder / "good", shop)
    yield "after building", lambda: train(folder / "built", shop, change=disturbed("second.weight", 1))
    grown = lambda model: model.register_buffer("extra", torch.zeros(1)) if RANK["now"] == 1 else None
    yield "another model", lambda: train(folder / "grown", shop, change=grown)
    yield "at a checkpoint", lambda: train(folder / "moved", shop, change=at_step(2, "first.bias"))
    yield "a buffer at a checkpoint", lambda: train(folder / "buffer", shop, change=at_step(2, "seen"))
    def torn():
        from ttskit.training import loop
        read = loop.read_weights
        def other(checkpoint, every):
            weights = read(checkpoint, every)
            if RANK["now"] == 1:
                weights["second.bias"] = weights["second.bias"] * 1.5
            return weights
        loop.read_weights = other
        try:
            train(folder / "good", shop, resume=True, steps=6)
        finally:
            loop.read_weights = read
    yield "on resuming", torn
    yield "resumed as it should be", lambda: train(folder / "good", shop, resume=True, steps=6)
    yield "one lacks a term", lambda: train(folder / "lacks", shop, change=terms(one_lacks))
    yield "another order", lambda: train(folder / "order", shop, change=terms(other_order))
    yield "the same order", lambda: train(folder / "same", shop, change=terms(same_order))
    yield "another call", lambda: other_call(shop)

if __name__ == "__main__":
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    RANK["now"] = dist.get_rank()
    folder, said = Path(sys.argv[1]), {}
    with workshop(TrainingConfig(device="cpu"), None, None) as shop:
        for name, scenario in scenarios(folder, shop):
            try:
                scenario()
                said[name] = None
            except TTSKitError as error:
                said[name] = [error.what, error.why, error.fix]
    (folder / f"rank{RANK['now']}.json").write_text(json.dumps(said), encoding="utf-8")
    dist.barrier()  # so that neither takes its connection away while the other still uses it
    dist.destroy_process_group()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, start_elsewhere):
    folder = tmp_path_factory.mktemp("agreement")
    (folder / "child.py").write_text(CHILD, encoding="utf-8")
    for _ in range(2):
        result = start_elsewhere(folder, folder).run(str(folder / "child.py"), str(folder), launcher=TORCHRUN)
        if "terminate called without an active exception" not in result.err:
            break  # seen once, on a busy machine: gloo's own threads abort when a process leaves; nothing of ours is in it
        for made in folder.iterdir():
            if made.is_dir():
                shutil.rmtree(made)
    assert result.code == 0, result.err
    return folder


@pytest.fixture(scope="module")
def said(folder):
    """What each scenario raised, the same in both processes: [what, why, fix], or None."""
    both = [json.loads((folder / f"rank{rank}.json").read_text(encoding="utf-8")) for rank in (0, 1)]
    assert both[0] == both[1]
    return both[0]


def test_processes_that_agree_train_and_resume(said):
    assert said["as it should be"] is None and said["resumed as it should be"] is None


@pytest.mark.parametrize(
    ("scenario", "when", "tensor", "count"),
    [
        ("after building", "after building", "second.weight", "1 of 5"),
        ("a buffer at a checkpoint", "at a checkpoint", "seen", "1 of 5"),
        ("on resuming", "on resuming", "second.bias", "1 of 5"),
    ],
)
def test_one_disturbed_tensor_is_named_with_the_ranks(said, scenario, when, tensor, count):
    what, why, fix = said[scenario]
    assert what == f"the processes do not hold the same weights {when}: {tensor} differs"
    assert why.startswith("rank 0 holds ") and "; rank 1 holds " in why and f"{count} tensors differ" in why and fix


def test_weights_that_drifted_apart_are_found_before_they_are_saved(said, folder):
    """One rank's bias is disturbed in step 3: the checkpoint of step 4 is not written."""
    what, why, _ = said["at a checkpoint"]
    assert what.endswith("at a checkpoint: first.bias differs") and "1 of 5 tensors differ" in why
    assert [p.name for p in (folder / "moved" / "checkpoints").iterdir()] == ["step_00000002"]


def _rows(folder, split):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{k: v for k, v in row.items() if k not in ("seconds", "frames_per_s")} for row in lines if row["split"] == split]


@pytest.mark.parametrize("split", ["train", "validation"])
def test_terms_in_another_order_are_summed_by_name_not_by_position(said, folder, split):
    assert said["another order"] is None
    assert _rows(folder / "order", split) == _rows(folder / "same", split) != []


def test_a_term_that_one_rank_lacks_counts_nothing_there(said, folder):
    assert said["one lacks a term"] is None
    for row in _rows(folder / "lacks", "train") + _rows(folder / "lacks", "validation"):
        assert row["loss"] == pytest.approx(2.0 * row["error"] + 0.5 * row["second"], rel=1e-5)
        assert row["second"] > 0


def test_ranks_that_optimise_different_things_are_named(said):
    what, why, fix = said["another call"]
    assert what == "the processes do not optimise the same at step 7"
    assert why == "rank 0 optimises 'second' (second_error)\nrank 1 is done" and "count 0" in fix


def test_a_tensor_that_one_rank_has_not_got_is_named(said):
    what, why, _ = said["another model"]
    assert "after building: extra differs" in what and why.startswith("rank 0 has none; rank 1 holds ")


def test_one_process_agrees_with_itself():
    require_same_weights(torch.nn.Linear(2, 2), Processes(0, 1, torch.device("cpu")), "after building")
