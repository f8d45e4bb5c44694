"""Timing several things in turn, so that a machine that slows down slows all of them, and what else the machine did meanwhile.

Whoever times one after the other measures the machine as well: what was timed while someone else worked looks slow. Here every
round times each of them once, next to each other and in an order that changes, and what is compared are ratios within a round.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

__all__ = [
    "FEWEST_ROUNDS",
    "SLACK_CORES",
    "MachineLoad",
    "MachineReading",
    "Spread",
    "machine_between",
    "median_spread",
    "order_of",
    "paired_ratio",
    "read_machine",
    "timed",
]

FEWEST_ROUNDS = 6  # of which the smallest and the largest bound the median with more than 95 %: 1 - 2 / 2**6
SLACK_CORES = 0.5  # of other processes that are borne: a desktop's own
_STAT = Path("/proc/stat")


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of repeats with an interval that assumes nothing of their distribution.

    Args:
        value: the median.
        low, high: order statistics that bound it (David & Nagaraja 2003, section 7.1); None where there are too few.
        count: repeats.
    """

    value: float
    low: float | None
    high: float | None
    count: int

    def to_json(self) -> dict:
        """Plain data."""
        return asdict(self)

    def excludes(self, value: float) -> bool:
        """Whether the interval is known and `value` lies outside."""
        return self.low is not None and self.high is not None and not self.low <= value <= self.high


def median_spread(values: Sequence[float], confidence: float = 0.95) -> Spread:
    """The median of `values` and the narrowest pair of order statistics that holds it with `confidence`.

    The number of values below the median is binomial (n, ½), whatever they are drawn from: x(k) and x(n+1-k) hold the median
    with 1 - 2·P(fewer than k). Six values are the fewest of which their extremes do so with 95 %.
    """
    from scipy.stats import binom

    ordered = np.sort(np.asarray(values, float))
    n = ordered.size
    k = int(binom.ppf((1 - confidence) / 2, n, 0.5))  # smallest k whose P(at most k) reaches the tail: x(k), counted from 1
    if k < 1:
        return Spread(float(np.median(ordered)), None, None, n)
    return Spread(float(np.median(ordered)), float(ordered[k - 1]), float(ordered[n - k]), n)


def paired_ratio(first: Sequence[float], second: Sequence[float], confidence: float = 0.95) -> Spread:
    """How many times as long `first` takes as `second`, round by round: the median ratio over the rounds that both have."""
    rounds = min(len(first), len(second))
    return median_spread(np.asarray(first[:rounds], float) / np.asarray(second[:rounds], float), confidence)


def order_of(count: int, turn: int, seed: int = 0) -> list[int]:
    """Who comes when in a turn: shuffled in even turns and the reverse of it in the next, so that nobody is always first."""
    order = np.random.default_rng((seed, turn // 2)).permutation(count).tolist()
    return order[::-1] if turn % 2 else order


def timed(work: Callable[[], object], sync: Callable[[], None] = lambda: None) -> float:
    """Seconds that `work` takes; `sync` waits for the device before and after."""
    sync()
    started = time.perf_counter()
    work()
    sync()
    return time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class MachineReading:
    """The machine at one moment.

    Args:
        at_s: of a clock that only goes forward.
        load: processes that run or wait to (average of the last minute); None where the system does not say (Windows).
        busy_s: CPU time of all processes on the cores that this one may use; None where it is not known (not Linux).
        own_s: CPU time of this process and of children that have ended.
    """

    at_s: float
    load: float | None
    busy_s: float | None
    own_s: float


@dataclass(frozen=True, slots=True)
class MachineLoad:
    """What else the machine did while something was timed.

    Args:
        cores: that this process may use.
        threads: that it works with.
        load_before, load_after: averages of a minute, as `MachineReading.load`.
        others: cores that other processes kept busy on average; None where nothing says so.
        busy: whether that is more than what is left beside this process's threads, and SLACK_CORES.
    """

    cores: int
    threads: int
    load_before: float | None
    load_after: float | None
    others: float | None
    busy: bool

    def to_json(self) -> dict:
        """Plain data."""
        return asdict(self)


def read_machine() -> MachineReading:
    """The machine now."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    spent = os.times()
    own = spent.user + spent.system + spent.children_user + spent.children_system
    return MachineReading(time.monotonic(), load, _busy_s(), own)


def machine_between(before: MachineReading, after: MachineReading, threads: int) -> MachineLoad:
    """What others did between two readings.

    Their CPU time is that of all processes less this one's. Where the system only gives its load, it is what the load has
    beyond this process's own share.
    """
    elapsed = max(after.at_s - before.at_s, 1e-9)
    own = (after.own_s - before.own_s) / elapsed
    others = None
    if before.busy_s is not None and after.busy_s is not None:
        others = max(0.0, (after.busy_s - before.busy_s) / elapsed - own)
    elif after.load is not None:
        others = max(0.0, after.load - max(own, float(threads)))
    cores = len(_cores())
    busy = others is not None and others > max(0, cores - threads) + SLACK_CORES
    return MachineLoad(cores, threads, before.load, after.load, others, busy)


def _cores() -> frozenset[int]:
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def _busy_s(stat: Path = _STAT, cores: frozenset[int] | None = None) -> float | None:
    """Seconds that the cores of this process were not idle, since the machine started (proc(5), /proc/stat)."""
    cores = _cores() if cores is None else cores
    try:
        tick = os.sysconf("SC_CLK_TCK")
        lines = stat.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError, AttributeError):
        return None
    own: Mapping[str, list[str]] = {fields[0]: fields[1:] for line in lines if (fields := line.split())}
    found = [list(map(int, own[f"cpu{core}"])) for core in cores if f"cpu{core}" in own]
    if len(found) < len(cores) or any(len(fields) < 5 for fields in found):
        return None
    # user, nice, system, then idle and waiting for a disk, then interrupts and what the host gave to others
    return sum(sum(fields[:3]) + sum(fields[5:8]) for fields in found) / tick
