"""A run folder takes no more memory than its weights ask for, and what only training needs is not built to speak."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from fuzz_checkpoints import hifigan_content
from fuzz_folders import MEL
from fuzz_harness import peak_mb, reset_peak
from torch import nn

from ttskit.errors import CheckpointError
from ttskit.importing import import_checkpoint
from ttskit.runs.building import TRAINING_VALUES, build_for, only_to_speak, to_be_trained
from ttskit.runs.folder import RunFolder

WEIGHTS = {"weight": torch.zeros(8, 8)}


def vocoder(folder: Path, scale: float) -> RunFolder:
    """An imported vocoder without discriminators, whose run.json was then made to ask for those of another size."""
    state, config = hifigan_content()
    torch.save({"generator": state}, folder / "g_1")
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    run = import_checkpoint(folder / "g_1", folder / "run", discriminator_scale=1 / 32).run
    run.update(options={**run.info["options"], "discriminator_scale": scale})
    return RunFolder.open(run.path)


@pytest.mark.parametrize("scale", [1 / 32, 1.0, 1.9, 2.0, 4.0])
def test_a_vocoder_without_discriminators_speaks_without_their_memory(scale, tmp_path):
    run = vocoder(tmp_path, scale)
    reset_peak()
    before = peak_mb()
    model = run.load().model
    assert peak_mb() - before < 100  # those of scale 2 are 1.1 GB
    assert model.infer(torch.zeros(1, MEL.bands, 4)).shape == (1, 4 * MEL.hop_samples)
    assert not any(name.startswith(("mpd.", "msd.")) for name in model.state_dict())


def test_a_model_that_may_be_trained_has_them(tmp_path):
    run = vocoder(tmp_path, 1 / 32)
    built, _ = run.build()
    assert {name.partition(".")[0] for name in built.state_dict()} >= {"generator", "mpd", "msd"}
    run.save(built, 5)
    loaded = run.load(checkpoint="last").model.state_dict()  # a checkpoint that has them gives them back
    assert all(torch.equal(loaded[name], value) for name, value in built.state_dict().items())


def test_only_to_speak_ends_with_its_block():
    with only_to_speak(), only_to_speak():
        assert not to_be_trained()
    assert to_be_trained()
    with pytest.raises(ValueError, match="x"), only_to_speak():
        raise ValueError("x")
    assert to_be_trained()


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(4_000, 4_000),
        lambda: nn.ModuleList(nn.Linear(1_000, 1_000) for _ in range(8)),
        lambda: nn.ModuleList(nn.Linear(1, 1) for _ in range(5_000)),
        lambda: nn.Embedding(1 << 22, 1),
        lambda: nn.Conv1d(1_200, 1_200, 3),
    ],
)
def test_a_model_that_outgrows_its_weights_is_refused(make):
    with pytest.raises(CheckpointError, match="describe a larger model than it holds"):
        build_for(WEIGHTS, make, "run")


def test_parts_for_training_that_a_plugin_builds_all_the_same_are_bounded():
    """TRAINING_VALUES of float32 are 400 MB."""
    reset_peak()
    before = peak_mb()
    with pytest.raises(CheckpointError, match="larger parameters"):
        build_for(WEIGHTS, lambda: nn.ModuleList(nn.Linear(8_192, 8_192) for _ in range(8)), "run", TRAINING_VALUES)
    assert peak_mb() - before < 800
    assert build_for(WEIGHTS, lambda: nn.Linear(2_000, 2_000), "run", TRAINING_VALUES).in_features == 2_000
