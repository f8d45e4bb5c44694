"""What `compare --models` understands, without any training."""

from __future__ import annotations

import pytest

from ttskit.compare.entries import entries_of
from ttskit.config import load_recipe
from ttskit.errors import ConfigError, MismatchError, PluginError, TTSKitError, UsageError
from ttskit.plugins import create_registry

REGISTRY = create_registry()
BASE = load_recipe("tiny")


def read(*items):
    return entries_of(items, BASE, REGISTRY)


def test_a_model_is_trained_with_the_recipe_of_the_comparison():
    assert [(e.label, e.model, e.recipe is BASE) for e in read("tacotron2", "fastpitch")] == [
        ("tacotron2", "tacotron2", True),
        ("fastpitch", "fastpitch", True),  # though a recipe of this name is shipped
    ]


def test_a_recipe_brings_its_model_and_its_options():
    """Seen: `fastpitch-lstm` and `tacotron2-alone` could not be compared at all."""
    lstm, alone, named, other = read("fastpitch-lstm", "tacotron2-alone", "big=fastpitch", "demo:tacotron2")
    assert (lstm.label, lstm.model) == ("fastpitch-lstm", "fastpitch")
    assert lstm.recipe.options_for("fastpitch", REGISTRY).block == "lstm"
    assert alone.model == "tacotron2" and alone.recipe.options_for("tacotron2", REGISTRY).attention_supervision_weight == 0
    assert (named.label, named.model, named.source) == ("big", "fastpitch", "fastpitch")  # after a label, the recipe
    assert named.recipe.training_for("fastpitch").max_utterances == 32
    assert (other.label, other.model) == ("tacotron2", "tacotron2")
    assert other.recipe.training_for("tacotron2").steps == load_recipe("demo").training_for("tacotron2").steps


def test_a_file_may_be_named_with_a_model_and_a_label(tmp_path):
    path = tmp_path / "own one.yaml"
    path.write_text("extends: tiny\nmodel: tacotron2\n", encoding="utf-8")
    first, second = read(f"a={path}", f"b={path}:fastpitch")
    assert (first.label, first.model, second.label, second.model) == ("a", "tacotron2", "b", "fastpitch")
    with pytest.raises(UsageError, match="cannot name a run"):  # the file's name is no name of a folder of ours
        read(str(path), "fastpitch")
    with pytest.raises(ConfigError, match="recipe"):
        (tmp_path / "bad.yaml").write_text("extends: tiny\nmodle: x\n", encoding="utf-8")
        read(f"a={tmp_path / 'bad.yaml'}", "fastpitch")


@pytest.mark.parametrize(
    ("items", "error", "says"),
    [
        (["fastpitch"], UsageError, "two different models"),
        (["fastpitch", "fastpitch"], UsageError, "'fastpitch' is there twice"),
        (["a=fastpitch", "a=fastpitch-lstm"], UsageError, "'a' is there twice"),
        (["../a=fastpitch", "fastpitch-lstm"], UsageError, "cannot name a run"),
        (["=fastpitch-lstm", "fastpitch-lstm"], UsageError, "twice"),
        (["fastpich", "tacotron2"], UsageError, "did you mean 'fastpitch'"),
        (["demo:hifigan", "tacotron2"], PluginError, "hifigan"),
        (["demo:tacotron3", "tacotron2"], PluginError, "tacotron3"),
        (["", "tacotron2"], UsageError, "neither a model nor a recipe"),
        (["tacotron2-alone", "telephone-8000"], MismatchError, "recipes for different corpora"),
    ],
)
def test_what_cannot_be_trained_or_compared_is_refused_by_name(items, error, says):
    with pytest.raises(TTSKitError) as refused:
        read(*items)
    assert (
        isinstance(refused.value, error)
        and says in f"{refused.value} {refused.value.what} {refused.value.why} {refused.value.fix}"
    )
