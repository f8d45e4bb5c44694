"""Folders of audio as the material of a listening test: a folder a system, a file a sentence."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ttskit.audio.kinds import SUFFIXES
from ttskit.errors import InputError
from ttskit.texts import read_text, rows_of
from ttskit_listen.making.sources import Material, Take, Utterance

__all__ = ["files_of", "folders_of", "put_texts"]

_MOST_FILES = 100_000


def folders_of(paths: Sequence[Path]) -> Material:
    """Each folder a system, by its name; files in it are sentences, and where it holds folders, these are its trainings.

    Raises:
        InputError: a folder without audio, two folders of one name, two files of one sentence, a link that leads outside.
    """
    names = [path.resolve().name for path in paths]
    for name in names:
        if names.count(name) > 1:
            both = ", ".join(str(path) for path, one in zip(paths, names, strict=True) if one == name)
            raise InputError(f"two folders are called {name}", both, "a folder's name is its system's: call them differently")
    shared = Path(os.path.commonpath([path.resolve().parent for path in paths]))
    material = Material("folders", tuple(names), shared)
    for path, name in zip(paths, names, strict=True):
        own, below = files_of(path), _runs_in(path)
        if own and below:
            why = f"sounds beside the folders {', '.join(one.name for one in below[:3])}, which hold sounds as well"
            raise InputError(f"{path} holds both sounds and trainings", why, "move the sounds into a folder of their own")
        if not own and not below:
            fix = (
                f"a system's folder holds a file for each sentence ({' '.join(SUFFIXES[:4])} …), or a folder for each training"
            )
            raise InputError(f"there is no audio in {path}", _instead(path), fix)
        for run, place in [("", path)] if own else [(one.name, one) for one in below]:
            for stem, file in (own or files_of(place)).items():
                material.add(Take(name, run, stem, file, f"{name}/{run}/{file.name}" if run else f"{name}/{file.name}"))
                material.sentences.setdefault(stem, Utterance(stem))
    material.sentences = dict(sorted(material.sentences.items()))
    return material


def files_of(folder: Path) -> dict[str, Path]:
    """Sound files of a folder by their stems, in order.

    Raises:
        InputError: two of one stem, a link that leads out of the folder, or the folder cannot be listed.
    """
    found: dict[str, Path] = {}
    for path in _listed(folder):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or not path.is_file():
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            fix = "copy the file to where the link is: a test takes no sounds from elsewhere unseen"
            raise InputError(f"{path} is a link that leads outside its folder", f"to {path.resolve()}", fix)
        if path.stem in found:
            why = f"{found[path.stem].name} and {path.name}"
            raise InputError(f"two files of {folder} are one sentence", why, "a file's name without its ending is its sentence")
        found[path.stem] = path
    return found


def put_texts(material: Material, path: Path) -> None:
    """Texts (and perhaps group and speaker) of a table: id, text, group, speaker; what it does not name stays.

    Raises:
        InputError: the file cannot be read, or names no sentence of the material.
    """
    if not path.is_file():
        raise InputError(f"{path} is missing", "no such file", "--texts FILE, with a line for each sentence: id, text")
    lines = [line for line in rows_of(read_text(path).text) if line.strip()]
    mark = next((one for one in ("\t", "|", ";", ",") if lines and all(one in line for line in lines)), ",")
    rows = list(csv.reader(lines, delimiter=mark, quoting=csv.QUOTE_NONE if mark in "\t|" else csv.QUOTE_MINIMAL))
    known = 0
    for row in rows:
        cells = [cell.strip() for cell in row]
        name = cells[0] if cells and cells[0] in material.sentences else Path(cells[0]).stem if cells else ""
        if name not in material.sentences or len(cells) < 2:
            continue
        known += 1
        more = dict(zip(("text", "group", "speaker"), cells[1:], strict=False))
        material.sentences[name] = replace(material.sentences[name], **{k: v for k, v in more.items() if v})
    if not known:
        why = (
            f"its first line is {lines[0]!r:.80}; sentences are {', '.join(list(material.sentences)[:3])} …"
            if lines
            else "empty"
        )
        raise InputError(f"{path} names no sentence of the sounds", why, "a line for each: id (the file's name), text")
    without = [one.id for one in material.sentences.values() if not one.text and one.id]
    if without:
        material.notes.append(f"{len(without)} sentences have no text in {path.name}: {', '.join(without[:3])}")


def _listed(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder} cannot be listed", error.strerror or str(error), "check its permissions") from error
    if len(paths) > _MOST_FILES:
        raise InputError(
            f"{folder} holds too many files", f"{len(paths)}, at most {_MOST_FILES}", "give a folder of one system"
        )
    return paths


def _runs_in(folder: Path) -> list[Path]:
    found = []
    for one in _listed(folder):
        if one.name.startswith(".") or not one.is_dir():
            continue
        if one.is_symlink() and not one.resolve().is_relative_to(folder.resolve()):
            why = f"to {one.resolve()}"
            raise InputError(f"{one} is a link that leads outside its folder", why, "copy what it leads to")
        if files_of(one):
            found.append(one)
    return found


def _instead(folder: Path) -> str:
    names = [one.name for one in _listed(folder)]
    return f"it holds {', '.join(names[:4])}{' …' if len(names) > 4 else ''}" if names else "it is empty"
