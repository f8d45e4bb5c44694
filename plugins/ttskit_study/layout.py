"""The folder of a study: its parts, and what its cells are called. Other parts find files by these names only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ALIGNERS", "ALL", "CELLS", "ONE_CORPUS", "RunPlace", "StudyFolder", "cell_name", "slug"]

ONE_CORPUS = "corpus"  # name of the corpus where a plan has one
CELLS, ALIGNERS = "cells", "aligners"
ALL = "all"  # instead of minutes: all the training speech


def slug(text: str) -> str:
    """A name as a folder: letters, digits, dots, minus and underscore."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.") or "x"


def cell_name(system: str, minutes: float | None, corpus: str) -> str:
    """A cell's folder: fastpitch-5min, fastpitch-all; fastpitch-5min-ana where the plan names corpora."""
    amount = ALL if minutes is None else f"{minutes:g}min"
    parts = [slug(system), amount] if system else [amount]
    return "-".join([*parts, slug(corpus)] if corpus != ONE_CORPUS else parts)


@dataclass(frozen=True)
class RunPlace:
    """The folder of one training: of a cell with its seed, or of an aligner.

    Args:
        folder: cells/<cell>/<seed> or aligners/<name>.
    """

    folder: Path

    @property
    def key(self) -> str:
        """How commands name it: CELL/SEED, or aligners/NAME."""
        return "/".join(self.folder.parts[-2:])

    @property
    def cell_file(self) -> Path:
        """What it is: system, factors, minutes, corpus, training_seed, needs, label."""
        return self.folder / "cell.json"

    @property
    def state_file(self) -> Path:
        """How far it is."""
        return self.folder / "state.json"

    @property
    def run(self) -> Path:
        """The run folder of the training."""
        return self.folder / "run"

    @property
    def spoken(self) -> Path:
        """What it said: observations.csv, sentences.json, audio/."""
        return self.folder / "spoken"

    @property
    def observations(self) -> Path:
        """Every measured number, columns as in measurements.csv of a comparison."""
        return self.spoken / "observations.csv"

    @property
    def sentences(self) -> Path:
        """What was said, with the audio's paths."""
        return self.spoken / "sentences.json"

    @property
    def cost(self) -> Path:
        """What its training took, and what it needed."""
        return self.folder / "cost.json"

    @property
    def log(self) -> Path:
        """Lines of the training and of the speaking."""
        return self.folder / "log.txt"


@dataclass(frozen=True)
class StudyFolder:
    """Paths of a study."""

    path: Path

    @property
    def plan(self) -> Path:
        """The plan as it was locked."""
        return self.path / "plan.yaml"

    @property
    def lock(self) -> Path:
        """What is fixed: hashes of plan, corpora and code, resolved recipes, cells and their steps."""
        return self.path / "lock.json"

    @property
    def deviations(self) -> Path:
        """What was changed later: what, when, before, after, why."""
        return self.path / "deviations.json"

    @property
    def speed(self) -> Path:
        """Speed of all systems, measured in turns."""
        return self.path / "speed.json"

    @property
    def report(self) -> Path:
        """The page and its data."""
        return self.path / "report"

    def cell(self, cell: str, seed: int) -> RunPlace:
        """The folder of a cell's run."""
        return RunPlace(self.path / CELLS / cell / str(seed))

    def aligner(self, name: str) -> RunPlace:
        """The folder of an aligner."""
        return RunPlace(self.path / ALIGNERS / name)

    def made(self) -> Iterator[RunPlace]:
        """Every cell that has been begun."""
        for file in sorted(self.path.glob(f"{CELLS}/*/*/cell.json")):
            yield RunPlace(file.parent)
