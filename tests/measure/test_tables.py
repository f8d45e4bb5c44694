"""What a table says of rows whose numbers are worked out by hand."""

from __future__ import annotations

import pytest

from ttskit.config import CompareConfig
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS, Measure, Observation, Row
from ttskit.measure.tables import marked, table_row

CONFIG = CompareConfig(resamples=200)
SHARE = Measure("share", "share", "%", "lower", 1, factor=100.0)


def test_the_spread_over_seeds_is_of_weighted_means():
    """Seed 0: (10 × 0.5 + 30 × 0.1) / 40 = 0.2; seed 1: (10 × 0.1 + 30 × 0.5) / 40 = 0.4."""
    seeds = {0: (0.5, 0.1), 1: (0.1, 0.5)}
    rows = [Observation("a", v, s, seed, w) for seed, vs in seeds.items() for s, v, w in zip("xy", vs, (10, 30), strict=True)]
    table = table_row(Row(SHARE, (*rows, Observation("b", 0.5, "x", 0))), ["a", "b"], CONFIG)
    assert table.deviation_over_seeds == {"a": pytest.approx(0.2 / 2**0.5)}  # one seed has no spread


def test_a_line_of_the_summary_is_in_the_unit_of_its_measure():
    rows = [Observation(n, v, "x", 0) for n, v in (("a", 0.25), ("b", 0.1), (RESYNTHESIS, 0.05), (NATURAL, 0.02))]
    line = table_row(Row(SHARE, tuple(rows)), ["a", "b"], CONFIG).shown(["a", "b"])
    assert {name: value["value"] for name, value in line["values"].items()} == pytest.approx({"a": 25.0, "b": 10.0})
    assert line["difference"]["value"] == pytest.approx(15.0)  # a − b, the systems in the order in which they stand
    assert line["natural"]["value"] == pytest.approx(2.0) and line["natural_is"] == NATURAL
    assert line["best"] is None and line["word"] is None  # of one sentence nothing is said
    line = table_row(Row(SHARE, tuple(rows[:3])), ["a", "b"], CONFIG).shown(["b", "a"])
    assert line["natural"]["value"] == pytest.approx(5.0) and line["natural_is"] == RESYNTHESIS


def row_of(better="lower", factor=1.0, **values):
    """A row without sentences: one number for each system."""
    return Row(Measure("m", "m", "", better, 2, factor=factor), tuple(Observation(n, v) for n, v in values.items()))


def by_sentence(better="lower", **values):
    """A row of each system's values, one for each of the same sentences."""
    observations = [Observation(n, v, f"s{i}", 0) for n, own in values.items() for i, v in enumerate(own)]
    return Row(Measure("m", "m", "", better, 2), tuple(observations))


KEY = {"m": 0.3}


def best(row, labels, primary=KEY):
    return marked([table_row(row, labels, CONFIG)], labels, CONFIG, primary)[0].best


A, B, C = [1.0, 1.1, 0.9, 1.0] * 5, [2.0, 2.2, 1.8, 2.1] * 5, [0.5, 2.0, 1.0, 0.7] * 5


def test_the_best_is_better_than_every_other_by_paired_differences():
    """Planted: the other direction, and better than some other."""
    for better, first in (("lower", "a"), ("higher", "b"), ("", None)):
        assert best(by_sentence(better, a=A, b=B), ["a", "b"]) == first
        assert best(by_sentence(better, a=A, b=B), ["b", "a"]) == first
        assert best(by_sentence(better, a=A, b=B, c=C), ["a", "b"]) == first  # c is no system of these
    assert best(by_sentence(a=A, b=B, c=C), ["a", "b", "c"]) is None
    assert best(by_sentence(a=A), ["a"]) is None


def test_overlapping_intervals_do_not_decide():
    """The means' intervals overlap widely, every sentence says the same: the paired difference decides alone."""
    hard = [10.0 * i for i in range(8)]
    row = by_sentence(a=hard, b=[v + 1 + 0.01 * (i % 3) for i, v in enumerate(hard)])
    table = table_row(row, ["a", "b"], CONFIG)
    assert table.values["a"].high > table.values["b"].low and best(row, ["a", "b"]) == "a"


def test_nothing_is_marked_below_six_sentences_or_without_an_interval():
    assert best(by_sentence(a=A[:6], b=B[:6]), ["a", "b"]) == "a"
    assert best(by_sentence(a=A[:5], b=B[:5]), ["a", "b"]) is None
    assert best(by_sentence(a=[1.0] * 9, b=[2.0] * 9), ["a", "b"]) is None  # no spread, no interval
    assert best(row_of(a=1.0, b=50.0), ["a", "b"]) is None  # one number each: nobody knows how it wanders


def test_only_primary_measures_are_marked_and_pay_for_their_number():
    """Planted: a correction of each row by itself. p is about 0.02: with one primary measure it is said, with four not."""
    shift = [0.9, 0.1, 0.8, 0.0, 0.7, 0.1, 0.6, -0.2]
    row = by_sentence(a=[0.0] * 8, b=shift)
    (alone,) = marked([table_row(row, ["a", "b"], CONFIG)], ["a", "b"], CONFIG, {"m": 0.3})
    assert alone.estimates["a − b"].p == pytest.approx(0.03, abs=0.02) and alone.words == {"a − b": "better"}
    four = marked([table_row(row, ["a", "b"], CONFIG)] * 4, ["a", "b"], CONFIG, {"m": 0.3})
    assert {t.words["a − b"] for t in four} == {"not known"} and {t.best for t in four} == {None}
    (other,) = marked([table_row(row, ["a", "b"], CONFIG)], ["a", "b"], CONFIG, {"else": 0.3})
    assert other.words == {} and other.best is None and other.shown(["a", "b"])["word"] is None


def test_several_labels_can_be_runs_of_one_system():
    """Runs that differ by 1 while sentences agree: the pooled interval is of three runs, not of 36 sentences."""
    noise = [0.1, -0.1, 0.0, 0.05, -0.05, 0.0] * 2
    runs = {
        f"{s}{i}": [base + off + n for n in noise] for s, base in (("a", 1), ("b", 1.5)) for i, off in enumerate((-1, 0, 1))
    }
    of = {label: label[0] for label in runs}
    table = table_row(by_sentence(**runs), ["a", "b"], CONFIG, of)
    assert table.values["a"].value == pytest.approx(1.0) and table.values["a0"].value == pytest.approx(0.0)
    assert table.values["a"].high - table.values["a"].low > 4 > 1 > table.values["a0"].high - table.values["a0"].low
    assert table.differences["a − b"].value == pytest.approx(-0.5) and not table.differences["a − b"].excludes_zero
    assert table.estimates["a − b"].about == "models" and table.estimates["a − b"].runs == 3
    single = table_row(by_sentence(**runs), ["a0", "b0"], CONFIG, of)
    assert single.estimates["a0 − b0"].about == "these trainings"
    speeds = table_row(row_of(**{k: v[0] for k, v in runs.items()}), ["a", "b"], CONFIG, of)
    assert speeds.values["a"].count == 3 and speeds.estimates["a − b"].sentences == 0


def test_shares_of_sentences_never_end_without_width():
    rows = tuple(Observation("a", 1.0, f"s{i}", seed) for i in range(12) for seed in (0, 1, 2))
    value = table_row(Row(SHARE, rows), ["a"], CONFIG).values["a"]
    assert (value.low, value.high) == (pytest.approx(0.7575, abs=1e-4), 1.0)
    weighed = tuple(Observation("a", 0.0, f"s{i}", 0, 30.0) for i in range(12))  # an error rate, no share of sentences
    assert not table_row(Row(SHARE, weighed), ["a"], CONFIG).values["a"].has_interval
    pooled = tuple(Observation(f"a{r}", 1.0, f"s{i}") for i in range(12) for r in range(3))
    value = table_row(Row(SHARE, pooled), ["a"], CONFIG, {"a0": "a", "a1": "a", "a2": "a"}).values["a"]
    assert (value.low, value.high) == (pytest.approx(0.7575, abs=1e-4), 1.0)


def test_natural_speech_is_never_the_best_system():
    rows = by_sentence(**{NATURAL: [0.1] * 20, "a": A, "b": B})
    assert best(rows, ["a", "b"]) == "a"


def test_every_pair_is_subtracted_in_the_order_of_the_systems_over_the_sentences_of_both():
    """Planted: b − a under the name "a − b"; and sentences that one of them has not."""
    nan = float("nan")
    table = table_row(by_sentence(a=[4.0, 6.0, 9.0], b=[1.0, 1.0, nan], c=[5.0, 5.0, 5.0]), ["c", "a", "b"], CONFIG)
    assert {name: (d.value, d.count) for name, d in table.differences.items()} == {
        "c − a": (pytest.approx(-4 / 3), 3),
        "c − b": (4.0, 2),
        "a − b": (4.0, 2),
    }


def test_seeds_of_a_sentence_are_averaged_and_are_not_more_sentences():
    """Planted: the first seed spoke for all."""
    own = [
        Observation("a", v, s, seed) for s, values in (("x", (1.0, 3.0)), ("y", (5.0, 7.0))) for seed, v in enumerate(values)
    ]
    value = table_row(by_sentence(), ["a"], CONFIG)
    assert value.values == {}
    value = table_row(Row(SHARE, tuple(own)), ["a"], CONFIG).values["a"]
    assert (value.value, value.count) == (4.0, 2)


def test_numbers_that_are_none_and_systems_without_any_are_left_out():
    table = table_row(row_of(a=float("nan"), b=2.0), ["a", "b"], CONFIG)
    assert table.values == {"b": 2.0} and table.best is None and table.estimates == {} and table.differences == {}
