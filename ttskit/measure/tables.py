"""From observations to what a report shows: means with intervals, paired differences, spread over seeds, who is best.

The sentence is the unit: seeds of one sentence are averaged first, so that more seeds are not more sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ttskit.config import CompareConfig
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS, Observation, Repeats, Row
from ttskit.measure.stats import Interval, ratio_difference_interval, ratio_interval

__all__ = ["CLEAR", "TableRow", "table_row"]

CLEAR = 0.1  # share by which a number without interval must be better: timings wander by some per cent


@dataclass(frozen=True)
class TableRow:
    """A row with what can be said of it.

    Args:
        row: the observations.
        values: of each system, and of natural speech where it was measured: an interval over sentences, or a plain number of
            the whole system.
        differences: of each pair of systems, "a − b", over the sentences that both have; none for plain numbers.
        best: the system that is clear of every other, if there is one.
        deviation_over_seeds: standard deviation of the mean over the seeds of synthesis, where there are several.
    """

    row: Row
    values: Mapping[str, Interval | float]
    differences: Mapping[str, Interval]
    best: str | None
    deviation_over_seeds: Mapping[str, float]

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
            "best": self.best,
        }


def table_row(row: Row, labels: Sequence[str], config: CompareConfig) -> TableRow:
    """Intervals and comparisons of a row, for the systems `labels`."""
    if row.repeats is not None:
        return _repeated(row, row.repeats)
    setting = {"confidence": config.confidence, "resamples": config.resamples, "seed": config.bootstrap_seed}
    by_system: dict[str, list[Observation]] = {}
    for observation in row.observations:
        by_system.setdefault(observation.system, []).append(observation)
    sentences = list(dict.fromkeys(o.sentence for o in row.observations if o.sentence))
    ratios = {name: _per_sentence(own, sentences) for name, own in by_system.items() if any(o.sentence for o in own)}
    values: dict[str, Interval | float] = {}
    for name, own in by_system.items():
        if name in ratios:
            interval = ratio_interval(*ratios[name], **setting)
            if interval is not None:
                values[name] = interval
        elif np.isfinite(own[0].value):
            values[name] = float(own[0].value)
    differences = {
        f"{a} − {b}": found
        for i, a in enumerate(labels)
        for b in labels[i + 1 :]
        if a in ratios and b in ratios and (found := ratio_difference_interval(ratios[a], ratios[b], **setting)) is not None
    }
    spread = {n: s for n in labels if n in by_system and (s := _spread_over_seeds(by_system[n])) is not None}
    return TableRow(row, values, differences, _best(values, labels, row.measure.better), spread)


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
        found.setdefault(observation.sentence, []).append(observation)
    tops, weights = [], []
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


def _best(values: Mapping[str, Interval | float], labels: Sequence[str], better: str) -> str | None:
    """The best system, only if its interval is clear of every other's, or a single number better by a tenth."""
    known = {n: v for n in labels if (v := values.get(n)) is not None}
    if better not in ("lower", "higher") or len(known) < 2:
        return None
    sign = 1 if better == "lower" else -1
    low = {n: (min(sign * v.low, sign * v.high) if isinstance(v, Interval) else sign * v) for n, v in known.items()}
    high = {n: (max(sign * v.low, sign * v.high) if isinstance(v, Interval) else sign * v) for n, v in known.items()}
    first = min(known, key=lambda n: high[n])
    room = 0.0 if isinstance(known[first], Interval) else CLEAR * abs(high[first])
    return first if all(high[first] + room < low[n] for n in known if n != first) else None
