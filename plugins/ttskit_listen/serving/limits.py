"""How often one may ask. Nothing here knows an address: limits are by code, and one for all who have shown no good code yet."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["LATE_S", "LIMIT_BYTES", "Bucket", "RateLimits"]

LIMIT_BYTES = 64 << 10  # of one body
LATE_S = 15.0  # for a request's head, and for its body


class Bucket:
    """So many at once, and so many a second after that.

    Args:
        burst, rate: the two numbers.
        clock: seconds.
    """

    def __init__(self, burst: float, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._rate, self._clock = burst, rate, clock
        self._left, self._at = burst, clock()

    def take(self, cost: float = 1.0) -> bool:
        """Whether one more may be."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < cost:
            return False
        self._left -= cost
        return True


class RateLimits:
    """Who may ask now.

    A code that this process has not seen to be good costs a place in the common bucket before it is looked up, so that guesses
    are limited whatever is guessed; a wrong one costs more. Listeners who are at it are not touched by that.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._strangers = Bucket(400, 40, clock)
        self._listeners: dict[str, Bucket] = {}

    def admits(self, code: str) -> bool:
        """Whether a request with this code may be looked at."""
        bucket = self._listeners.get(code)
        return (bucket or self._strangers).take()

    def good(self, code: str) -> None:
        """The code is someone's."""
        # A page that comes back may hand in a whole test at once.
        self._listeners.setdefault(code, Bucket(300, 15, self._clock))

    def wrong(self) -> None:
        """A code was nobody's."""
        self._strangers.take(5)

    def gone(self, code: str) -> None:
        """The code is no longer good."""
        self._listeners.pop(code, None)
