"""The recipes for fine-tuning, each trained one step; and the command line's way to the same."""

import json

import pytest
from click.testing import CliRunner

from ttskit.cli.train import command
from ttskit.config import load_recipe, shipped_recipes
from ttskit.errors import UsageError
from ttskit.runs import RunFolder
from ttskit.training import train

QUICK = ("training.samples=0", "training.device=cpu", "training.max_utterances=2", "training.threads=1")


@pytest.mark.parametrize("name", sorted(n for n in shipped_recipes() if n.startswith("finetune")))
def test_every_fine_tuning_recipe_trains_one_step(name, registry, random_run, corpus, tmp_path):
    recipe = load_recipe(name, QUICK, registry=registry)
    for model in {recipe.model, "fastpitch"} if name != "finetune" else ("fastpitch", "tacotron2"):
        source = random_run(f"source-{model}", model, speakers=("carla", "dani"))
        run = train(recipe, model=model, data=corpus, run=tmp_path / model, steps=1, init_from=source.path, registry=registry)
        assert run.checkpoints[-1].step == 1 and (run.path / "transfer.json").is_file()
        options = run.load().options
        rate = options.learning_rate if model == "tacotron2" else options.optimizer.learning_rate
        assert rate <= 5e-4 < 1e-3


def test_the_number_of_steps_follows_the_speech(registry):
    configs = {n: load_recipe(n, registry=registry).training_for("fastpitch") for n in ("finetune", "finetune-ljspeech-es")}
    assert configs["finetune"].steps_per_minute == 200 < configs["finetune-ljspeech-es"].steps_per_minute
    assert configs["finetune"].steps is None  # that of `base`, which it extends, is gone
    assert load_recipe("finetune", ("training.steps=7",), registry=registry).training_for("fastpitch").steps_per_minute is None
    nemo = load_recipe("finetune-nemo-es", registry=registry)
    assert nemo.mel["preset"] == "nemo-44100" and nemo.training_for("fastpitch").freeze_until == {"aligner.*": 0.2}


def test_the_flags_say_what_the_recipe_would(random_run, new_corpus, corpus_folder, tmp_path):
    source = random_run("source", speakers=("carla", "dani", "eva"))
    data = new_corpus("new", speakers=("nora",))
    sets = [word for text in QUICK for word in ("--set", text)]
    said = [
        "--init-from",
        source.path,
        "--data",
        data,
        "--run",
        tmp_path / "run",
        "--steps",
        "1",
        "--speaker-from",
        "nora=dani",
        "--keep-speakers",
        "eva",
        "--rehearse",
        corpus_folder,
        "--freeze",
        "encoder.*",
        "--json",
        *sets,
    ]
    result = CliRunner().invoke(command, [str(word) for word in said], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    run = RunFolder.open(tmp_path / "run")
    assert run.context.speakers.names == ("nora", "ana", "beto", "eva")
    plan = json.loads((run.path / "transfer.json").read_text(encoding="utf-8"))
    assert plan["speakers"]["dropped"] == ["carla", "dani"] and "from dani" in str(plan["speakers"]["new"])
    training = run.recipe().training_for("fastpitch")
    assert training.freeze == ["encoder.*"] and training.rehearsal.share == 0.3
    assert training.steps_per_minute == 200  # the recipe is `finetune`, as nothing else was asked for
    assert run.info["rehearsal"]["folder"] == str(corpus_folder.resolve())


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--speaker-from", "dani"], "there are no old speakers"),
        (["--init-from", "SOURCE", "--speaker-from", "dani", "--speaker-from", "eva"], "is for all new speakers"),
    ],
)
def test_wrong_flags(flags, says, random_run, corpus_folder):
    source = random_run("source", speakers=("dani", "eva"))
    words = [str(source.path) if word == "SOURCE" else word for word in flags]
    with pytest.raises(UsageError, match=says):
        CliRunner().invoke(command, [*words, "--data", str(corpus_folder)], catch_exceptions=False)
