"""A process that loses another of its training says which one, and how to go on."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch.distributed as dist

from ttskit.errors import TrainingError
from ttskit.liveness import is_alive, started_at

if TYPE_CHECKING:
    from ttskit.runs.folder import RunFolder

__all__ = ["Member", "RankLost", "naming_lost", "own_member"]

_SIGNS = ("gloo", "nccl", "connection closed", "connection reset", "broken pipe", "socket closed", "timed out", "timeout")
_ROLL_CALL_S = 5.0  # for those that are still there to say so


class RankLost(TrainingError):
    """Another process of the training is gone."""


@dataclass(frozen=True, slots=True)
class Member:
    """A process of the group: its number and start on its machine (see `ttskit.liveness`)."""

    rank: int
    host: str
    pid: int
    started: str | None

    def __str__(self) -> str:
        return f"rank {self.rank} (process {self.pid} on {self.host})"


def own_member(rank: int) -> Member:
    """This process."""
    return Member(rank, platform.node(), os.getpid(), started_at(os.getpid()))


@contextmanager
def naming_lost(members: Sequence[Member], rank: int, folder: RunFolder | None = None) -> Iterator[None]:
    """Turn the error of a broken connection while entered into a `RankLost`; nothing for a process alone.

    Args:
        members: all processes, by rank.
        rank: this one.
        folder: the run that is trained, if there is one yet.

    Raises:
        RankLost: names those that are gone, the last checkpoint and the command.
    """
    try:
        yield
    except RuntimeError as error:
        if len(members) < 2 or not _broken(error):
            raise
        raise _told(members, rank, folder, _missing(members, rank)) from error


def _broken(error: RuntimeError) -> bool:
    text = str(error).lower()
    return isinstance(error, getattr(dist, "DistError", ())) or any(sign in text for sign in _SIGNS)


def _missing(members: Sequence[Member], rank: int) -> list[Member]:
    """Who does not answer a roll call. On this machine a process can be asked after; elsewhere it has to speak for itself."""
    store = _store()
    with suppress(Exception):
        store.set(_key(rank), "here")
    others = [m for m in members if m.rank != rank]
    until = time.monotonic() + _ROLL_CALL_S
    while True:
        others = [m for m in others if not _answered(store, m)]
        gone = [m for m in others if m.host == members[rank].host and not is_alive(m.pid, m.started)]
        if not others or len(gone) == len(others) or time.monotonic() > until:
            return gone or others
        time.sleep(0.1)


def _store() -> Any:
    """Where the processes met; it outlives any of them under torchrun."""
    try:
        from torch.distributed.distributed_c10d import _get_default_store

        return _get_default_store()
    except Exception:  # not torch's promise
        return None


def _key(rank: int) -> str:
    return f"ttskit/lost/{rank}"


def _answered(store: Any, member: Member) -> bool:
    try:
        return bool(store.check([_key(member.rank)]))
    except Exception:  # it was on a machine that is gone
        return False


def _told(members: Sequence[Member], rank: int, folder: RunFolder | None, missing: Sequence[Member]) -> RankLost:
    if missing:
        names = ", ".join(str(m.rank) for m in missing)
        what = f"rank{'s' if len(missing) > 1 else ''} {names} of {len(members)} {'are' if len(missing) > 1 else 'is'} gone"
        why = [f"{', '.join(map(str, missing))} ended or cannot be reached, and {members[rank]} cannot train without"]
    else:
        what, why = (
            f"the connection of {len(members)} processes is broken",
            [f"{members[rank]} found it so; all of them answer"],
        )
    why.append("what it said last tells why; without a word it was killed, most often because the memory was full")
    if folder is None:
        return RankLost(f"{what}: the training cannot go on", "\n".join(why), "start it again")
    saved = folder.checkpoints
    why.append(f"the last checkpoint is {saved[-1].folder.name}" if saved else "there is no checkpoint yet")
    how = f"torchrun … -m -- ttskit train --resume --run {folder.path}"
    return RankLost(
        f"{what}: the training of {folder.path} has stopped", "\n".join(why), f"go on, with any number of processes: {how}"
    )
