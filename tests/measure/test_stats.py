"""Intervals over sentences against the theory, their pairing, and what has no interval."""

from __future__ import annotations

import numpy as np
import pytest

from ttskit.measure import stats


def test_interval_agrees_with_normal_theory():
    values = np.random.default_rng(3).normal(5.0, 2.0, 400)
    got = stats.mean_interval(values, resamples=4000)
    half = 1.96 * values.std() / 20
    assert got.value == pytest.approx(values.mean())
    assert got.low == pytest.approx(values.mean() - half, abs=0.03)
    assert got.high == pytest.approx(values.mean() + half, abs=0.03)
    assert got.count == 400


def test_same_seed_same_interval_from_thirty_sentences_on():
    values = list(np.random.default_rng(1).normal(size=30))
    assert stats.mean_interval(values, seed=7) == stats.mean_interval(values, seed=7)
    assert stats.mean_interval(values, seed=7) != stats.mean_interval(values, seed=8)
    assert stats.mean_interval(values[:29], seed=7) == stats.mean_interval(values[:29], seed=8)  # t: nothing is drawn


def test_one_sentence_or_equal_ones_have_no_interval():
    """Planted: an interval of no width, which no difference of 0 fits in; seen: F0 difference 12.542 [12.542, 12.542]."""
    for got in (
        stats.mean_interval([12.542]),
        stats.mean_interval([12.542] * 12),
        stats.mean_interval([12.542] * 40),
        stats.difference_interval([3.3], [1.1]),
        stats.ratio_difference_interval(([0.1 * 3, 0.3], [1, 1]), ([0.0, 0.0], [1, 1])),
    ):
        assert np.isnan(got.low) and np.isnan(got.high) and not got.has_interval and not got.excludes_zero
        assert np.isfinite(got.value)


def test_below_thirty_sentences_the_interval_is_of_student():
    """n = 5, mean 3, s = √2.5: 3 ± 2.776 × √2.5/√5."""
    got = stats.mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (got.low, got.high) == pytest.approx((3 - 2.776445 * 0.5**0.5, 3 + 2.776445 * 0.5**0.5))
    values, weights = np.array([1.0, 2.0, 3.0, 6.0]), np.array([1.0, 1.0, 2.0, 4.0])
    ratio = (values * weights).sum() / weights.sum()
    rest = weights * (values - ratio) / weights.mean()
    half = 3.182446 * rest.std(ddof=1) / 2  # the linearised ratio of four sentences
    got = stats.ratio_interval(values * weights, weights)
    assert (got.value, got.high - got.value) == pytest.approx((ratio, half), rel=1e-6)


def test_twelve_of_twelve_is_not_certain():
    """Wilson 1927: [0.7575, 1]; seen: [1, 1]."""
    assert stats.share_interval([1.0] * 12).low == pytest.approx(0.7575, abs=1e-4)
    assert stats.share_interval([1.0] * 12).high == 1.0
    assert stats.share_interval([1.0] * 12, samples=36) == stats.share_interval([1.0] * 12)  # seeds that all agree
    assert stats.share_interval([1.0]).has_interval and stats.share_interval([float("nan")]) is None
    differ = stats.share_interval([1.0, 0.5] * 6, samples=24)
    assert 6 / 12 < differ.low < stats.share_interval([1.0, 0.5] * 6, samples=200).low  # never more samples than there are


def test_t_covers_where_the_bootstrap_of_twelve_did_not():
    """The percentile bootstrap of 12 sentences covers 85-91 %; planted: it again."""
    rng, covered, before = np.random.default_rng(2), 0, 0
    for _ in range(1000):
        values = rng.normal(size=12)
        got = stats.mean_interval(values)
        covered += got.low <= 0 <= got.high
        drawn = values[rng.integers(0, 12, (400, 12))].mean(1)
        before += np.quantile(drawn, 0.025) <= 0 <= np.quantile(drawn, 0.975)
    assert 935 <= covered <= 968 and before < 930


def test_undefined_sentences_are_left_out():
    assert stats.mean_interval([1.0, float("nan"), 3.0]).count == 2
    assert stats.mean_interval([float("nan")]) is None
    assert stats.ratio_interval([1, 2], [0, 0]) is None


def test_a_rate_weighs_sentences_by_their_length():
    assert stats.ratio_interval([1, 0], [2, 98]).value == pytest.approx(0.01)


def test_pairing_sees_what_separate_intervals_hide():
    rng = np.random.default_rng(0)
    hard = rng.normal(10, 5, 30)  # sentences differ far more than systems do
    a, b = hard + 0.5 + rng.normal(0, 0.1, 30), hard
    paired = stats.difference_interval(a, b)
    assert paired.excludes_zero and paired.value == pytest.approx(0.5, abs=0.1)
    first, second = stats.mean_interval(a), stats.mean_interval(b)
    assert first.low < second.high  # the separate intervals overlap
    ratio = stats.ratio_difference_interval((a * 10, np.full(30, 10.0)), (b * 10, np.full(30, 10.0)))
    assert ratio.value == pytest.approx(paired.value)
    assert ratio.low == pytest.approx(paired.low)


def test_lists_of_other_sentences_are_refused():
    with pytest.raises(ValueError, match="3 and 2"):
        stats.difference_interval([1, 2, 3], [1, 2])


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95])
def test_an_interval_is_as_wide_as_its_confidence_says(confidence):
    """Planted: the whole tail on each side, which is the interval of another confidence."""
    from statistics import NormalDist

    values = np.random.default_rng(5).normal(0.0, 1.0, 400)
    got = stats.mean_interval(values, confidence=confidence, resamples=4000)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * values.std() / 20
    assert (got.high - got.low) / 2 == pytest.approx(half, rel=0.06)


def test_a_sentence_that_one_of_two_has_not_is_in_neither_of_their_sums():
    """Planted: kept where one of them counted something, which gave a difference of other sentences."""
    first, second = ([8.0, 100.0, 1.0, float("nan")], [4.0, 4.0, 1.0, 1.0]), ([2.0, 7.0, 5.0, 3.0], [4.0, 0.0, 1.0, 1.0])
    got = stats.ratio_difference_interval(first, second)
    assert got.count == 2 and got.value == pytest.approx(9 / 5 - 7 / 5)
    assert stats.ratio_difference_interval(([1.0], [0.0]), ([1.0], [1.0])) is None
