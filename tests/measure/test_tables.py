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
