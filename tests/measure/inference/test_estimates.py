"""Trials, means and contrasts whose numbers are worked out by hand or by another way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as distributions

from ttskit.errors import InputError
from ttskit.interfaces.measurement import Observation
from ttskit.measure.inference import contrast, mean, trials_of


def rows(**systems):
    """{system: runs × sentences} as rows."""
    return [
        {"system": name, "run": f"r{r}", "sentence": f"s{s}", "value": value}
        for name, runs in systems.items()
        for r, run in enumerate(runs)
        for s, value in enumerate(run)
        if value is not None
    ]


def test_seeds_of_synthesis_become_one_trial_of_their_weighted_mean():
    given = [
        {"system": "a", "training_seed": 3, "sentence": "x", "seed": 0, "value": 1.0, "weight": 30},
        {"system": "a", "training_seed": 3, "sentence": "x", "seed": 1, "value": 4.0, "weight": 10},
        {"system": "a", "training_seed": 3, "sentence": "x", "seed": 2, "value": float("nan"), "weight": 10},
        {"system": "a", "training_seed": 3, "sentence": "y", "seed": 0, "value": 2.0, "weight": 0},
    ]
    trials = trials_of(given)
    assert len(trials) == 1 and trials.dropped == 2 and trials.runs("a") == ["3"]
    assert (trials.value[0], trials.weight[0]) == (pytest.approx(1.75), 20.0)


def test_observations_of_several_labels_become_runs():
    given = [Observation(label, float(i), "x", 0) for i, label in enumerate(("a-1", "a-2", "b"))]
    trials = trials_of(given, {"a-1": "a", "a-2": "a"})
    assert trials.systems == ["a", "b"] and trials.runs("a") == ["a-1", "a-2"] and trials.runs("b") == [""]
    with pytest.raises(InputError, match="without system or value"):
        trials_of([{"system": "a"}])


def test_a_sentence_of_two_speakers_is_two():
    given = [{"system": "a", "sentence": "x", "speaker": s, "value": v} for s, v in (("ana", 1.0), ("eva", 3.0))]
    assert mean(trials_of(given), "a").sentences == 2


def test_the_mean_of_a_balanced_table_is_that_of_its_mean_squares():
    """Means of runs 2 and 4, of sentences 1, 3, 5, residual ±0.5 on two cells: mean squares by hand."""
    table = np.array([[0.5, 2.0, 3.5], [1.5, 4.0, 6.5]])
    found = mean(trials_of(rows(a=table)), "a")
    residual = table - table.mean(0) - table.mean(1, keepdims=True) + table.mean()
    rest = (residual**2).sum() / 2 / 6
    runs, sentences = table.mean(1).var(ddof=1) / 2, table.mean(0).var(ddof=1) / 3
    assert found.value == pytest.approx(3.0) and found.se**2 == pytest.approx(runs + sentences - rest)
    assert (found.runs, found.sentences, found.about, found.p) == (2, 3, "models", None)
    half = distributions.t.ppf(0.975, found.df) * found.se
    assert (found.low, found.high) == pytest.approx((3 - half, 3 + half)) and 1 <= found.df <= 3


def test_where_runs_differ_by_no_more_than_the_rest_they_add_nothing():
    table = np.array([[1.0, 2.0, 4.0, 3.0], [2.0, 1.0, 3.0, 4.0], [1.5, 1.5, 3.5, 3.5]])
    found = mean(trials_of(rows(a=table)), "a")
    assert found.se**2 == pytest.approx(table.mean(0).var(ddof=1) / 4) and found.df == pytest.approx(3)


def test_one_training_is_over_sentences_and_says_so():
    a, b = [1.0, 2.0, 4.0, 4.0], [0.5, 2.5, 2.0, 3.0]
    found = contrast(trials_of(rows(a=[a], b=[b])), {"a": 1, "b": -1})
    test = distributions.ttest_rel(a, b)
    limits = test.confidence_interval()
    assert (found.low, found.high, found.p) == pytest.approx((limits.low, limits.high, test.pvalue))
    assert found.about == "these trainings" and found.method == "sentences" and found.df == 3


def test_a_difference_is_of_the_same_sentences():
    """Planted: the first sentences of each. b lacks s0, c has none of a's."""
    trials = trials_of(
        [
            *rows(a=[[100.0, 2.0, 3.0], [100.0, 2.5, 3.0]], b=[[None, 1.0, 1.0], [None, 1.0, 1.5]]),
            {"system": "c", "run": "r0", "sentence": "other", "value": 1.0},
        ]
    )
    found = contrast(trials, {"a": 1, "b": -1})
    assert found.value == pytest.approx(2.625 - 1.125) and found.sentences == 2
    with pytest.raises(InputError, match="share no sentence"):
        contrast(trials, {"a": 1, "c": -1})
    with pytest.raises(InputError, match="systems with numbers: a, b, c"):
        contrast(trials, {"a": 1, "d": -1})
    with pytest.raises(InputError, match="without systems"):
        contrast(trials, {"a": 0})


def test_paired_runs_are_one_number_a_seed():
    """Seeds that go up and down together: nothing is left between the pairs."""
    rng = np.random.default_rng(0)
    shift, sentence = np.array([[-3.0], [0.0], [3.0]]), rng.normal(size=8)
    a, b = (shift + sentence + 0.1 * rng.normal(size=(3, 8)) for _ in range(2))
    trials = trials_of(rows(a=a, b=b))
    together, apart = (contrast(trials, {"a": 1, "b": -1}, paired=p) for p in (True, False))
    assert together.value == pytest.approx(apart.value) and together.high - together.low < 0.5 < 5 < apart.high - apart.low
    other = [{**row, "run": "q" + row["run"]} if row["system"] == "b" else row for row in rows(a=a, b=b)]
    with pytest.raises(InputError, match="share no training seed"):
        contrast(trials_of(other), {"a": 1, "b": -1}, paired=True)


def test_a_pair_that_lacks_a_trial_is_in_neither_sum():
    a = [[1.0, 2.0, 3.0], [50.0, 2.0, 3.0]]
    b = [[1.0, 1.0, 1.0], [None, 1.0, 1.5]]
    found = contrast(trials_of(rows(a=a, b=b)), {"a": 1, "b": -1}, paired=True)
    assert found.value == pytest.approx((1 + 2 + 3 + 2 + 3) / 5 - (1 + 1 + 1 + 1 + 1.5) / 5)


def test_an_error_rate_is_errors_over_what_was_counted():
    given = [{"system": "a", "run": r, "sentence": s, "value": v, "weight": w}
             for r in "12" for s, v, w in (("x", 0.5, 10), ("y", 0.1, 30), ("z", 0.2, 20))]  # fmt: skip
    assert mean(trials_of(given), "a").value == pytest.approx((5 + 3 + 4) / 60)


def test_numbers_of_whole_runs_are_over_runs_alone():
    given = [{"system": "a", "run": r, "sentence": "", "value": v} for r, v in (("1", 1.0), ("2", 2.0), ("3", 4.0))]
    found = mean(trials_of(given), "a")
    low, high = distributions.t.interval(0.95, 2, np.mean([1, 2, 4]), distributions.sem([1, 2, 4]))
    assert (found.low, found.high, found.sentences, found.method) == (pytest.approx(low), pytest.approx(high), 0, "runs")
    assert not mean(trials_of(given[:1]), "a").has_interval


def test_one_sentence_or_equal_values_have_no_interval():
    for table in ([[1.0], [2.0], [3.0]], [[0.3, 0.3, 0.3]] * 3, [[5.0, 5.0]]):
        found = mean(trials_of(rows(a=table)), "a")
        assert not found.has_interval and not found.excludes_zero and found.to_json()["low"] is None
        assert contrast(trials_of(rows(a=table)), {"a": 1}).p is None


def test_p_is_the_larger_of_two_and_far_out_that_of_the_runs():
    """Two runs that hardly differ by chance: the two-way interval alone would be sure."""
    rng = np.random.default_rng(4)
    sentence = rng.normal(size=12)
    a, b = (sentence + m + np.array([[0.05], [-0.05]]) + 0.4 * rng.normal(size=(2, 12)) for m in (1.0, 0.0))
    found = contrast(trials_of(rows(a=a, b=b)), {"a": 1, "b": -1})
    two_way = 2 * distributions.t.sf(abs(found.value) / found.se, found.df)
    of_runs = distributions.ttest_ind(a.mean(1), b.mean(1), equal_var=False).pvalue
    assert found.p == pytest.approx(max(two_way, of_runs)) and of_runs > two_way
