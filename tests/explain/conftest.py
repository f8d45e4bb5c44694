"""Two tiny runs of one corpus, the lesson of one sentence for both, and the page made of them: once per test run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from ttskit.config import load_recipe
from ttskit.plugins import create_registry
from ttskit.training import train
from ttskit_explain.lesson import Lesson
from ttskit_explain.making import ExplainReport, explain, open_lesson

SENTENCE = "La luna verde."
STEPS = {"tacotron2": 60, "fastpitch": 60, "transformertts": 60}
_LIGHT = ("training.samples=0", "training.validate_every=60", "training.checkpoint_every=60", "training.max_utterances=4")
_STOPS = {"tacotron2": ("models.tacotron2.options.frames_per_token=8",)}


@dataclass(frozen=True)
class Made:
    """A page and what made it."""

    folder: Path
    report: ExplainReport


@pytest.fixture(scope="session")
def registry():
    return create_registry()


@pytest.fixture(scope="session")
def run_of(registry, prepared, tmp_path_factory):
    """run_of("fastpitch") -> Path of its run, trained once."""
    made: dict[str, Path] = {}
    folder = tmp_path_factory.mktemp("explained")

    def call(model: str) -> Path:
        if model not in made:
            recipe = load_recipe("tiny", (*_LIGHT, *_STOPS.get(model, ())), registry=registry)
            train(recipe, model=model, data=prepared, run=folder / model, steps=STEPS[model], registry=registry)
            made[model] = folder / model
        return made[model]

    return call


@pytest.fixture(scope="session")
def runs(run_of) -> list[Path]:
    """An autoregressive and a parallel one."""
    return [run_of("tacotron2"), run_of("fastpitch")]


@pytest.fixture
def lesson(runs, registry, tmp_path) -> Lesson:
    """Of both runs, with a fresh sheet."""
    return open_lesson(runs, SENTENCE, tmp_path / "page", registry=registry)


@pytest.fixture(scope="session")
def made(runs, registry, tmp_path_factory) -> Made:
    """The whole page."""
    folder = tmp_path_factory.mktemp("page") / "clase"
    return Made(folder, explain(runs, SENTENCE, folder, registry=registry))
