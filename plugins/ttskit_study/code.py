"""Which code a study runs: versions, commit, and a hash of the sources, which says more than either where work is going on."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import ttskit
from ttskit.interfaces.descriptions import Plugin
from ttskit.training.environment import git_commit

__all__ = ["code_facts"]


def code_facts(plugins: Sequence[Plugin]) -> dict[str, str | None]:
    """Versions, the commit of a checkout, and the hash of ttskit's sources and those of the models' plugins."""
    packages = sorted({"ttskit", "ttskit_study", *(plugin.factory.partition(":")[0].partition(".")[0] for plugin in plugins)})
    return {
        "ttskit": ttskit.__version__,
        "torch": version("torch"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "git_commit": git_commit(),
        "sources_sha256": _sources(packages),
    }


def _sources(packages: Sequence[str]) -> str:
    found = hashlib.sha256()
    for package in packages:
        spec = find_spec(package)
        for place in (spec.submodule_search_locations or []) if spec else []:
            for path in sorted(Path(place).rglob("*.py")):
                found.update(f"{package}/{path.relative_to(place).as_posix()}\n".encode())
                found.update(path.read_bytes())
    return found.hexdigest()
