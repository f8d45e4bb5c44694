"""Which runs are trainings of one system: those that differ in nothing but the seed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from ttskit.config import load_recipe
from ttskit.errors import UsageError
from ttskit.measure.systems import System, _of_one_system, by_system

BASE = {
    "plugin": {"distribution": "ttskit", "version": "1"},
    "options": {"channels": 8},
    "corpus": {"manifest_sha256": "a" * 64, "mel": "m"},
    "steps": {"total": 100},
    "frontend": {"name": "spanish", "version": "1"},
}


def run(label, seed=1, model="fastpitch", overrides=(), step=100, **info):
    recipe = load_recipe("tiny", overrides)
    folder = SimpleNamespace(info={**BASE, "seed": seed, **info}, path=Path(label))
    loaded = SimpleNamespace(name=model, recipe=recipe, step=step, model=None)
    return System(label, folder, loaded, None, "parallel", True, True)


def groups(*systems):
    return {name: [s.label for s in own] for name, own in by_system(_of_one_system(systems)).items()}


def test_trainings_that_differ_in_the_seed_alone_are_runs_of_one_system():
    found = groups(run("fp-1", 1), run("t2-1", 1, "tacotron2"), run("fp-2", 2), run("t2-2", 2, "tacotron2"), run("fp-3", 3))
    assert found == {"fp": ["fp-1", "fp-2", "fp-3"], "t2": ["t2-1", "t2-2"]}
    told = groups(run("a", 1, budget={"at": 1}), run("b", 2, overrides=["training.log_every=3", "training.threads=1"]))
    assert list(map(len, told.values())) == [2]  # what decides nothing that is learned


@pytest.mark.parametrize(
    "change",
    [
        {"model": "tacotron2"},
        {"options": {"channels": 16}},
        {"plugin": {"distribution": "ttskit", "version": "2"}},
        {"corpus": {"manifest_sha256": "b" * 64, "mel": "m"}},
        {"corpus": {"manifest_sha256": "a" * 64, "mel": "m", "subset": {"minutes": 5}}},
        {"steps": {"total": 200}},
        {"step": 50},
        {"frontend": {"name": "spanish", "version": "2"}},
        {"init_from": "other", "init_from_step": 9},
        {"rehearsal": {"share": 0.3}},
        {"overrides": ["training.max_utterances=3"]},
        {"overrides": ["training.alignment=mine"]},
        {"overrides": ["training.freeze=[encoder.*]"]},
    ],
)
def test_whatever_else_differs_makes_another_system(change):
    """Planted: runs grouped by the name of the model."""
    assert groups(run("one", 1), run("two", 2, **change)) == {"one": ["one"], "two": ["two"]}


def test_one_training_is_not_counted_twice():
    """Planted: a copy of a run folder as a second run, which would narrow every interval."""
    with pytest.raises(UsageError, match="fp-a and fp-copy are the same training"):
        groups(run("fp-a", 1), run("fp-b", 2), run("fp-copy", 1))


def test_runs_that_do_not_say_their_seed_are_systems_of_their_own():
    assert groups(run("a", None), run("b", None)) == {"a": ["a"], "b": ["b"]}  # imports


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (("fp-1", "fp-2"), "fp"),
        (("runs/fp_1", "runs/fp_2"), "runs/fp"),
        (("fp-s01", "fp-s02"), "fp-s"),
        (("ana", "zoe"), "fastpitch"),  # nothing in common: the model's name
        (("one/fp", "two/fp"), "fastpitch"),
    ],
)
def test_a_system_is_called_what_its_runs_names_have_in_common(labels, name):
    assert list(groups(*(run(label, seed) for seed, label in enumerate(labels, start=1)))) == [name]


def test_two_systems_never_share_a_name():
    found = groups(
        run("a", 1), run("b", 2), run("c", 1, options={}), run("d", 2, options={}), run("fastpitch", 1, options={"x": 1})
    )
    assert len(found) == 3 and sorted(map(len, found.values())) == [1, 2, 2]
