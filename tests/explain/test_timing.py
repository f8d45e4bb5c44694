"""Frames on a clock that the test moves, turns within a budget, and the lengths that are timed."""

from __future__ import annotations

import numpy as np

from ttskit.interfaces.frontend import Word
from ttskit_explain.timing import affordable, frame_times, in_turns, lengths_of, median_times


class Clock:
    """Seconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def job(self, seconds, value):
        def work():
            self.now += seconds
            return value

        return work


def test_frames_bear_the_time_at_which_their_chunk_came():
    now = Clock()

    def chunks():
        for seconds, count in ((0.5, 3), (0.25, 2), (1.0, 1)):
            now.now += seconds
            yield count

    np.testing.assert_allclose(frame_times(chunks(), clock=now), [0.5, 0.5, 0.5, 0.75, 0.75, 1.75])


def test_work_before_the_first_chunk_counts_and_the_device_is_waited_for():
    now = Clock()

    def sync():
        now.now += 2.0

    def chunks():
        now.now += 1.0
        yield 1

    np.testing.assert_allclose(frame_times(chunks(), sync, now), [3.0])  # the sync before the start is not counted


def test_the_first_round_is_thrown_away_and_rounds_end_with_the_budget():
    now, calls = Clock(), []

    def job(name, seconds):
        def work():
            calls.append(name)
            now.now += seconds
            return len(calls)

        return work

    found = in_turns([job("a", 0.4), job("b", 0.6)], 4.5, most=5, clock=now)
    assert [len(one) for one in found] == [3, 3]  # one second of warming up, then 1 … 4: a fourth would end at 5
    assert calls[:2] == ["a", "b"] and all(number > 2 for one in found for number in one)
    assert len({tuple(calls[i : i + 2]) for i in range(2, 8, 2)}) == 2  # nobody is always first


def test_there_is_a_round_whatever_it_costs_and_never_more_than_asked():
    now = Clock()
    assert in_turns([now.job(50.0, "slow")], 1.0, clock=now) == [["slow"]]
    assert in_turns([now.job(0.0, "fast")], 1.0, most=4, clock=now) == [["fast"] * 4]


def test_a_slow_first_call_does_not_cost_rounds():
    now, first = Clock(), [True]

    def work():
        now.now += 2.0 if first.pop() else 0.5
        first.append(False)
        return 1

    assert len(in_turns([work], 4.1, clock=now)[0]) == 4


def test_medians_are_of_each_frame():
    passes = [np.array([1.0, 2.0]), np.array([3.0, 9.0]), np.array([2.0, 4.0]), np.array([7.0])]
    np.testing.assert_array_equal(median_times(passes), [2.0, 4.0])


def test_lengths_are_cut_after_words_never_within_a_number():
    words = [Word("son", (0, 3)), Word("veinte", (4, 6)), Word("y", (4, 6)), Word("dos", (4, 6)), Word("che", (7, 10))]
    found = lengths_of("son 22 che", words)
    assert [(one.words, one.text, one.times) for one in found] == [
        (1, "son", 0),
        (4, "son 22", 0),
        (5, "son 22 che", 1),
        (10, "son 22 che son 22 che", 2),
        (20, " ".join(["son 22 che"] * 4), 4),
    ]
    assert [one.times for one in lengths_of("sí", [Word("sí", (0, 2))])] == [1, 2, 4]


def test_lengths_that_cost_too_much_are_left_out_but_not_the_sentence():
    words = [Word(w, (i, i + 1)) for i, w in enumerate("abcdefgh")]
    lengths = lengths_of("abcdefgh", words)
    assert affordable(lengths, 0.1, 10.0) == lengths
    assert [one.words for one in lengths] == [2, 4, 6, 8, 16, 32]
    assert [one.words for one in affordable(lengths, 1.0, 10.0)] == [2, 4, 6, 8, 16]  # 2 · 36 / 8 < 10 < 2 · 68 / 8
    assert [one.words for one in affordable(lengths, 1.0, 8.0)] == [2, 4, 8, 16]
    assert [one.words for one in affordable(lengths, 1.0, 3.0)] == [2, 8]
    assert [one.words for one in affordable(lengths, 100.0, 1.0)] == [2, 8]
    assert [one.times for one in affordable(lengths_of("sí", [Word("sí", (0, 2))]), 100.0, 1.0)] == [1, 2]
