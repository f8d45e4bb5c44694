"""Ctrl-C: the first one lets the current step finish and saves, the second one aborts."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["ECHO_S", "StopRequest"]

ECHO_S = 2.0  # torchrun passes on the signal that the terminal has already sent to every process


class StopRequest:
    """While entered, SIGINT and SIGTERM set `asked`; asked again, they interrupt at once."""

    def __init__(self) -> None:
        self.asked = False
        self._at = 0.0
        self._before: dict[int, Any] = {}
        self._waiting = False

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():  # only there does Python let signals be handled
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before if before is not None else signal.SIG_DFL)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """While someone is asked something, there is no step to finish: the first signal interrupts."""
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._waiting:
            raise KeyboardInterrupt
        if self.asked:
            if "LOCAL_RANK" in os.environ and now - self._at < ECHO_S:
                return
            raise KeyboardInterrupt
        self.asked, self._at = True, now
