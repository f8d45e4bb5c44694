"""Means and contrasts of systems with an interval over runs and sentences, both drawn anew.

The two-way layout without replication, value = system + run + sentence + residual, all but the first random (Searle, Casella
& McCulloch 1992, chapter 4). The variance of a mean over R runs and S sentences is run/R + sentence/S + residual/(R·S); it is
put together from mean squares, with the degrees of freedom of Satterthwaite (1946). More sentences therefore never narrow what
comes from few runs, and more seeds of synthesis nothing at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats as distributions

from ttskit.errors import InputError
from ttskit.measure.inference.trials import RunTable, Trials

__all__ = ["About", "Estimate", "combined", "contrast", "linearised", "mean"]

About = Literal["models", "these trainings"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval.

    Args:
        value: the estimate.
        low, high: limits of the interval; NaN where there is none (one sentence, or values that do not differ at all).
        se, df: standard error and its degrees of freedom; NaN where they have no part in the interval.
        confidence: level of the interval.
        runs: trainings of each system (the fewest of any).
        sentences: sentences that all of them said.
        method: how the interval was made.
        p: of the hypothesis that a contrast is 0, two-sided; None for a mean, or without interval.
        about: "models" where each system has two trainings or more, else "these trainings": then nothing here speaks of models.
        standardised: value over the standard deviation of runs, where it was asked for (`effects`).
        note: what a reader must know of how it was made; "" for nothing.
    """

    value: float
    low: float
    high: float
    se: float
    df: float
    confidence: float
    runs: int
    sentences: int
    method: str
    p: float | None = None
    about: About = "these trainings"
    standardised: float | None = None
    note: str = ""

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside the interval; False without one."""
        return self.has_interval and (self.low > 0 or self.high < 0)

    def to_json(self) -> dict[str, Any]:
        """Plain data; None for what is not finite."""
        found = asdict(self)
        return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in found.items()}


def mean(trials: Trials, system: str, *, confidence: float = 0.95) -> Estimate:
    """The mean of a system (of an error rate: errors over what was counted) over runs and sentences.

    Raises:
        InputError: a system without numbers.
    """
    table = trials.table(system)
    return _estimate([(1.0, table.value, table.weight)], _whole([table]), confidence, p=False)


def contrast(trials: Trials, coefficients: Mapping[str, float], *, confidence: float = 0.95, paired: bool = False) -> Estimate:
    """A contrast Σ coefficient × mean of systems, paired by sentence and, if asked, by training seed.

    Only sentences that all of them said count. Runs of different systems are taken for independent: a seed starts two networks
    of different shape, and each system then adds its R − 1 degrees of freedom. If trainings of one seed go up and down together
    the interval is too wide, never too narrow. `paired` takes the contrast of each seed for one number: R − 1 degrees of
    freedom in all, however they are related. Of three seeds the interval of a difference is 1.2 times as wide then, that of a
    main effect over four systems 1.8 times.

    `p` must hold far out, where a correction for many contrasts looks: it is the larger one of two, of the two-way interval and
    of the runs alone, like F1 and F2 of experiments with subjects and items (Clark 1973). The interval can therefore exclude 0
    where p is a little above the level; p decides.

    Args:
        coefficients: system → coefficient; {"a": 1, "b": -1} is a − b. Zeros are left out.
        paired: whether runs of equal name belong together.

    Raises:
        InputError: a system without numbers, no coefficient, systems that share no sentence, or asked pairs that there are not.
    """
    used = {name: float(c) for name, c in coefficients.items() if c}
    if not used:
        raise InputError("a contrast without systems", "all its coefficients are 0", "give two systems 1 and -1")
    tables = [trials.table(name) for name in used]
    items = [item for item in tables[0].items if all(item in table.items for table in tables[1:])]
    if not items:
        raise InputError(f"{' and '.join(used)} share no sentence", "a difference is of the same sentences", "speak the same")
    runs = [run for run in tables[0].runs if all(run in table.runs for table in tables[1:])]
    if paired and not runs:
        why = "; ".join(f"{name}: {', '.join(table.runs)}" for name, table in zip(used, tables, strict=True))
        raise InputError(f"{' and '.join(used)} share no training seed", why, "leave out paired=True")
    cut = [_cut(table, items, runs if paired else table.runs) for table in tables]
    if paired:  # a pair that lacks one of its trials is in neither sum
        whole = np.all([weight > 0 for _, weight in cut], axis=0)
        cut = [(value, weight * whole) for value, weight in cut]
    arms = [(c, value, weight) for c, (value, weight) in zip(used.values(), cut, strict=True)]
    return _estimate(arms, _whole(tables), confidence, joined=paired)


def _whole(tables: Sequence[RunTable]) -> bool:
    """Whether each is one number a run, without sentences."""
    return all(table.items == (("", table.items[0][1]),) for table in tables)


def _cut(table: RunTable, items: Sequence[tuple[str, str]], runs: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    own_rows, own_columns = list(table.runs), {item: i for i, item in enumerate(table.items)}
    at = np.ix_([own_rows.index(run) for run in runs], [own_columns[item] for item in items])
    return table.value[at], table.weight[at]


def linearised(value: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(R, S) numbers whose plain mean is the ratio Σ weight × value / Σ weight, and that vary as it does (Cochran 1977, 6.3).

    Equal weights give the values; a trial that is missing weighs 0 and stands at the ratio itself.
    """
    ratio = float(np.nansum(value * weight) / weight.sum())
    return ratio + weight * (np.where(weight > 0, value, ratio) - ratio) / weight.mean()


def _estimate(
    arms: Sequence[tuple[float, np.ndarray, np.ndarray]], whole: bool, confidence: float, joined: bool = False, p: bool = True
) -> Estimate:
    """The estimate of Σ coefficient × mean of arms, each (coefficient, values (R, S), weights (R, S)), S the same.

    `joined`: the arms' runs are pairs, so that their contrast is one arm. `whole`: there are no sentences, only runs.
    """
    kept = np.any([weight.sum(0) > 0 for _, _, weight in arms], axis=0)
    numbers = [(c, linearised(value[:, kept], weight[:, kept])) for c, value, weight in arms]
    if joined:
        numbers = [(1.0, np.sum([c * z for c, z in numbers], axis=0))]
    value = float(sum(c * z.mean() for c, z in numbers))
    runs, sentences = min(len(z) for _, z in numbers), 0 if whole else int(kept.sum())
    variance, df, method, of_runs = _variance(numbers, whole)
    about: About = "models" if runs > 1 else "these trainings"
    least = 1e-12 * max(float(np.abs(c * z).max()) for c, z in numbers)  # equal but for rounding
    if not variance > least**2:
        none = float("nan")
        return Estimate(value, none, none, none, none, confidence, runs, sentences, "none", about=about)
    se = float(np.sqrt(variance))
    half = float(distributions.t.ppf((1 + confidence) / 2, df)) * se
    chance = None
    if p:
        tests = [(variance, df), combined(None, of_runs, [])] if of_runs else [(variance, df)]
        chance = max(float(2 * distributions.t.sf(abs(value) / v**0.5, free)) if v > 0 else 0.0 for v, free in tests)
    return Estimate(value, value - half, value + half, se, df, confidence, runs, sentences, method, chance, about)


def _variance(numbers: Sequence[tuple[float, np.ndarray]], whole: bool) -> tuple[float, float, str, list[tuple[float, float]]]:
    """Variance and degrees of freedom (NaN where they are not known), how they were made, and the mean squares of the runs."""
    several = all(len(z) > 1 for _, z in numbers)
    if whole:
        alone = [(c**2 * float(z.mean(1).var(ddof=1)) / len(z), len(z) - 1) for c, z in numbers] if several else []
        return (*combined(None, alone, []), "runs", alone)
    columns = np.sum([c * z.mean(0) for c, z in numbers], axis=0)
    if columns.size < 2:
        return float("nan"), float("nan"), "none", []
    of_columns = float(columns.var(ddof=1)) / columns.size, columns.size - 1
    if not several:
        return *of_columns, "sentences", []
    of_runs: list[tuple[float, float]] = []
    of_rest: list[tuple[float, float]] = []
    for c, z in numbers:
        count, size = z.shape
        residual = z - z.mean(0) - z.mean(1, keepdims=True) + z.mean()
        of_runs.append((c**2 * float(z.mean(1).var(ddof=1)) / count, count - 1))
        free = (count - 1) * (size - 1)
        of_rest.append((c**2 * float((residual**2).sum()) / free / (count * size), free))
    return (*combined(of_columns, of_runs, of_rest), "runs × sentences", of_runs)


def combined(
    of_columns: tuple[Any, float] | None, of_runs: Sequence[tuple[Any, float]], of_rest: Sequence[tuple[Any, float]]
) -> tuple[Any, Any]:
    """The variance of a contrast and its degrees of freedom from mean squares, each (its share of the variance, its df).

    Shares may be arrays: many studies at once, as `power` needs them. NaN where there is no variance to be seen.

    Args:
        of_columns: sentence/S + residual/(R·S); None without sentences.
        of_runs: run/R + residual/(R·S) of each arm.
        of_rest: residual/(R·S) of each arm, which the other two have both.

    Satterthwaite's degrees of freedom take mean squares for what they estimate. That of three runs often lies far below, and
    then both the variance and the weight of its few degrees of freedom are too small: the plain rule covers 92.3 % where it
    says 95. Runs are therefore weighed up by 1 + 2/df, the relative error of a squared mean square, and the sum is given no
    fewer degrees of freedom than its poorest part. Where runs differ by no more than the rest, they add nothing.
    """
    columns, free = of_columns if of_columns is not None else (0.0, 1.0)
    runs = sum((np.asarray(v, float) for v, _ in of_runs), start=np.zeros(()))
    rest = sum((np.asarray(v, float) for v, _ in of_rest), start=np.zeros(()))
    differ = runs > rest
    variance = columns + np.where(differ, runs - rest, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        few = sum((np.asarray(v, float) ** 2 / df for v, df in of_runs), start=np.zeros(()))
        heavy = 1 + 2 * few / runs**2  # runs²/few: the degrees of freedom of all runs together
        top = columns + np.where(differ, heavy * runs - rest, 0.0)
        below = columns**2 / free + np.where(
            differ, heavy**2 * few + sum((np.asarray(v, float) ** 2 / df for v, df in of_rest), start=np.zeros(())), 0.0
        )
        df = np.maximum(top**2 / below, min([free if of_columns is not None else np.inf, *(d for _, d in of_runs)]))
    good = variance > 0
    variance, df = np.where(good, variance, np.nan), np.where(good, df, np.nan)
    return (float(variance), float(df)) if variance.ndim == 0 else (variance, df)
