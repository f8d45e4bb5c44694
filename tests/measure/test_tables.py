"""What a table says of rows whose numbers are worked out by hand."""

from __future__ import annotations

import pytest

from ttskit.config import CompareConfig
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS, Measure, Observation, Row
from ttskit.measure.tables import table_row

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
    assert line["best"] == "b"
    line = table_row(Row(SHARE, tuple(rows[:3])), ["a", "b"], CONFIG).shown(["b", "a"])
    assert line["natural"]["value"] == pytest.approx(5.0) and line["natural_is"] == RESYNTHESIS


def row_of(better="lower", factor=1.0, **values):
    """A row without sentences: one number for each system."""
    return Row(Measure("m", "m", "", better, 2, factor=factor), tuple(Observation(n, v) for n, v in values.items()))


def by_sentence(better="lower", **values):
    """A row of each system's values, one for each of the same sentences."""
    observations = [Observation(n, v, f"s{i}", 0) for n, own in values.items() for i, v in enumerate(own)]
    return Row(Measure("m", "m", "", better, 2), tuple(observations))


@pytest.mark.parametrize(
    ("better", "a", "b", "best"),
    [
        ("lower", 1.0, 2.0, "a"),
        ("higher", 1.0, 2.0, "b"),
        ("", 1.0, 2.0, None),
        ("lower", 1.0, 1.09, None),  # timings wander by so much
        ("lower", 1.0, 1.11, "a"),
        ("higher", 1.0, 1.09, None),
        ("higher", 1.0, 1.12, "b"),
        ("lower", 1.0, 1.0, None),
    ],
)
def test_the_best_of_two_numbers_is_better_by_a_tenth(better, a, b, best):
    """Planted: by a hair, and the lowest where higher is better."""
    assert table_row(row_of(better, a=a, b=b), ["a", "b"], CONFIG).best == best
    assert table_row(row_of(better, b=b, a=a), ["b", "a"], CONFIG).best == best


def test_the_best_of_intervals_is_clear_of_every_other():
    a, b, c = [1.0, 1.1, 0.9, 1.0] * 5, [2.0, 2.1, 1.9, 2.0] * 5, [0.5, 2.0, 1.0, 0.7] * 5
    for better, best in (("lower", "a"), ("higher", "b")):
        assert table_row(by_sentence(better, a=a, b=b), ["a", "b"], CONFIG).best == best
        assert table_row(by_sentence(better, a=a, b=b, c=c), ["a", "b"], CONFIG).best == best  # c is no system of these
    assert table_row(by_sentence(a=a, b=b, c=c), ["a", "b", "c"], CONFIG).best is None
    assert table_row(by_sentence(a=a), ["a"], CONFIG).best is None


def test_natural_speech_is_never_the_best_system():
    rows = by_sentence(**{NATURAL: [0.1] * 8, "a": [1.0] * 8, "b": [2.0] * 8})
    assert table_row(rows, ["a", "b"], CONFIG).best == "a"


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
    assert table.values == {"b": 2.0} and table.best is None and table.differences == {}
