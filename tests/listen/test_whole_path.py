"""From a test to what may be said of it, many times over, with listeners of a known truth: what is planted lies within its
interval as often as the interval says, nothing is found where nothing is, and careless listeners do not change that.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_test import SYSTEMS, made_test

from ttskit_listen.answered.judging import heard_in
from ttskit_listen.answered.reading import Received
from ttskit_listen.simulated import Truth, simulate
from ttskit_listen.statistics import statistics_of

# Spreads as `calculator.USUAL` has them; scales are not pushed to their ends.
USUAL = Truth({SYSTEMS[0]: 3.0, SYSTEMS[1]: 3.0}, strict_sd=0.3)
# Trainings that differ more: who forgets them when the interval is made covers about half of these worlds.
VARIED = replace(USUAL, run_sd=0.8)


def pairs_of(
    tmp_path, kind: str, difference: float, times: int, *, careless: int = 0, world: Truth = USUAL, **sizes: int
) -> list[dict]:
    """The pair of the two systems, as analysed, in so many worlds of this truth."""
    test = made_test(tmp_path / f"{kind}{difference}", kind, sounds=False, questions=False, **sizes)
    plan, key, design = test.plan(), test.key(), test.design()
    truth = replace(world, systems={SYSTEMS[0]: 3.0 - difference / 2, SYSTEMS[1]: 3.0 + difference / 2})
    found = []
    for seed in range(times):
        files = simulate(plan, key, design, truth, sizes["listeners"] + careless, seed, careless=careless)
        heard = heard_in(plan, key, design, Received(files))
        (pair,) = [one for one in statistics_of(heard)["pairs"] if {one["system"], one["against"]} == set(SYSTEMS)]
        sign = 1 if pair["system"] == SYSTEMS[1] else -1
        low, high = sorted((sign * pair["low"], sign * pair["high"]))
        found.append({**pair, "value": sign * pair["value"], "low": low, "high": high})
    return found


def covered(pairs: list[dict], truth: float) -> float:
    return float(np.mean([pair["low"] <= truth <= pair["high"] for pair in pairs]))


def alarms(pairs: list[dict]) -> float:
    return float(np.mean([not pair["low"] <= 0 <= pair["high"] for pair in pairs]))


def test_a_planted_difference_is_covered_and_found(tmp_path):
    pairs = pairs_of(tmp_path, "cmos", 1.2, 8, careless=4, listeners=16, sentences=12, runs=3)
    assert covered(pairs, 1.2) >= 7 / 8
    assert {pair["about"] for pair in pairs} == {"models"}
    assert np.mean([pair["value"] for pair in pairs]) == pytest.approx(1.2, abs=0.3)
    assert np.mean([pair["word"] == "better" for pair in pairs]) >= 7 / 8


def test_intervals_of_models_cover_what_differs_from_training_to_training(tmp_path):
    pairs = pairs_of(tmp_path, "cmos", 0.6, 12, world=VARIED, listeners=12, sentences=9, runs=3)
    assert covered(pairs, 0.6) >= 10 / 12


def test_where_nothing_differs_nothing_is_found(tmp_path):
    pairs = pairs_of(tmp_path, "cmos", 0.0, 8, careless=4, listeners=16, sentences=12, runs=3)
    assert alarms(pairs) <= 1 / 8
    assert np.mean([pair["value"] for pair in pairs]) == pytest.approx(0.0, abs=0.3)


# Kind, planted difference, its size on the scale of the kind.
PLANTED = [("cmos", 0.6, 0.6), ("mos", 0.6, 0.6), ("mushra", 0.6, 15.0)]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "difference", "on_scale"), PLANTED)
@pytest.mark.parametrize("runs", [1, 3])
def test_coverage_is_what_the_interval_says(tmp_path, kind, difference, on_scale, runs, record_property):
    """Of one training each the interval is of these trainings, whose own difference it covers; the truth's it need not."""
    pairs = pairs_of(tmp_path, kind, difference, 200, listeners=16, sentences=16, runs=runs)
    share = covered(pairs, on_scale)
    record_property("covered", share)
    assert {pair["about"] for pair in pairs} == ({"models"} if runs > 1 else {"these trainings"})
    if runs > 1:
        assert share >= 0.90  # 0.95, three standard errors of 200 worlds below


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cmos", "mos", "mushra", "ab"])
def test_false_alarms_are_as_rare_as_promised(tmp_path, kind, record_property):
    pairs = pairs_of(tmp_path, kind, 0.0, 200, careless=4, listeners=16, sentences=16, runs=3)
    record_property("alarms", alarms(pairs))
    assert alarms(pairs) <= 0.10
