"""What a listening test is made of: a comparison, a study, or folders of audio of any systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ttskit.errors import InputError

__all__ = ["NATURAL", "Material", "Take", "Utterance", "add_natural", "open_sources"]

NATURAL = "natural"  # recordings, as comparisons call them


@dataclass(frozen=True, slots=True)
class Utterance:
    """A sentence of the material; `text` is "" where it is not known."""

    id: str
    text: str = ""
    group: str = "test"
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Take:
    """A sound file of the material.

    Args:
        system, run: whose it is; run: the training's seed, or what it is called where seeds do not tell trainings apart.
        sentence: its id.
        path: the file.
        source: the same, relative to where the material lies.
        seed: of synthesis.
    """

    system: str
    run: str
    sentence: str
    path: Path
    source: str
    seed: int | None = None


@dataclass
class Material:
    """All that may be listened to.

    Args:
        source: where it comes from.
        names: of its folders.
        origin: the folder of a comparison or study; of folders what they have in common.
        runs: of each system its trainings, in order; "natural" has one, "".
        sentences: by id.
        sounds: by system, run and sentence.
        notes: what a person should know, one line each.
    """

    source: Literal["comparison", "study", "folders"]
    names: tuple[str, ...]
    origin: Path
    runs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sentences: dict[str, Utterance] = field(default_factory=dict)
    sounds: dict[tuple[str, str, str], Take] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, take: Take) -> None:
        """One more sound; of several seeds of synthesis the first stays."""
        self.sounds.setdefault((take.system, take.run, take.sentence), take)
        runs = self.runs.get(take.system, ())
        if take.run not in runs:
            self.runs[take.system] = (*runs, take.run)

    def common(self, systems: Sequence[str]) -> list[str]:
        """Sentences that every training of each of these systems has said.

        Raises:
            InputError: there is none.
        """
        wanted = [(name, run) for name in systems for run in self.runs[name]]
        have: dict[tuple[str, str], set[str]] = {key: set() for key in wanted}
        for system, run, sentence in self.sounds:
            if (system, run) in have:
                have[system, run].add(sentence)
        kept = [name for name in self.sentences if all(name in own for own in have.values())]
        if not kept:
            counts = "; ".join(f"{'/'.join(filter(None, key))}: {_some(own)}" for key, own in have.items())
            raise InputError("the systems have no sentence in common", counts, "give files of one sentence the same name")
        return kept


def open_sources(paths: Sequence[Path], texts: Path | None = None, natural: Path | None = None) -> Material:
    """The material in a comparison, a study, or folders of audio (a folder a system; SYSTEM/RUN/SENTENCE.wav for trainings).

    Args:
        paths: a comparison, or a study, or folders.
        texts: a table of sentences: id, text, and perhaps group and speaker (tabs, commas, semicolons or |).
        natural: a folder of recordings.

    Raises:
        InputError: nothing to listen to is there, or not what it seems.
        CheckpointError: a file of the comparison or study is damaged.
    """
    from ttskit_listen.making.sources_folders import folders_of, put_texts
    from ttskit_listen.making.sources_made import comparison_of, study_of

    for path in paths:
        if not path.is_dir():
            why = "it is a file, not a folder" if path.exists() else "no such folder"
            raise InputError(f"nothing to listen to in {path}", why, "give a comparison, a study, or folders of audio")
    kinds = [_kind(path) for path in paths]
    if len(paths) > 1 and set(kinds) != {"folders"}:
        other = next(path for path, kind in zip(paths, kinds, strict=True) if kind != "folders")
        fix = "give one of them, or folders of audio: a folder for each system"
        raise InputError(f"{other} stands beside other sources", "a test is made of one comparison, or of one study", fix)
    if kinds[0] == "comparison":
        material = comparison_of(paths[0])
    elif kinds[0] == "study":
        material = study_of(paths[0])
    else:
        material = folders_of(paths)
    if natural is not None:
        add_natural(material, natural)
    if texts is not None:
        put_texts(material, texts)
    return material


def add_natural(material: Material, folder: Path) -> None:
    """Recordings of a folder as the system "natural", in place of others of that name."""
    from ttskit_listen.making.sources_folders import files_of

    if not folder.is_dir():
        raise InputError(f"there are no recordings in {folder}", "no such folder", "--natural FOLDER, a file a sentence")
    material.sounds = {key: one for key, one in material.sounds.items() if key[0] != NATURAL}
    material.runs.pop(NATURAL, None)
    for stem, path in files_of(folder).items():
        material.add(Take(NATURAL, "", stem, path, f"{folder.name}/{path.name}"))
        material.sentences.setdefault(stem, Utterance(stem))


def _kind(path: Path) -> str:
    if (path / "results.json").is_file():
        if (path.parent / "cells").is_dir():  # the report of a study
            raise InputError(f"{path} is the report of a study", "the study is the folder above", f"give {path.parent}")
        return "comparison"
    if (path / "cells").is_dir() and ((path / "lock.json").is_file() or any(path.glob("cells/*/*/cell.json"))):
        return "study"
    return "folders"


def _some(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return f"{len(names)} ({shown}{' …' if len(names) > 3 else ''})" if names else "none"
