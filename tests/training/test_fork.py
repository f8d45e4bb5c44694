"""Going on with other settings: refused with both values in the run itself, done in a fork of it."""

import pytest

from ttskit.cli import _run
from ttskit.errors import CheckpointError, MismatchError, UsageError
from ttskit.runs import RunFolder
from ttskit.runs.lock import LOCK
from ttskit.runs.starting import UNFINISHED

EVERY = ("training.checkpoint_every=1",)
CHANGES = [
    ("training.max_utterances=3", "training.max_utterances: the run has 2, now 3"),
    ("training.frames_per_batch=5000", "training.frames_per_batch: the run has 12000, now 5000"),
    ("training.segments_per_batch=3", "training.segments_per_batch: the run has 2, now 3"),
    ("training.accumulate=2", "training.accumulate: the run has 1, now 2"),
    ("training.precision=fp32", "training.precision: the run has 'auto', now 'fp32'"),
    ("training.alignment=reference", "training.alignment: the run has None, now 'reference'"),
    ('training.freeze=["encoder.*"]', "training.freeze: the run has [], now ['encoder.*']"),
    ('training.freeze_until={"encoder.*": 2}', "training.freeze_until: the run has {}, now {'encoder.*': 2.0}"),
    ("models.fastpitch.training.max_utterances=4", "training.max_utterances: the run has 2, now 4"),
    ("models.fastpitch.options.optimizer.weight_decay=0.5", "option optimizer: the run has"),
    ("seed=7", "seed: the run has 1234, now 7"),
]


@pytest.mark.parametrize(("change", "said"), CHANGES, ids=[c for c, _ in CHANGES])
def test_resuming_with_other_training_settings_is_refused_with_both_values(change, said, trained, tmp_path):
    run = trained(steps=1, overrides=EVERY)
    before = (run.path / "config.yaml").read_bytes()
    with pytest.raises(MismatchError, match="cannot go on") as error:
        trained(steps=2, resume=True, overrides=(*EVERY, change))
    assert said in error.value.why and "--fork" in error.value.fix
    assert (run.path / "config.yaml").read_bytes() == before and not (run.path / LOCK).exists()


@pytest.mark.parametrize(
    "change",
    [
        "training.log_every=7",
        "training.validate_every=3",
        "training.checkpoint_every=2",
        "training.keep_last=1",
        "training.samples=1",
        "training.threads=1",
        "training.max_nonfinite=3",
        "training.stop_when_hopeless=false",
    ],
)
def test_how_often_and_where_may_change(change, trained, losses_of):
    trained(steps=1, overrides=EVERY)
    assert trained(steps=2, resume=True, overrides=(*EVERY, change)).checkpoints[-1].step == 2


def test_a_fork_that_changes_nothing_is_the_run_that_goes_on(trained, tmp_path, losses_of, same_weights):
    whole = trained(run="whole", steps=9, overrides=EVERY)
    trained(run="half", steps=9, overrides=(*EVERY, "training.keep_last=5"))  # the same, cut back to its step 6
    half = RunFolder.open(tmp_path / "half")
    for checkpoint in half.checkpoints:
        if checkpoint.step > 6:
            for file in checkpoint.folder.iterdir():
                file.unlink()
            checkpoint.folder.rmdir()
    untouched = {p: p.read_bytes() for p in half.path.rglob("*") if p.is_file()}
    assert half.checkpoints[-1].step == 6
    fork = trained(run="half", fork=tmp_path / "fork", steps=None, overrides=EVERY)
    assert fork.path == tmp_path / "fork" and fork.info["forked_from"] == {"run": str(half.path.resolve()), "step": 6}
    assert losses_of(fork.path) == losses_of(whole.path)
    same_weights(fork, whole)
    assert {p: p.read_bytes() for p in half.path.rglob("*") if p.is_file()} == untouched
    assert not (fork.path / LOCK).exists() and not (fork.path / UNFINISHED).exists()


@pytest.mark.parametrize(
    ("model", "change"), [("fastpitch", CHANGES[0][0]), ("hifigan", CHANGES[2][0]), ("tacotron2", CHANGES[3][0])]
)
def test_a_fork_takes_other_settings_and_more_steps_and_can_be_resumed(model, change, trained, tmp_path, losses_of):
    run = trained(model, steps=3, overrides=EVERY)
    fork = trained(model, fork=tmp_path / "fork", steps=5, overrides=(*EVERY, change))
    assert fork.total_steps == 5 and [c.step for c in fork.checkpoints][-1] == 5
    assert {s: v for s, v in losses_of(fork.path).items() if s <= 3} == losses_of(run.path)
    assert RunFolder.open(run.path).checkpoints[-1].step == 3
    longer = trained(model, run="fork", steps=6, resume=True, overrides=(*EVERY, change))
    assert longer.checkpoints[-1].step == 6
    assert min(r["epoch"] for r in longer.metrics("train") if r["step"] == 4) == 1  # other batches: the next epoch


def test_a_forks_optimiser_has_the_new_settings(trained, tmp_path):
    """What torch keeps with the moments would otherwise be the old run's."""
    from ttskit.runs.checkpoints import read_trainer

    options = "models.fastpitch.options"
    trained(steps=2, overrides=EVERY)
    fork = trained(fork=tmp_path / "fork", steps=3, overrides=(*EVERY, f"{options}.optimizer.weight_decay=0.25"))
    assert RunFolder.open(fork.path).info["options"]["optimizer"]["weight_decay"] == 0.25
    state = read_trainer(fork.checkpoints[-1])["optimization"]["optimizers"]
    assert {g["weight_decay"] for s in state.values() for g in s["param_groups"]} == {0.25}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("models.fastpitch.options.channels=24", "do not fit a model of these options"),
        ('training.freeze=["encoder.*"]', "are trained now"),
    ],
)
def test_what_no_checkpoint_fits_is_refused_and_leaves_nothing(change, said, trained, tmp_path):
    trained(steps=1, overrides=EVERY)
    with pytest.raises(MismatchError, match="cannot be forked") as error:
        trained(fork=tmp_path / "fork", steps=2, overrides=(*EVERY, change))
    assert said in error.value.why and "--init-from" in error.value.fix and not (tmp_path / "fork").exists()


def test_wrong_forks(trained, tmp_path):
    with pytest.raises(CheckpointError, match="is not a run folder"):
        trained(run="nowhere", fork=tmp_path / "fork")
    run = trained(steps=1)
    other = trained("tacotron2", run="other", steps=1)
    with pytest.raises(MismatchError, match="holds another model"):
        trained("tacotron2", fork=tmp_path / "fork")
    with pytest.raises(UsageError, match="is a run already"):
        trained(fork=other.path)
    with pytest.raises(UsageError, match="into itself"):
        trained(fork=run.path)
    with pytest.raises(UsageError, match="--fork and --init-from"):
        trained(fork=tmp_path / "fork", init_from=other.path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a").touch()
    with pytest.raises(UsageError, match="is not empty"):
        trained(fork=tmp_path / "mine")
    assert not (tmp_path / "fork").exists()


def test_the_command(trained, tmp_path, corpus_folder, capsys):
    run = trained(steps=1)
    line = f"train --run {run.path} --fork {tmp_path / 'fork'} --data {corpus_folder} --steps 2"
    assert _run([*line.split(), "--set", "training.max_utterances=3"], debug=False) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "fork")
    assert RunFolder.open(tmp_path / "fork").checkpoints[-1].step == 2
    assert _run(["train", "--fork", str(tmp_path / "b")], debug=False) == 2
    assert "--fork needs the run" in capsys.readouterr().err


@pytest.mark.slow
def test_two_processes_fork_together(trained, elsewhere, tmp_path):
    """Seen: torch joined a second group of processes under torchrun and waited for ever."""
    run = trained(steps=1)
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "--")
    words = ["train", "--run", str(run.path), "--fork", str(tmp_path / "fork"), "--data", str(elsewhere.data), "--steps", "2"]
    result = elsewhere.run("ttskit", *words, "--set", "training.max_utterances=4", launcher=launcher)
    assert result.code == 0, result.err
    assert RunFolder.open(tmp_path / "fork").checkpoints[-1].step == 2
