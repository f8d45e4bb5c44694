"""How small a difference a listening test can show: listeners, sentences and trainings, by simulation.

One answer about a pair of systems is difference + listener + sentence + trainings + rest, all but the first random and crossed:
each listener hears each sentence once, and the trainings of the two systems rotate over both, not in step with each other
(`squares.states`), so that each system adds its R − 1 degrees of freedom. The mean's variance is

    listener²/L + sentence²/S + run²/R + residual²/n,    n = L · S · share answers,

so that listeners beyond some number narrow nothing: what comes from few sentences and few trainings stays. The analysis does
not know these spreads: it has mean squares, each with its degrees of freedom. They are drawn here (seeded, thousands of
tests at once), each drawn test takes Student's quantile with the degrees of freedom of Satterthwaite (1946), and the chance
that it calls the difference one follows exactly.

**What is claimed.** About models, the trainings are drawn anew: how far they differ enters, and two trainings of each system
or more are needed to estimate it. Of one training each the test cannot say how far another one would lie; then the spread of
runs must be known from elsewhere (`known`), and is added as it is. A test that leaves it out speaks of these trainings only,
and would call every fifth pair of equal models different.

The tests hold this to the analysis itself at usual sizes. Of two trainings, or of so few answers that no source rises above
the residual, the mixed model is more cautious still than its mean squares, and shows less than is said here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

import numpy as np
from scipy import optimize
from scipy import stats as distributions

from ttskit.errors import InputError
from ttskit_listen.plan import Kind

__all__ = [
    "UNITS",
    "USUAL",
    "USUAL_OF",
    "Need",
    "Spreads",
    "designs_for",
    "minutes_of",
    "power_of",
    "share_of",
    "smallest",
    "spreads_from",
]

Claim = Literal["models", "these trainings"]
_DRAWS = 4000
_MOST = 10_000  # of listeners, sentences and runs


@dataclass(frozen=True, slots=True)
class Spreads:
    """Standard deviations of a difference between two systems (of one CMOS answer: a difference by itself).

    Args:
        run: from training to training of the same systems; sentence: from sentence to sentence; listener: from listener to
            listener, of their mean answer; residual: of one answer beside these.
    """

    run: float
    sentence: float
    listener: float
    residual: float

    def __post_init__(self) -> None:
        wrong = {name: v for name, v in asdict(self).items() if not (np.isfinite(v) and v >= 0)}
        if wrong or not any(asdict(self).values()):
            why = ", ".join(f"{name} {v}" for name, v in wrong.items()) or "all of them are 0"
            raise InputError("spreads that no test has", why, "give standard deviations, not all of them 0")


# Of CMOS, as the group plans with: a single answer varies by √(0.40² + 0.39² + 1.2²) = 1.32 steps, which is what
# seven-step comparisons of neural voices show (intervals of ±0.1 to ±0.2 from some hundred answers); listeners' means differ
# far less than with MOS, where they lie 2 points apart (Rosenberg & Ramabhadran 2017), as a comparison is its own reference.
USUAL = Spreads(run=0.21, sentence=0.40, listener=0.39, residual=1.2)

# Preference is the sign of such an answer: near 0, a step of CMOS is φ(0)/1.34 = 0.30 of a share, and one answer of ½ varies
# by 0.5 in all. Of ABX only what differs audibly enters. MOS: one answer beside listener and sentence varies by 0.8, of two by
# √2 of it; MUSHRA by 12 points (two of one trial: 17); word errors of a sentence by 20 points. Parts in about the same
# proportion. They are to plan a first test with; `spreads_from` has those of the last one.
USUAL_OF: Mapping[Kind, Spreads] = {
    "cmos": USUAL,
    "ab": Spreads(run=0.063, sentence=0.12, listener=0.12, residual=0.46),
    "abx": Spreads(run=0.05, sentence=0.10, listener=0.10, residual=0.47),
    "mos": Spreads(run=0.15, sentence=0.30, listener=0.30, residual=1.13),
    "mushra": Spreads(run=3.0, sentence=6.0, listener=6.0, residual=17.0),
    "transcribe": Spreads(run=2.0, sentence=7.0, listener=3.0, residual=28.0),
}
# What a difference is counted in, and how large one can be.
UNITS: Mapping[Kind, tuple[str, float]] = {
    "cmos": ("steps of −3 … 3", 3.0),
    "ab": ("share of preferences above ½", 0.5),
    "abx": ("share of right answers above ½", 0.5),
    "mos": ("points of 1 … 5", 4.0),
    "mushra": ("points of 0 … 100", 100.0),
    "transcribe": ("points of word error", 100.0),
}


def share_of(kind: Kind, systems: int = 2) -> float:
    """How many answers about one pair of systems there are for each listener and sentence, who hears each sentence once.

    Args:
        systems: compared; of pairs each answer is about one of K(K − 1)/2, of single sounds about one system of K (and then a
            pair has two answers of different sentences), and MUSHRA has all of them in one trial.

    Raises:
        InputError: fewer than two systems.
    """
    if systems < 2:
        raise InputError(f"{systems} systems", "a difference is between two", "give 2 or more")
    pairs = systems * (systems - 1) / 2
    return {"mushra": 1.0, "mos": 1 / systems, "transcribe": 1 / systems}.get(kind, 1 / pairs)


def smallest(
    spreads: Spreads,
    listeners: int,
    sentences: int,
    runs: int,
    *,
    power: float = 0.8,
    confidence: float = 0.95,
    seed: int = 1,
    share: float = 1.0,
    known: bool = False,
    about: Claim = "models",
) -> float:
    """The smallest difference that such a test calls different from 0 with this power.

    Args:
        spreads: of the difference between two systems.
        listeners, sentences: of the test; runs: trainings of each system.
        power: the chance; confidence: 1 − the level of the test (of one of m pairs under Holm, 1 − 0.05/m is safe).
        seed: of the simulation; the same one gives the same number.
        share: answers about the pair per listener and sentence (`share_of`).
        known: whether the spread of runs is taken as given, from an earlier test, and not estimated from this one. Of one run
            it always is.
        about: "models", or "these trainings", whose spread then has no part in it.

    Raises:
        InputError: fewer than two listeners or sentences, no run, or a power that is not between the level and 1.
    """
    if not 1 - confidence < power < 1:
        raise InputError(f"a power of {power:g}", f"it lies between {1 - confidence:g} and 1", "0.8 is usual")
    error, limits = _tests(spreads, listeners, sentences, runs, confidence, seed, share, known, about)
    high = 2 * error
    while _chance(high, error, limits) < power:
        high *= 2
    return float(optimize.brentq(lambda d: _chance(d, error, limits) - power, 0.0, high, rtol=1e-4))


def power_of(
    difference: float,
    spreads: Spreads,
    listeners: int,
    sentences: int,
    runs: int,
    *,
    confidence: float = 0.95,
    seed: int = 1,
    share: float = 1.0,
    known: bool = False,
    about: Claim = "models",
) -> float:
    """The chance that such a test calls what in truth is `difference` different from 0. Arguments as `smallest`.

    Raises:
        InputError: as `smallest`.
    """
    return _chance(difference, *_tests(spreads, listeners, sentences, runs, confidence, seed, share, known, about))


@dataclass(frozen=True, slots=True)
class Need:
    """A design that shows a difference.

    Args:
        listeners, sentences, runs: of it.
        power: with which.
        minutes: of one listener; hours: of all listeners.
        known: whether it stands on a spread of runs from elsewhere.
    """

    listeners: int
    sentences: int
    runs: int
    power: float
    minutes: float
    hours: float
    known: bool

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def designs_for(
    difference: float,
    spreads: Spreads,
    *,
    kind: Kind = "cmos",
    systems: int = 2,
    sentences: Sequence[int] = (6, 9, 12, 18, 24, 36, 48, 60),
    most_listeners: int = 120,
    most_runs: int = 6,
    most_minutes: float = 45.0,
    power: float = 0.8,
    confidence: float = 0.95,
    seed: int = 1,
    known: bool = False,
) -> list[Need]:
    """For each number of trainings the design that takes least of listeners' time, the one with fewest trainings first.

    Args:
        difference: to be shown.
        sentences: numbers that may be chosen.
        most_listeners, most_runs, most_minutes: limits; minutes are one listener's.

    Designs of one training have a spread of runs from elsewhere. A number of trainings with which no design within the limits
    shows the difference is left out, as is one that costs listeners no less than fewer trainings do.

    Raises:
        InputError: a difference that is not above 0, or as `smallest`.
    """
    if not difference > 0:
        raise InputError(f"a difference of {difference:g}", "every test shows 0", "give one above 0")
    share = share_of(kind, systems)
    found: list[Need] = []
    for runs in range(1, most_runs + 1):
        options = []
        for count in sentences:
            minutes = minutes_of(kind, count, systems)
            if minutes > most_minutes:
                continue

            def reached(listeners: int, count: int = count, runs: int = runs) -> float:
                chosen: dict[str, Any] = {"confidence": confidence, "seed": seed, "share": share, "known": known or runs == 1}
                return power_of(difference, spreads, listeners, count, runs, **chosen)

            low, high = 2, most_listeners
            if reached(high) < power:
                continue
            while low < high:
                middle = (low + high) // 2
                low, high = (low, middle) if reached(middle) >= power else (middle + 1, high)
            options.append(Need(low, count, runs, reached(low), minutes, low * minutes / 60, known or runs == 1))
        best = min(options, key=lambda one: one.hours, default=None)
        if best is not None and (not found or best.hours < found[-1].hours or (found[-1].known and not best.known)):
            found.append(best)
    return found


# Seconds of one sentence with its lead, how many are heard in one trial, how long people think about it, and what comes before:
# consent, questionnaire, headphones, practice.
_SENTENCE_S = 3.5
_SOUNDS: Mapping[Kind, float] = {"cmos": 2.3, "ab": 2.3, "abx": 3.6, "mos": 1.1, "transcribe": 1.3}
_THINK_S: Mapping[Kind, float] = {"cmos": 5, "ab": 4, "abx": 5, "mos": 4, "mushra": 25, "transcribe": 15}
_BEFORE_MINUTES = 5.0
_CHECKS = 1.15  # hidden pairs of the same sound, gold and attention trials


def minutes_of(kind: Kind, sentences: int, systems: int = 2) -> float:
    """About how long a listener takes who hears each sentence once (in MUSHRA with all systems, reference and two anchors)."""
    sounds = _SOUNDS[kind] if kind != "mushra" else 1.7 * (systems + 4)
    return _BEFORE_MINUTES + sentences * _CHECKS * (sounds * _SENTENCE_S + _THINK_S[kind]) / 60


def spreads_from(statistics: Mapping[str, Any], kind: Kind | None = None) -> Spreads:
    """The spreads that an earlier test estimated: "variances" of its statistics (or of the results.json that holds them).

    A part that it could not estimate, such as runs of one training each, is the usual one of its kind.

    Raises:
        InputError: it holds no spreads, or of another kind of test.
    """
    found = statistics.get("statistics", statistics) if isinstance(statistics, Mapping) else None
    parts = found.get("variances") if isinstance(found, Mapping) else None
    own = found.get("kind", statistics.get("kind")) if isinstance(found, Mapping) else None
    fix = "name the results.json of `ttskit listen analyse`"
    if not isinstance(parts, Mapping) or not isinstance(own, str) or own not in USUAL_OF:
        raise InputError("no spreads of an earlier test", "it has no variances, or no kind", fix)
    if kind is not None and own != kind:
        raise InputError(f"spreads of another kind of test: {own}", f"this one is {kind}", "name one of the same kind")
    usual = asdict(USUAL_OF[cast(Kind, own)])
    given = {name: parts.get(name) for name in usual}
    wrong = [n for n, v in given.items() if v is not None and (isinstance(v, bool) or not isinstance(v, int | float))]
    if wrong or all(v is None for v in given.values()):
        raise InputError("no spreads of an earlier test", f"no number for {', '.join(wrong or given)}", fix)
    return Spreads(**{name: usual[name] if value is None else float(value) for name, value in given.items()})


def _chance(difference: float, error: float, limits: np.ndarray) -> float:
    """How often a normal estimate with this standard error lies beyond the limits of the drawn tests."""
    near, far = (difference - limits) / error, (-difference - limits) / error
    return float(np.mean(distributions.norm.cdf(near) + distributions.norm.cdf(far)))


def _tests(
    spreads: Spreads,
    listeners: int,
    sentences: int,
    runs: int,
    confidence: float,
    seed: int,
    share: float,
    known: bool,
    about: Claim,
) -> tuple[float, np.ndarray]:
    """The estimate's standard error in truth, and how far from 0 each drawn test must see it to call it different."""
    sizes = {"listeners": (listeners, 2), "sentences": (sentences, 2), "runs": (runs, 1)}
    for name, (count, least) in sizes.items():
        if not least <= count <= _MOST:
            raise InputError(f"{count} {name}", f"a test has {least} to {_MOST}", f"give {least} or more")
    if not (0 < share <= 1 and 0 < confidence < 1):
        raise InputError(f"share {share:g}, confidence {confidence:g}", "both lie between 0 and 1", "0.95 is usual")
    answers = listeners * sentences * share
    rest = spreads.residual**2 / answers
    of_runs = spreads.run**2 / runs if about == "models" else 0.0
    truth = spreads.listener**2 / listeners + spreads.sentence**2 / sentences + of_runs + rest
    if not truth > 0:
        raise InputError("spreads that no test has", "what this test rests on does not vary", "give others")
    estimated = about == "models" and runs > 1 and not known
    free = {"listener": listeners - 1, "sentence": sentences - 1, "run": 2 * (runs - 1)}
    free["rest"] = max(1, round(answers) - 1 - free["listener"] - free["sentence"] - (free["run"] if estimated else 0))
    random = np.random.default_rng(seed)
    drawn = {name: random.chisquare(df, _DRAWS) / df if df else np.ones(_DRAWS) for name, df in free.items()}
    listener = (spreads.listener**2 / listeners + rest) * drawn["listener"]
    sentence = (spreads.sentence**2 / sentences + rest) * drawn["sentence"]
    remains = rest * drawn["rest"]
    run = (of_runs + 2 * rest) * drawn["run"] - rest if estimated else None  # two systems, each with its mean square
    return float(np.sqrt(truth)), _limits(listener, sentence, remains, run, 0.0 if estimated else of_runs, free, confidence)


def _limits(
    listener: np.ndarray,
    sentence: np.ndarray,
    rest: np.ndarray,
    run: np.ndarray | None,
    given: float,
    free: Mapping[str, int],
    confidence: float,
) -> np.ndarray:
    """Student's quantile times the standard error that each test estimates.

    As `statistics.effects.Fitted.spread`: a source that varies no more than the rest adds nothing, but its degrees of freedom
    count; each is weighed up by its relative error, 2/df, since few runs often come out far too small, and with them the weight
    of their few degrees of freedom. And no test is surer than that of one source alone (F1 and F2 of
    Clark 1973).
    """
    variance = np.array(rest) + given
    top, below = np.array(variance), rest**2 / free["rest"]
    for name, square in (("listener", listener), ("sentence", sentence), ("run", run)):
        if square is not None and free[name]:
            found, error = np.maximum(square - rest, 0.0), 2 / free[name] * square
            variance += found
            top += found + error
            below += (found + rest + error) ** 2 / free[name]
    # Without residual nothing is left of a source that was not drawn: the sum is then exact.
    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.where(below > 0, np.maximum(top**2 / below, 1.0), np.inf)
    level = (1 + confidence) / 2
    limits: np.ndarray = distributions.t.ppf(level, np.minimum(df, 1e6)) * np.sqrt(variance)
    for name, square in (("listener", listener), ("sentence", sentence), ("run", run)):
        if square is not None:
            limits = np.maximum(limits, distributions.t.ppf(level, free[name]) * np.sqrt(np.maximum(square, 0.0)))
    return limits
