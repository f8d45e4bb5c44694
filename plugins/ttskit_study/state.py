"""Where each training of a study stands: state.json beside it, and who works on it now."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ttskit.corpus.storage import write_json
from ttskit.errors import CheckpointError
from ttskit.reading import Misread, as_type, read_json
from ttskit.runs.lock import holder_of
from ttskit_study.layout import RunPlace

__all__ = ["MOST_ATTEMPTS", "STAGES", "RunState", "now", "read_state", "write_state"]

STAGES = ("train", "align", "speak")
MOST_ATTEMPTS = 3  # how often a training whose process ended without a word is begun before it counts as failed

Status = Literal["pending", "running", "interrupted", "done", "failed"]


@dataclass(frozen=True)
class RunState:
    """How far a training and its speaking are.

    Args:
        status: "interrupted" is never written: it is a "running" whose process is gone.
        stage: "train", "align" or "speak": what is done next, or was being done; "" when all is.
        attempts: how often it was begun since it last stood still for good.
        reached: steps of the training when it was begun last: one that comes further each time is not given up.
        error: why it failed, as people read it.
        warning: what is to be known of one that is done.
        pid, host, heartbeat: who wrote this last, and when.
        seconds: of each stage that is done.
        cluster: job of a cluster that it was given to, "" for none.
    """

    status: Status = "pending"
    stage: str = "train"
    attempts: int = 0
    reached: int = 0
    error: str = ""
    warning: str = ""
    pid: int = 0
    host: str = ""
    heartbeat: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    cluster: str = ""

    def changed(self, **changes: Any) -> RunState:
        """This state with changes."""
        return replace(self, **changes)


class _Stored(BaseModel):
    """state.json as it must be."""

    model_config = ConfigDict(extra="ignore")

    status: Literal["pending", "running", "done", "failed"]
    stage: Literal["train", "align", "speak", ""]
    attempts: int = 0
    reached: int = 0
    error: str = ""
    warning: str = ""
    pid: int = 0
    host: str = ""
    heartbeat: str = ""
    seconds: dict[str, float] = {}
    cluster: str = ""


def now() -> str:
    """The time, as files of a study have it."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def write_state(place: RunPlace, state: RunState) -> RunState:
    """Write state.json, signed with this process and the time; what was written is returned."""
    signed = state.changed(pid=os.getpid(), host=platform.node(), heartbeat=now())
    write_json(place.state_file, asdict(signed))
    return signed


def read_state(place: RunPlace) -> RunState:
    """The state of a training; pending where it has none yet.

    Raises:
        CheckpointError: state.json is damaged.
    """
    if not place.state_file.exists():
        return RunState()
    try:
        stored = as_type(_Stored, read_json(place.state_file, dict[str, Any]))
    except (OSError, Misread) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CheckpointError(
            f"{place.state_file} is damaged", why, f"ttskit study run STUDY --only {place.key} --retry makes it anew"
        ) from error
    state = RunState(**stored.model_dump())
    if state.status == "running":
        with suppress(OSError):
            if holder_of(place.folder) is None:
                return state.changed(status="interrupted")
    return state
