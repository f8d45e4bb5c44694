"""Two processes under torchrun train as one does."""

import json

import pytest
import torch

from ttskit.runs import RunFolder, read_film

NO_DROPOUT = {
    "fastpitch": tuple(
        f"models.fastpitch.options.{part}=0"
        for part in (
            "encoder.dropout",
            "encoder.attention_dropout",
            "decoder.dropout",
            "decoder.attention_dropout",
            "duration_predictor.dropout",
            "pitch_predictor.dropout",
            "energy_predictor.dropout",
        )
    ),
    "tacotron2": tuple(
        f"models.tacotron2.options.{part}_dropout=0" for part in ("encoder", "prenet", "attention", "decoder", "postnet")
    ),
    "hifigan": (),
}
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
# four utterances a batch: two for each process, so that batch statistics and shares really mix
BATCH = ("training.max_utterances=4", "training.segments_per_batch=4", "training.checkpoint_every=1000")
ACCUMULATED = ("training.max_utterances=2", "training.accumulate=2")  # four utterances a step as well, in two shares

# All models in one group of processes, which train() then uses and leaves alone.
CHILD = """
import json, sys
from pathlib import Path
import torch, torch.distributed as dist
from ttskit.config import load_recipe
from ttskit.plugins import create_registry
from ttskit.training import train

if __name__ == "__main__":
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    registry = create_registry()
    for run, model, steps, overrides in json.loads(sys.argv[3]):
        train(load_recipe("tiny", overrides, registry=registry), model=model, data=sys.argv[1], run=Path(sys.argv[2]) / run,
              steps=steps, registry=registry)
    dist.destroy_process_group()
"""


@pytest.fixture(scope="module")
def two(corpus_folder, tmp_path_factory, start_elsewhere, all_settings):
    """Folder of runs that two processes made: each model without dropout, and two of them with it."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "child.py").write_text(CHILD, encoding="utf-8")
    jobs = [(model, model, 10, (*all_settings, *BATCH, *overrides)) for model, overrides in NO_DROPOUT.items()]
    jobs += [(f"{model}-dropout", model, 3, (*all_settings, *BATCH)) for model in ("fastpitch", "tacotron2")]
    halves = (*BATCH, "training.accumulate=2", *NO_DROPOUT["fastpitch"])  # of eight: two in each of four shares
    jobs += [("accumulated", "fastpitch", 4, (*all_settings, *halves))]
    arguments = (str(folder / "child.py"), str(corpus_folder), str(folder), json.dumps(jobs))
    result = start_elsewhere(corpus_folder, folder).run(*arguments, launcher=TORCHRUN)
    assert result.code == 0, result.err
    return folder


def _equal(one, other):
    assert sorted(one) == sorted(other) and one
    for step, values in one.items():
        assert values.keys() == other[step].keys()
        for name in values.keys() - {"split"}:
            assert other[step][name] == pytest.approx(values[name], rel=1e-4, abs=1e-7), f"step {step}: {name}"


@pytest.mark.parametrize("model", NO_DROPOUT)
def test_two_processes_equal_one(model, two, trained, losses_of):
    alone = trained(model, run="one", steps=10, overrides=(*BATCH, *NO_DROPOUT[model]))
    together = RunFolder.open(two / model)
    for mine, other in zip(read_film(alone.path), read_film(together.path), strict=True):
        assert mine.step == other.step and mine.alignment == pytest.approx(other.alignment, abs=2e-3)
    assert json.loads((together.path / "environment.json").read_text(encoding="utf-8"))["processes"] == 2
    assert sorted(losses_of(alone.path)) == list(range(1, 11))
    _equal(losses_of(alone.path), losses_of(together.path))
    validation = [run.metrics("validation")[-1]["loss"] for run in (alone, together)]
    assert validation[0] == pytest.approx(validation[1], rel=1e-3)


@pytest.mark.parametrize("model", ["fastpitch", "tacotron2"])
def test_with_dropout_it_completes(model, two):
    run = RunFolder.open(two / f"{model}-dropout")
    assert run.checkpoints[-1].step == 3
    assert all(torch.isfinite(w).all() for w in run.weights("last")[0].values())


def test_two_processes_with_two_shares_each_equal_one(two, trained, losses_of):
    eight = (*BATCH, "training.max_utterances=8", *NO_DROPOUT["fastpitch"])
    alone = trained("fastpitch", run="one", steps=4, overrides=eight)
    _equal(losses_of(alone.path), losses_of(two / "accumulated"))


def test_two_shares_have_the_random_numbers_of_two_processes(two, trained, losses_of):
    """Dropout on: one process that does the work of two in turn trains as the two do."""
    alone = trained("fastpitch", run="one", steps=3, overrides=(*BATCH, *ACCUMULATED))
    _equal(losses_of(alone.path), losses_of(two / "fastpitch-dropout"))


def test_the_command_under_torchrun(elsewhere, tmp_path):
    """As the command's help says: -- keeps torchrun from reading --run as its own --run-path."""
    arguments = elsewhere.arguments("fastpitch", tmp_path / "run", "--steps", "2", "--json", overrides=BATCH)
    result = elsewhere.run("-m", "--", "ttskit", *arguments, launcher=TORCHRUN)
    assert result.code == 0, result.err
    assert json.loads(result.out)["checkpoints"] == [2]  # one process speaks
