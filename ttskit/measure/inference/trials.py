"""One measure's numbers as arrays: one trial is what one run of one system gave for one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ttskit.errors import InputError

__all__ = ["RunTable", "Trials", "trials_of"]


@dataclass(frozen=True)
class RunTable:
    """The trials of one system laid out as runs × sentences.

    Args:
        runs: names of its R runs.
        items: (sentence, speaker) of its S columns.
        value: (R, S), NaN where there is no trial.
        weight: (R, S), 0 where there is no trial.
    """

    runs: tuple[str, ...]
    items: tuple[tuple[str, str], ...]
    value: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True, eq=False)
class Trials:
    """One measure's numbers, seeds of synthesis already averaged.

    Args:
        system, run, sentence, speaker: (N,) of str. A run is one training of a system; equal names in two systems mean that
            their trainings are paired (the same training seed). A sentence that several speakers say is an item for each.
            The sentence "" is a number of the whole run.
        value: (N,) finite.
        weight: (N,) above 0: 1, or what an error rate counts (phones).
        dropped: rows that were not finite, or weighed nothing.
    """

    system: np.ndarray
    run: np.ndarray
    sentence: np.ndarray
    speaker: np.ndarray
    value: np.ndarray
    weight: np.ndarray
    dropped: int = 0

    def __len__(self) -> int:
        return int(self.value.size)

    @property
    def systems(self) -> list[str]:
        """Systems, in the order in which they come."""
        return _ordered(self.system)

    @property
    def sentences(self) -> list[str]:
        """Sentences of all systems, in the order in which they come."""
        return _ordered(self.sentence)

    @property
    def speakers(self) -> list[str]:
        """Speakers, in the order in which they come."""
        return _ordered(self.speaker)

    def runs(self, system: str) -> list[str]:
        """Runs of a system, in the order in which they come; none for a system without trials."""
        return _ordered(self.run[self.system == system])

    def of(self, system: str) -> Trials:
        """The trials of one system."""
        return self.where(self.system == system)

    def where(self, chosen: np.ndarray) -> Trials:
        """The trials that `chosen`, (N,) of bool, picks."""
        columns = (self.system, self.run, self.sentence, self.speaker, self.value, self.weight)
        return Trials(*(column[chosen] for column in columns))

    def mapped(self, function: Any) -> Trials:
        """The trials with `function` of their values, such as `numpy.log`; what is not finite then is dropped."""
        with np.errstate(all="ignore"):
            value = np.asarray(function(self.value), float)
        kept = np.isfinite(value)
        columns = (self.system, self.run, self.sentence, self.speaker, value, self.weight)
        return Trials(*(column[kept] for column in columns), dropped=self.dropped + int((~kept).sum()))

    def table(self, system: str) -> RunTable:
        """A system's trials as runs × sentences.

        Raises:
            InputError: a system without trials.
        """
        if system not in self._tables:
            known = ", ".join(self.systems) or "none"
            raise InputError(f"no numbers of system {system!r}", f"systems with numbers: {known}", "name one of these")
        return self._tables[system]

    @cached_property
    def _tables(self) -> dict[str, RunTable]:
        found = {}
        for name in self.systems:
            (own,) = np.nonzero(self.system == name)
            runs = {run: i for i, run in enumerate(_ordered(self.run[own]))}
            items = dict.fromkeys(zip(self.sentence[own].tolist(), self.speaker[own].tolist(), strict=True))
            columns = {item: i for i, item in enumerate(items)}
            value, weight = np.full((len(runs), len(items)), np.nan), np.zeros((len(runs), len(items)))
            for i in own:
                at = runs[str(self.run[i])], columns[(str(self.sentence[i]), str(self.speaker[i]))]
                value[at], weight[at] = self.value[i], self.weight[i]
            found[name] = RunTable(tuple(runs), tuple(items), value, weight)
        return found


def trials_of(rows: Iterable[Any], systems: Mapping[str, str] | None = None) -> Trials:
    """Trials from rows: mappings (of a tidy table) or objects (observations) with the names below.

    `system`; `run`, or else `training_seed`; `sentence`; `speaker`; `seed` of synthesis; `value`; `weight`,
    by default 1.
    Several rows of one system, run, sentence and speaker are seeds of synthesis, and become their weighted mean.

    Args:
        systems: label → system, where each row's `system` is the label of one run: several labels of one system are its runs.
            A label that is not in it is a system of its own.

    Raises:
        InputError: a row without system or value.
    """
    sums: dict[tuple[str, str, str, str], list[float]] = {}
    dropped = 0
    for row in rows:
        label, given = _field(row, "system"), _field(row, "value")
        if label is None or given is None:
            raise InputError("a row without system or value", repr(row)[:200], "give each row both")
        value, weight = float(given), _field(row, "weight")
        weight = 1.0 if weight is None else float(weight)
        if not np.isfinite(value) or not np.isfinite(weight) or weight <= 0:
            dropped += 1
            continue
        run = _field(row, "run")
        run = _field(row, "training_seed") if run is None else run
        system = str(label)
        if systems is not None and system in systems:
            run, system = (system if run is None else run), systems[system]
        key = (system, "" if run is None else str(run), str(_field(row, "sentence") or ""), str(_field(row, "speaker") or ""))
        kept = sums.setdefault(key, [0.0, 0.0, 0.0])
        kept[0] += value * weight
        kept[1] += weight
        kept[2] += 1
    names = [np.array([key[i] for key in sums], dtype=object) for i in range(4)]
    values = np.array([top / weight for top, weight, _ in sums.values()])
    return Trials(*names, values, np.array([weight / seeds for _, weight, seeds in sums.values()]), dropped)


def _field(row: Any, name: str) -> Any:
    return row.get(name) if isinstance(row, Mapping) else getattr(row, name, None)


def _ordered(column: np.ndarray | Sequence[str]) -> list[str]:
    return list(dict.fromkeys(map(str, column)))
