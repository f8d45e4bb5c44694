"""What was heard of each sound, or of each pair of sounds, by listener: what measured values are set beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ttskit_listen.ears.tables import MeasuredValues
from ttskit_listen.judgements import HeardAnswers, Judgement
from ttskit_listen.plan import Kind

__all__ = ["PAIRS", "Cells", "Stimulus", "cells_of"]

PAIRS: tuple[Kind, ...] = ("cmos", "ab", "abx")


@dataclass(frozen=True, slots=True)
class Stimulus:
    """A sound, or a pair of sounds of one sentence, that listeners judged."""

    sentence: str
    system: str
    run: str
    against: str = ""
    against_run: str = ""


@dataclass(frozen=True, eq=False)
class Cells:
    """Judgements as sums, so that means of any listeners are a product of matrices.

    Args:
        kind: of the test.
        cells: (C) what was judged.
        listeners: (L) codes.
        total, count: (L, C) sums of values and of their weights. A higher value is better (word errors are negative, in points;
            preferences from −½ to ½).
    """

    kind: Kind
    cells: Sequence[Stimulus]
    listeners: Sequence[str]
    total: np.ndarray
    count: np.ndarray

    @property
    def signed(self) -> bool:
        """Whether a cell is a pair whose sides could as well be swapped, and its value then changes sign."""
        return self.kind in ("cmos", "ab")

    @cached_property
    def heard(self) -> np.ndarray:
        """(C) mean over all listeners."""
        mean: np.ndarray = self.total.sum(0) / self.count.sum(0)
        return mean

    @cached_property
    def sentence(self) -> np.ndarray:
        """(C) number of the sentence."""
        return _numbered([cell.sentence for cell in self.cells])

    @cached_property
    def group(self) -> np.ndarray:
        """(C) number of the system, or of the pair of systems."""
        return _numbered([(cell.system, cell.against) for cell in self.cells])

    @cached_property
    def systems(self) -> list[str]:
        """All of them, in alphabetical order."""
        return sorted({name for cell in self.cells for name in (cell.system, cell.against) if name})

    @cached_property
    def groups(self) -> list[tuple[str, str]]:
        """System, and the other one of pairs, by number of the group."""
        return list(dict.fromkeys((cell.system, cell.against) for cell in self.cells))

    @cached_property
    def runs(self) -> list[tuple[str, str]]:
        """System and run, all of them."""
        sides = [(c.system, c.run) for c in self.cells] + [(c.against, c.against_run) for c in self.cells if c.against]
        return list(dict.fromkeys(sides))

    def measured(self, tables: MeasuredValues, key: str) -> np.ndarray:
        """(C) values of a measure, NaN where there is none; of pairs the difference, of ABX its size."""
        found = np.array([tables.value(key, c.system, c.run, c.sentence) for c in self.cells], float)
        if self.kind in PAIRS:
            found = found - np.array([tables.value(key, c.against, c.against_run, c.sentence) for c in self.cells], float)
        return np.abs(found) if self.kind == "abx" else found

    def whole(self, tables: MeasuredValues, key: str) -> np.ndarray:
        """(C) as `measured`, of values that belong to a whole run or system."""
        found = np.array([tables.value(key, c.system, c.run, "") for c in self.cells], float)
        if self.kind in PAIRS:
            found = found - np.array([tables.value(key, c.against, c.against_run, "") for c in self.cells], float)
        return np.abs(found) if self.kind == "abx" else found


def cells_of(heard: HeardAnswers) -> Cells:
    """The scored judgements of the listeners who are kept, without natural speech and anchors.

    Beside them every measure that tells speech from noise goes well with ears, and what it says of systems is hidden.
    """
    apart = {s.name for s in heard.design.systems if s.natural or s.anchor}
    judged = [j for j in heard.judgements if j.system not in apart and j.against not in apart]
    kind = heard.design.kind
    cells = list(dict.fromkeys(_cell(j) for j in judged))
    places = {cell: i for i, cell in enumerate(cells)}
    listeners = list(dict.fromkeys(j.listener for j in judged))
    rows = {code: i for i, code in enumerate(listeners)}
    total, count = np.zeros((len(listeners), len(cells))), np.zeros((len(listeners), len(cells)))
    for j in judged:
        at = rows[j.listener], places[_cell(j)]
        value = j.value - 0.5 if kind == "ab" else -100 * j.value if kind == "transcribe" else j.value
        weight = j.weight if kind == "transcribe" else 1.0
        total[at] += value  # of transcriptions errors, whose weight is the words they are among
        count[at] += weight
    return Cells(kind, cells, listeners, total, count)


def _cell(j: Judgement) -> Stimulus:
    return Stimulus(j.sentence, j.system, j.run, j.against, j.against_run)


def _numbered(names: Sequence[object]) -> np.ndarray:
    places = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.array([places[name] for name in names], int)
