"""A training killed at any change of its files starts again with the same command, or goes on with --resume: the same run."""

import os

import pytest

from ttskit.errors import CheckpointError, UsageError
from ttskit.runs import RunFolder, read_film
from ttskit.runs.files import TEMPORARY
from ttskit.runs.lock import LOCK
from ttskit.runs.starting import UNFINISHED
from ttskit.testing.kills import KILLED, killed_at
from ttskit.training import train

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed in a fork of this one")
STEPS, CHECKPOINTS = 2, "training.checkpoint_every=1"
FIRST = (*range(0, 24, 2), *range(24, 72, 6))  # of the changes, denser where the run begins to be one


@pytest.fixture
def begin(recipe, registry, corpus, tmp_path):
    """begin("run", resume=…): the training, the same words each time."""

    def call(run="run", **more):
        return train(
            recipe(CHECKPOINTS), model="fastpitch", data=corpus, run=tmp_path / run, steps=STEPS, registry=registry, **more
        )

    return call


@pytest.fixture(scope="module")
def whole(recipe, registry, corpus_folder, tmp_path_factory):
    """The run that nobody interrupted, and how many changes of files it takes."""
    import torch

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("whole")

    def work(run):
        return train(recipe(CHECKPOINTS), model="fastpitch", data=corpus_folder, run=run, steps=STEPS, registry=registry)

    changes = killed_at(1_000_000, lambda: work(folder / "counted"), folder / "counted")
    return work(folder / "run"), changes


def go_on(begin):
    """As people do: the same command; if it says that there is a run, --resume."""
    try:
        return begin()
    except UsageError as error:
        assert "--resume" in error.fix and "is a run already" in error.what
    return begin(resume=True)


def check(event, begin, whole, tmp_path, losses_of, same_weights):
    run, changes = whole
    if event >= changes:
        pytest.skip(f"it has {changes} changes here")
    assert killed_at(event, begin, tmp_path / "run") == KILLED
    again = go_on(begin)
    assert losses_of(again.path) == losses_of(run.path)
    same_weights(again, run)
    assert [(f.step, f.alignment.tolist()) for f in read_film(again.path)] == [
        (f.step, f.alignment.tolist()) for f in read_film(run.path)
    ]
    left = [p.name for p in again.path.rglob("*") if p.name.startswith(TEMPORARY) or p.name in (LOCK, UNFINISHED)]
    assert not left


@pytest.mark.parametrize("event", FIRST)
def test_a_training_killed_at_its_first_changes_goes_on(event, begin, whole, tmp_path, losses_of, same_weights):
    check(event, begin, whole, tmp_path, losses_of, same_weights)


@pytest.mark.slow
@pytest.mark.parametrize("event", [n for n in range(96) if n not in FIRST])
def test_a_training_killed_at_any_change_goes_on(event, begin, whole, tmp_path, losses_of, same_weights):
    check(event, begin, whole, tmp_path, losses_of, same_weights)


@pytest.mark.parametrize("second", range(1, 12, 2))
def test_killed_again_while_what_lay_there_is_cleared(second, begin, whole, tmp_path, losses_of, same_weights):
    assert killed_at(22, begin, tmp_path / "run") == KILLED
    check(second, begin, whole, tmp_path, losses_of, same_weights)


def test_69_changes_at_least_are_tried(whole):
    assert whole[1] >= 69  # fewer: events are no longer seen


def test_nothing_of_ones_own_is_deleted_in_a_folder_that_was_begun(begin, tmp_path):
    assert killed_at(12, begin, tmp_path / "run") == KILLED
    (tmp_path / "run" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds what no training made: notes\.txt"):
        begin()
    assert (tmp_path / "run" / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "run" / "config.yaml").exists()  # nothing else either
    with pytest.raises(CheckpointError, match="is not a run yet") as error:
        begin(resume=True)
    assert "without --resume" in error.value.fix


@pytest.mark.parametrize("content", ["config.yaml", "run", "checkpoints/a", ".tmp-a", LOCK])
def test_a_folder_without_our_mark_is_someones_own(content, begin, tmp_path):
    file = tmp_path / "run" / content
    file.parent.mkdir(parents=True)
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="is not empty"):
        begin()
    assert file.read_text(encoding="utf-8") == "mine"


def test_a_finished_run_is_not_begun_anew(begin):
    run = begin()
    with pytest.raises(UsageError, match="is a run already"):
        begin()
    assert RunFolder.open(run.path).checkpoints[-1].step == STEPS
