"""When each frame of a sentence was there, and how long other lengths take: measured in turns, within a budget of seconds.

All runs take turns (`ttskit.measure.turns`), so that a machine that slows down slows them alike; what is kept are medians.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ttskit.interfaces.frontend import Word
from ttskit.measure.turns import order_of

__all__ = ["Length", "affordable", "frame_times", "in_turns", "lengths_of", "median_times"]

MOST_ROUNDS = 5
_T = TypeVar("_T")
Clock = Callable[[], float]


def frame_times(counts: Iterable[int], sync: Callable[[], None] = lambda: None, clock: Clock = time.perf_counter) -> np.ndarray:
    """(T,) seconds after the start at which each frame was there.

    Args:
        counts: gives, each as soon as they are there, how many frames were added; its work begins when it is first asked.
        sync: waits for the device.
        clock: seconds, only forward.
    """
    sync()
    started = clock()
    found: list[float] = []
    for count in counts:
        sync()
        found.extend([clock() - started] * count)
    return np.array(found)


def in_turns(
    jobs: Sequence[Callable[[], _T]], budget_s: float, most: int = MOST_ROUNDS, clock: Clock = time.perf_counter
) -> list[list[_T]]:
    """What each job gave, round by round, after one round that is thrown away: it pays for what only a first call costs.

    In a round each job is done once, in an order that changes. There is one round at least; more of them, up to `most`, as
    long as another one like the longest so far ends within the budget.
    """
    started = clock()
    for job in jobs:
        job()
    results: list[list[_T]] = [[] for _ in jobs]
    longest, turn = clock() - started, 0
    while turn < most and (turn == 0 or clock() - started + longest <= budget_s):
        began = clock()
        for k in order_of(len(jobs), turn):
            results[k].append(jobs[k]())
        # the round that was thrown away is no measure once another one is known: first calls are slower
        longest = max(longest, clock() - began) if turn else clock() - began
        turn += 1
    return results


def median_times(passes: Sequence[np.ndarray]) -> np.ndarray:
    """(T,) the median of each frame's times over passes of one length; passes of another length than the first are left out."""
    same = [one for one in passes if len(one) == len(passes[0])]
    return np.median(np.stack(same), axis=0)


@dataclass(frozen=True, slots=True)
class Length:
    """A text whose time is taken.

    Args:
        words: how many are said.
        text: a beginning of the sentence, the sentence, or the sentence several times.
        times: how often the whole sentence stands in it; 0 for a beginning.
    """

    words: int
    text: str
    times: int


def lengths_of(text: str, words: Sequence[Word], beginnings: int = 3, times: Sequence[int] = (1, 2, 4)) -> list[Length]:
    """Beginnings of the sentence, cut after words, then the sentence and multiples of it, from short to long.

    Args:
        text: which the words' spans count in.
        words: of it, in order.
        beginnings: how many at most.
        times: how often the sentence is said.
    """
    ends = {word.span[1]: i + 1 for i, word in enumerate(words)}  # a number is several words of one span: never cut within
    places = sorted(ends)
    parts = beginnings + 1
    chosen = sorted({places[max(0, round((i + 1) * len(places) / parts) - 1)] for i in range(beginnings)})
    found = [Length(ends[end], text[:end], 0) for end in chosen if end != places[-1]]
    return [*found, *(Length(n * len(words), " ".join([text] * n), n) for n in times)]


def affordable(lengths: Sequence[Length], sentence_s: float, budget_s: float) -> list[Length]:
    """The lengths that can be timed twice (one round is thrown away) within a budget; the sentence and another always stay.

    Left out are what is said more than twice, then beginnings, the longest first, then what is said twice.

    Args:
        lengths: from short to long, the sentence among them.
        sentence_s: what all runs together take for the sentence.
        budget_s: of seconds.
    """
    whole = next(one.words for one in lengths if one.times == 1)
    kept = list(lengths)
    while len(kept) > 2 and 2 * sentence_s * sum(one.words for one in kept) / whole > budget_s:
        beginnings = [one for one in kept if one.times == 0]
        spare = beginnings[1:] or ([one for one in kept if one.times > 1] if kept[-1].times > 1 else beginnings[:1])
        kept.remove(kept[-1] if kept[-1].times > 2 else spare[-1])
    return kept
