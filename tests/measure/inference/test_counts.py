"""Shares and counts: against tables that were published, and what they cover."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as distributions
from scipy.special import expit

from ttskit.errors import InputError
from ttskit.measure.inference import trials_of
from ttskit.measure.inference.counts import beta_binomial, share, share_difference, wilson


def test_wilson_as_published():
    """Newcombe 1998, Statistics in Medicine 17:857, table I, method 3."""
    for (hit, total), (low, high) in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
        (12, 12): (0.7575, 1.0),
    }.items():
        assert wilson(hit, total) == pytest.approx((low, high), abs=5e-5)
    with pytest.raises(InputError):
        wilson(3, 2)
    with pytest.raises(InputError):
        wilson(0, 0)


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5, 0.9])
def test_wilson_covers_on_average(rate):
    """Exactly, over all counts of 12, 24 and 48."""
    found = []
    for total in (12, 24, 48):
        limits = np.array([wilson(hit, total) for hit in range(total + 1)])
        inside = (limits[:, 0] <= rate) & (rate <= limits[:, 1])
        found.append(distributions.binom.pmf(np.arange(total + 1), total, rate)[inside].sum())
    assert 0.925 <= np.mean(found) <= 0.985


@pytest.mark.parametrize(
    ("runs", "sentences", "rate", "alike"), [(3, 24, 0.3, 0.1), (5, 24, 0.2, 0.05), (5, 12, 0.1, 0.1), (3, 24, 0.5, 0.0)]
)
def test_the_beta_binomial_covers_runs_that_differ(runs, sentences, rate, alike):
    """Planted: all runs as one, which covers 65-85 % where runs differ."""
    rng, hits = np.random.default_rng(8), 0
    for _ in range(600):
        rates = rng.beta(rate * (1 - alike) / alike, (1 - rate) * (1 - alike) / alike, runs) if alike else np.full(runs, rate)
        found = beta_binomial(rng.binomial(sentences, rates), [sentences] * runs)
        hits += found.low <= rate <= found.high
    assert 0.92 <= hits / 600 <= 0.985


def test_counts_of_runs_that_agree_are_wilsons():
    found = beta_binomial([2, 2, 2], [12, 12, 12])
    assert (found.low, found.high) == pytest.approx(wilson(6, 36)) and found.about == "models"
    one = beta_binomial([12], [12])
    assert (one.low, one.high, one.about) == (pytest.approx(0.7575, abs=1e-4), 1.0, "these trainings")
    none = beta_binomial([0, 0], [12, 12])
    assert none.low == 0.0 and 0.1 < none.high < 0.2
    apart = beta_binomial([0, 6, 12], [12, 12, 12])
    assert apart.low < 0.1 and apart.high > 0.9
    for wrong in (([1], [1, 2]), ([3], [2]), ([], []), ([1], [0])):
        with pytest.raises(InputError):
            beta_binomial(*wrong)


def test_a_share_covers_where_runs_and_sentences_differ():
    """Logits of runs vary by 0.5, of sentences by 1; the rate is their expectation."""
    rng = np.random.default_rng(3)
    draws = rng.normal(size=(100_000, 2))
    for runs, sentences, middle in ((3, 24, -2.0), (5, 24, 0.0), (1, 24, -2.0)):
        run = 0.5 if runs > 1 else 0.0
        rate = float(expit(middle + run * draws[:, 0] + draws[:, 1]).mean())
        hits = 0
        for _ in range(250):
            chance = expit(middle + rng.normal(0, run, (runs, 1)) + rng.normal(0, 1, sentences))
            said = (rng.uniform(size=(runs, sentences)) < chance).astype(float)
            at = np.ndindex(runs, sentences)
            trials = trials_of({"system": "a", "run": r, "sentence": f"s{s}", "value": said[r, s]} for r, s in at)
            found = share(trials, "a")
            hits += found.low <= rate <= found.high
            assert 0 <= found.low < found.high <= 1
        assert 0.92 <= hits / 250 <= 0.995, (runs, sentences)


def test_a_share_without_any_fault_is_not_certain():
    rows = [{"system": "a", "run": r, "sentence": f"s{s}", "value": 1.0} for r in range(3) for s in range(12)]
    found = share(trials_of(rows), "a")
    assert (found.low, found.high) == (pytest.approx(0.7575, abs=1e-4), 1.0)
    with pytest.raises(InputError, match="between 0 and 1"):
        share(trials_of([{"system": "a", "sentence": "x", "value": 1.5}]), "a")


def test_the_difference_of_two_shares_as_published():
    """Newcombe 1998, Statistics in Medicine 17:873, table II, method 10: 56/70 − 48/80 is 0.2 [0.0524, 0.3339]."""
    found = share_difference(beta_binomial([56], [70]), beta_binomial([48], [80]))
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    sure = share_difference(beta_binomial([10], [10]), beta_binomial([0], [10]))
    assert sure.high == 1.0 and sure.low == pytest.approx(0.6075, abs=1e-3) and sure.excludes_zero
