"""What checks are made of: named checks, their results, faults, refusals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ttskit.errors import TTSKitError

__all__ = ["Check", "CheckList", "CheckResult", "Fault", "misspelt", "must_refuse", "named", "need", "run_checks"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check: its name, whether it passed, what is wrong if not, and how long it took."""

    name: str
    passed: bool
    message: str = ""
    seconds: float = 0.0


class Fault(AssertionError):
    """A check that failed; its text names the fault."""


@dataclass(frozen=True)
class Check:
    """One check of one plugin: call it, and it raises `Fault` with the fault's name, or nothing.

    Args:
        kind, plugin: of the plugin that is checked.
        name: of the check, unique among those of its kind.
        run: what is called.
    """

    kind: str
    plugin: str
    name: str
    run: Callable[[], None]

    def __call__(self) -> None:
        """Raise `Fault` where the plugin breaks this promise."""
        __tracebackhide__ = True  # pytest shows the fault and not the kit
        self.run()

    def result(self) -> CheckResult:
        """The check run; an exception of any kind fails it."""
        start = time.perf_counter()
        try:
            self.run()
            message, passed = "", True
        except Fault as fault:
            message, passed = str(fault), False
        except Exception as error:
            message, passed = f"{type(error).__name__}: {error}", False
        return CheckResult(self.name, passed, message, time.perf_counter() - start)


class CheckList:
    """Checks of a kind, in the order in which they are written: functions of the subject that is checked."""

    def __init__(self, *parts: CheckList) -> None:
        self.functions: dict[str, Callable[[Any], None]] = {}
        for part in parts:
            for name, function in part.functions.items():
                self._add(name, function)

    def __call__(self, name: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
        """Decorator that adds a check under this name."""

        def add(function: Callable[[Any], None]) -> Callable[[Any], None]:
            self._add(name, function)
            return function

        return add

    def _add(self, name: str, function: Callable[[Any], None]) -> None:
        assert name not in self.functions, f"two checks are called {name!r}"
        self.functions[name] = function

    def of(self, kind: str, plugin: str, subject: Any) -> list[Check]:
        """The checks of one plugin, which is not touched before one of them is called."""
        return [
            Check(kind, plugin, name, lambda function=function: function(subject)) for name, function in self.functions.items()
        ]


def need(condition: bool, message: str) -> None:
    """Raise `Fault(message)` unless `condition`."""
    __tracebackhide__ = True
    if not condition:
        raise Fault(message)


def must_refuse(what: str, call: Callable[[], object]) -> None:
    """The call must raise a `TTSKitError` (a clear error), nothing else and not succeed."""
    __tracebackhide__ = True
    try:
        call()
    except TTSKitError:
        return
    except Exception as error:
        raise Fault(f"{what} raises {type(error).__name__} ({error}) instead of a TTSKitError that says what to do") from error
    raise Fault(f"{what} is accepted; it must raise a TTSKitError")


def named(names: Sequence[str], most: int = 6) -> str:
    """The first names of a list, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def misspelt(facts: Iterable[str], known: Sequence[str]) -> None:
    """Facts are free, but one that is nearly a known one would be silently ignored."""
    for fact in facts:
        near = get_close_matches(fact, known, n=1, cutoff=0.8)
        need(fact in known or not near, f"nobody reads the fact {fact!r}; did you mean {near[0] if near else ''!r}?")


def run_checks(checks: Iterable[Check]) -> list[CheckResult]:
    """Run every check; an exception of any kind fails that check only."""
    return [check.result() for check in checks]
