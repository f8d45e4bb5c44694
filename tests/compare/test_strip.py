"""Every training is a dot at its own number, on one scale for all systems."""

from __future__ import annotations

import re

from ttskit.compare.strip import strip


def value(mean, low=None, high=None, **runs):
    return {"value": mean, "low": low, "high": high, "by_run": runs}


def places(html, what="cx"):
    return [float(x) for x in re.findall(rf'{what}="([\d.]+)%"', html)]


def test_dots_lie_where_their_numbers_are():
    """Planted: each line on a scale of its own, so that equal systems lay apart."""
    row = {"digits": 1, "values": {"a": value(5.0, 4.0, 6.0, a1=4.5, a2=5.5), "b": value(8.0, 6.0, 10.0, b1=8.0)}}
    html = str(strip(row, ["a", "b", "absent"], {"a": "#0072b2"}))
    ends, dots = places(html, "x1"), places(html)
    assert len(dots) == 3 and html.count("<svg") == 2
    scale = (ends[-1] - ends[0]) / (6.0 - 4.0)  # per cent of the width in one unit: from a's low to b's low
    assert all(abs((dot - ends[0]) / scale - (x - 4.0)) < 0.02 for dot, x in zip(dots, (4.5, 5.5, 8.0), strict=True))
    assert "<span>4.0</span><span>10.0</span>" in html and "#0072b2" in html and "a1 4.5" in html


def test_one_training_is_one_dot_and_nothing_is_drawn_of_nothing():
    html = str(strip({"digits": 2, "values": {"a": value(3.0)}}, ["a"], {}))
    assert places(html) == [50.0] and "<line" not in html
    assert str(strip({"digits": 2, "values": {"a": None}}, ["a"], {})) == ""


def test_a_label_cannot_break_the_page():
    html = str(strip({"digits": 2, "values": {'<b">': value(3.0)}}, ['<b">'], {}))
    assert "<b" not in html.replace("&lt;b", "")
