"""From observations to what a report shows: means with intervals, paired differences, spread over seeds, what may be said.

The sentence is the unit of one training: seeds of one sentence are averaged first, so that more seeds are not more sentences.
Where several labels are runs of one system, the run is a unit as well, and the interval is over runs × sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ttskit.config import CompareConfig
from ttskit.errors import InputError
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS, Observation, Repeats, Row
from ttskit.measure.inference.counts import share
from ttskit.measure.inference.estimates import Estimate, contrast, mean
from ttskit.measure.inference.trials import Trials, trials_of
from ttskit.measure.inference.words import Word, words_of
from ttskit.measure.stats import Interval, ratio_interval, share_interval

__all__ = ["PRIMARY", "TableRow", "marked", "smallest_of", "table_row"]

# Measures of which something may be said, and the smallest difference that matters, as they are stored (shares, not per cent).
PRIMARY: Mapping[str, float] = {"mcd_db": 0.3, "phone_error_rate": 0.02, "log_f0_rmse_semitones": 0.5}


def smallest_of(key: str, primary: Mapping[str, float] = PRIMARY) -> float | None:
    """The smallest difference that matters of a primary measure, on recorded sentences of any split; None for all others."""
    return primary.get(key, primary.get(key.removesuffix("_test").removesuffix("_validation")))


@dataclass(frozen=True)
class TableRow:
    """A row with what can be said of it.

    Args:
        row: the observations.
        values: of each system, of each run that is one of several, and of natural speech where it was measured: an interval
            over sentences (over runs × sentences for a system of several runs), or a plain number.
        differences: of each pair of systems, "a − b", over the sentences that both have; none for plain numbers.
        best: the system of which it can be said that it is better than every other (`marked`); None where it cannot.
        deviation_over_seeds: standard deviation of the mean over the seeds of synthesis, where there are several.
        estimates: the differences with their standard errors, by pair.
        words: of each pair, where the measure is a primary one (`marked`): what may be said of its first system.
    """

    row: Row
    values: Mapping[str, Interval | float]
    differences: Mapping[str, Interval]
    best: str | None
    deviation_over_seeds: Mapping[str, float]
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    words: Mapping[str, Word] = field(default_factory=dict)

    @property
    def natural(self) -> str | None:
        """Which natural speech the row has: NATURAL, else RESYNTHESIS, else None."""
        return next((name for name in (NATURAL, RESYNTHESIS) if name in self.values), None)

    def to_json(self) -> dict:
        """Plain data, values as they were measured (without `factor`)."""
        return {
            **self.row.measure.to_json(),
            "values": dict(self.values),
            "differences": dict(self.differences),
            "words": dict(self.words),
            "best": self.best,
            "deviation_over_seeds": dict(self.deviation_over_seeds),
        }

    def shown(self, labels: Sequence[str]) -> dict:
        """The line of the summary, in the unit of the measure."""
        measure = self.row.measure
        pair = f"{labels[0]} − {labels[1]}" if len(labels) > 1 else ""
        natural = self.natural
        return {
            "key": measure.key,
            "title": measure.title,
            "unit": measure.unit,
            "digits": measure.digits,
            "better": measure.better,
            "values": {name: _times(self.values.get(name), measure.factor) for name in labels},
            "natural": _times(self.values.get(natural), measure.factor) if natural else None,
            "natural_is": natural,
            "difference": _times(self.differences.get(pair), measure.factor),
            "word": self.words.get(pair),
            "best": self.best,
        }


def table_row(
    row: Row,
    labels: Sequence[str],
    config: CompareConfig,
    runs: Mapping[str, str] | None = None,
) -> TableRow:
    """Intervals and comparisons of a row, for the systems `labels`. Nothing is marked yet: see `marked`.

    Args:
        labels: what is compared: labels of observations, or systems that `runs` names.
        runs: label → system: several labels of one system are its runs, each trained with a seed of its own.
    """
    if row.repeats is not None:
        return _repeated(row, row.repeats)
    by_label: dict[str, list[Observation]] = {}
    for observation in row.observations:
        by_label.setdefault(observation.system, []).append(observation)
    binary = _is_share(row)
    values: dict[str, Interval | float] = {}
    for name, own in by_label.items():
        found = _value(own, binary, config)
        if found is not None:
            values[name] = found
    grouped = {label: system for label, system in (runs or {}).items() if label in by_label}
    several = [s for s in dict.fromkeys(grouped.values()) if sum(o == s for o in grouped.values()) > 1]
    alone = {label: label for label in by_label}
    of_runs = trials_of(row.observations, grouped)
    for name in several:
        if name in of_runs.systems:
            values[name] = _interval(_system(of_runs, name, binary, config))
    apart = trials_of(row.observations, alone) if runs else of_runs
    estimates: dict[str, Estimate] = {}
    for i, a in enumerate(labels):
        for b in labels[i + 1 :]:
            trials = of_runs if a in of_runs.systems and b in of_runs.systems else apart
            found_one = _difference(trials, a, b, config)
            if found_one is not None:
                estimates[f"{a} − {b}"] = found_one
    differences = {pair: _interval(estimate) for pair, estimate in estimates.items()}
    spread = {n: s for n in labels if n in by_label and (s := _spread_over_seeds(by_label[n])) is not None}
    return TableRow(row, values, differences, None, spread, estimates)


def marked(
    tables: Sequence[TableRow], labels: Sequence[str], config: CompareConfig, primary: Mapping[str, float] = PRIMARY
) -> list[TableRow]:
    """The rows with the words of all primary contrasts, adjusted together (Holm), and the best system where there is one.

    The best is the one whose paired difference from every other is called better. All other measures are exploratory: nothing
    is marked in their rows, but what a measurement said itself of numbers that it took several times (`Row.repeats`).

    Args:
        tables: all rows of a report.
        labels: the systems that are compared.
        primary: key of a measure → its smallest difference that matters.
    """
    family = {
        (i, pair): estimate
        for i, table in enumerate(tables)
        if smallest_of(table.row.measure.key, primary) is not None
        for pair, estimate in table.estimates.items()
    }
    names = {f"{i} {pair}": (i, pair) for i, pair in family}
    words = words_of(
        {name: family[at] for name, at in names.items()},
        {name: smallest_of(tables[i].row.measure.key, primary) or 0.0 for name, (i, _) in names.items()},
        {name: tables[i].row.measure.better for name, (i, _) in names.items()},
        level=1 - config.confidence,
    )
    own: dict[int, dict[str, Word]] = {}
    for name, (i, pair) in names.items():
        own.setdefault(i, {})[pair] = words[name]
    return [
        t if t.row.repeats is not None else replace(t, words=own.get(i, {}), best=_best(own.get(i, {}), labels))
        for i, t in enumerate(tables)
    ]


def _is_share(row: Row) -> bool:
    """Whether each observation says yes or no: a share of sentences in the end."""
    known = [o for o in row.observations if np.isfinite(o.value)]
    yes_or_no = all(o.sentence and o.value in (0.0, 1.0) and o.weight == 1.0 for o in known)
    return bool(known) and row.measure.unit == "%" and yes_or_no


def _value(own: Sequence[Observation], binary: bool, config: CompareConfig) -> Interval | float | None:
    """Of one label."""
    if not any(o.sentence for o in own):
        return float(own[0].value) if np.isfinite(own[0].value) else None
    tops, weights = _per_sentence(own, list(dict.fromkeys(o.sentence for o in own if o.sentence)))
    if binary:
        return share_interval(tops, confidence=config.confidence, samples=len(own))
    setting = {"confidence": config.confidence, "resamples": config.resamples, "seed": config.bootstrap_seed}
    return ratio_interval(tops, weights, **setting)


def _system(trials: Trials, name: str, binary: bool, config: CompareConfig) -> Estimate:
    return (share if binary else mean)(trials, name, confidence=config.confidence)


def _difference(trials: Trials, a: str, b: str, config: CompareConfig) -> Estimate | None:
    """a − b; None where one has no numbers, they share no sentence, or each is a single number."""
    if not {a, b} <= set(trials.systems):
        return None
    if trials.sentences == [""] and any(len(trials.runs(name)) < 2 for name in (a, b)):
        return None
    try:
        return contrast(trials, {a: 1.0, b: -1.0}, confidence=config.confidence)
    except InputError:
        return None


def _interval(estimate: Estimate) -> Interval:
    return Interval(estimate.value, estimate.low, estimate.high, estimate.sentences or estimate.runs)


def _repeated(row: Row, repeats: Repeats) -> TableRow:
    """What the measurement itself knows of numbers that it took several times."""

    def known(found: tuple[float, float | None, float | None, int]) -> Interval | float:
        value, low, high, count = found
        return float(value) if low is None or high is None else Interval(value, low, high, count)

    values = {name: known(found) for name, found in repeats.values.items()}
    differences = {pair: d for pair, found in repeats.differences.items() if isinstance(d := known(found), Interval)}
    return TableRow(row, values, differences, repeats.best, {})


def _per_sentence(own: Sequence[Observation], sentences: Sequence[str]) -> tuple[list[float], list[float]]:
    """Numerators and denominators of each sentence, its seeds averaged; NaN and 0 for one that the system has not."""
    found: dict[str, list[Observation]] = {}
    for observation in own:
        if np.isfinite(observation.value):
            found.setdefault(observation.sentence, []).append(observation)
    tops: list[float] = []
    weights: list[float] = []
    for sentence in sentences:
        seeds = found.get(sentence)
        tops.append(float(np.mean([o.value * o.weight for o in seeds])) if seeds else float("nan"))
        weights.append(float(np.mean([o.weight for o in seeds])) if seeds else 0.0)
    return tops, weights


def _spread_over_seeds(own: Sequence[Observation]) -> float | None:
    by_seed: dict[int, list[Observation]] = {}
    for o in own:
        if o.seed is not None and o.sentence and np.isfinite(o.value):
            by_seed.setdefault(o.seed, []).append(o)
    if len(by_seed) < 2:
        return None
    means = [sum(o.value * o.weight for o in seed) / sum(o.weight for o in seed) for seed in by_seed.values()]
    return float(np.std(means, ddof=1))


def _times(value: Interval | float | None, factor: float) -> dict | float | None:
    if isinstance(value, Interval):
        return {"value": value.value * factor, "low": value.low * factor, "high": value.high * factor, "count": value.count}
    return None if value is None else value * factor


def _best(words: Mapping[str, Word], labels: Sequence[str]) -> str | None:
    """The system that is better than every other, by the words of the pairs."""
    for name in labels:
        others = [other for other in labels if other != name]
        won = [words.get(f"{name} − {o}") == "better" or words.get(f"{o} − {name}") == "worse" for o in others]
        if won and all(won):
            return name
    return None
