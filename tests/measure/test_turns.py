"""Intervals of medians, and what other processes do to the machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from ttskit.measure import turns
from ttskit.measure.turns import MachineReading, machine_between, median_spread, paired_ratio


@pytest.mark.parametrize(("count", "low", "high"), [(6, 1, 6), (7, 1, 7), (9, 2, 8), (15, 4, 12), (20, 6, 15)])
def test_order_statistics_are_those_of_the_tables(count, low, high):
    """The classical table of distribution-free 95 % limits of a median."""
    found = median_spread(np.random.default_rng(0).permutation(count) + 1.0)
    assert (found.low, found.high, found.value) == (low, high, (count + 1) / 2) and found.count == count


@pytest.mark.parametrize("count", [7, 12])
def test_the_interval_holds_the_median_as_often_as_it_says(count):
    """Of times, whose distribution has a long tail: the median of an exponential is ln 2."""
    rng = np.random.default_rng(3)
    held = [not median_spread(rng.exponential(size=count)).excludes(np.log(2)) for _ in range(2000)]
    assert np.mean(held) >= 0.94


def test_too_few_have_no_interval():
    found = median_spread([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found.low is None and found.high is None and not found.excludes(100.0)
    assert median_spread(range(7), 0.99).low is None and median_spread(range(8), 0.99).low == 0


def test_a_ratio_is_of_each_round():
    drift = np.array([1.0, 1.0, 5.0, 9.0, 2.0, 2.0, 1.0])
    found = paired_ratio(1.1 * drift, drift)
    assert found.value == pytest.approx(1.1) and found.excludes(1.0)
    assert not paired_ratio(1.1 * drift, drift[::-1]).excludes(1.0)


def reading(at_s, load=1.0, busy_s=None, own_s=0.0):
    return MachineReading(at_s, load, busy_s, own_s)


def test_the_rest_of_the_machine_is_its_time_less_ours(monkeypatch):
    monkeypatch.setattr(turns, "_cores", lambda: frozenset(range(4)))
    alone = machine_between(reading(0, 0.2, 100.0, 10.0), reading(20, 2.0, 140.0, 50.0), 2)
    assert alone.others == 0.0 and not alone.busy and (alone.load_before, alone.load_after) == (0.2, 2.0)
    beside = machine_between(reading(0, 0.2, 100.0, 10.0), reading(20, 2.0, 180.0, 50.0), 2)
    assert beside.others == pytest.approx(2.0) and not beside.busy  # two of ours and two of theirs have room on four
    assert machine_between(reading(0, 0.2, 100.0, 10.0), reading(20, 2.0, 192.0, 50.0), 2).busy
    assert machine_between(reading(0, 0.2, 100.0, 10.0), reading(20, 2.0, 152.0, 50.0), 4).busy


def test_where_only_the_load_is_known_it_decides(monkeypatch):
    monkeypatch.setattr(turns, "_cores", lambda: frozenset(range(2)))
    assert not machine_between(reading(0, 0.5), reading(60, 2.2, None, 110.0), 2).busy  # what two threads make
    busy = machine_between(reading(0, 3.0), reading(60, 5.0, None, 110.0), 2)
    assert busy.busy and busy.others == pytest.approx(3.0)
    unknown = machine_between(reading(0, None), reading(60, None), 2)
    assert unknown.others is None and not unknown.busy


def test_the_cores_of_the_process_are_read_from_the_system(tmp_path):
    stat = tmp_path / "stat"
    rows = ["cpu  9 9 9 9 9 9 9 9 0 0", "cpu0 100 20 30 5000 70 4 5 6 99 99", "cpu1 1000 0 0 0 0 0 0 0 0 0", "intr 1"]
    stat.write_text("\n".join(rows) + "\n", encoding="ascii")
    tick = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
    if hasattr(os, "sysconf"):
        assert turns._busy_s(stat, frozenset({0})) == pytest.approx((100 + 20 + 30 + 4 + 5 + 6) / tick)
        assert turns._busy_s(stat, frozenset({0, 1})) == pytest.approx(1165 / tick)
    assert turns._busy_s(stat, frozenset({0, 7})) is None  # a core that is not listed
    assert turns._busy_s(tmp_path / "none", frozenset({0})) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the time of other processes is read on Linux")
def test_a_process_beside_this_one_is_seen():
    spin = "import time\nend = time.time() + 20\nwhile time.time() < end: pass"
    others = subprocess.Popen([sys.executable, "-c", spin])
    try:
        time.sleep(0.3)
        before = turns.read_machine()
        time.sleep(1.2)
        machine = machine_between(before, turns.read_machine(), 1)
    finally:
        others.kill()
        others.wait()
    assert machine.others is not None and machine.others > 0.4
