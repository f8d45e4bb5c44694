"""Packages that bring trained weights: which are there, where a file of one lies, and what to say where one is missing.

Most of them are asked for nothing but that file. Their own code imports what they do not declare (`requests`), asks for what we
do without (`torchaudio`, `transformers`) or sets the number of threads of the whole process when it is imported; the networks
are small, so that they are built here and the file is read as data.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ttskit.errors import CheckpointError

__all__ = ["INSTALL", "file_in", "missing"]

INSTALL = 'pip install "ttskit[predictors]" && pip install --no-deps distillmos Resemblyzer visqol-python'  # no message


def missing(modules: Sequence[str]) -> list[str]:
    """Those of the modules that are not installed; none is imported."""
    return [name for name in modules if find_spec(name) is None]


def file_in(module: str, *parts: str) -> Path:
    """A file that lies inside an installed package, which is not imported.

    Raises:
        CheckpointError: the package is not installed, or this version of it has no such file.
    """
    spec = find_spec(module)
    if spec is None:
        raise CheckpointError(f"the package {module} is not installed", "its weights are needed", INSTALL)
    for folder in spec.submodule_search_locations or ():
        path = Path(folder, *parts)
        if path.is_file():
            return path
    name = "/".join(parts)
    raise CheckpointError(f"the package {module} has no {name}", "another version lays its files out otherwise", INSTALL)
