"""The summary of a comparison: each system's value, its difference from the first system on the same sentences, the answer.

All intervals are those of `ttskit.measure.inference`: over runs and sentences where a system has several trainings, else over
sentences, and then they speak of these trainings only. A word is said of the main measures only, by the smallest difference
that matters, corrected for their number (Holm), and over six sentences or more; all other rows are there to be looked at.
There is no second rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ttskit.errors import InputError
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS, Measure, Row
from ttskit.measure.inference import Estimate, Trials, Word, contrast, mean, trials_of, words_of
from ttskit.measure.inference.counts import share, share_difference
from ttskit.measure.inference.estimates import About
from ttskit.measure.run import Measured
from ttskit.measure.systems import System, by_system
from ttskit.measure.tables import smallest_of

__all__ = ["Line", "answer_of", "lines_of", "summary_of"]

# What is heard comes first, what it costs after it; what was led by the recording last: it is not to be set against the rest.
_PLACES = {"quality": 0, "intrusive": 1, "robustness": 2, "speed": 4, "training": 5, "learned": 6}
_OTHERS = 3
_LED = ("learned",)


@dataclass(frozen=True)
class Line:
    """A row of the summary.

    Args:
        measurement, title: the plugin that measured, and of its section.
        row: the observations, of runs by their labels.
        trials: the same by system and training seed.
        values: by system, and by natural speech where it was measured.
        runs: system → run's label → its own value.
        differences: system → that system minus the first, over the sentences that both said.
        sides: system → (its mean, the first one's) over these sentences.
    """

    measurement: str
    title: str
    row: Row
    trials: Trials
    values: Mapping[str, Estimate]
    runs: Mapping[str, Mapping[str, float]]
    differences: Mapping[str, Estimate]
    sides: Mapping[str, tuple[float, float]]


def lines_of(systems: Sequence[System], measured: Sequence[Measured], confidence: float) -> list[Line]:
    """The summary's rows in order: what is heard first, what was led by the recording below."""
    ordered = sorted(measured, key=lambda one: _PLACES.get(one.name, _OTHERS))
    rows = [(one, table.row) for one in ordered for table in one.rows if table.row.summary]
    return [_line(one, row, systems, confidence) for one, row in rows]


def _line(one: Measured, row: Row, systems: Sequence[System], confidence: float) -> Line:
    groups = by_system(systems)
    trials = trials_of(_rows(row, systems))
    known = [name for name in (*groups, NATURAL, RESYNTHESIS) if name in trials.systems]
    value_of = share if _is_share(trials) else mean
    values = {name: value_of(trials, name, confidence=confidence) for name in known}
    runs = {name: _of_runs(trials, own) for name, own in groups.items() if name in values}
    first = next(iter(groups))
    differences: dict[str, Estimate] = {}
    sides: dict[str, tuple[float, float]] = {}
    for name in groups:
        if name == first or name not in values or first not in values:
            continue
        try:
            found = contrast(trials, {name: 1.0, first: -1.0}, confidence=confidence)
        except InputError:  # no sentence in common
            continue
        if not found.has_interval and value_of is share:  # all alike, which is no proof that they are
            found = share_difference(values[name], values[first])
        differences[name], sides[name] = found, _sides(trials, name, first)
    return Line(one.name, one.title, row, trials, values, runs, differences, sides)


def _is_share(trials: Trials) -> bool:
    """Whether each sentence either has it or not."""
    sentences = trials.where(trials.sentence != "")
    return bool(len(sentences)) and bool(np.isin(sentences.value, (0.0, 1.0)).all())


def _rows(row: Row, systems: Sequence[System]) -> Iterable[dict[str, Any]]:
    """Observations by system and training seed."""
    of = {system.label: (system.system, system.label if system.seed is None else str(system.seed)) for system in systems}
    for o in row.observations:
        name, run = of.get(o.system, (o.system, ""))
        yield {"system": name, "run": run, "sentence": o.sentence, "seed": o.seed, "value": o.value, "weight": o.weight}


def _of_runs(trials: Trials, own: Sequence[System]) -> dict[str, float]:
    table = trials.table(own[0].system)
    labels = {(system.label if system.seed is None else str(system.seed)): system.label for system in own}
    return {
        labels[run]: float(np.nansum(value * weight) / weight.sum())
        for run, value, weight in zip(table.runs, table.value, table.weight, strict=True)
        if weight.sum() > 0
    }


def _sides(trials: Trials, one: str, other: str) -> tuple[float, float]:
    """Means of two systems over the sentences that both said."""
    shared = set(trials.table(one).items) & set(trials.table(other).items)
    both = trials.where(np.array([item in shared for item in zip(trials.sentence, trials.speaker, strict=True)], dtype=bool))
    return mean(both, one).value, mean(both, other).value


def summary_of(lines: Sequence[Line], systems: Sequence[System], confidence: float) -> list[dict[str, Any]]:
    """The rows as plain data, in the units that are shown."""
    words = _words(lines, confidence)
    first = next(iter(by_system(systems)))
    order = {name: place for place, name in enumerate(dict.fromkeys(line.measurement for line in lines))}
    return [
        {
            "key": line.row.measure.key,
            "measurement": line.measurement,
            "section": line.title,
            "title": line.row.measure.title,
            "unit": line.row.measure.unit,
            "digits": line.row.measure.digits,
            "better": line.row.measure.better,
            "main": smallest_of(line.row.measure.key) is not None,
            "led": line.measurement in _LED,
            "order": order[line.measurement],
            "values": {name: _shown(line, name) for name in by_system(systems)},
            "natural": _times(line.values[natural], line.row.measure) if (natural := _natural(line)) else None,
            "natural_is": natural,
            "differences": [
                {
                    "system": name,
                    "minus": first,
                    **_times(estimate, line.row.measure),
                    "means": [side * line.row.measure.factor for side in line.sides[name]],
                    "word": words.get((index, name)),
                    "marked": words.get((index, name)) in ("better", "worse"),
                }
                for name, estimate in line.differences.items()
            ],
        }
        for index, line in enumerate(lines)
    ]


def _words(lines: Sequence[Line], confidence: float) -> dict[tuple[int, str], Word]:
    """What is said of each difference of a main measure, all of them one family."""
    return _said({(i, name): (line, e) for i, line in enumerate(lines) for name, e in line.differences.items()}, confidence)


def _said(found: Mapping[Any, tuple[Line, Estimate]], confidence: float) -> dict[Any, Word]:
    """Words of main measures by Holm over all of them; "not known" below six sentences."""
    keys = {str(at): at for at, (line, _) in found.items() if smallest_of(line.row.measure.key) is not None}
    rows = {name: found[at] for name, at in keys.items()}
    words = words_of(
        {name: estimate for name, (_, estimate) in rows.items()},
        {name: smallest_of(line.row.measure.key) or 0.0 for name, (line, _) in rows.items()},
        {name: line.row.measure.better for name, (line, _) in rows.items()},
        level=1 - confidence,
    )
    return {at: words[name] for name, at in keys.items()}


def _natural(line: Line) -> str | None:
    return next((name for name in (NATURAL, RESYNTHESIS) if name in line.values), None)


def _shown(line: Line, name: str) -> dict[str, Any] | None:
    if name not in line.values:
        return None
    factor = line.row.measure.factor
    return {
        **_times(line.values[name], line.row.measure),
        "by_run": {label: value * factor for label, value in line.runs.get(name, {}).items()},
    }


def _times(estimate: Estimate, measure: Measure) -> dict[str, Any]:
    """An estimate in the unit that is shown."""
    low, high = (value * measure.factor if np.isfinite(value) else None for value in (estimate.low, estimate.high))
    return {
        "value": estimate.value * measure.factor,
        "low": low,
        "high": high,
        "count": estimate.sentences,
        "runs": estimate.runs,
        "about": estimate.about,
    }


def answer_of(lines: Sequence[Line], systems: Sequence[System], confidence: float) -> dict[str, Any]:
    """The answer to "what changes between AR and NAR?", from the primary measures, as data for a sentence.

    Returns:
        `ar`, `nar`: labels of the autoregressive systems and of the others; `about`: "models" where each system has several
        trainings, else "these trainings"; `findings`: for each primary measure the mean of the AR systems minus that of the NAR
        ones, with its `word`: "better", "worse", "equivalent" or "not known", of AR, Holm-corrected; empty without both kinds.
    """
    groups = by_system(systems)
    ar = [name for name, own in groups.items() if own[0].decoding == "autoregressive"]
    nar = [name for name in groups if name not in ar]
    about: About = "models" if all(len(own) > 1 for own in groups.values()) else "these trainings"
    found: dict[str, tuple[Line, Estimate]] = {}
    for line in lines:
        key = line.row.measure.key
        if smallest_of(key) is not None and ar and nar and all(name in line.values for name in groups):
            coefficients = {name: 1 / len(ar) for name in ar} | {name: -1 / len(nar) for name in nar}
            try:
                found[key] = line, contrast(line.trials, coefficients, confidence=confidence)
            except InputError:
                continue
    words = _said(found, confidence)
    findings = [
        {
            "key": key,
            "title": line.row.measure.title,
            "unit": line.row.measure.unit,
            "digits": line.row.measure.digits,
            "smallest": (smallest_of(key) or 0.0) * line.row.measure.factor,
            "word": words[key],
            **_times(replace(estimate, about=about), line.row.measure),
        }
        for key, (line, estimate) in found.items()
    ]
    return {
        "ar": ar,
        "nar": nar,
        "about": about,
        "single": [n for n, own in groups.items() if len(own) == 1],
        "findings": findings,
    }
