"""The calculator against tests that are really simulated, answer by answer, and analysed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from ttskit.errors import InputError
from ttskit_listen.calculator import USUAL, USUAL_OF, Spreads, designs_for, power_of, share_of, smallest, spreads_from
from ttskit_listen.judgements import Judgement
from ttskit_listen.plan import KINDS
from ttskit_listen.statistics.linear import preference


def plain_power(
    difference: float, spreads: Spreads, listeners: int, sentences: int, runs: int, tests: int, known: bool = False
) -> float:
    """The share of simulated tests that find it: every answer drawn, trainings rotated, sources told apart by their means.

    Written without the calculator's formulas: sums of squares of a layout in which listeners, sentences and trainings are
    orthogonal (sizes are multiples of `runs`), and Student's t with the degrees of freedom of Satterthwaite.
    """
    random = np.random.default_rng(5)
    assert listeners % runs**2 == 0 and sentences % runs == 0
    who, what = np.arange(listeners)[:, None], np.arange(sentences)
    turns = [(who + what) % runs, (who // runs + what) % runs]  # of the two systems, not in step
    answers = difference + spreads.residual * random.standard_normal((tests, listeners, sentences))
    answers += spreads.listener * random.standard_normal((tests, listeners, 1))
    answers += spreads.sentence * random.standard_normal((tests, 1, sentences))
    for sign, turn in zip((1, -1), turns, strict=True):
        answers += sign * (spreads.run / np.sqrt(2) * random.standard_normal((tests, runs)))[:, turn]
    mean = answers.mean((1, 2))
    centred = answers - mean[:, None, None]
    of_listener, of_sentence = centred.mean(2), centred.mean(1)
    estimated = runs > 1 and not known
    of_run = [np.stack([centred[:, turn == run].mean(1) for run in range(runs)], 1) for turn in turns] if estimated else []
    rest = centred - of_listener[:, :, None] - of_sentence[:, None, :]
    for means, turn in zip(of_run, turns, strict=bool(of_run)):
        rest = rest - means[:, turn]
    free = listeners * sentences - 1 - (listeners - 1) - (sentences - 1) - len(of_run) * (runs - 1)
    residual = (rest**2).sum((1, 2)) / free / (listeners * sentences)
    squares = [((of_listener**2).sum(1) / (listeners - 1) / listeners, listeners - 1)]
    squares.append(((of_sentence**2).sum(1) / (sentences - 1) / sentences, sentences - 1))
    if estimated:
        both = sum((means**2).sum(1) / (runs - 1) / runs for means in of_run)
        squares.append((both - residual, 2 * (runs - 1)))
    variance = residual + (0.0 if estimated else spreads.run**2 / runs)
    weighed, loose = variance.copy(), residual**2 / free
    for square, df in squares:
        own = np.maximum(square - residual, 0)
        variance, weighed = variance + own, weighed + own + 2 / df * square
        loose = loose + (own + residual + 2 / df * square) ** 2 / df
    chances = [2 * stats.t.sf(np.abs(mean) / np.sqrt(variance), np.maximum(weighed**2 / loose, 1))]
    chances += [2 * stats.t.sf(np.abs(mean) / np.sqrt(np.maximum(square, 1e-12)), df) for square, df in squares]
    return float(np.mean(np.max(chances, axis=0) < 0.05))


def analysed(difference: float, listeners: int, sentences: int, runs: int, tests: int) -> float:
    """The share of simulated tests in which the analysis itself calls the systems different."""
    random = np.random.default_rng(1)
    found = 0
    for _ in range(tests):
        trained = USUAL.run / np.sqrt(2) * random.standard_normal((2, runs))
        of_listener = USUAL.listener * random.standard_normal(listeners)
        of_sentence = USUAL.sentence * random.standard_normal(sentences)
        rows = []
        for who, what in itertools.product(range(listeners), range(sentences)):
            one, other = (who + what) % runs, (who // runs + what) % runs
            value = difference + of_listener[who] + of_sentence[what] + trained[0, one] - trained[1, other]
            value += USUAL.residual * random.standard_normal()
            about = {
                "listener": str(who),
                "trial": f"{who}-{what}",
                "place": what,
                "kind": "cmos",
                "first": bool((who + what) % 2),
            }
            about |= {"sentence": str(what), "group": "test", "speaker": "ana", "system": "b", "against": "a"}
            rows.append(Judgement(**about, run=str(one), against_run=str(other), value=float(value)))
        p = preference(rows).estimate.p
        found += p is not None and p < 0.05
    return found / tests


@pytest.mark.parametrize("difference", [0.0, 0.7, 1.0])
def test_the_power_is_that_of_the_analysis_itself(difference):
    assert power_of(difference, USUAL, 9, 12, 3) == pytest.approx(analysed(difference, 9, 12, 3, tests=60), abs=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("difference", [0.0, 0.4, 0.6, 0.8])
def test_the_power_is_that_of_the_analysis_itself_closely(difference):
    assert power_of(difference, USUAL, 18, 18, 3) == pytest.approx(analysed(difference, 18, 18, 3, tests=400), abs=0.07)


@pytest.mark.parametrize(
    ("size", "known"),
    [((27, 24, 3), False), ((24, 12, 1), False), ((27, 24, 3), True), ((25, 10, 5), False), ((8, 6, 2), False)],
)
@pytest.mark.parametrize("difference", [0.0, 0.35, 0.7])
def test_the_power_is_that_of_tests_simulated_answer_by_answer(size, known, difference):
    seen = plain_power(difference, USUAL, *size, tests=1000, known=known)
    assert power_of(difference, USUAL, *size, known=known) == pytest.approx(seen, abs=0.05)


def test_the_figures_of_the_issue_hold_where_the_spread_of_trainings_is_known():
    assert smallest(USUAL, 24, 12, 1) == pytest.approx(0.74, abs=0.02)
    assert smallest(USUAL, 24, 24, 3, known=True) == pytest.approx(0.49, abs=0.02)
    doubled = smallest(USUAL, 48, 12, 1)
    assert 0.74 - doubled < 0.05 < 0.74 - smallest(USUAL, 24, 24, 3, known=True)


def test_a_test_that_must_estimate_three_trainings_shows_less_than_one_that_knows():
    alone, known = smallest(USUAL, 24, 24, 3), smallest(USUAL, 24, 24, 3, known=True)
    assert alone > 1.1 * known
    assert smallest(USUAL, 24, 24, 2) > 1.6 * known  # two degrees of freedom
    # Many trainings tell it by themselves.
    assert smallest(USUAL, 24, 24, 12) < 1.05 * smallest(USUAL, 24, 24, 12, known=True)


def test_equal_models_are_called_different_no_more_often_than_the_level_says():
    for size in itertools.product((6, 24, 60), (6, 24), (1, 2, 3, 6)):
        assert power_of(0.0, USUAL, *size) < 0.072, size
    # What a test of one training would do that left its luck out: every fifth pair of equal models.
    forgotten = smallest(USUAL, 24, 12, 1, about="these trainings", power=0.5)  # its limit, more or less
    spread = np.sqrt(USUAL.run**2 + USUAL.sentence**2 / 12 + USUAL.listener**2 / 24 + USUAL.residual**2 / 288)
    assert 2 * stats.norm.sf(forgotten / spread) > 0.15


def test_what_does_not_vary_and_what_is_halved():
    only = Spreads(run=0.0, sentence=0.0, listener=0.0, residual=1.0)
    free = 24 * 24 - 1
    exact = (stats.t.ppf(0.975, free) + stats.norm.ppf(0.8)) / 24
    # Sources that do not vary are estimated all the same, never below 0: a little is lost.
    assert exact < smallest(only, 24, 24, 1) < 1.15 * exact
    assert smallest(only, 24, 24, 1, share=0.25) == pytest.approx(2 * smallest(only, 24, 24, 1), rel=0.03)
    assert smallest(USUAL, 24, 24, 3) == smallest(USUAL, 24, 24, 3)
    assert smallest(USUAL, 24, 24, 3, seed=2) == pytest.approx(smallest(USUAL, 24, 24, 3), rel=0.05)
    assert smallest(USUAL, 24, 24, 3, about="these trainings") < smallest(USUAL, 24, 24, 3, known=True)


def test_the_smallest_difference_has_the_power_that_was_asked_for():
    for power, size in ((0.8, (24, 24, 3)), (0.9, (12, 12, 1)), (0.5, (6, 40, 5))):
        assert power_of(smallest(USUAL, *size, power=power), USUAL, *size) == pytest.approx(power, abs=1e-3)


def test_designs_reach_the_power_and_are_the_cheapest_of_their_trainings():
    found = designs_for(0.5, USUAL)
    assert len(found) >= 2
    for one in found:
        assert power_of(0.5, USUAL, one.listeners, one.sentences, one.runs, known=one.known) == pytest.approx(one.power)
        assert one.power >= 0.8 > power_of(0.5, USUAL, one.listeners - 1, one.sentences, one.runs, known=one.known)
    hours = [one.hours for one in found if not one.known]
    assert hours == sorted(hours, reverse=True)
    assert designs_for(0.9, USUAL)[0].runs == 1 and designs_for(0.9, USUAL)[0].known
    assert designs_for(0.01, USUAL) == []
    assert all(one.minutes <= 10 for one in designs_for(0.6, USUAL, most_minutes=10))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_spreads_of_its_own_scale(kind):
    value = smallest(USUAL_OF[kind], 24, 24, 3, share=share_of(kind), known=True)
    most = {"cmos": 3, "ab": 0.5, "abx": 0.5, "mos": 4, "mushra": 100, "transcribe": 100}[kind]
    assert 0.05 * most < value < 0.4 * most


def test_more_systems_leave_fewer_answers_for_each_pair():
    assert [share_of("cmos", k) for k in (2, 3, 4)] == [1.0, 1 / 3, 1 / 6]
    assert share_of("mos", 4) == 0.25 and share_of("mushra", 4) == 1.0


def test_spreads_of_an_earlier_test():
    statistics = {"kind": "cmos", "variances": {"listener": 0.5, "sentence": 0.3, "run": None, "residual": 1.0}}
    assert spreads_from(statistics) == Spreads(run=USUAL.run, sentence=0.3, listener=0.5, residual=1.0)
    assert spreads_from({"statistics": statistics}, "cmos") == spreads_from(statistics)
    assert spreads_from({"kind": "cmos", "statistics": {"variances": statistics["variances"]}}).listener == 0.5


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"kind": "cmos"},
        {"kind": "cmos", "variances": {}},
        {"kind": "cmos", "variances": {"run": "0.2"}},
        {"kind": "cmos", "variances": {"run": True}},
        {"kind": "cmos", "variances": {"run": -1.0}},
        {"kind": "cmos", "variances": {"run": float("nan")}},
        {"kind": "mos", "variances": {"run": 0.1}},
        {"kind": [], "variances": {"run": 0.1}},
        {"statistics": 3},
    ],
)
def test_what_is_no_analysis_is_an_error(wrong):
    with pytest.raises(InputError):
        spreads_from(wrong, "cmos")


@pytest.mark.parametrize(
    "call",
    [
        lambda: smallest(USUAL, 1, 24, 3),
        lambda: smallest(USUAL, 24, 1, 3),
        lambda: smallest(USUAL, 24, 24, 0),
        lambda: smallest(USUAL, 24, 24, 3, power=0.04),
        lambda: smallest(USUAL, 24, 24, 3, power=1.0),
        lambda: smallest(USUAL, 24, 24, 3, share=0.0),
        lambda: Spreads(0.0, 0.0, 0.0, 0.0),
        lambda: Spreads(0.1, -0.1, 0.1, 0.1),
        lambda: Spreads(0.1, float("inf"), 0.1, 0.1),
        lambda: smallest(Spreads(0.2, 0.0, 0.0, 0.0), 24, 24, 3, about="these trainings"),
        lambda: designs_for(0.0, USUAL),
        lambda: share_of("mos", 1),
    ],
)
def test_sizes_that_no_test_has(call):
    with pytest.raises(InputError):
        call()
