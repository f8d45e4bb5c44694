"""Readers: from a folder as people keep it to utterances, with everything odd listed instead of raised.

Each reader is `reader(folder, speaker) -> CorpusReading` and a `CorpusReaderPlugin` like anyone's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from ttskit.audio.kinds import READ, SUFFIXES
from ttskit.corpus.problems import Problem
from ttskit.errors import CorpusError, UsageError

__all__ = [
    "LAYOUTS",
    "LIST_SUFFIXES",
    "CorpusReading",
    "SourceUtterance",
    "detect",
    "read_folders",
    "read_list",
    "read_ljspeech",
    "safe_name",
    "without_duplicates",
]

LIST_SUFFIXES = (".txt", ".csv", ".lst", ".list", ".tsv")
LAYOUTS = "metadata.csv with wavs/; a list path|text or path|speaker|text; one folder per speaker"


@dataclass(frozen=True, slots=True)
class SourceUtterance:
    """A recording and its text, as found.

    Args:
        id: unique in the corpus and fit for a file name.
        speaker: name.
        audio: the file, which need not exist or be readable yet.
        text: as written.
        reference: a JSON file with exact token times, if the corpus has one.
    """

    id: str
    speaker: str
    audio: Path
    text: str
    reference: Path | None = None


@dataclass
class CorpusReading:
    """What a reader found: utterances, and problems met on the way."""

    utterances: list[SourceUtterance] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_ljspeech(folder: Path, speaker: str | None = None) -> CorpusReading:
    """`metadata.csv` of `id|text` or `id|raw|normalised` lines beside `wavs/` (any audio suffix). One speaker."""
    folder = _existing(folder)
    metadata = folder / "metadata.csv"
    if not metadata.is_file():
        raise CorpusError(f"{folder} has no metadata.csv", _contents(folder), f"layouts: {LAYOUTS}")
    audio = _AudioFolder(folder / "wavs" if (folder / "wavs").is_dir() else folder)
    reading, name = CorpusReading(), speaker or folder.resolve().name
    for line, columns in _rows(metadata, reading, most=3):
        text = columns[2] if len(columns) == 3 and columns[2].strip() else columns[1]
        _add(reading, folder, audio.find(columns[0].strip()), _stem(columns[0].strip()), name, text, f"{metadata.name}:{line}")
    return reading


def read_list(folder: Path, speaker: str | None = None) -> CorpusReading:
    """A text file of `path|text` or `path|speaker|text` lines; paths relative to it. `folder` may be the file itself.

    `speaker` names the speaker of a two-column list, and picks one of a three-column list.
    """
    folder = Path(folder)
    table = folder if folder.is_file() else _the_list(_existing(folder))
    root = table.parent
    reading, several = CorpusReading(), None
    for line, columns in _rows(table, reading, most=3):
        several = len(columns) == 3 if several is None else several
        where = f"{table.name}:{line}"
        if several != (len(columns) == 3):
            reading.problems.append(
                Problem(where, "bad line", f"{len(columns)} columns where the first line has {3 if several else 2}")
            )
            continue
        path = columns[0].strip()
        name = columns[1].strip() if several else speaker or root.resolve().name
        if not name:
            reading.problems.append(Problem(where, "no speaker", "the speaker column is empty"))
            continue
        audio = root / path.replace("\\", "/")
        if audio.suffix.lower() not in SUFFIXES:
            audio = _AudioFolder(audio.parent).find(audio.name)
        _add(reading, root, audio, _stem(path), name, columns[-1], where)
    return _only(reading, speaker) if several else reading


def read_folders(folder: Path, speaker: str | None = None) -> CorpusReading:
    """One folder per speaker, named like the speaker: with its own metadata.csv, or a .txt or .lab beside each audio file.

    `speaker` picks one.
    """
    folder = _existing(folder)
    reading = CorpusReading()
    for part in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        if (part / "metadata.csv").is_file():
            inner = read_ljspeech(part, part.name)
            reading.problems += [Problem(f"{part.name}/{p.id}", p.kind, p.reason, p.skipped) for p in inner.problems]
            for u in inner.utterances:
                reference = _reference(folder, f"{part.name}_{u.id}") or u.reference
                reading.utterances.append(
                    SourceUtterance(f"{safe_name(part.name)}_{u.id}", part.name, u.audio, u.text, reference)
                )
            continue
        for audio in _recordings(part):
            beside = next((t for s in (".txt", ".lab") if (t := audio.with_suffix(s)).is_file()), None)
            id = "_".join(audio.relative_to(folder).with_suffix("").parts)
            text = " ".join(_decoded(beside, reading).split()) if beside else ""
            _add(reading, folder, audio, id, part.name, text, id)
    return _only(reading, speaker)


def _recordings(part: Path) -> list[Path]:
    """Audio files below a folder; of a telephone's format only what has not been converted beside it."""
    found = sorted(p for p in part.rglob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    read = {p.with_suffix("") for p in found if p.suffix.lower() in READ}
    return [p for p in found if p.suffix.lower() in READ or p.with_suffix("") not in read]


def detect(folder: Path) -> str:
    """Name of the built-in reader for the layout found.

    Raises:
        CorpusError: nothing there, or no layout that we know.
    """
    folder = Path(folder)
    if folder.is_file():
        return "list"
    _existing(folder)
    if (folder / "metadata.csv").is_file():
        return "ljspeech"
    if _lists(folder):
        return "list"
    for part in (p for p in folder.iterdir() if p.is_dir()):
        if (part / "metadata.csv").is_file() or any(p.suffix.lower() in SUFFIXES for p in part.rglob("*")):
            return "folders"
    raise CorpusError(f"no corpus found in {folder}", _contents(folder), f"layouts: {LAYOUTS}; or name a reader with --reader")


def safe_name(text: str) -> str:
    """`text` as a file name that every system takes: path separators and the characters Windows refuses become "_"."""
    name = "".join("_" if c in '/\\<>:"|?*' or ord(c) < 32 else c for c in text).strip(" .")
    return name or "_"


def _add(reading: CorpusReading, root: Path, audio: Path, id: str, speaker: str, text: str, where: str) -> None:
    base = os.path.normpath(root.absolute())
    if not Path(os.path.normpath(audio.absolute())).is_relative_to(base):  # by name: links that people set up are theirs
        reading.problems.append(Problem(where, "outside", f"{audio} lies outside the corpus folder: refused"))
        return
    id = safe_name(id)
    reading.utterances.append(SourceUtterance(id, speaker, audio, " ".join(text.split()), _reference(root, id)))


def _reference(root: Path, id: str) -> Path | None:
    path = root / "alignments" / f"{id}.json"
    try:
        return path if path.is_file() else None
    except OSError:  # a name that no file system takes
        return None


def without_duplicates(reading: CorpusReading) -> CorpusReading:
    """Keep the first of utterances that share an id (letter case ignored, as some file systems do)."""
    seen: dict[str, SourceUtterance] = {}
    problems = list(reading.problems)
    for u in reading.utterances:
        first = seen.setdefault(u.id.casefold(), u)
        if first is not u:
            problems.append(
                Problem(u.id, "duplicate id", f"text {u.text[:40]!r}; the first, with {first.text[:40]!r}, is used")
            )
    return CorpusReading(list(seen.values()), problems)


def _only(reading: CorpusReading, speaker: str | None) -> CorpusReading:
    if speaker is None:
        return reading
    names = sorted({u.speaker for u in reading.utterances})
    if speaker not in names:
        near = get_close_matches(speaker, names, n=1)
        raise UsageError(
            f"no speaker {speaker!r} in the corpus",
            f"speakers: {', '.join(names) or 'none'}",
            f"--speaker {near[0]}" if near else "leave --speaker out to take all",
        )
    return CorpusReading([u for u in reading.utterances if u.speaker == speaker], reading.problems)


def _existing(folder: Path) -> Path:
    folder = Path(folder)
    if not folder.is_dir():
        raise CorpusError(
            f"there is no corpus at {folder}", "no such folder", "name the folder with the recordings and their texts"
        )
    if not any(folder.iterdir()):
        raise CorpusError(f"{folder} is empty", "", f"layouts: {LAYOUTS}")
    return folder


def _contents(folder: Path) -> str:
    names = sorted(p.name + ("/" if p.is_dir() else "") for p in folder.iterdir())
    return "found: " + ", ".join(names[:8]) + (f", … ({len(names)} in all)" if len(names) > 8 else "")


class _AudioFolder:
    """Finds audio by name with or without suffix."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        files = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES] if folder.is_dir() else []
        rank = {suffix: i for i, suffix in enumerate(SUFFIXES)}
        self._by_stem = {p.stem: p for p in sorted(files, key=lambda p: -rank[p.suffix.lower()])}

    def find(self, name: str) -> Path:
        """The file of that name; a path that does not exist if there is none."""
        direct = self._folder / name
        if direct.suffix.lower() in SUFFIXES:
            return direct if direct.is_file() else self._by_stem.get(direct.stem, direct)
        return self._by_stem.get(name, direct.with_name(direct.name + ".wav") if direct.name else direct)


def _stem(path: str) -> str:
    path = path.replace("\\", "/")
    suffix = Path(path).suffix
    return path[: -len(suffix)] if suffix.lower() in SUFFIXES else path


def _lists(folder: Path) -> list[Path]:
    found = []
    for path in sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() in LIST_SUFFIXES):
        first = next((line for line in _decoded(path).splitlines() if line.strip()), "")
        for mark in "|\t;,":  # a list with another separator is one too: reading it says what is wrong with it
            start = _stem(first.split(mark)[0].strip())
            if mark in first and start and _AudioFolder((folder / start).parent).find(Path(start).name).is_file():
                found.append(path)
                break
    return found


def _the_list(folder: Path) -> Path:
    found = _lists(folder) or [
        p for p in sorted(folder.iterdir()) if p.suffix.lower() in LIST_SUFFIXES and p.stem.lower() != "readme"
    ]
    if len(found) == 1:
        return found[0]
    why = f"lists: {', '.join(p.name for p in found)}" if found else _contents(folder)
    raise CorpusError(
        f"{folder} has {'several lists' if found else 'no list'}", why, "name the list's file instead of the folder"
    )


def _decoded(path: Path, reading: CorpusReading | None = None) -> str:
    """Text of a file: UTF-8 or UTF-16 by its mark, else Latin-1 (Windows-1252) with a warning."""
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        if reading is not None:
            reading.problems.append(
                Problem(
                    f"{path.name}:{line}",
                    "encoding",
                    f"byte {data[error.start]:#04x} is not UTF-8: the file was read as Latin-1; save it as UTF-8 to be sure",
                    skipped=False,
                )
            )
        return (
            data.decode("cp1252", errors="replace")
            if not any(b in data for b in b"\x81\x8d\x8f\x90\x9d")
            else data.decode("latin-1")
        )


def _rows(path: Path, reading: CorpusReading, most: int) -> Iterator[tuple[int, list[str]]]:
    """Line number and columns of each line of a table separated by "|".

    Raises:
        CorpusError: the file has no lines, or none with the separator.
    """
    lines = [(number, line) for number, line in enumerate(_decoded(path, reading).splitlines(), start=1) if line.strip()]
    if not lines:
        raise CorpusError(f"{path} is empty", "no lines", "one line per recording: name|text")
    if not any("|" in line for _, line in lines):
        number, line = lines[0]
        others = [name for mark, name in (("\t", "a tab"), (";", "';'"), (",", "','")) if mark in line]
        raise CorpusError(
            f"{path}, line {number}: no '|' between name and text",
            f"found {line[:60]!r}" + (f", which has {others[0]}" if others else ""),
            "separate the columns with '|'",
        )
    for number, line in lines:
        columns = line.split("|", most - 1)
        if len(columns) < 2 or not columns[0].strip():
            reading.problems.append(
                Problem(f"{path.name}:{number}", "bad line", f"no name and text separated by '|' in {line[:60]!r}")
            )
            continue
        yield number, columns
