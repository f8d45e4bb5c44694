"""What a training ran on, for environment.json."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

import ttskit
from ttskit.training.precision import Precision
from ttskit.training.processes import Processes

__all__ = ["PACKAGES", "environment", "git_commit"]

PACKAGES = ("torch", "numpy", "scipy", "librosa", "soundfile", "soxr", "safetensors", "pydantic", "pluggy")


def environment(processes: Processes, precision: Precision, seed: int) -> dict[str, Any]:
    """Versions, hardware, git commit (of a checkout), seed, threads: plain data."""
    return {
        "ttskit": ttskit.__version__,
        "python": platform.python_version(),
        "packages": _versions(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu_cores": os.cpu_count(),
        "device": str(processes.device),
        "device_name": _device_name(processes.device),
        "cuda": torch.version.cuda,
        "threads": torch.get_num_threads(),
        "processes": processes.world,
        "precision": precision.name,
        "seed": seed,
        "git_commit": git_commit(),
        "command": sys.argv[1:],
    }


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()


def git_commit() -> str | None:
    """Commit of the checkout that the package lies in; None for an installed package or without git."""
    folder = Path(ttskit.__file__).resolve().parents[1]
    if not (folder / ".git").exists():
        return None
    try:
        result = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
