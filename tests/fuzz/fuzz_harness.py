"""What every fuzzer shares: one input is tried, and what came of it is told apart.

A fuzzer is a function of a folder that gives a maker: from a seeded `random.Random` to (label, what to call). What is called
may return or raise a `TTSKitError` with a reason or an advice; anything else is an internal error.
"""

from __future__ import annotations

import contextlib
import gc
import random
import signal
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ttskit.errors import TTSKitError

Act = Callable[[], object]
Maker = Callable[[random.Random], tuple[str, Act]]
Fuzzer = Callable[[Path], Maker]

HANG_CPU_S = 10.0
MEMORY_MB = 500.0


class TookTooLong(BaseException):
    """More processor time than an input may take; nothing that catches `Exception` stops it."""


@dataclass
class Outcome:
    """What came of many inputs to one fuzzer.

    Attributes:
        inputs: how many were tried.
        refused: how many of them ended in a clear error.
        failures: how often each internal error was met, by kind and place, with the first input that met it.
        slowest_s, slowest: the most processor time of one input, and which.
        memory_mb: how much the peak of resident memory grew over what it was before the first input.
    """

    inputs: int = 0
    refused: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    slowest_s: float = 0.0
    slowest: str = ""
    memory_mb: float = 0.0

    def fail(self, kind: str, label: str) -> None:
        """Note an internal error."""
        self.failures[kind] += 1
        self.first.setdefault(kind, label)

    def told(self) -> str:
        """The failures, one a line."""
        return "\n".join(f"{count} × {kind}\n      e.g. {self.first[kind]}" for kind, count in self.failures.most_common())


def peak_mb() -> float:
    """Peak of this process's resident memory so far; 0 where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def reset_peak() -> None:
    """Let the peak count from now on, where the system can (Linux)."""
    gc.collect()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


@contextlib.contextmanager
def at_most(cpu_s: float) -> Iterator[None]:
    """Stop what takes more processor time, where the system has such a timer and this is the main thread."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def judged(act: Act) -> str:
    """ "" for a result, "refused" for a clear error, else what kind of internal error it was and where."""
    try:
        with at_most(HANG_CPU_S):
            act()
    except TTSKitError as error:
        if error.what.startswith("importer") and "failed" in error.what:  # ours are not strangers: it is an internal error
            return f"{type(error).__name__} in {place(error)}: {error.why[:100]}"
        told = error.what.strip() and (error.why.strip() or error.fix.strip())
        return "refused" if told else f"an error that says little: {error!r}"
    except TookTooLong as error:
        return f"over {HANG_CPU_S:g} s in {place(error)}"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__} in {place(error)}: {str(error)[:100]}"
    return ""


def place(error: BaseException) -> str:
    """The last line of the toolkit's own code that it went through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        f for f in frames if "ttskit" in Path(f.filename).parts or any(p.startswith("ttskit_") for p in Path(f.filename).parts)
    ]
    last = (ours or frames or [None])[-1]
    return f"{Path(last.filename).name}:{last.lineno}" if last else "nowhere"


def fuzz(make: Maker, seeds: range) -> Outcome:
    """Try one input for each seed."""
    outcome = Outcome()
    reset_peak()
    baseline = peak_mb()
    for seed in seeds:
        label, act = make(random.Random(seed))
        started = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind = judged(act)
        spent = time.process_time() - started
        outcome.inputs += 1
        shown = f"seed {seed}: {label[:300]}"
        if kind == "refused":
            outcome.refused += 1
        elif kind:
            outcome.fail(kind, shown)
        if spent > outcome.slowest_s:
            outcome.slowest_s, outcome.slowest = spent, shown
        grown = peak_mb() - baseline
        if grown > MEMORY_MB and outcome.memory_mb <= MEMORY_MB:
            outcome.fail(f"memory grew by {grown:.0f} MB", shown)
        outcome.memory_mb = max(outcome.memory_mb, grown)
    return outcome
