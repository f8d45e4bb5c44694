"""Every training is a dot at its own number, on one scale for all systems."""

from __future__ import annotations

import pytest

from ttskit.compare.strip import strip


def value(mean, low=None, high=None, **runs):
    return {"value": mean, "low": low, "high": high, "by_run": runs}


def test_dots_lie_where_their_numbers_are():
    """Planted: each line on a scale of its own, so that equal systems lay apart."""
    row = {"values": {"a": value(5.0, 4.0, 6.0, a1=4.5, a2=5.5), "b": value(8.0, 6.0, 10.0, b1=8.0)}}
    drawn = strip(row, ["a", "b", "absent"])
    a, b = drawn["lines"]
    assert drawn["ends"] == (4.0, 10.0) and [line["system"] for line in (a, b)] == ["a", "b"]
    assert a["bar"][1] == b["bar"][0]  # both are 6
    unit = (b["bar"][1] - a["bar"][0]) / 6
    assert [place for place, _ in a["dots"] + b["dots"]] == pytest.approx(
        [a["bar"][0] + unit * x for x in (0.5, 1.5, 4.0)], abs=0.02
    )
    assert a["mean"] == pytest.approx(a["bar"][0] + unit, abs=0.02) and b["mean"] is None  # one training is its own mean
    assert 0 < a["bar"][0] < b["bar"][1] < 100


def test_one_training_is_one_dot_and_nothing_is_drawn_of_nothing():
    (line,) = strip({"values": {"a": value(3.0)}}, ["a"])["lines"]
    assert line["dots"] == [(50.0, 3.0)] and line["bar"] is None
    assert strip({"values": {"a": None}}, ["a"]) == {"ends": (), "lines": []}
