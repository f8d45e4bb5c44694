"""A resumed training equals an uninterrupted one bit for bit, dropout on, wherever in an epoch it stopped."""

import signal

import pytest
import torch

from ttskit.errors import CheckpointError, MismatchError, UsageError
from ttskit.runs import RunFolder
from ttskit.training import TrainingStopped

STEPS = 9  # over an epoch's end: an epoch has 7 batches

# Trains through the public function and stands still at a step, so that the parent kills it exactly there.
CHILD = """
import sys, time
from ttskit.config import load_recipe
from ttskit.hookspecs import hookimpl
from ttskit.plugins import create_registry
from ttskit.training import train

class Stand:
    @hookimpl
    def ttskit_step_ended(self, run, step, values):
        if step == int(sys.argv[4]):
            print("here", file=sys.__stdout__, flush=True)  # what a hook prints goes to stderr
            time.sleep(600)

if __name__ == "__main__":
    registry = create_registry()
    registry.events.register(Stand())
    train(load_recipe("tiny", sys.argv[6:], registry=registry), model=sys.argv[1], data=sys.argv[2], run=sys.argv[3],
          steps=int(sys.argv[5]), registry=registry)
"""


@pytest.mark.parametrize(
    ("model", "every", "killed_at", "steps"), [("fastpitch", 5, 6, 9), ("tacotron2", 5, 6, 9), ("hifigan", 3, 4, 5)]
)
def test_killed_in_the_middle_of_an_epoch(
    model, every, killed_at, steps, trained, corpus_folder, elsewhere, tmp_path, losses_of, same_weights, all_settings
):
    every = (f"training.checkpoint_every={every}",)
    process = elsewhere.start(
        model,
        str(corpus_folder),
        str(tmp_path / "killed"),
        str(killed_at),
        str(steps),
        *all_settings,
        *every,
        launcher=("-c", CHILD),
    )
    assert process.stdout.readline().strip() == "here", process.communicate()[1]
    process.kill()
    process.communicate()
    killed = RunFolder.open(tmp_path / "killed")
    assert max(losses_of(killed.path)) == killed_at > killed.checkpoints[-1].step > 0
    assert killed.total_steps == steps

    whole = trained(model, run="whole", steps=steps, overrides=every)
    resumed = trained(model, run="killed", steps=None, resume=True, overrides=every)
    assert losses_of(resumed.path) == losses_of(whole.path)
    assert losses_of(resumed.path, "validation") == losses_of(whole.path, "validation")
    same_weights(resumed, whole)


def test_dropout_is_on_in_these_models(recipe, registry):
    """Else bit equality would say nothing about random numbers."""
    options = {model: recipe().options_for(model, registry) for model in ("fastpitch", "tacotron2")}
    assert options["fastpitch"].encoder.dropout > 0 and options["tacotron2"].prenet_dropout > 0


@pytest.mark.parametrize("log_every", [1, 4])
def test_ctrl_c_saves_and_resumes_exactly(log_every, trained, at, tmp_path, losses_of, same_weights):
    every = (f"training.log_every={log_every}",)
    handler = signal.getsignal(signal.SIGINT)  # ignored where the tests run in a shell's background
    registry = at(4, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(TrainingStopped) as stopped:
        trained(run="stopped", steps=STEPS, overrides=every, registry=registry)
    after = 5  # the signal comes while step 4 is logged; the step under way is finished
    assert stopped.value.step == after and stopped.value.run.checkpoints[-1].step == after
    assert "--resume" in str(stopped.value)
    assert signal.getsignal(signal.SIGINT) is handler
    whole = trained(run="whole", steps=STEPS, overrides=every)
    resumed = trained(run="stopped", steps=None, resume=True, overrides=every)
    assert losses_of(resumed.path) == losses_of(whole.path)
    same_weights(resumed, whole)


AIDS = (
    "models.tacotron2.options.reduction=2",
    "models.tacotron2.options.reduction_schedule=[[4,0.4],[3,0.7]]",
    "models.tacotron2.options.prenet_input=last",
    "models.tacotron2.options.frame_dropout=0.3",
    "models.tacotron2.options.frame_dropout_with=own",
    "models.tacotron2.options.frame_dropout_ramp=0.5",
    "models.tacotron2.options.forward_sum_weight=1",
    "models.tacotron2.options.alignment_prior_until=0.8",
)


def test_aids_that_change_during_training_resume_exactly(trained, at, losses_of, same_weights):
    """Stopped at step 5 of 9, where the reduction is 3, the prior half faded and the hidden frames still rising."""
    with pytest.raises(TrainingStopped):
        trained(
            "tacotron2", run="stopped", steps=STEPS, overrides=AIDS, registry=at(4, lambda: signal.raise_signal(signal.SIGINT))
        )
    whole = trained("tacotron2", run="whole", steps=STEPS, overrides=AIDS)
    resumed = trained("tacotron2", run="stopped", steps=None, resume=True, overrides=AIDS)
    assert losses_of(resumed.path) == losses_of(whole.path)
    same_weights(resumed, whole)
    assert whole.load().model.reduction == 2  # as trained last


def test_a_run_made_before_an_option_existed_goes_on(trained, at, losses_of):
    with pytest.raises(TrainingStopped):
        trained("tacotron2", steps=3, registry=at(1, lambda: signal.raise_signal(signal.SIGINT)))
    run = trained("tacotron2", run="whole", steps=3)
    old = RunFolder.open(run.path.with_name("run"))
    old.update(options={k: v for k, v in old.info["options"].items() if k != "frame_dropout"})
    resumed = trained("tacotron2", steps=None, resume=True)
    assert losses_of(resumed.path) == losses_of(run.path)
    old.update(options={**old.info["options"], "frame_dropout": 0.5})
    with pytest.raises(MismatchError, match="frame_dropout"):
        trained("tacotron2", steps=5, resume=True)


def test_second_ctrl_c_aborts(trained, at, tmp_path):
    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as aborted:
        trained(steps=STEPS, registry=at(6, twice))
    assert not isinstance(aborted.value, TrainingStopped)
    assert [c.step for c in RunFolder.open(tmp_path / "run").checkpoints] == [5]


@pytest.mark.parametrize("start", ["fresh", "from another run"])
def test_killed_before_the_first_checkpoint(start, trained, at, tmp_path, losses_of, same_weights):
    def die():
        raise KeyboardInterrupt("power cut")  # what else a hook raises kills no training

    source = None if start == "fresh" else trained(run="source", steps=2, overrides=("seed=5",)).path
    with pytest.raises(KeyboardInterrupt, match="power cut"):
        trained(run="cut", steps=4, registry=at(2, die), init_from=source)
    whole = trained(run="whole", steps=4, init_from=source)
    resumed = trained(run="cut", steps=None, resume=True)
    assert losses_of(resumed.path) == losses_of(whole.path)
    same_weights(resumed, whole)


def test_a_log_line_cut_short_is_dropped(trained, losses_of):
    run = trained(steps=5)
    with (run.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 6, "epoch": 0, "split": "train", "loss": 1.0}\n{"step": 7, "epo')
    trained(steps=7, resume=True)
    assert sorted(losses_of(run.path)) == [1, 2, 3, 4, 5, 6, 7]
    assert losses_of(run.path)[6]["loss"] != 1.0


def test_more_steps_go_on_from_where_it_ended(trained, losses_of):
    run = trained(steps=3)
    first = losses_of(run.path)
    longer = trained(steps=6, resume=True)
    assert longer.total_steps == 6 and longer.checkpoints[-1].step == 6
    assert {k: v for k, v in losses_of(run.path).items() if k <= 3} == first
    again = trained(steps=6, resume=True)
    assert again.checkpoints[-1].step == 6 and max(losses_of(run.path)) == 6  # nothing left to do


def test_a_damaged_last_checkpoint_is_refused_and_the_previous_one_resumes(trained, losses_of, same_weights):
    whole = trained(run="whole", steps=STEPS)
    run = trained(run="damaged", steps=STEPS)
    file = run.checkpoints[-1].folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="step_00000009 is damaged") as error:
        trained(run="damaged", steps=None, resume=True)
    assert "step_00000005, is good" in error.value.why
    with pytest.raises(CheckpointError, match="damaged"):
        run.load(checkpoint="last")
    assert run.load(checkpoint=5).step == 5
    for part in file.parent.iterdir():
        part.unlink()
    file.parent.rmdir()
    resumed = trained(run="damaged", steps=None, resume=True)
    assert losses_of(resumed.path) == losses_of(whole.path)
    same_weights(resumed, whole)


def test_resuming_something_else_is_refused(trained):
    run = trained(steps=1)
    with pytest.raises(MismatchError) as error:
        trained(resume=True, overrides=("models.fastpitch.options.channels=24", "seed=7"))
    assert "option channels: the run has 16, now 24" in error.value.why and "seed: the run has 1234, now 7" in error.value.why
    with pytest.raises(MismatchError, match="something else"):
        trained("tacotron2", resume=True)
    with pytest.raises(UsageError, match="cannot be given together"):
        trained(resume=True, init_from=run.path)
    with pytest.raises(CheckpointError, match="is not a run folder"):
        trained(run="nowhere", resume=True)


def test_another_corpus_is_refused(trained, new_corpus):
    trained(steps=1)
    with pytest.raises(MismatchError) as error:
        trained(data=new_corpus("other", seed=1), resume=True)
    assert "corpus manifest" in error.value.why and "--init-from" in error.value.fix


def test_trainer_state_loads_without_code(trained):
    run = trained(steps=2)
    saved = torch.load(run.checkpoints[-1].folder / "trainer.pt", weights_only=True)
    assert saved["step"] == 2 and set(saved["optimization"]) == {"optimizers", "scales", "in_a_row"}
