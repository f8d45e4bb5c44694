"""The checks of one plugin of any kind: its registration first, then what its kind promises."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from ttskit.interfaces.descriptions import Plugin
from ttskit.plugins import Registry, create_registry
from ttskit.testing.checks import Check, CheckResult, need, run_checks

__all__ = ["check_plugin", "checks_of", "parametrize"]

_HEAVY = ("torch", "librosa", "numba", "matplotlib", "scipy")


def checks_of(kind: str, name: str, registry: Registry | None = None) -> list[Check]:
    """Every check of one plugin; nothing is built or run before one of them is called.

    Raises:
        PluginError: unknown names.
    """
    registry = registry or create_registry()
    plugin = registry.get(kind, name)
    entry_point = registry.origin(kind, name).entry_point
    return [
        Check(kind, name, "registration is cheap", lambda: _cheap(entry_point)),
        Check(kind, name, "description", lambda: _described(plugin)),
        *_of_kind(plugin, registry),
    ]


def _of_kind(plugin: Plugin, registry: Registry) -> list[Check]:
    if plugin.kind == "frontend":
        from ttskit.testing.frontend import frontend_checks

        return frontend_checks(plugin)
    if plugin.kind == "acoustic model":
        from ttskit.testing.acoustic import acoustic_checks

        return acoustic_checks(plugin)
    if plugin.kind == "vocoder":
        from ttskit.testing.vocoder import vocoder_checks

        return vocoder_checks(plugin)
    if plugin.kind == "measurement":
        from ttskit.testing.measurement import measurement_checks

        return measurement_checks(plugin, others=registry.all(plugin.kind).values())
    from ttskit.testing.small import small_checks

    return small_checks(plugin)


def check_plugin(kind: str, name: str, registry: Registry | None = None) -> list[CheckResult]:
    """Run every check of one plugin; where it cannot even be loaded, only the checks that say so."""
    checks = checks_of(kind, name, registry)
    results = run_checks(checks[:2])
    return results + run_checks(checks[2:]) if all(r.passed for r in results) else results


def parametrize(kind: str | None = None, name: str | None = None, registry: Registry | None = None) -> Callable:
    """Decorator of a pytest test with the argument `check`: one id for each check and plugin.

    Args:
        kind, name: which plugins; without one, all of them.
        registry: where they are found; what is installed, if not given.

    Raises:
        PluginError: unknown names.
    """
    import pytest

    registry = registry or create_registry()
    if kind is not None and name is not None:
        registry.get(kind, name)  # the error names what is near
    chosen = sorted(key for key in registry.found if kind in (None, key[0]) and name in (None, key[1]))
    parameters: list[Any] = []
    for k, n in chosen:
        prefix = n if kind is not None else f"{k} {n}"
        parameters += [pytest.param(check, id=f"{prefix}-{check.name}") for check in checks_of(k, n, registry)]
    return pytest.mark.parametrize("check", parameters)


def _cheap(entry_point: str) -> None:
    fault = _imports_of(entry_point)
    need(not fault, fault)


@cache
def _imports_of(entry_point: str) -> str:
    """What is wrong with the imports of an entry point, asked in a process of its own; "" for nothing."""
    program = (
        "import sys\nfrom ttskit.plugins import create_registry\n"
        f"create_registry(only={{{entry_point!r}}})\n"
        f"print(','.join(m for m in {_HEAVY!r} if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        return f"loading the entry point fails: {done.stderr.strip().splitlines()[-1:]}"
    heavy = done.stdout.strip()
    advice = "import inside the factory's module instead"
    return f"entry point {entry_point!r} imports {heavy} when it is loaded; {advice}" if heavy else ""


def _described(plugin: Plugin) -> None:
    need(bool(plugin.summary) and "\n" not in plugin.summary, "the summary must be one line")
    need(callable(plugin.load()), f"the factory {plugin.factory!r} cannot be called")
    if plugin.options:
        plugin.load_options()(**plugin.facts.get("small_options", {}))
