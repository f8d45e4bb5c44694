"""The four words, Holm's correction, shares and counts."""

from __future__ import annotations

import pytest
from scipy import stats as distributions

from ttskit.errors import InputError
from ttskit.measure.inference import Estimate, holm, word, words_of
from ttskit.measure.inference.words import equivalence


def difference(value, se, df=10.0, sentences=12):
    half = distributions.t.ppf(0.975, df) * se
    p = 2 * distributions.t.sf(abs(value) / se, df)
    return Estimate(value, value - half, value + half, se, df, 0.95, 3, sentences, "by hand", p, "models")


def test_holm_by_hand():
    """0.01 × 4, 0.02 × 3, 0.03 × 2 not below the one before, 0.5."""
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.01, None, float("nan")]) == pytest.approx([0.03, 1.0, 1.0])  # what was not tested still counts
    assert holm([]) == []


@pytest.mark.parametrize(
    ("value", "se", "better", "said"),
    [
        (-1.0, 0.1, "lower", "better"),
        (-1.0, 0.1, "higher", "worse"),
        (1.0, 0.1, "lower", "worse"),
        (1.0, 0.1, "higher", "better"),
        (1.0, 0.1, "", "not known"),
        (0.05, 0.1, "lower", "equivalent"),
        (0.05, 0.1, "", "equivalent"),
        (0.1, 0.01, "lower", "equivalent"),  # surely there, and too small to matter
        (0.2, 0.5, "lower", "not known"),
        (0.29, 0.1, "lower", "worse"),  # there, and it may matter
    ],
)
def test_the_four_words(value, se, better, said):
    assert word(difference(value, se), 0.3, better) == said


def test_equivalence_is_the_larger_of_two_one_sided_tests():
    """(0.3 − 0.05) / 0.1 = 2.5 at 10 degrees of freedom."""
    assert equivalence(difference(0.05, 0.1), 0.3) == pytest.approx(distributions.t.sf(2.5, 10))
    assert equivalence(difference(-0.05, 0.1), 0.3) == pytest.approx(distributions.t.sf(2.5, 10))
    assert equivalence(difference(0.4, 0.1), 0.3) > 0.5
    with pytest.raises(InputError, match="above 0"):
        equivalence(difference(0.05, 0.1), 0.0)


def test_without_interval_nothing_is_known():
    none = float("nan")
    assert word(Estimate(5.0, none, none, none, none, 0.95, 3, 12, "none"), 0.3, "lower") == "not known"


def test_below_six_sentences_nothing_is_known():
    assert word(difference(-1.0, 0.1, sentences=5), 0.3, "lower") == "not known"
    assert word(difference(-1.0, 0.1, sentences=6), 0.3, "lower") == "better"
    assert word(difference(-1.0, 0.1, sentences=0), 0.3, "lower") == "better"  # a number of whole runs


def test_a_family_pays_for_its_size():
    """p = 0.02 alone is a difference, one of three is not; the one of 0.001 is."""
    family = {"a": difference(-0.6, 0.216), "b": difference(-0.6, 0.216), "c": difference(-0.9, 0.2)}
    assert family["a"].p == pytest.approx(0.0195, abs=1e-3)
    smallest, better = dict.fromkeys(family, 0.3), dict.fromkeys(family, "lower")
    assert words_of({"a": family["a"]}, smallest, better) == {"a": "better"}
    said = words_of(family | {"d": difference(0.0, 1.0)}, smallest | {"d": 0.3}, better | {"d": "lower"})
    assert said == {"a": "not known", "b": "not known", "c": "better", "d": "not known"}
