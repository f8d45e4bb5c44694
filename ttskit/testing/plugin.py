"""Checks one plugin of any kind: its registration first, then what its kind promises."""

from __future__ import annotations

import subprocess
import sys

from ttskit.interfaces.descriptions import Plugin
from ttskit.plugins import Registry
from ttskit.testing.checks import CheckResult, need, run_checks

HEAVY = ("torch", "librosa", "numba", "matplotlib", "scipy")


def check_plugin(kind: str, name: str, registry: Registry) -> list[CheckResult]:
    """Check one plugin of any kind; unknown names raise `PluginError`."""
    plugin = registry.get(kind, name)
    origin = registry.origin(kind, name)
    results = run_checks(
        {"registration is cheap": lambda: _cheap(origin.entry_point), "description": lambda: _described(plugin)}
    )
    if not all(r.passed for r in results):
        return results
    if kind == "frontend":
        from ttskit.testing.frontend import check_frontend as check
    elif kind == "acoustic model":
        from ttskit.testing.acoustic import check_acoustic_model as check
    elif kind == "vocoder":
        from ttskit.testing.vocoder import check_vocoder as check
    else:
        from ttskit.testing.small import check_small as check
    return results + check(plugin)


def _cheap(entry_point: str) -> None:
    program = (
        "import sys\nfrom ttskit.plugins import create_registry\n"
        f"create_registry(only={{{entry_point!r}}})\n"
        f"print(','.join(m for m in {HEAVY!r} if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, encoding="utf-8", check=False)
    need(done.returncode == 0, f"loading the entry point fails: {done.stderr.strip().splitlines()[-1:]}")
    heavy = done.stdout.strip()
    need(
        not heavy, f"entry point {entry_point!r} imports {heavy} when it is loaded; import inside the factory's module instead"
    )


def _described(plugin: Plugin) -> None:
    need(bool(plugin.summary) and "\n" not in plugin.summary, "the summary must be one line")
    need(callable(plugin.load()), f"the factory {plugin.factory!r} cannot be called")
    if plugin.options:
        plugin.load_options()(**plugin.facts.get("small_options", {}))
