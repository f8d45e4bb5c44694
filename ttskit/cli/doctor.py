"""`ttskit doctor`: what this machine has for training and speaking."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from ttskit import __version__
from ttskit.cli.output import json_option, print_json, print_table
from ttskit.plugins import Registry, create_registry

# extra -> (module that it brings, what it is for)
_EXTRAS = {
    "demo": ("espeakng_loader", "the voice of the demo corpus"),
    "tensorboard": ("tensorboard", "training curves in TensorBoard"),
}
_PACKAGES = ("torch", "numpy", "librosa", "numba", "soundfile", "soxr", "pydantic", "click", "pluggy", "safetensors")


@click.command(name="doctor")
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Say what this machine has: versions, GPU and its precisions, extras, plugins with problems, disk.

    \b
    Example:
      ttskit doctor
    """
    report = examine(ctx.find_object(Registry) or create_registry())
    if as_json:
        print_json(report)
        return
    rows = [("ttskit", report["ttskit"]), ("python", f"{report['python']} on {report['platform']}"),
            ("processors", report["processors"]),
            ("packages", ", ".join(f"{name} {found or 'MISSING'}" for name, found in report["packages"].items()))]
    rows += [("device", f"{d['name']}: {', '.join(d['precisions'])}" + (f", {d['memory_gib']} GiB" if d["memory_gib"] else ""))
             for d in report["devices"]]
    for extra in report["extras"]:
        missing = f"not installed ({extra['purpose']}): pip install \"ttskit[{extra['extra']}]\""
        rows.append((f"extra {extra['extra']}", "installed" if extra["installed"] else missing))
    rows += [("plugin left out", f"{p['distribution']} {p['version']}: {p['cause']}") for p in report["plugin_problems"]]
    rows.append(("disk free here", f"{report['disk_free_gib']} GiB"))
    print_table(("what", "found"), rows)


def examine(registry: Registry) -> dict[str, Any]:
    """Everything that `ttskit doctor` shows, as plain data."""
    return {
        "ttskit": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "devices": _devices(),
        "extras": [{"extra": extra, "installed": find_spec(module) is not None, "purpose": purpose}
                   for extra, (module, purpose) in _EXTRAS.items()],
        "plugin_problems": [{"distribution": p.origin.distribution, "version": p.origin.version, "cause": p.cause}
                            for p in registry.problems],
        "disk_free_gib": round(shutil.disk_usage(Path.cwd()).free / 2**30, 1),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _devices() -> list[dict[str, Any]]:
    """Where models can run, the processor first, and in which precisions training would be done there."""
    try:
        import torch
    except Exception as error:  # a broken installation is what doctor is for
        return [{"name": f"torch cannot be imported ({type(error).__name__}: {error})", "precisions": [], "memory_gib": None}]
    processor = f"cpu, {torch.get_num_threads()} threads"
    found: list[dict[str, Any]] = [{"name": processor, "precisions": ["fp32"], "memory_gib": None}]
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            facts = torch.cuda.get_device_properties(index)
            # tensor cores do bf16 from compute capability 8.0 on, fp16 from 7.0 on
            precisions = ["fp32", *(["fp16"] if facts.major >= 7 else []), *(["bf16"] if facts.major >= 8 else [])]
            found.append({"name": f"cuda:{index} {facts.name}", "precisions": precisions,
                          "memory_gib": round(facts.total_memory / 2**30, 1)})
    if torch.backends.mps.is_available():
        found.append({"name": "mps", "precisions": ["fp32"], "memory_gib": None})
    return found
