"""Two training processes played by two threads of this one, so that what is shared between processes can be checked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
import torch.distributed as dist
from torch import Tensor

from ttskit.testing.checks import Fault

__all__ = ["in_two_processes", "without_dropout"]

_PATIENCE_S = 60.0


class _Meeting:
    """What `torch.distributed` is to two threads: sums over both."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2, timeout=_PATIENCE_S)
        self.here = threading.local()
        self.values: list[Tensor | None] = [None, None]

    def all_reduce(self, tensor: Tensor, op: Any = dist.ReduceOp.SUM, group: Any = None, async_op: bool = False) -> None:
        """Sum (or the greatest) of both threads' tensors, in place."""
        self.values[self.here.rank] = tensor.detach().clone()
        self.barrier.wait()
        one, other = self.values
        assert one is not None and other is not None
        total = torch.maximum(one, other) if op == dist.ReduceOp.MAX else one + other
        self.barrier.wait()  # nobody writes before both have read
        with torch.no_grad():
            tensor.copy_(total)

    def play(self, rank: int, work: Callable[[int], Any], results: list[Any]) -> None:
        """One of the two processes."""
        self.here.rank = rank
        try:
            results[rank] = work(rank)
        except BaseException as error:
            results[rank] = error
            self.barrier.abort()


def in_two_processes(work: Callable[[int], Any]) -> list[Any]:
    """`work(rank)` of both ranks at once; what they sum with `torch.distributed.all_reduce` meets.

    Raises:
        Fault: the two did not sum equally often, as processes that wait for each other for ever.
    """
    meeting, results = _Meeting(), [None, None]
    threads = [threading.Thread(target=meeting.play, args=(rank, work, results), daemon=True) for rank in range(2)]
    played = {
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "get_world_size": lambda group=None: 2,
        "get_rank": lambda group=None: meeting.here.rank,
        "all_reduce": meeting.all_reduce,
    }
    with mock.patch.multiple(dist, **played):
        for thread in threads:
            thread.start()
        while any(alive := [thread.is_alive() for thread in threads]):
            if not all(alive) and meeting.barrier.n_waiting:  # for one that is gone
                meeting.barrier.abort()
            threads[alive.index(True)].join(0.05)
    errors = [r for r in results if isinstance(r, BaseException)]
    first = next((e for e in errors if not isinstance(e, threading.BrokenBarrierError)), None)
    if first is not None:
        raise first
    if errors:
        raise Fault("two processes do not sum equally often: a training would wait for ever")
    return results


@contextmanager
def without_dropout() -> Iterator[None]:
    """Dropout by torch's functions and modules lets everything through, so that it hides no difference. Not for threads."""

    def through(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        return input

    names = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")
    with mock.patch.multiple(torch.nn.functional, **dict.fromkeys(names, through)):
        yield
