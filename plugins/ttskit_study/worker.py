"""`python -m ttskit_study.worker STUDY KEY…`: a worker process of `ttskit study run`; ends with the process that started it."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

from ttskit.errors import TTSKitError
from ttskit.liveness import end_with_named_parent
from ttskit.plugins import create_registry
from ttskit.terminal import plain
from ttskit_study.locked import jobs_of
from ttskit_study.opening import open_study
from ttskit_study.training import Bench
from ttskit_study.working import chosen, work

__all__ = ["CANNOT_GO_ON", "STOPPED", "main", "work_here"]

CANNOT_GO_ON, STOPPED = 70, 130  # exit codes: what ends every worker (a full disk, a changed plan), and Ctrl-C


def work_here(study: Path, only: Collection[str], wait: bool = True) -> int:
    """Work in this process; gives the number of trainings that failed.

    Raises:
        TTSKitError: no training can go on.
    """
    registry = create_registry()
    opened = open_study(study, registry)
    bench = Bench(opened.resolved, opened.lock, registry, opened.resolved.plan.device)
    return len(work(chosen(jobs_of(opened.study, opened.lock), only), bench, wait=wait, tell=_tell))


def main(study: str, *only: str) -> int:
    """The worker; gives its exit code."""
    end_with_named_parent()
    try:
        work_here(Path(study), only)
    except TTSKitError as error:
        _tell(str(error))
        return CANNOT_GO_ON
    except KeyboardInterrupt:
        return STOPPED
    return 0


def _tell(text: str) -> None:
    sys.stderr.write(plain(text) + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
