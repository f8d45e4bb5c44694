"""Two processes under torchrun train as one does."""

import json

import pytest
import torch

from ttskit.training import RunFolder

NO_DROPOUT = {
    "fastpitch": ("models.fastpitch.options.encoder.dropout=0", "models.fastpitch.options.encoder.attention_dropout=0",
                  "models.fastpitch.options.decoder.dropout=0", "models.fastpitch.options.decoder.attention_dropout=0",
                  "models.fastpitch.options.duration_predictor.dropout=0", "models.fastpitch.options.pitch_predictor.dropout=0",
                  "models.fastpitch.options.energy_predictor.dropout=0"),
    "tacotron2": tuple(f"models.tacotron2.options.{part}_dropout=0"
                       for part in ("encoder", "prenet", "attention", "decoder", "postnet")),
    "hifigan": (),
}
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "--", "ttskit")
# four utterances a batch: two for each process, so that batch statistics and shares really mix
BATCH = ("training.max_utterances=4", "training.segments_per_batch=4", "training.checkpoint_every=1000")


@pytest.mark.parametrize("model", NO_DROPOUT)
def test_two_processes_equal_one(model, trained, elsewhere, tmp_path, losses_of):
    overrides = (*BATCH, *NO_DROPOUT[model])
    arguments = elsewhere.arguments(model, tmp_path / "two", "--steps", "10", overrides=overrides)
    result = elsewhere.run(*arguments, launcher=TORCHRUN)
    assert result.code == 0, result.err
    one = losses_of(trained(model, run="one", steps=10, overrides=overrides).path)
    two = losses_of(tmp_path / "two")
    assert json.loads((tmp_path / "two" / "environment.json").read_text(encoding="utf-8"))["processes"] == 2
    assert sorted(one) == sorted(two) == list(range(1, 11))
    for step, values in one.items():
        assert values.keys() == two[step].keys()
        for name, value in values.items():
            if name != "split":
                assert two[step][name] == pytest.approx(value, rel=1e-4, abs=1e-7), f"step {step}: {name}"
    mine, theirs = (RunFolder.open(tmp_path / name) for name in ("one", "two"))
    validation = [run.metrics("validation")[-1]["loss"] for run in (mine, theirs)]
    assert validation[0] == pytest.approx(validation[1], rel=1e-3)


@pytest.mark.parametrize("model", ["fastpitch", "tacotron2"])
def test_with_dropout_it_completes(model, elsewhere, tmp_path):
    result = elsewhere.run(*elsewhere.arguments(model, tmp_path / "two", "--steps", "3", overrides=BATCH), launcher=TORCHRUN)
    assert result.code == 0, result.err
    run = RunFolder.open(tmp_path / "two")
    assert run.checkpoints[-1].step == 3
    weights, _ = run.weights("last")
    assert all(torch.isfinite(w).all() for w in weights.values())
