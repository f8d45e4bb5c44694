"""import_checkpoint: the importer is chosen by content, the run is whole or not there."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttskit.disk import explained
from ttskit.errors import CheckpointError, TrainingError, TTSKitError, UsageError
from ttskit.importing.archive import is_archive, open_archive
from ttskit.importing.report import ImportReport
from ttskit.importing.tensors import forget, torch_content
from ttskit.interfaces.descriptions import Plugin
from ttskit.plugins import Registry, create_registry
from ttskit.runs.folder import RunFolder
from ttskit.runs.lock import RunLock
from ttskit.runs.starting import claim, clear, discard, finish_start, is_unfinished

__all__ = ["Imported", "import_checkpoint"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of it: the run, the importer's name, and what it said."""

    run: RunFolder
    importer: str
    report: ImportReport


def import_checkpoint(
    path: Path | str, run: Path | str, *, importer: str | None = None, registry: Registry | None = None, **options: Any
) -> Imported:
    """Turn a public checkpoint into a run folder. Nothing in the file is executed.

    Args:
        path: the file.
        run: the folder to make.
        importer: name of an importer; by default the one that recognises the content.
        options: what the importer takes: `speakers`, `pitch_stats`, `symbols`, `config` (paths) …; None is "not given".

    Raises:
        CheckpointError: the file is damaged, of no known kind, or does not fit its own description.
        UsageError: the run exists, or the importer does not take an option.
    """
    path, run = Path(path), Path(run)
    registry = registry or create_registry()
    if not path.is_file():
        raise CheckpointError(
            f"no checkpoint at {path}",
            "it is a folder" if path.is_dir() else "there is no such file",
            "give the checkpoint file itself",
        )
    if not is_unfinished(run) and run.exists() and (not run.is_dir() or any(run.iterdir())):
        raise UsageError(f"{run} is not empty", "an import needs a folder of its own", "-o NEW_FOLDER")
    plugin = registry.get("importer", importer) if importer else _chosen(path, registry)
    factory = _of_plugin(plugin, registry, "cannot be loaded", plugin.load)
    given = {name: value for name, value in options.items() if value is not None}
    _check_options(plugin, factory, given)
    existed = run.exists()
    claim(run)
    with RunLock(run):
        clear(run)
        try:
            report = _reported(plugin, registry, lambda: factory(path, run, **given))
            folder = RunFolder.open(run)
            folder.load(registry=registry)  # what was written can be read, and fits the model
            folder.update(
                source={"file": path.name, "sha256": _hash(path), "importer": plugin.name},
                imported=[list(row) for row in report.rows],
            )
            finish_start(run)
        except BaseException as error:
            discard(run, keep_folder=existed)
            if isinstance(error, TrainingError) and isinstance(error.__cause__, OSError):  # its advice is for a training
                told = explained(error.__cause__, run, "nothing is left of the import", "run the same import again")
                raise CheckpointError(error.what, told.why, told.fix) from error.__cause__
            raise
        finally:
            forget()
    return Imported(folder, plugin.name, report)


def _chosen(path: Path, registry: Registry) -> Plugin:
    """The importer that recognises the file."""
    problems: list[TTSKitError] = []
    importers = registry.all("importer")
    broken: list[str] = []
    for plugin in importers.values():
        with registry.guard(registry.origin("importer", plugin.name), f"importer {plugin.name!r}") as guard:
            try:
                recognises = getattr(plugin.load(), "recognises", None)
                if recognises is not None and bool(recognises(path)):
                    return plugin
            except TTSKitError as error:
                problems.append(error)
        if guard.problem is not None:
            broken.append(str(guard.problem))
    if problems:
        raise problems[0]
    known = "; ".join(plugin.summary for plugin in importers.values()) or "no importer is installed"
    known += "".join(f"\n{problem}" for problem in broken)
    raise CheckpointError(
        f"{path.name} is not a checkpoint that ttskit can import",
        f"it is {_described(path)}\nttskit reads: {known}",
        "ttskit plugins list",
    )


def _of_plugin(plugin: Plugin, registry: Registry, fault: str, work: Callable[[], Any]) -> Any:
    """What a plugin's work gives; whatever but a `TTSKitError` comes out of it is one that names the plugin."""
    clear: list[TTSKitError] = []
    result: list[Any] = []
    with registry.guard(registry.origin("importer", plugin.name)) as guard:
        try:
            result.append(work())
        except TTSKitError as error:
            clear.append(error)
    if clear:
        raise clear[0]
    if guard.problem is not None:
        raise CheckpointError(
            f"importer {plugin.name!r} {fault}", str(guard.problem), "choose another with --as, or report it to its authors"
        )
    return result[0]


def _reported(plugin: Plugin, registry: Registry, work: Callable[[], Any]) -> ImportReport:
    """What an importer says, checked; None is an empty report."""
    said = _of_plugin(plugin, registry, "failed", work)
    report = ImportReport() if said is None else said
    plain = isinstance(report, ImportReport) and all(
        isinstance(row, tuple) and len(row) == 3 and all(isinstance(cell, str) for cell in row) for row in report.rows
    )
    if not plain:
        raise CheckpointError(
            f"importer {plugin.name!r} failed",
            f"{registry.origin('importer', plugin.name)}: it returned {type(report).__name__}, not an ImportReport of texts",
            "report it to its authors",
        )
    return report


def _described(path: Path) -> str:
    if is_archive(path):
        archive = open_archive(path)
        return f"a NeMo archive of {archive.target or 'a model it does not name'}"
    content = torch_content(path)
    if isinstance(content, dict):
        return f"a torch file with {', '.join(map(str, list(content)[:6]))}" + (", …" if len(content) > 6 else "")
    return f"a torch file with a {type(content).__name__}"


def _check_options(plugin: Plugin, factory: Any, given: dict[str, Any]) -> None:
    parameters = inspect.signature(factory).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    takes = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    for name in given:
        if name not in takes:
            flags = ", ".join("--" + t.replace("_", "-") for t in takes) or "no options"
            flag = name.replace("_", "-")
            raise UsageError(f"importer {plugin.name!r} takes no --{flag}", f"it takes {flags}", "leave it out")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
