"""The sounds of a comparison and of a study, by the files that both document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ttskit.errors import CheckpointError, InputError
from ttskit.reading import Misread, Stored, as_type, read_json
from ttskit_listen.making.sources import NATURAL, Material, Take, Utterance

__all__ = ["comparison_of", "study_of"]

_FORMAT = 3  # of results.json
_MOST_BYTES = 256 << 20
_RESYNTHESIS = "natural, through the vocoder"  # no message: as comparisons call it


class _Sample(Stored):
    system: str
    audio: str
    seed: int | None = None


class _SourceSentence(Stored):
    id: str
    text: str = ""
    group: str = ""
    speaker: str = ""
    samples: tuple[_Sample, ...] = ()


class _System(Stored):
    label: str
    runs: list[str]


class _Run(Stored):
    label: str
    seed: int | None = None


class _Results(Stored):
    systems: list[_System]
    runs: tuple[_Run, ...] = ()
    sentences: tuple[_SourceSentence, ...] = ()


class _Cell(Stored):
    system: str
    training_seed: int
    cell: str = ""


class _StudySpoken(Stored):
    sentences: list[_SourceSentence]


def comparison_of(folder: Path) -> Material:
    """Every sound of a finished comparison: its systems with their trainings, and natural speech.

    Raises:
        CheckpointError: results.json is damaged or from another version.
        InputError: it has no sound, or names files outside its folder.
    """
    path = folder / "results.json"
    try:
        content = as_type(dict, read_json(path, limit_bytes=_MOST_BYTES))
        if content.get("format") != _FORMAT:
            why = f"format {content.get('format')!r:.20}, need {_FORMAT}"
            raise CheckpointError(
                f"{folder} was written by another version", why, "compare again: ttskit compare RUN RUN -o OUT"
            )
        results: _Results = as_type(_Results, content)
    except (OSError, Misread) as error:
        raise _damaged(path, error, "compare again: ttskit compare RUN RUN -o OUT") from error
    seeds = {run.label: run.seed for run in results.runs}
    whose: dict[str, tuple[str, str]] = {NATURAL: (NATURAL, ""), _RESYNTHESIS: (_RESYNTHESIS, "")}
    for system in results.systems:
        whose |= {label: (system.label, run) for label, run in _run_names(system.runs, seeds).items()}
    material = Material("comparison", (folder.name or folder.resolve().name,), folder)
    for system in results.systems:  # in the comparison's order, whatever the sentences' is
        material.runs[system.label] = tuple(whose[label][1] for label in system.runs)
    missing = _gather(material, folder, results.sentences, whose, "")
    material.runs = {name: runs for name, runs in material.runs.items() if _said_by(material, name)}
    return _checked(material, missing)


def study_of(folder: Path) -> Material:
    """Every sound of a study: a cell is a system, its seeds are its trainings. What is not done yet is left out.

    A cell is called by its system where only one cell has it, else by its own name (fastpitch-5min).

    Raises:
        CheckpointError: a file is damaged.
        InputError: nothing was spoken yet.
    """
    cells: list[tuple[Path, _Cell]] = []
    for path in sorted(folder.glob("cells/*/*/cell.json")):
        try:
            cells.append((path.parent, read_json(path, _Cell)))
        except (OSError, Misread) as error:
            raise _damaged(path, error, "ttskit study run STUDY --retry") from error
    names: dict[str, set[str]] = {}
    for place, cell in cells:
        names.setdefault(cell.system, set()).add(place.parent.name)
    material = Material("study", (folder.name or folder.resolve().name,), folder)
    waiting, missing = [], []
    for place, cell in sorted(cells, key=lambda one: (one[0].parent.name, one[1].training_seed)):
        path = place / "spoken" / "sentences.json"
        if not path.is_file():
            waiting.append("/".join(place.parts[-2:]))
            continue
        try:
            spoken: _StudySpoken = read_json(path, _StudySpoken, _MOST_BYTES)
        except (OSError, Misread) as error:
            raise _damaged(path, error, "ttskit study run STUDY --speak-again") from error
        name = cell.system if len(names[cell.system]) == 1 else place.parent.name
        whose = {cell.system: (name, str(cell.training_seed)), NATURAL: (NATURAL, "")}
        missing += _gather(
            material, place / "spoken", spoken.sentences, whose, place.relative_to(folder).as_posix() + "/spoken/"
        )
    if waiting:
        material.notes.append(f"not spoken yet, and left out: {', '.join(waiting[:6])}{' …' if len(waiting) > 6 else ''}")
    return _checked(material, missing)


def _run_names(labels: Sequence[str], seeds: dict[str, int | None]) -> dict[str, str]:
    """What each training of a system is called: its seed where seeds tell them apart, else its label."""
    told = [seeds.get(label) for label in labels]
    apart = None not in told and len(set(told)) == len(told)
    return {label: str(seeds[label]) if apart else label for label in labels}


def _gather(
    material: Material, folder: Path, sentences: Iterable[_SourceSentence], whose: dict[str, tuple[str, str]], below: str
) -> list[str]:
    """Add the sounds of these sentences; what of them is not on the disk."""
    missing = []
    for one in sentences:
        material.sentences.setdefault(one.id, Utterance(one.id, one.text, one.group, one.speaker))
        for sample in one.samples:
            if sample.system not in whose:
                continue
            system, run = whose[sample.system]
            path = _inside(folder, sample.audio)
            if path.is_file():
                material.add(Take(system, run, one.id, path, below + sample.audio, sample.seed))
            elif (system, run, one.id) not in material.sounds:
                missing.append(f"{below}{sample.audio}")
    return missing


def _inside(folder: Path, name: str) -> Path:
    path = folder / name
    try:
        whole = path.resolve()
        inside = whole.is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a zero in the name, a circle of links
        inside = False
    if not inside:
        fix = "a list of sounds names files of its own folder only: take the folder from where it was made"
        raise InputError(f"{folder} names a sound outside its folder", f"audio: {name!r:.120}", fix)
    return path


def _said_by(material: Material, system: str) -> bool:
    return any(key[0] == system for key in material.sounds)


def _checked(material: Material, missing: Sequence[str]) -> Material:
    if not any(name not in (NATURAL, _RESYNTHESIS) for name in material.runs):
        what = f"{material.origin} has no sound of a system"
        why = f"missing: {', '.join(missing[:3])}" if missing else "no sentence has a sound that is there"
        fix = "copy its audio folders as well" if missing else "let it finish first"
        raise InputError(what, why, fix)
    if missing:
        shown = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
        material.notes.append(f"{len(missing)} sounds are not on the disk; their sentences are left out: {shown}")
    return material


def _damaged(path: Path, error: Exception, fix: str) -> CheckpointError:
    return CheckpointError(f"{path} is missing or damaged", str(getattr(error, "strerror", None) or error), fix)
