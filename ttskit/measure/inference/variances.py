"""How much runs, sentences and the rest vary: what a study's size follows from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ttskit.errors import InputError
from ttskit.measure.inference.estimates import linearised
from ttskit.measure.inference.trials import Trials

__all__ = ["Components", "components"]


@dataclass(frozen=True, slots=True)
class Components:
    """Variances (squares of standard deviations) of one measure.

    Args:
        run: between trainings of one system that differ in the seed.
        sentence: between sentences, common to all systems; it falls out of differences.
        residual: of one run on one sentence, what is left.
        sentence_by_system: sentences that are hard for one system only; it stays in differences.
        runs, sentences, systems: what they were estimated from; 0 where they were given.
    """

    run: float
    sentence: float
    residual: float
    sentence_by_system: float = 0.0
    runs: int = 0
    sentences: int = 0
    systems: int = 0

    def to_json(self) -> dict[str, float]:
        """Plain data."""
        return asdict(self)


def components(trials: Trials, systems: Sequence[str] | None = None) -> Components:
    """Variances by the method of moments, pooled over systems, on the sentences that all of them said; none is below 0.

    Raises:
        InputError: no system has two runs, or the systems share fewer than two sentences.
    """
    tables = [trials.table(name) for name in (trials.systems if systems is None else systems)]
    shared = [item for item in tables[0].items if all(item in t.items for t in tables[1:])] if tables else []
    if len(shared) < 2 or not any(len(t.runs) > 1 for t in tables):
        why = f"{max((len(t.runs) for t in tables), default=0)} runs at most, {len(shared)} sentences that all systems said"
        raise InputError("variances cannot be estimated", why, "two runs of a system and two sentences are the least")
    numbers = []
    for table in tables:
        at = [table.items.index(item) for item in shared]
        numbers.append(linearised(table.value[:, at], table.weight[:, at]))
    size = len(shared)
    rest = runs = free_rest = free_runs = 0.0
    for z in numbers:
        if len(z) > 1:
            residual = z - z.mean(0) - z.mean(1, keepdims=True) + z.mean()
            rest, free_rest = rest + float((residual**2).sum()), free_rest + (len(z) - 1) * (size - 1)
            runs, free_runs = runs + float(size * z.mean(1).var(ddof=1) * (len(z) - 1)), free_runs + len(z) - 1
    rest, runs = rest / free_rest, runs / free_runs
    means = np.array([z.mean(0) for z in numbers])  # (systems, sentences)
    count = len(numbers) / sum(1 / len(z) for z in numbers)
    common = float(means.mean(0).var(ddof=1))
    own = rest / count
    if len(numbers) > 1:
        apart = means - means.mean(0) - means.mean(1, keepdims=True) + means.mean()
        own = float((apart**2).sum()) / ((len(numbers) - 1) * (size - 1))
    return Components(
        run=max(0.0, (runs - rest) / size),
        sentence=max(0.0, common - own / len(numbers)),
        residual=rest,
        sentence_by_system=max(0.0, own - rest / count),
        runs=min(len(t.runs) for t in tables),
        sentences=size,
        systems=len(tables),
    )
