"""What checks are made of: named results, faults, refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ttskit.errors import TTSKitError


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check: its name, whether it passed, and what is wrong if not."""

    name: str
    passed: bool
    message: str = ""


class Fault(Exception):
    """A check that failed; its text names the fault."""


def need(condition: bool, message: str) -> None:
    """Raise `Fault(message)` unless `condition`."""
    if not condition:
        raise Fault(message)


def must_refuse(what: str, call: Callable[[], object]) -> None:
    """The call must raise a `TTSKitError` (a clear error), nothing else and not succeed."""
    try:
        call()
    except TTSKitError:
        return
    except Exception as error:
        raise Fault(f"{what} raises {type(error).__name__} ({error}) instead of a TTSKitError that says what to do") from error
    raise Fault(f"{what} is accepted; it must raise a TTSKitError")


def run_checks(checks: dict[str, Callable[[], None]]) -> list[CheckResult]:
    """Run every check; an exception of any kind fails that check only."""
    results = []
    for name, check in checks.items():
        try:
            check()
            results.append(CheckResult(name, True))
        except Fault as fault:
            results.append(CheckResult(name, False, str(fault)))
        except Exception as error:
            results.append(CheckResult(name, False, f"{type(error).__name__}: {error}"))
    return results
