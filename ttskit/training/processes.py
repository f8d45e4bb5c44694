"""The processes that train together (torchrun), or the only one: devices, sums, agreements."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ttskit.devices import pick_device
from ttskit.errors import TTSKitError, UsageError
from ttskit.training.lost import Member, RankLost, naming_lost, own_member

__all__ = ["BUCKET_ELEMENTS", "Processes", "processes"]

BUCKET_ELEMENTS = 8 * 1024**2  # 32 MB of fp32: large enough to fill the link, small against the model


@dataclass(frozen=True)
class Processes:
    """This process among `world`.

    Attributes:
        host: group for small values in main memory, so that agreeing on them never waits for the GPU.
        members: who they are, by rank; () for a single one.
    """

    rank: int
    world: int
    device: torch.device
    host: dist.ProcessGroup | None = None
    members: tuple[Member, ...] = ()

    @property
    def first(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """Sum of a small tensor on the device over processes (the tensor itself in a single one)."""
        if self.world > 1:
            dist.all_reduce(values)
        return values

    def sum_on_host(self, values: Sequence[float]) -> list[float]:
        """Sums of numbers over processes, without touching the device."""
        if self.world == 1:
            return list(values)
        numbers = torch.tensor(list(values), dtype=torch.float64)
        dist.all_reduce(numbers, group=self.host)
        return numbers.tolist()

    def any(self, flag: bool) -> bool:
        """Whether any process says so; all get the same answer."""
        return self.sum_on_host([float(flag)])[0] > 0

    def agree(self, text: str) -> bool:
        """Whether all processes say the same: one small reduction in main memory. All get the same answer."""
        if self.world == 1:
            return True
        number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
        extremes = torch.tensor([number, -number], dtype=torch.int64)
        dist.all_reduce(extremes, op=dist.ReduceOp.MAX, group=self.host)
        return extremes[0].item() == -extremes[1].item()

    def gather(self, value: Any) -> list[Any]:
        """What each process has to say, by rank (plain data; slow: for mistakes, and for what happens seldom)."""
        heard = [value] * self.world
        if self.world > 1:
            dist.all_gather_object(heard, value, group=self.host)
        return heard

    def by_first(self, work: Callable[[], None]) -> None:
        """`work` in the first process, while the others wait; what it refuses, all of them raise."""
        refused: TTSKitError | None = None
        if self.first:
            try:
                work()
            except TTSKitError as error:
                refused = error
        if self.world > 1:
            refused = self.gather(refused)[0]
        if refused is not None:
            raise refused

    def from_first(self, number: float) -> float:
        """The first process's number."""
        return self.sum_on_host([number if self.first else 0.0])[0]

    def wait(self) -> None:
        """Until all are here."""
        self.any(False)

    def memory(self) -> dict[str, int]:
        """{"memory_bytes": most that tensors took on this GPU so far}; {} elsewhere, where torch does not count."""
        return {"memory_bytes": torch.cuda.max_memory_allocated(self.device)} if self.device.type == "cuda" else {}

    def forget_memory(self) -> None:
        """Give back what nobody holds any more, and count the most that tensors take anew; on a GPU."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device)

    def sum_gradients(self, parameters: Sequence[Tensor]) -> list[Tensor]:
        """Sum gradients over processes in place, in flat buckets; returns them.

        A parameter that got a gradient in some processes only counts as zero in the others; one that
        got none anywhere keeps none.
        """
        if self.world > 1:
            used = torch.tensor([p.grad is not None for p in parameters], dtype=torch.uint8)
            dist.all_reduce(used, op=dist.ReduceOp.MAX, group=self.host)
            for parameter, somewhere in zip(parameters, used.tolist(), strict=True):
                if somewhere and parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
            for bucket in _buckets([p.grad for p in parameters if p.grad is not None]):
                flat = torch.cat([g.reshape(-1) for g in bucket])
                dist.all_reduce(flat)
                for gradient, part in zip(bucket, flat.split([g.numel() for g in bucket]), strict=True):
                    gradient.copy_(part.view_as(gradient))
        return [p.grad for p in parameters if p.grad is not None]


def _buckets(gradients: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Neighbours of one type, together at most BUCKET_ELEMENTS (or a single larger one)."""
    bucket: list[Tensor] = []
    size = 0
    for gradient in gradients:
        if bucket and (gradient.dtype != bucket[0].dtype or size + gradient.numel() > BUCKET_ELEMENTS):
            yield bucket
            bucket, size = [], 0
        bucket.append(gradient)
        size += gradient.numel()
    if bucket:
        yield bucket


@contextmanager
def processes(device: str) -> Iterator[Processes]:
    """Join the processes that torchrun started (gloo on CPUs, nccl on GPUs), or be the only one.

    A group that the caller has initialised is used and left alone.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    joined = dist.is_available() and dist.is_initialized()
    if world == 1 and not joined:
        yield Processes(0, 1, pick_device(device))
        return
    chosen = _local_device(device)
    if not joined:
        dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo", timeout=timedelta(minutes=30))
    lost = False
    try:
        host = dist.new_group(backend="gloo") if chosen.type == "cuda" else None
        alone = Processes(dist.get_rank(), dist.get_world_size(), chosen, host)
        members = tuple(alone.gather(own_member(alone.rank)))
        with naming_lost(members, alone.rank):
            yield replace(alone, members=members)
    except RankLost:
        lost = True
        raise
    finally:
        if not joined and not lost:  # taking leave of those that are gone would wait for them
            dist.destroy_process_group()


def _local_device(device: str) -> torch.device:
    """Each process of a machine takes its own GPU."""
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if device in ("auto", "cuda") and torch.cuda.is_available():
        if local >= torch.cuda.device_count():
            raise UsageError(
                f"process {local} has no GPU of its own",
                f"torch sees {torch.cuda.device_count()}",
                f"torchrun --nproc-per-node {torch.cuda.device_count()}, or --device cpu",
            )
        torch.cuda.set_device(local)
        return torch.device("cuda", local)
    return torch.device("cpu") if device in ("auto", "mps") else pick_device(device)
