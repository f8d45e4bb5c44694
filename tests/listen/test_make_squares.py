"""Orders: each condition in each place and after each other one equally often; choices that do not go in step."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, product

import pytest

from ttskit_listen.making.squares import latin_orders, states


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 10, 11, 24])
def test_each_in_each_place_and_after_each_other_equally_often(count):
    orders = latin_orders(count)
    assert all(sorted(order) == list(range(count)) for order in orders)
    for place in range(count):
        assert len(set(Counter(order[place] for order in orders).values())) == 1
        assert len({order[place] for order in orders}) == count
    after = Counter(pair for order in orders for pair in pairwise(order))
    assert set(after) == {(a, b) for a, b in product(range(count), repeat=2) if a != b}
    assert len(set(after.values())) <= 1
    assert len(orders) == (count if count % 2 == 0 or count == 1 else 2 * count)


def test_a_square_that_only_turns_is_not_balanced_over_what_comes_after_what():
    turned = [[(place + shift) % 4 for place in range(4)] for shift in range(4)]
    after = Counter(pair for order in turned for pair in pairwise(order))
    assert len(after) < 12  # what the counting above would catch


@pytest.mark.parametrize("sizes", [[2, 2], [2, 1, 1], [2, 2, 2], [2, 2, 3, 3], [2, 5, 5], [2, 3, 2], [2, 4, 6]])
def test_states_are_all_combinations_and_any_stretch_has_both_sides(sizes):
    found = states(sizes)
    assert sorted(found) == sorted(product(*map(range, sizes)))
    round_and_round = found * 2
    for start in range(len(found)):
        for length in range(1, len(found) + 1):
            sides = Counter(one[0] for one in round_and_round[start : start + length])
            assert abs(sides[0] - sides[1]) <= 1


def test_sides_and_trainings_do_not_go_in_step():
    for side, run in product(range(2), range(2)):
        assert sum(one[0] == side and one[1] == run for one in states([2, 2, 2])) == 2


def test_nothing_to_order():
    assert latin_orders(0) == [] and states([]) == [()]
