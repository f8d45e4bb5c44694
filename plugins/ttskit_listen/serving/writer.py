"""One thread that has the database: what waits is done in one transaction, and acknowledged when that is on the disk.

So many answers at once share one flush of the disk, and none is acknowledged before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from ttskit_listen.serving.store import Store

__all__ = ["Writer"]

T = TypeVar("T")
_MOST_AT_ONCE = 128
_Work = tuple[Callable[[Store], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class Writer:
    """The store behind a queue.

    Args:
        store: given to the thread, and closed by it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ttskit-listen-store", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[Store], T]) -> T:
        """What `work` gives, in a transaction of its own or with others; whatever it raises undoes it alone.

        Raises:
            sqlite3.Error: the database refuses (a full disk); nothing was done.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put((work, loop, future))
        return await future

    def close(self) -> None:
        """Do what waits, then close the database."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        ended = False
        while not ended:
            waiting = [self._queue.get()]
            with contextlib.suppress(queue.Empty):
                while len(waiting) < _MOST_AT_ONCE:
                    waiting.append(self._queue.get_nowait())
            ended = None in waiting
            self._together([one for one in waiting if one is not None])
        self._store.close()

    def _together(self, works: list[_Work]) -> None:
        if not works:
            return
        done: list[tuple[bool, Any]] = []
        try:
            with self._store.transaction():
                for work, _, _ in works:
                    done.append(self._alone(work))
        except Exception as error:  # not even the transaction: none of them was done
            done = [(False, error)] * len(works)
        with contextlib.suppress(sqlite3.Error):  # what was done stays done; it is tried again
            self._store.forget_deleted()
        for (_, loop, future), (good, value) in zip(works, done, strict=True):
            with contextlib.suppress(RuntimeError):  # the loop is closed, nobody waits
                loop.call_soon_threadsafe(_settle, future, good, value)

    def _alone(self, work: Callable[[Store], Any]) -> tuple[bool, Any]:
        self._store.savepoint("SAVEPOINT")
        try:
            value = work(self._store)
        except Exception as error:
            self._store.savepoint("ROLLBACK TO")
            self._store.savepoint("RELEASE")
            return False, error
        self._store.savepoint("RELEASE")
        return True, value


def _settle(future: asyncio.Future[Any], good: bool, value: Any) -> None:
    if future.done():  # the one who asked has left
        return
    if good:
        future.set_result(value)
    else:
        future.set_exception(value)
