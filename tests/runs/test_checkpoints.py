"""Checkpoints are whole or absent; a damaged one is refused and the previous one named."""

import errno
import json

import pytest
import torch

from ttskit.errors import CheckpointError, TrainingError
from ttskit.runs import checkpoints as c
from ttskit.runs import files

WEIGHTS = {"layer.weight": torch.arange(6.0).view(2, 3), "steps": torch.tensor(7)}
TRAINER = {"step": 5, "moments": {"layer.weight": torch.ones(2, 3)}, "names": ["a"], "rate": 0.5}


@pytest.fixture
def parent(tmp_path):
    """A folder with checkpoints of steps 5 (loss 2), 10 (loss 1), 15 (not validated)."""
    for step, loss in ((5, 2.0), (10, 1.0), (15, None)):
        c.write_checkpoint(tmp_path / "run" / "checkpoints", step, WEIGHTS, TRAINER, {"validation_loss": loss})
    return tmp_path / "run" / "checkpoints"


def test_what_is_written_is_read_back(parent):
    last = c.find_checkpoints(parent)[-1]
    assert last.step == 15
    weights = c.read_weights(last)
    assert all(torch.equal(weights[name], WEIGHTS[name]) for name in WEIGHTS)
    trainer = c.read_trainer(last)
    assert trainer["step"] == 5 and torch.equal(trainer["moments"]["layer.weight"], torch.ones(2, 3))
    facts = json.loads((last.folder / "checkpoint.json").read_text(encoding="utf-8"))
    assert facts["versions"]["torch"] == torch.__version__ and set(facts["sha256"]) == {"model.safetensors", "trainer.pt"}


def test_trainer_state_needs_no_pickled_objects(parent):
    assert torch.load(parent / "step_00000005" / "trainer.pt", weights_only=True)["rate"] == 0.5


def test_tied_weights_are_kept(tmp_path):
    one = torch.ones(3)
    saved = c.write_checkpoint(tmp_path, 1, {"a": one, "b": one, "part": one[:2]})
    assert {n: v.tolist() for n, v in c.read_weights(saved).items()} == {"a": [1, 1, 1], "b": [1, 1, 1], "part": [1, 1]}


def test_choosing(parent, tmp_path):
    found = c.find_checkpoints(parent)
    assert [c.choose(found, which, parent).step for which in ("best", "last", 5, "5")] == [10, 15, 5, 5]
    with pytest.raises(CheckpointError, match="no checkpoint 7") as error:
        c.choose(found, 7, parent)
    assert "best, last, 5, 10, 15" in error.value.why
    with pytest.raises(CheckpointError, match="has no checkpoint"):
        c.choose([], "last", tmp_path)


def test_unvalidated_runs_give_their_last(tmp_path):
    for step in (1, 2):
        c.write_checkpoint(tmp_path, step, WEIGHTS)
    assert c.choose(c.find_checkpoints(tmp_path), "best", tmp_path).step == 2


def test_the_earliest_of_equals_is_best(tmp_path):
    for step, loss in ((1, 3.0), (2, 1.0), (3, 1.0)):
        c.write_checkpoint(tmp_path, step, WEIGHTS, facts={"validation_loss": loss})
    assert c.choose(c.find_checkpoints(tmp_path), "best", tmp_path).step == 2


def test_last_and_best_are_kept(parent):
    c.write_checkpoint(parent, 20, WEIGHTS)
    c.prune(parent, keep_last=1)
    assert [x.step for x in c.find_checkpoints(parent)] == [10, 20]


@pytest.mark.parametrize("damage", ["truncate", "flip", "remove", "facts"])
def test_damage_names_the_previous_good_one(parent, damage):
    file = parent / "step_00000015" / ("checkpoint.json" if damage == "facts" else "model.safetensors")
    data = file.read_bytes()
    if damage == "remove":
        file.unlink()
    elif damage == "flip":
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    else:
        file.write_bytes(data[: len(data) // 2])
    found = c.find_checkpoints(parent)
    with pytest.raises(CheckpointError, match="step_00000015 is damaged") as error:
        c.read_weights(found[-1], found)
    assert "step_00000010, is good" in error.value.why and "step 10" in error.value.fix


def test_damaged_previous_ones_are_passed_over(parent):
    for step in (10, 15):
        (parent / f"step_000000{step}" / "model.safetensors").write_bytes(b"")
    found = c.find_checkpoints(parent)
    with pytest.raises(CheckpointError) as error:
        c.read_weights(found[-1], found)
    assert "step_00000005, is good" in error.value.why


def test_truncated_trainer_state(parent):
    file = parent / "step_00000015" / "trainer.pt"
    file.write_bytes(file.read_bytes()[:100])
    found = c.find_checkpoints(parent)
    with pytest.raises(CheckpointError, match="damaged"):
        c.read_trainer(found[-1], found)


def test_imported_models_cannot_be_resumed(tmp_path):
    saved = c.write_checkpoint(tmp_path, 0, WEIGHTS)
    with pytest.raises(CheckpointError, match="cannot be resumed") as error:
        c.read_trainer(saved)
    assert "--init-from" in error.value.fix


def test_another_format(parent):
    file = parent / "step_00000015" / "checkpoint.json"
    facts = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**facts, "format": 99}), encoding="utf-8")
    with pytest.raises(CheckpointError, match="another version") as error:
        c.read_weights(c.find_checkpoints(parent)[-1])
    assert "99" in error.value.why


@pytest.mark.parametrize("file", ["model.safetensors", "trainer.pt", "checkpoint.json"])
def test_full_disk_leaves_the_last_good_checkpoint(parent, monkeypatch, file):
    write = files.write_bytes

    def full(path, data):
        if path.name == file:
            path.write_bytes(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, data)

    monkeypatch.setattr(files, "write_bytes", full)
    with pytest.raises(TrainingError, match="disk is full") as error:
        c.write_checkpoint(parent, 20, WEIGHTS, TRAINER)
    assert "step_00000015" in error.value.why and "--resume" in error.value.fix
    assert [p.name for p in sorted(parent.iterdir())] == ["step_00000005", "step_00000010", "step_00000015"]
    assert torch.equal(c.read_weights(c.find_checkpoints(parent)[-1])["steps"], WEIGHTS["steps"])


def test_a_kill_while_writing_leaves_nothing_that_looks_whole(parent, monkeypatch):
    """Everything up to the rename happens under a temporary name."""

    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    monkeypatch.setattr(files, "rename", kill)
    monkeypatch.setattr(files.shutil, "rmtree", lambda *a, **k: None)  # a killed process cleans nothing
    with pytest.raises(Killed):
        c.write_checkpoint(parent, 20, WEIGHTS, TRAINER)
    monkeypatch.undo()
    assert [x.step for x in c.find_checkpoints(parent)] == [5, 10, 15]
    assert any(p.name.startswith(files.TEMPORARY) for p in parent.iterdir())
    files.remove_leftovers(parent)
    c.write_checkpoint(parent, 20, WEIGHTS, TRAINER)
    assert [p.name for p in sorted(parent.iterdir())] == [f"step_000000{n}" for n in ("05", "10", "15", "20")]


def test_a_step_can_be_written_again(parent):
    c.write_checkpoint(parent, 15, {"a": torch.ones(1)}, TRAINER)
    assert list(c.read_weights(c.find_checkpoints(parent)[-1])) == ["a"]
    assert len(list(parent.iterdir())) == 3


def test_other_errors_of_the_disk_are_not_hidden(tmp_path, monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, "write_bytes", broken)
    with pytest.raises(TrainingError, match="the disk does not work: cannot write") as error:
        files.write_text(tmp_path / "a", "x")
    assert error.value.__cause__.errno == errno.EIO
