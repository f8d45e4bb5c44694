"""What each model of a comparison is given to train with, without any training."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ttskit.compare import budget, experiment
from ttskit.config import CompareConfig, load_recipe
from ttskit.errors import PluginError, UsageError
from ttskit.plugins import create_registry

NAMES = ["tacotron2", "fastpitch"]


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """asked(models=…, out=…, **settings) -> what each model was trained with, by name."""
    registry = create_registry()

    def make(models=NAMES, data="corpus", recipe=None, **settings):
        given = {}

        def train(recipe, *, model, run, resume, **more):
            limits = {key: more[key] for key in ("steps", "budget_s") if key in more}
            limits |= {"seed": recipe.seed} if recipe is not None else {}
            given[run.name] = {"resume": resume, "run": run.relative_to(tmp_path).as_posix(), "data": more["data"], **limits}

        monkeypatch.setattr(budget, "train", train)
        runs = budget.train_models(CompareConfig(**settings), models, data, recipe, tmp_path, "cpu", registry, None)
        assert [run.name for run in runs] == list(given)
        return given

    return make


def test_all_models_get_the_same_budget_data_and_a_run_of_their_own(asked):
    for name, given in asked(budget_s="2m").items():
        assert given == {"resume": False, "run": f"runs/{name}", "data": "corpus", "budget_s": 120.0}


def test_steps_win_over_a_budget_and_may_be_each_models_own(asked):
    assert {n: g["steps"] for n, g in asked(steps=70, budget_s=5).items()} == {"tacotron2": 70, "fastpitch": 70}
    given = asked(steps={"fastpitch": 300, "tacotron2": 40})
    assert {n: g["steps"] for n, g in given.items()} == {"tacotron2": 40, "fastpitch": 300}
    assert not any("budget_s" in g for g in given.values())


def test_a_training_that_goes_on_keeps_the_steps_that_its_budget_became(asked, tmp_path):
    """Planted: the budget was given again on resuming, and measured anew on a machine that is busier now."""
    begun = tmp_path / "runs" / "fastpitch"
    begun.mkdir(parents=True)
    assert not asked(budget_s=60)["fastpitch"]["resume"]  # an empty folder is no run
    (begun / "run.json").write_text("{}", encoding="utf-8")
    given = asked(budget_s=60)
    assert given["fastpitch"] == {"resume": True, "run": "runs/fastpitch", "data": "corpus"}
    assert given["tacotron2"]["budget_s"] == 60.0 and not given["tacotron2"]["resume"]
    assert asked(steps=90)["fastpitch"]["steps"] == 90  # steps that are named count from the beginning of the run


def test_each_is_trained_as_often_as_asked_with_the_same_seeds(asked, monkeypatch):
    """Planted: other seeds for the second model, so that order and fresh weights differed as well."""
    recipe = load_recipe("tiny")
    given = asked(recipe=recipe, steps=5, train_seeds=2)
    assert [(n, g["seed"]) for n, g in given.items()] == [
        (f"{name}-{seed}", seed) for name in NAMES for seed in (recipe.seed, recipe.seed + 1)
    ]
    assert [g["seed"] for g in asked(recipe=recipe, steps=5, train_seeds=[7, 3]).values()] == [7, 3, 7, 3]
    assert list(asked(recipe=recipe, steps=5)) == NAMES  # nobody asked: each with its recipe's seed, in a folder of its name


def test_a_budget_is_measured_once_for_a_system_and_its_other_trainings_are_as_long(asked, monkeypatch):
    """Planted: each seed timed anew, so that the runs of one system were of other lengths and no runs of one system."""
    monkeypatch.setattr(budget, "RunFolder", SimpleNamespace(open=lambda path: SimpleNamespace(total_steps=len(path.name))))
    given = asked(recipe=load_recipe("tiny"), budget_s=60, train_seeds=[1, 2, 3])
    limits = [(n, g.get("budget_s"), g.get("steps")) for n, g in given.items()]
    assert limits[:3] == [("tacotron2-1", 60.0, None), ("tacotron2-2", None, 11), ("tacotron2-3", None, 11)]
    assert limits[3:] == [("fastpitch-1", 60.0, None), ("fastpitch-2", None, 11), ("fastpitch-3", None, 11)]


def test_equal_utterances_are_other_steps_for_other_batches(asked, prepared):
    """Seen: equal steps were 16 utterances a step for one model and 8 for the other."""
    recipe = load_recipe("tiny", ["models.fastpitch.training.max_utterances=2", "models.tacotron2.training.max_utterances=4"])
    given = asked(recipe=recipe, data=prepared.folder, utterances=48, steps=3)
    assert given["fastpitch"]["steps"] == 24 and 12 <= given["tacotron2"]["steps"] <= 16


@pytest.mark.parametrize(
    ("error", "says", "change"),
    [
        (UsageError, "needs two different models", {"models": ["fastpitch"]}),
        (UsageError, "needs two different models", {"models": ["fastpitch", "fastpitch"]}),
        (UsageError, "needs two different models", {"models": ["fastpitch", "tacotron2", "fastpitch"]}),
        (UsageError, "no corpus is given", {"data": None}),
        (UsageError, "steps and models do not fit", {"steps": {"fastpitch": 3}}),
        (UsageError, "steps and models do not fit", {"steps": {"fastpitch": 3, "tacotron2": 3, "other": 3}}),
        (UsageError, "'griffinlim' is neither a model nor a recipe", {"models": ["fastpitch", "griffinlim"]}),
        (UsageError, "seeds of training must be different", {"train_seeds": [3, 3]}),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_trained(asked, monkeypatch, error, says, change):
    with pytest.raises(error, match=says):
        asked(**change)


def test_what_is_asked_for_wins_over_the_recipe_and_the_recipe_over_defaults():
    recipe = load_recipe("base", ["compare.limit=3", "compare.seeds=[4]", "compare.hard=false"])
    config = experiment._config(recipe, {"limit": 5, "hard": None, "seeds": None})
    assert (config.limit, config.seeds, config.hard, config.confidence) == (5, [4], False, 0.95)
    with pytest.raises(UsageError, match="unknown setting 'limits'"):
        experiment._config(recipe, {"limits": 5})


class Stopped(Exception):
    """Far enough."""


@pytest.fixture
def begun(monkeypatch, tmp_path):
    """begun(runs, **call) -> what `compare` trained, if it did, and what it loaded, before anything is loaded."""

    def make(runs=(), **call):
        seen = {}

        def train_models(config, models, data, recipe, out, *rest):
            seen["trained"] = {"steps": config.steps, "budget_s": config.budget_s, "models": list(models)}
            return ["one", "two"]

        def load_systems(runs, vocoder, device, checkpoint, registry):
            seen["loaded"] = (list(runs), vocoder, checkpoint)
            raise Stopped

        monkeypatch.setattr(experiment, "train_models", train_models)
        monkeypatch.setattr(experiment, "load_systems", load_systems)
        with pytest.raises(Stopped):
            experiment.compare(runs, out=tmp_path / "out", device="cpu", **call)
        return seen

    return make


def test_a_budget_that_is_asked_for_wins_over_the_steps_of_the_recipe(begun):
    """Planted: the recipe's steps were trained, and the budget was only told."""
    recipe = load_recipe("base", ["compare.steps=500"])
    assert begun(recipe=recipe)["trained"]["steps"] == 500
    assert begun(recipe=recipe, budget_s="2m")["trained"] == {"steps": None, "budget_s": 120.0, "models": []}
    assert begun(recipe=recipe, budget_s="2m", steps=7)["trained"]["steps"] == 7


def test_runs_are_not_trained_again_and_speak_with_their_last_checkpoint_unless_another_is_named(begun):
    """Planted: with the best one, of as many steps as its validation chose: another budget than the other system's."""
    recipe = load_recipe("base")
    assert begun(["a", "b"], recipe=recipe) == {"loaded": (["a", "b"], None, "last")}
    assert begun(["a", "b"], recipe=recipe, checkpoint="best", vocoder="v")["loaded"] == (["a", "b"], "v", "best")
    assert begun(recipe=recipe)["loaded"] == (["one", "two"], None, "last")


def test_a_wrong_measurement_is_found_before_anything_is_trained(begun, monkeypatch, tmp_path):
    monkeypatch.setattr(experiment, "train_models", lambda *_: pytest.fail("trained"))
    recipe = load_recipe("base")
    with pytest.raises(PluginError, match="unknown measurement 'qualty'"):
        experiment.compare(out=tmp_path / "out", recipe=recipe, measurements={"qualty": False}, device="cpu")
