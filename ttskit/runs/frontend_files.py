"""Files that a frontend reads (a pronunciation dictionary): a run keeps its own copy, so that it stays whole when moved."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from ttskit.errors import CheckpointError
from ttskit.interfaces.frontend import FrontendFingerprint

__all__ = ["FOLDER", "found_files", "keep_files"]

FOLDER = "frontend"


def keep_files(frontend: FrontendFingerprint, run: Path) -> FrontendFingerprint:
    """Copy the frontend's files into the run; the fingerprint then names them relative to it.

    Raises:
        CheckpointError: a file is gone.
    """
    options = dict(frontend.options)
    for name in frontend.files:
        if not options.get(name):
            continue
        source = Path(options[name])
        if not source.is_file():
            raise CheckpointError(
                f"the frontend {frontend.name!r} has lost its {name}",
                f"there is no file {source}",
                "restore it, or prepare the corpus again",
            )
        target = run / FOLDER / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or not target.samefile(source):
            shutil.copyfile(source, target)
        options[name] = f"{FOLDER}/{source.name}"
    return replace(frontend, options=options)


def found_files(frontend: FrontendFingerprint, run: Path) -> FrontendFingerprint:
    """The fingerprint with its files' places on this machine.

    Raises:
        CheckpointError: the run lacks one, or names one outside its folder.
    """
    options = dict(frontend.options)
    for name in frontend.files:
        if not options.get(name):
            continue
        path = (run / options[name]).absolute()
        if not path.is_file() or not path.resolve().is_relative_to(run.resolve()):
            raise CheckpointError(
                f"the run {run} has lost its frontend's {name}",
                f"there is no {options[name]} in it",
                "import or train it again",
            )
        options[name] = str(path)
    return replace(frontend, options=options)
