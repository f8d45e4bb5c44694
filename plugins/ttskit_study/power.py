"""`ttskit study power`: the smallest difference that a design can show, and where the next hour is best spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ttskit.errors import InputError, UsageError
from ttskit.measure.inference.power import Spending, next_hour, smallest_difference
from ttskit.measure.inference.trials import trials_of
from ttskit.measure.inference.variances import Components, components
from ttskit_study.layout import StudyFolder
from ttskit_study.locked import Job, Lock, jobs_of
from ttskit_study.spoken import read_observations
from ttskit_study.working import status_of

__all__ = ["MeasurePower", "given_spread", "power_lines", "power_of_study", "power_rows"]

# Where no training of the pilot has been timed: a sentence takes so much of a run, whatever that is.
_SENTENCE_SHARE = 0.005
_PARTS = ("run", "sentence", "residual", "sentence_by_system")


@dataclass(frozen=True)
class MeasurePower:
    """What the design can show of one measure, in its unit.

    Args:
        measure: key.
        matters: the smallest difference that matters.
        components: variances.
        pairs: the smallest difference between two systems that the design shows with 80 %.
        factors: the same of each factor with two levels, by its name.
        options: ways to spend the next hour, the best first, for a difference between two systems.
        without: systems of the pilot that the variances are not of: they have less than half of the numbers that others have.
    """

    measure: str
    matters: float
    components: Components
    pairs: float
    factors: dict[str, float]
    options: list[Spending]
    without: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "enough": self.pairs <= self.matters}


def power_of_study(
    path: Path | str,
    *,
    pilot: Path | str | None = None,
    spread: Mapping[str, Components] | None = None,
    hours: float = 1.0,
    power: float = 0.8,
) -> list[MeasurePower]:
    """What the design of a study can show, by measure.

    Args:
        path: a planned study, whose runs, sentences, minutes and factors are the design.
        pilot: a study with observations; the same one if None.
        spread: variances of measures, instead of a pilot's.
        hours: to be spent.
        power: chance that a difference is called one.

    Raises:
        UsageError: no study.
        InputError: a pilot of too few runs or sentences, or nothing to take variances from.
    """
    study = StudyFolder(Path(path))
    lock = Lock.read(study)
    pilot_study = StudyFolder(Path(pilot)) if pilot is not None else study
    pilot_lock = Lock.read(pilot_study) if pilot is not None else lock
    given = dict(spread or {})
    done = [job for job in jobs_of(pilot_study, pilot_lock) if not job.is_aligner and status_of(job).status == "done"]
    rows = {job.key: read_observations(job.place.observations) for job in done} if not given else {}
    primary: dict[str, float] = lock.plan["primary"]
    found = []
    for measure, matters in primary.items():
        if given and measure not in given:
            continue
        own, without = (given[measure], ()) if given else _estimated(measure, done, rows)
        one = _power(measure, matters, own, lock, *_prices(done, rows, lock), hours, power)
        found.append(replace(one, without=without))
    if not found:
        raise InputError(
            "no variances of a primary measure",
            f"given: {', '.join(given)}; primary: {', '.join(primary)}",
            "name one of these",
        )
    return found


def given_spread(texts: Sequence[str]) -> dict[str, Components]:
    """Variances of MEASURE:run=…,sentence=…,residual=…, which are standard deviations in the measure's unit.

    Raises:
        UsageError: written otherwise.
    """
    found = {}
    for text in texts:
        measure, _, rest = text.partition(":")
        try:
            pairs = dict(part.split("=") for part in rest.split(","))
            parts = {name.strip(): float(value) ** 2 for name, value in pairs.items()}
            if not measure or not {"run", "sentence", "residual"} <= set(parts) <= set(_PARTS):
                raise ValueError("give run, sentence and residual")
            found[measure.strip()] = Components(
                parts["run"], parts["sentence"], parts["residual"], parts.get("sentence_by_system", 0.0)
            )
        except ValueError as error:
            fix = "--spread mcd_db:run=0.73,sentence=0.57,residual=0.37"
            raise UsageError(f"--spread {text}", str(error), fix) from error
    return found


def power_rows(found: Sequence[MeasurePower]) -> tuple[list[str], list[list[Any]]]:
    """The table for people."""
    factors = list(dict.fromkeys(name for one in found for name in one.factors))
    columns = ["measure", "matters", "runs differ by", "sentences", "rest", "two systems", *factors]
    return columns, [
        [
            one.measure,
            f"{one.matters:g}",
            f"{np.sqrt(one.components.run):.3g}",
            f"{np.sqrt(one.components.sentence):.3g}",
            f"{np.sqrt(one.components.residual):.3g}",
            f"{one.pairs:.3g}",
            *(f"{one.factors[name]:.3g}" if name in one.factors else "" for name in factors),
        ]
        for one in found
    ]


def power_lines(found: Sequence[MeasurePower], hours: float) -> list[str]:
    """Where the next hours are best spent, a line for each measure."""
    lines = []
    for one in found:
        best, shows = one.options[0], f"{one.pairs:.3g}"
        if one.pairs <= one.matters:
            lines.append(f"{one.measure}: the design shows {shows}, which is enough: {one.matters:g} matter")
        else:
            lines.append(f"{one.measure}: the design shows {shows}, which is not enough: {one.matters:g} matter")
        then = f"{best.smallest:.3g}"
        said = {
            "nothing": f"{one.measure}: {hours:g} h more would change nothing",
            "runs": f"{one.measure}: {hours:g} h more are best spent on {best.runs} seeds, which show {then}",
            "sentences": f"{one.measure}: {hours:g} h more are best spent on {best.sentences} sentences, which show {then}",
            "minutes": f"{one.measure}: {hours:g} h more are best spent on {best.levels} amounts of speech, which show {then}",
        }
        lines.append(said[best.what])
        if one.without:
            lines.append(f"{one.measure}: variances without {', '.join(one.without)}, with too few numbers")
    return lines


def _estimated(
    measure: str, done: Sequence[Job], rows: Mapping[str, list[dict[str, Any]]]
) -> tuple[Components, tuple[str, ...]]:
    """Variances within each amount of speech, averaged: amounts differ by more than chance; and which systems are left out."""
    levels: dict[tuple[Any, str], list[dict[str, Any]]] = {}
    for job in done:
        own = [row for row in rows[job.key] if row["measure"] == measure and row["system"] == job.planned.system]
        levels.setdefault((job.planned.minutes, job.planned.corpus), []).extend(own)
    each, left_out = [], set()
    for own in levels.values():
        if own and any(row["sentence"] for row in own):
            kept, few = _with_enough(own)
            left_out |= few
            each.append(components(trials_of(kept)))
    if not each:
        raise InputError(
            f"no variances of {measure!r}",
            "the pilot has no numbers of it by sentence" if done else "no training of the pilot is done",
            "run a pilot first: two seeds and a few sentences, or give --spread MEASURE:run=…,sentence=…,residual=…",
        )
    means = {name: float(np.mean([getattr(one, name) for one in each])) for name in _PARTS}
    shared, apart = means["sentence"], means["sentence_by_system"]
    whole = replace(each[0], run=means["run"], sentence=shared, residual=means["residual"], sentence_by_system=apart)
    return whole, tuple(sorted(left_out))


def _with_enough(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], set[str]]:
    """The rows of systems with at least half as many numbers as the one that has most, and the other systems.

    A model that has not learned to speak has hardly any F0, and would leave no sentence that all systems said.
    """
    counts = Counter(row["system"] for row in rows if np.isfinite(row["value"]))
    few = {row["system"] for row in rows if 2 * counts[row["system"]] < max(counts.values(), default=0)}
    return [row for row in rows if row["system"] not in few], few


def _power(
    measure: str,
    matters: float,
    own: Components,
    lock: Lock,
    run_s: float,
    sentence_s: float,
    hours: float,
    power: float,
) -> MeasurePower:
    runs, sentences = len(lock.seeds), _sentences(lock, measure)
    levels = len({(cell.minutes, cell.corpus) for cell in lock.cells})
    factors = {
        name: smallest_difference(own, runs, sentences, power=power, coefficients=coefficients, levels=levels)
        for name, coefficients in _contrasts(lock).items()
    }
    options = next_hour(
        own,
        runs,
        sentences,
        seconds_per_run=run_s,
        seconds_per_sentence=sentence_s,
        systems=len(lock.systems),
        levels=levels,
        hours=hours,
        power=power,
    )
    pairs = smallest_difference(own, runs, sentences, power=power, levels=levels)
    return MeasurePower(measure, matters, own, pairs, factors, options)


def _contrasts(lock: Lock) -> dict[str, list[float]]:
    """Of each factor with two levels, the coefficient of every system."""
    factors = {name: {k: str(v) for k, v in system["factors"].items()} for name, system in lock.systems.items()}
    found = {}
    for factor in dict.fromkeys(name for own in factors.values() for name in own):
        levels = [own.get(factor) for own in factors.values()]
        names = list(dict.fromkeys(level for level in levels if level is not None))
        if len(names) == 2:
            counts = {name: levels.count(name) for name in names}
            signs = {names[0]: 1.0, names[1]: -1.0}
            found[factor] = [0.0 if level is None else signs[level] / counts[level] for level in levels]
    return found


def _sentences(lock: Lock, measure: str) -> int:
    speak = lock.plan["speak"]
    there = min(corpus["utterances"].get(speak["split"], 0) for corpus in lock.corpora.values())
    if measure.endswith("_hard"):
        return max(2, int(speak["hard_limit"] or 12))
    return max(2, min(there, speak["limit"] or there))


def _prices(done: Sequence[Job], rows: Mapping[str, list[dict[str, Any]]], lock: Lock) -> tuple[float, float]:
    """Seconds of a run, and of one sentence of it: as the pilot took, else as the plan timed."""
    spent = [status_of(job).seconds for job in done]
    whole = [sum(one.values()) for one in spent if one]
    if whole:
        said = [len({row["sentence"] for row in rows.get(job.key, []) if row["sentence"]}) for job in done]
        speaking = [one.get("speak", 0.0) / count for one, count in zip(spent, said, strict=True) if count]
        return max(float(np.mean(whole)), 1e-3), max(float(np.mean(speaking)) if speaking else 0.0, 1e-3)
    planned = [cell.seconds for cell in lock.cells if cell.seconds]
    run_s = float(np.mean(planned)) if planned else 600.0
    return run_s, max(run_s * _SENTENCE_SHARE, 1e-3)
