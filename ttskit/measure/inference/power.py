"""How small a difference a design can show, and where the next hour is best spent.

Power is reckoned for the test of `estimates` itself, not for an idealised t: its mean squares are drawn (seeded), and the
chance that p is below the level follows from each draw by the normal distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy import optimize
from scipy import stats as distributions

from ttskit.errors import InputError
from ttskit.measure.inference.estimates import combined
from ttskit.measure.inference.variances import Components

__all__ = ["Spending", "next_hour", "power_of", "smallest_difference"]

_DRAWS = 4000


@dataclass(frozen=True, slots=True)
class Spending:
    """A way to spend time on a study.

    Args:
        what: "runs", "sentences", "minutes", or "nothing" (the design as it is).
        runs, sentences, levels: the design that it leads to.
        smallest: the smallest difference that design shows.
        seconds: that it costs.
    """

    what: str
    runs: int
    sentences: int
    levels: int
    smallest: float
    seconds: float

    def to_json(self) -> dict[str, float | str]:
        """Plain data."""
        return asdict(self)


def power_of(
    difference: float,
    components: Components,
    runs: int,
    sentences: int,
    *,
    confidence: float = 0.95,
    coefficients: Sequence[float] = (1.0, -1.0),
    levels: int = 1,
) -> float:
    """The chance that a study of this size calls a contrast, which in truth is `difference`, different from 0.

    Args:
        components: variances of one measure.
        runs, sentences: of each system.
        coefficients: of the systems in the contrast; their runs are independent.
        confidence: 1 − the level of the test; for one of m contrasts that Holm corrects 1 − 0.05/m is on the safe side.
        levels: amounts of data that the contrast is averaged over, each with runs of its own.

    Raises:
        InputError: fewer than two runs or two sentences, of which nothing can be said of models.
    """
    return _chance(difference, *_design(components, runs, sentences, confidence, coefficients, levels))


def smallest_difference(
    components: Components,
    runs: int,
    sentences: int,
    *,
    power: float = 0.8,
    confidence: float = 0.95,
    coefficients: Sequence[float] = (1.0, -1.0),
    levels: int = 1,
) -> float:
    """The smallest difference that is called one with the chance `power`; arguments as `power_of`.

    Raises:
        InputError: fewer than two runs or two sentences; a power that is not between the error rate and 1.
    """
    if not 1 - confidence < power < 1:
        raise InputError(f"a power of {power:g}", f"it lies between {1 - confidence:g} and 1", "0.8 is usual")
    design = _design(components, runs, sentences, confidence, coefficients, levels)
    if not design[0] > 0:
        return 0.0
    high = design[0]
    while _chance(high, *design) < power:
        high *= 2
    return float(optimize.brentq(lambda d: _chance(d, *design) - power, 0.0, high, rtol=1e-4))


def next_hour(
    components: Components,
    runs: int,
    sentences: int,
    *,
    seconds_per_run: float,
    seconds_per_sentence: float,
    systems: int = 2,
    levels: int = 1,
    hours: float = 1.0,
    power: float = 0.8,
    confidence: float = 0.95,
) -> list[Spending]:
    """What the design could show after `hours` more, the best way first: more runs, more sentences, or more amounts of data.

    Args:
        seconds_per_run: of one training with all its sentences.
        seconds_per_sentence: of one sentence of one run: to say and to measure it.
        systems: that each training seed trains.
        levels: amounts of data (minutes) that there are; one more brings runs of its own, and helps a difference that is the
            same at each of them.

    An hour that buys nothing whole is given the least that can be bought, with its price.

    Raises:
        InputError: as `smallest_difference`, or costs that are not above 0.
    """
    if not (seconds_per_run > 0 and seconds_per_sentence > 0):
        raise InputError("costs of a run and of a sentence", "both are above 0", "measure one of each")
    given = 3600 * hours
    prices = {
        "runs": seconds_per_run * systems * levels,
        "sentences": seconds_per_sentence * systems * levels * runs,
        "minutes": seconds_per_run * systems * runs,
    }
    found = [Spending("nothing", runs, sentences, levels, 0.0, 0.0)]
    for what, price in prices.items():
        more = max(1, int(given // price))
        sizes = {"runs": runs, "sentences": sentences, "minutes": levels}
        sizes[what] += more
        found.append(Spending(what, sizes["runs"], sizes["sentences"], sizes["minutes"], 0.0, more * price))
    setting = {"power": power, "confidence": confidence}
    shown = [Spending(o.what, o.runs, o.sentences, o.levels, _shown(components, o, setting), o.seconds) for o in found]
    return sorted(shown, key=lambda option: option.smallest)


def _shown(components: Components, option: Spending, setting: dict[str, float]) -> float:
    return smallest_difference(components, option.runs, option.sentences, levels=option.levels, **setting)


def _design(
    components: Components, runs: int, sentences: int, confidence: float, coefficients: Sequence[float], levels: int
) -> tuple[float, np.ndarray]:
    """Standard error of the contrast in truth, and how far from 0 such studies must see it."""
    if runs < 2 or sentences < 2:
        raise InputError(f"a study of {runs} runs and {sentences} sentences", "two of each are the least", "plan more")
    rng = np.random.default_rng(20)

    def drawn(variance: float, free: float) -> tuple[np.ndarray, float]:
        return variance * rng.chisquare(free, _DRAWS) / free, free

    squares = [c**2 for c in coefficients if c]
    rest = [c * components.residual / (runs * sentences) / levels for c in squares]
    of_runs = [c * components.run / runs / levels + r for c, r in zip(squares, rest, strict=True)]
    apart = sum(squares) * components.sentence_by_system + float(np.sum(coefficients)) ** 2 * components.sentence
    of_columns = apart / sentences + sum(rest)
    several = [drawn(v, (runs - 1) * levels) for v in of_runs]
    left = [drawn(v, (runs - 1) * (sentences - 1) * levels) for v in rest]
    tests = (combined(drawn(of_columns, sentences - 1), several, left), combined(None, several, []))
    halves = [distributions.t.ppf((1 + confidence) / 2, df) * np.sqrt(variance) for variance, df in tests]
    return float(np.sqrt(apart / sentences + sum(of_runs))), np.nanmax(np.nan_to_num(np.array(halves)), axis=0)


def _chance(difference: float, se: float, half: np.ndarray) -> float:
    if not se > 0:
        return float(difference != 0)
    above, below = distributions.norm.sf((half - difference) / se), distributions.norm.cdf((-half - difference) / se)
    return float(np.mean(above + below))
