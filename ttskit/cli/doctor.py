"""`ttskit doctor`: what this machine has for training and speaking."""

from __future__ import annotations

import os
import platform
import shutil
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from ttskit import __version__
from ttskit.cli.output import json_option, print_json, print_table
from ttskit.errors import TTSKitError
from ttskit.messages import translated
from ttskit.plugins import Registry, create_registry

__all__ = ["command", "examine"]

_ROWS = ("processors", "packages", "device", "installed")  # messages

# extra -> (module that it brings, what it is for)
_EXTRAS = {
    "demo": ("espeakng_loader", "the voice of the demo corpus"),
    "intrusive": ("pesq", "PESQ and STOI in the figures of vocoders"),
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
    rows = [
        ("ttskit", report["ttskit"]),
        ("python", f"{report['python']}, {report['platform']}"),
        ("processors", report["processors"]),
        ("packages", ", ".join(f"{name} {found or 'MISSING'}" for name, found in report["packages"].items())),
    ]
    for found in report["devices"]:
        memory = f", {found['memory_gib']} GiB" if found["memory_gib"] else ""
        trains = f"trains in {found['chosen']} of {', '.join(found['precisions'])}" if found["chosen"] else ""
        rows.append(("device", ", ".join(filter(None, (translated(found["name"] + memory), translated(trains))))))
    for extra in report["extras"]:
        missing = f'not installed ({extra["purpose"]}): pip install "ttskit[{extra["extra"]}]"'
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
        "extras": [
            {"extra": extra, "installed": find_spec(module) is not None, "purpose": purpose}
            for extra, (module, purpose) in _EXTRAS.items()
        ],
        "plugin_problems": [
            {"distribution": p.origin.distribution, "version": p.origin.version, "cause": p.cause} for p in registry.problems
        ],
        "disk_free_gib": round(shutil.disk_usage(Path.cwd()).free / 2**30, 1),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _devices() -> list[dict[str, Any]]:
    """Where models can run, the processor first: precisions that training accepts there, and the one it chooses."""
    try:
        import torch

        from ttskit.training.precision import pick_precision
    except Exception as error:  # a broken installation is what doctor is for
        return [
            {
                "name": f"torch cannot be imported ({type(error).__name__}: {error})",
                "precisions": [],
                "chosen": None,
                "memory_gib": None,
            }
        ]

    def device(name: str, label: str, memory_bytes: int | None = None) -> dict[str, Any]:
        precisions = []
        for precision in ("fp32", "bf16", "fp16"):
            with suppress(TTSKitError):
                precisions.append(pick_precision(precision, torch.device(name)).name)
        return {
            "name": label,
            "precisions": precisions,
            "chosen": pick_precision("auto", torch.device(name)).name,
            "memory_gib": None if memory_bytes is None else round(memory_bytes / 2**30, 1),
        }

    threads = torch.get_num_threads()
    found = [device("cpu", "cpu, 1 thread" if threads == 1 else f"cpu, {threads} threads")]
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            facts = torch.cuda.get_device_properties(index)
            found.append(device(f"cuda:{index}", f"cuda:{index} {facts.name}", facts.total_memory))
    if torch.backends.mps.is_available():
        found.append(device("mps", "mps"))
    return found
