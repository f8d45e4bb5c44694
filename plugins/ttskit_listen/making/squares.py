"""Latin squares for the order of trials and sounds: each condition in each place, and after each other one, equally often."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd, prod

__all__ = ["latin_orders", "states"]


def latin_orders(count: int) -> list[list[int]]:
    """Orders of 0 … `count` − 1 with each in each place, and directly after each other one, equally often over all orders.

    The squares of Williams (1949, Experimental designs balanced for the estimation of residual effects of treatments): `count`
    orders where that is even; where it is odd no such square exists, and there are twice as many, a square and the same
    backwards.

    >>> latin_orders(4)
    [[0, 3, 1, 2], [1, 0, 2, 3], [2, 1, 3, 0], [3, 2, 0, 1]]
    """
    if count < 1:
        return []
    first = [(place // 2) if place % 2 == 0 else count - 1 - place // 2 for place in range(count)]
    rows = [[(one + shift) % count for one in first] for shift in range(count)]
    return rows if count % 2 == 0 or count == 1 else rows + [row[::-1] for row in rows]


def states(sizes: Sequence[int]) -> list[tuple[int, ...]]:
    """All combinations of several choices, in an order of which any stretch has the values of each about equally often.

    A first choice runs 0, 1, …; each further one runs beside the combinations so far, and moves on by one whenever both come
    round together, so that no two choices go in step: after prod(`sizes`) entries each combination was there once.

    >>> states([2, 2])
    [(0, 0), (1, 1), (0, 1), (1, 0)]
    """
    found: list[tuple[int, ...]] = [()] * prod(sizes)
    whole = 1
    for size in sizes:
        together = whole * size // gcd(whole, size)
        found = [(*one, (t + t % (whole * size) // together) % size) for t, one in enumerate(found)]
        whole *= size
    return found
