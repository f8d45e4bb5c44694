"""Tests whose truth is known: intervals cover it as often as they say, and equal systems are called different no more often.

In the default run a few worlds, with binomial limits; `slow` has 400 of each and more designs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from heard_world import pairs_heard, sounds_heard
from scipy import stats as distributions

from ttskit_listen.judgements import HeardAnswers
from ttskit_listen.statistics import rows, statistics_of
from ttskit_listen.statistics.linear import mean, order, preference
from ttskit_listen.statistics.ordered import ordinal_of
from ttskit_listen.statistics.rows import pair_effects, pair_rows, spreads_of
from ttskit_listen.statistics.shares import pooled, share
from ttskit_listen.statistics.strengths import strengths

Low, High = float, float


def fewest(repeats: int, rate: float = 0.95) -> int:
    """So few of that many fall by chance once in 1,000 times."""
    return int(distributions.binom.ppf(0.001, repeats, rate))


def most(repeats: int, rate: float = 0.05) -> int:
    return int(distributions.binom.ppf(0.999, repeats, rate))


def covered(intervals: Iterable[tuple[float, float]], truth: float) -> list[bool]:
    return [low <= truth <= high for low, high in intervals]


def differences(made: Callable[[int], HeardAnswers], repeats: int) -> list[tuple[float, float]]:
    """Intervals of the last system against the first."""
    found = []
    for seed in range(repeats):
        heard = made(seed)
        systems = [heard.design.systems[0], heard.design.systems[-1]]
        effect = pair_effects(heard.judgements, systems, 0.95)[systems[1].name, systems[0].name]
        found.append((effect.estimate.low, effect.estimate.high))
    return found


# One training each: the claim is about these trainings, so that they do not differ in truth.
FIXED = (0.0, 0.40, 0.39, 1.2)
MOS_FIXED = (0.0, 0.30, 0.30, 0.8)


# In each world one source makes most of the uncertainty, so that an interval that forgets it covers half as often.
@pytest.mark.parametrize(
    ("made", "truth"),
    [
        (partial(pairs_heard, "cmos", spreads=(0.0, 0.1, 1.0, 1.0), rounded=False, difference=0.5), 0.5),
        (partial(pairs_heard, "cmos", spreads=(0.0, 1.0, 0.1, 1.0), rounded=False), 0.0),
        (partial(pairs_heard, "cmos", spreads=(1.0, 0.1, 0.1, 1.0), runs=3, rounded=False), 0.0),
        (partial(pairs_heard, "ab", spreads=(0.0, 0.1, 1.0, 1.0)), 0.0),
        (partial(sounds_heard, "mos", spreads=(0.0, 0.1, 1.0, 0.5)), 0.0),
        (partial(sounds_heard, "mushra", spreads=(0.0, 0.8, 0.1, 0.5), means=(2, 2.4)), 10.0),
    ],
    ids=["cmos, listeners", "cmos, sentences", "cmos, trainings", "ab, listeners", "mos, listeners", "mushra, sentences"],
)
def test_intervals_cover_the_difference(made, truth):
    repeats = 30
    made = partial(made, listeners=10, sentences=12)
    assert sum(covered(differences(lambda seed: made(seed=seed), repeats), truth)) >= fewest(repeats)


def test_answers_taken_for_independent_do_not_cover_it():
    """The fault that mixed models mend: as many answers as there are, whoever gave them, on whatever sentence."""
    hits = []
    for seed in range(60):
        heard = pairs_heard("cmos", listeners=12, sentences=8, spreads=FIXED, rounded=False, seed=seed)
        values = np.array([j.value for j in heard.judgements])
        low, high = distributions.t.interval(0.95, values.size - 1, values.mean(), values.std(ddof=1) / values.size**0.5)
        hits.append(low <= 0 <= high)
    assert sum(hits) < fewest(60)


def test_a_planted_difference_is_found():
    spreads = (0.1, 0.2, 0.2, 1.0)
    heard = pairs_heard("cmos", listeners=24, sentences=12, runs=3, difference=1.0, spreads=spreads, seed=3)
    (row,) = statistics_of(heard)["pairs"]
    assert (row["word"], row["about"], row["system"], row["against"]) == ("better", "models", "b", "a")
    assert row["low"] > 0 and row["holm"] < 0.05 and row["better"] > row["worse"]
    (ordinal,) = statistics_of(heard)["ordinal"]["pairs"]
    assert ordinal["low"] > 0
    turned = replace(heard, judgements=[replace(j, value=-j.value) for j in heard.judgements])
    assert statistics_of(turned)["pairs"][0]["word"] == "worse"


def test_the_order_of_play_is_estimated_and_taken_out():
    spreads = (0.0, 0.3, 0.3, 1.0)
    heard = pairs_heard("cmos", listeners=24, sentences=12, order=0.5, spreads=spreads, rounded=False, seed=5)
    found = order(heard.judgements)
    assert found is not None and found.low < 0.5 < found.high and found.low > 0
    # Half of the answers that heard b first are lost: the plain mean is pulled, the estimate is not.
    firsts = [j for j in heard.judgements if j.first]
    kept = [*firsts[::2], *(j for j in heard.judgements if not j.first)]
    estimate = preference(kept).estimate
    assert abs(np.mean([j.value for j in kept]) - estimate.value) > 0.05
    assert estimate.low < 0 < estimate.high


def test_variances_of_a_large_test_are_the_true_ones():
    heard = pairs_heard("cmos", listeners=60, sentences=60, runs=6, rounded=False, seed=2)
    found = spreads_of(pair_effects(heard.judgements, heard.design.systems, 0.95))
    assert found["residual"] == pytest.approx(1.2, rel=0.05)
    assert found["listener"] == pytest.approx(0.39, rel=0.3)
    assert found["sentence"] == pytest.approx(0.40, rel=0.3)
    assert found["run"] == pytest.approx(0.21, rel=0.6)


# What each test of the grid is: how it is made, what is true.
_USUAL = {"rounded": False}
GRID = {
    "cmos 12×8×1": (partial(pairs_heard, "cmos", listeners=12, sentences=8, spreads=FIXED, **_USUAL), 0.0),
    "cmos 24×12×1": (partial(pairs_heard, "cmos", spreads=FIXED, **_USUAL), 0.0),
    "cmos 24×24×1": (partial(pairs_heard, "cmos", sentences=24, spreads=FIXED, **_USUAL), 0.0),
    "cmos 12×8×2": (partial(pairs_heard, "cmos", listeners=12, sentences=8, runs=2, **_USUAL), 0.0),
    "cmos 24×12×2": (partial(pairs_heard, "cmos", runs=2, **_USUAL), 0.0),
    "cmos 24×24×2, runs differ": (
        partial(pairs_heard, "cmos", sentences=24, runs=2, spreads=(0.5, 0.3, 0.3, 1.0), **_USUAL),
        0.0,
    ),
    "cmos 24×12×3": (partial(pairs_heard, "cmos", runs=3, **_USUAL), 0.0),
    "cmos 24×24×3": (partial(pairs_heard, "cmos", sentences=24, runs=3, **_USUAL), 0.0),
    "cmos 24×24×3, in steps": (partial(pairs_heard, "cmos", sentences=24, runs=3), 0.0),
    "ab 24×12×1": (partial(pairs_heard, "ab", spreads=FIXED), 0.0),
    "ab 24×24×3": (partial(pairs_heard, "ab", sentences=24, runs=3), 0.0),
    "ab 12×8×1": (partial(pairs_heard, "ab", listeners=12, sentences=8, spreads=FIXED), 0.0),
    "mos 12×8×1": (partial(sounds_heard, "mos", listeners=12, sentences=8, spreads=MOS_FIXED), 0.0),
    "mos 24×24×1": (partial(sounds_heard, "mos", sentences=24, spreads=MOS_FIXED), 0.0),
    "mos 24×24×3": (partial(sounds_heard, "mos", sentences=24, runs=3), 0.0),
    "mushra 12×8×1": (partial(sounds_heard, "mushra", listeners=12, sentences=8, spreads=MOS_FIXED), 0.0),
    "mushra 24×12×3": (partial(sounds_heard, "mushra", runs=3), 0.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", GRID)
def test_intervals_cover_as_often_as_they_say(name, record_property):
    made, truth = GRID[name]
    hits = covered(differences(lambda seed: made(seed=1000 + seed), 400), truth)
    record_property("coverage", f"{name}: {np.mean(hits):.3f}")
    print(f"{name}: {np.mean(hits):.3f}")
    assert sum(hits) >= fewest(400)


@pytest.mark.slow
@pytest.mark.parametrize("runs", [1, 2, 3])
@pytest.mark.parametrize("kind", ["cmos", "mushra"])
def test_equal_systems_are_seldom_called_different(kind, runs):
    """Four systems that are one: 6 pairs, Holm, at most 5 % of the tests with any word for a difference."""
    alarms = 0
    repeats = 400
    for seed in range(repeats):
        options = {"listeners": 24, "sentences": 12, "runs": runs, "systems": "abcd", "seed": seed}
        if kind == "cmos":
            heard = pairs_heard("cmos", spreads=(0.21 if runs > 1 else 0.0, 0.40, 0.39, 1.2), **options)
        else:
            heard = sounds_heard("mushra", means=(3, 3, 3, 3), spreads=(0.15 if runs > 1 else 0.0, 0.3, 0.3, 0.8), **options)
        effects = pair_effects(heard.judgements, heard.design.systems, 0.95)
        found = pair_rows(effects, heard.judgements, heard.design.systems, None, 0.95)
        alarms += any(row["word"] != "not known" for row in found)
    print(f"{kind}, {runs} runs: {alarms / repeats:.3f}")
    assert alarms <= most(repeats)


@pytest.mark.parametrize("seed", [110, 218])
def test_a_source_that_is_as_good_as_none_leaves_the_ordinal_model_its_estimate(seed):
    """Here the likelihood hardly changes with the logarithm of one standard deviation."""
    made = sounds_heard("mos", spreads=MOS_FIXED, listeners=16, sentences=12, runs=1, seed=seed)
    found, notes = ordinal_of(made.judgements, "ab")
    assert notes == [] and found["pairs"][0]["low"] < found["pairs"][0]["high"] and min(found["sd"].values()) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "runs"), [("cmos", 1), ("mos", 1)])
def test_ordinal_intervals_cover(kind, runs):
    """At no difference, whose log-odds are 0 whatever the scale."""
    hits = []
    for seed in range(400):
        made = (
            partial(pairs_heard, "cmos", spreads=FIXED) if kind == "cmos" else partial(sounds_heard, "mos", spreads=MOS_FIXED)
        )
        found, _ = ordinal_of(made(listeners=16, sentences=12, runs=runs, seed=seed).judgements, "ab")
        assert found is not None
        hits.append(found["pairs"][0]["low"] <= 0 <= found["pairs"][0]["high"])
    print(f"ordinal {kind}: {np.mean(hits):.3f}")
    assert sum(hits) >= fewest(400, 0.94)


@pytest.mark.slow
def test_strengths_cover():
    """Three equal systems: every strength is 0."""
    hits = []
    for seed in range(400):
        own = pairs_heard("ab", systems="abc", spreads=FIXED, seed=seed).judgements
        columns = [[getattr(j, name) for j in own] for name in ("system", "against", "value", "listener", "sentence")]
        found = strengths("abc", *columns[:3], columns[3:])
        hits.append(bool(found.low[0] <= 0 <= found.high[0]))
    print(f"strengths: {np.mean(hits):.3f}")
    assert sum(hits) >= fewest(400, 0.93)


@pytest.mark.slow
def test_means_cover():
    """Means of a system over listeners, sentences and trainings."""
    hits = []
    for seed in range(400):
        heard = sounds_heard("mushra", listeners=16, sentences=12, runs=3, means=(2.0, 2.0), seed=seed)
        estimate = mean([j for j in heard.judgements if j.system == "a"]).estimate
        hits.append(estimate.low <= 50 <= estimate.high)
    print(f"means: {np.mean(hits):.3f}")
    assert sum(hits) >= fewest(400)


@pytest.mark.slow
def test_pooled_answers_are_too_sure():
    """The exact binomial over all answers calls equal systems different far too often; the interval that counts does not."""
    wrong = {"pooled": 0, "share": 0}
    for seed in range(400):
        own = pairs_heard("ab", spreads=FIXED, rounded=False, seed=seed).judgements
        binomial, estimate = pooled(own), share(own).estimate
        assert binomial is not None and estimate.p is not None
        wrong["pooled"] += binomial.p < 0.05
        wrong["share"] += estimate.p < 0.05
    print(wrong)
    assert wrong["pooled"] > most(400)
    assert wrong["share"] <= most(400)


def test_holm_is_over_the_family_of_systems(monkeypatch):
    """What is held against the level is the adjusted p: without Holm this test of equal systems would have an alarm."""
    seen = []
    monkeypatch.setattr(rows, "holm", lambda ps: seen.append(list(ps)) or [1.0] * len(ps))
    heard = sounds_heard("mushra", systems="abc", means=(1, 2, 4), listeners=12, sentences=8, seed=1)
    found = statistics_of(heard)["pairs"]
    assert len(seen[0]) == 3 and {row["word"] for row in found} == {"not known"}
