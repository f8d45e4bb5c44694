"""What may be said of a difference, in one of four words, and Holm's correction for saying several.

"equivalent": the two one-sided tests (Schuirmann 1987) put the difference within the smallest one that matters. "better" and
"worse": it is not 0, and not equivalent. "not known": neither could be shown, which does not say that there is no
difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from scipy import stats as distributions

from ttskit.errors import InputError
from ttskit.measure.inference.estimates import Estimate

__all__ = ["FEWEST_SENTENCES", "Word", "equivalence", "holm", "word", "words_of"]

FEWEST_SENTENCES = 6  # below, nothing is said
Word = Literal["better", "worse", "equivalent", "not known"]


def holm(pvalues: Sequence[float | None]) -> list[float]:
    """P values adjusted for their number (Holm 1979); each may be held against the level of the whole family.

    What could not be tested (None or NaN) stays in the family, as 1.
    """
    given = np.array([1.0 if p is None or not np.isfinite(p) else float(p) for p in pvalues])
    order = np.argsort(given, kind="stable")
    adjusted = np.empty(given.size)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(given[order] * np.arange(given.size, 0, -1)))
    return [float(p) for p in adjusted]


def equivalence(estimate: Estimate, smallest: float) -> float:
    """P value of the two one-sided tests that the difference lies within ± `smallest`; 1 without standard error.

    Raises:
        InputError: `smallest` is not above 0.
    """
    if not smallest > 0:
        raise InputError(
            f"smallest difference that matters: {smallest}", "it must be above 0", "give one in the measure's unit"
        )
    if not np.isfinite(estimate.se) or not np.isfinite(estimate.df):
        return 1.0
    return float(distributions.t.sf((smallest - abs(estimate.value)) / estimate.se, estimate.df))


def word(
    estimate: Estimate,
    smallest: float,
    better: str,
    *,
    p: float | None = None,
    p_equivalence: float | None = None,
    level: float | None = None,
) -> Word:
    """The word for a difference, first system − second: the first is better, worse, equivalent, or it is not known.

    Of fewer than six sentences nothing is known, whatever their interval (a number of whole runs has none, and is left to t).

    Args:
        smallest: the smallest difference that matters, in the unit of the estimate.
        better: "lower" or "higher"; "" where neither is, and then only "equivalent" can be said.
        p, p_equivalence: adjusted p values (`holm`); by default the estimate's own.
        level: of the tests; by default 1 − the estimate's confidence.
    """
    if 0 < estimate.sentences < FEWEST_SENTENCES:
        return "not known"
    level = 1 - estimate.confidence if level is None else level
    same = equivalence(estimate, smallest) if p_equivalence is None else p_equivalence
    if same <= level:
        return "equivalent"
    different = estimate.p if p is None else p
    if different is None or different > level or better not in ("lower", "higher"):
        return "not known"
    return "better" if (estimate.value < 0) == (better == "lower") else "worse"


def words_of(
    estimates: Mapping[str, Estimate], smallest: Mapping[str, float], better: Mapping[str, str], *, level: float | None = None
) -> dict[str, Word]:
    """The words for a family of contrasts, such as all primary ones, each test adjusted by Holm over the family.

    Args:
        estimates, smallest, better: by the name of each contrast.
    """
    names = list(estimates)
    different = holm([estimates[name].p for name in names])
    same = holm([equivalence(estimates[name], smallest[name]) for name in names])
    return {
        name: word(estimates[name], smallest[name], better[name], p=p, p_equivalence=q, level=level)
        for name, p, q in zip(names, different, same, strict=True)
    }
