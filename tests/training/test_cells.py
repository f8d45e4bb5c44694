"""The recipes of the four cells: what they claim to be equal is equal, and one trains as the other does."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from ttskit.audio.config import PRESETS
from ttskit.config import load_recipe
from ttskit.interfaces import AcousticInput, ModelContext, TrainState
from ttskit.plugins import create_registry
from ttskit.symbols import SpeakerTable
from ttskit.training import train
from ttskit_fastpitch.config import FastPitchOptions

REGISTRY = create_registry()
CELLS = {  # name → model, and what differs from the recipe
    "tacotron2": ("tacotron2",),
    "transformertts": ("transformertts",),
    "fastpitch": ("fastpitch",),
    "fastpitch-lstm": ("fastpitch", "models.fastpitch.options.block=lstm"),
}
SIZES = ("cells-small", "cells-small-alone", "cells", "cells-alone")


def recipe_of(size: str, cell: str):
    model, *changes = CELLS[cell]
    return load_recipe(size, changes, registry=REGISTRY), model


@pytest.fixture(scope="module")
def context() -> ModelContext:
    """Of the corpora that these recipes make: the Spanish frontend's symbols, NVIDIA's mel, one speaker."""
    frontend = load_recipe("cells-small", registry=REGISTRY).frontend
    symbols = REGISTRY.get("frontend", frontend.name).load()(**frontend.options).symbols
    return ModelContext(PRESETS["nvidia-22050"], symbols, SpeakerTable(("ana",)), {})


def parameters(model) -> int:
    """Of what speaks: an aligner that is learned along says nothing."""
    return sum(p.numel() for name, p in model.named_parameters() if not name.startswith("aligner."))


def built(size: str, cell: str, context: ModelContext):
    recipe, name = recipe_of(size, cell)
    return REGISTRY.get("acoustic model", name).load()(recipe.options_for(name, REGISTRY), context)


@pytest.mark.parametrize("size", SIZES)
def test_all_four_are_of_one_size(size, context):
    models = {cell: built(size, cell, context) for cell in CELLS}
    counted = {cell: parameters(model) for cell, model in models.items()}
    assert max(counted.values()) <= 1.05 * min(counted.values()), counted
    whole = {cell: sum(p.numel() for p in model.parameters()) for cell, model in models.items()}
    if size != "cells-small-alone":  # where the aligner is more than that
        assert max(whole.values()) <= 1.05 * min(whole.values()), whole


def test_without_pitch_it_is_as_large(context):
    for block in ("transformer", "lstm"):
        sizes = []
        for name in ("cells-small", "cells-small-no-pitch"):
            recipe = load_recipe(name, (f"models.fastpitch.options.block={block}",), registry=REGISTRY)
            model = REGISTRY.get("acoustic model", "fastpitch").load()(recipe.options_for("fastpitch", REGISTRY), context)
            sizes.append(parameters(model))
        assert abs(sizes[1] / sizes[0] - 1) < 0.02, sizes
    assert "pitch" not in model.features and not {"pitch", "pitch_range", "pitch_values"} & set(model.controls)
    assert not any("pitch" in name for name, _ in model.named_parameters())


@pytest.mark.parametrize(("name", "of"), [("cells-small-lstm", "cells-small"), ("cells-lstm", "cells")])
def test_the_recipes_of_lstm_blocks_differ_in_the_block_alone(name, of):
    own, other = (load_recipe(n, registry=REGISTRY) for n in (name, of))
    options = [recipe.options_for("fastpitch", REGISTRY).model_dump() for recipe in (own, other)]
    assert options[0].pop("block") == "lstm" and options[1].pop("block") == "transformer"
    assert options[0] == options[1]
    assert own.training_for("fastpitch") == other.training_for("fastpitch")


@pytest.mark.parametrize("size", SIZES)
def test_budget_batches_and_where_durations_come_from_are_equal(size):
    """Training sections are equal to the last field: the same batches in the same order, for as many steps."""
    trainings = [recipe.training_for(model) for recipe, model in (recipe_of(size, cell) for cell in CELLS)]
    assert all(training == trainings[0] for training in trainings)
    assert trainings[0].alignment == (None if size.endswith("alone") else "aligner")
    recipes = [recipe_of(size, cell)[0] for cell in CELLS]
    assert len({(str(recipe.mel), str(recipe.frontend), recipe.seed) for recipe in recipes}) == 1


@pytest.mark.parametrize("size", SIZES)
def test_all_four_are_given_durations_or_none_is(size, context):
    given = {cell: "durations" in built(size, cell, context).features for cell in CELLS}
    assert set(given.values()) == {not size.endswith("alone")}, given


@pytest.mark.parametrize("size", SIZES)
def test_optimiser_rate_and_schedule_are_equal(size, context):
    """AdamW without decay is Adam. Schedules may differ by what one step is."""
    plans = {cell: built(size, cell, context).optimizers(2000) for cell in CELLS}
    assert all(list(plan) == ["main"] for plan in plans.values())
    groups = {cell: plan["main"].optimizer.param_groups for cell, plan in plans.items()}
    facts = {(g[0]["lr"], g[0]["betas"], g[0]["eps"], g[0]["weight_decay"], len(g)) for g in groups.values()}
    assert len(facts) == 1 and next(iter(facts))[3] == 0, facts
    assert {type(plan["main"].optimizer).__name__ for plan in plans.values()} == {"Adam", "AdamW"}
    assert len({plan["main"].clip_norm for plan in plans.values()}) == 1
    for step in (0, 30, 99, 100, 500, 1000, 1999):
        factors = [plan["main"].schedule(TrainState(step, 0, 2000)) for plan in plans.values()]
        assert max(factors) - min(factors) <= 0.011, (step, factors)  # a step of the warm-up is a hundredth


@pytest.mark.parametrize("size", SIZES)
def test_mels_are_compared_alike_and_frames_come_in_steps_alike(size):
    options = {cell: recipe.options_for(model, REGISTRY) for cell, (recipe, model) in ((c, recipe_of(size, c)) for c in CELLS)}
    lead, other = options["tacotron2"], options["transformertts"]
    shared = (
        *("reduction", "prenet_channels", "prenet_layers", "prenet_dropout", "mel_mean", "mel_std", "mel_loss"),
        *("postnet_convolutions", "postnet_kernel", "stop_positive_weight", "guided_attention_weight"),
        *("attention_supervision_weight", "context_mixing", "context_mixing_until", "forward_sum_weight"),
        *("alignment_prior_until", "rest_frames", "stop_threshold"),
    )
    assert {name: getattr(lead, name) for name in shared} == {name: getattr(other, name) for name in shared}
    assert lead.prenet_input == "last"  # as the other has it
    assert {options[cell].loss.mel_distance for cell in ("fastpitch", "fastpitch-lstm")} == {lead.mel_loss}


@pytest.mark.parametrize(
    ("changes", "said", "unsaid"),
    [
        ({}, ("aligner of its own", "pitch of the recordings", "energy"), ("sines", "durations given")),
        ({"alignment": "external"}, ("durations given in training", "pitch", "energy"), ("aligner",)),
        ({"pitch_embedding": "fourier"}, ("sines and cosines of pitch",), ()),
        ({"pitch": False, "pitch_embedding": "fourier"}, ("energy",), ("pitch",)),
        ({"pitch": False, "energy": False}, ("aligner",), ("pitch", "energy")),
    ],
)
def test_what_helps_fastpitch_is_named(changes, said, unsaid):
    told = "; ".join(FastPitchOptions(**changes).aids())
    assert all(word in told for word in said) and not any(word in told for word in unsaid), told


@pytest.mark.parametrize("cell", CELLS)
def test_each_cells_help_is_told(cell, context):
    told = "; ".join(built("cells-small", cell, context).aids())
    assert "durations" in told
    assert ("pitch" in told) == cell.startswith("fastpitch")


@pytest.mark.parametrize(("size", "cell"), product(("cells-small", "cells-small-alone"), CELLS))
def test_it_trains_on_the_same_utterances_as_the_others(size, cell, corpus, tmp_path):
    """And speaks afterwards. The recipes for a GPU differ in sizes alone."""
    recipe, model = recipe_of(size, cell)
    few = {"steps": 2, "max_utterances": 4, "samples": 0, "device": "cpu", "log_every": 1}
    few |= {"alignment": "reference"} if size == "cells-small" else {}
    run = train(recipe.with_training(model, few), model=model, data=corpus, run=tmp_path / "run", registry=REGISTRY)
    assert all(torch.isfinite(torch.tensor(row["loss"])) for row in run.metrics("train"))
    voice = run.load(checkpoint="last", registry=REGISTRY).model
    tokens = torch.tensor([corpus.symbols.ids(corpus.utterances[0].tokens)])
    inputs = AcousticInput(tokens, torch.tensor([tokens.shape[1]]), torch.tensor([0]))
    assert voice.infer(inputs, generators=[torch.Generator().manual_seed(0)]).mel.isfinite().all()
