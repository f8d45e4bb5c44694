"""Readers: from a folder as people keep it to utterances, with everything odd listed instead of raised.

Each reader is `reader(folder, speaker) -> CorpusReading` and a `CorpusReaderPlugin` like anyone's. One that takes the keyword
`columns` gets what `--columns` says (`ttskit.corpus.columns.parse_columns`).
"""

from __future__ import annotations

import re
from pathlib import Path

from ttskit.corpus.beside import SHEETS, read_beside, speaks_beside
from ttskit.corpus.companions import COMPANIONS, NAMED_FOR_SPEAKERS, places_of
from ttskit.corpus.listed import read_listed
from ttskit.corpus.problems import Problem
from ttskit.corpus.recordings import Recordings, is_audio
from ttskit.corpus.sources import CorpusReading, SourceUtterance, of_speaker, reference_of, safe_name, without_duplicates
from ttskit.corpus.tables import LIST_SUFFIXES, read_table
from ttskit.errors import CorpusError

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

LAYOUTS = (
    "metadata.csv with wavs/; a list (path|text, path|speaker|text, .tsv, .csv or JSON lines); "
    "one folder per speaker; a .txt beside each recording"
)
_PLACES = ("wavs", "wav", "clips", "audio", "audios")
_LISTY = re.compile(r"metadata|manifest|transcri|filelist|list|train|valid|test|dev|text", re.IGNORECASE)
_BARE = ("text", "transcripts", "prompts", "metadata", "filelist")  # Kaldi's and others', without a suffix
_MOST_LISTS = 200  # a folder with more text files has one for each recording


def read_ljspeech(folder: Path, speaker: str | None = None, columns: tuple[str, ...] | None = None) -> CorpusReading:
    """`metadata.csv` beside `wavs/` (any audio suffix): `id|text`, `id|raw|normalised`, and whatever other columns it has."""
    folder = _existing(folder)
    metadata = folder / "metadata.csv"
    if not metadata.is_file():
        raise CorpusError(f"{folder} has no metadata.csv", _contents(folder), f"layouts: {LAYOUTS}")
    return read_listed(metadata, folder, _places(folder, folder / "wavs"), speaker, "ljspeech", columns)


def read_list(folder: Path, speaker: str | None = None, columns: tuple[str, ...] | None = None) -> CorpusReading:
    """A list, paths relative to it: `path|text`, `path|speaker|text`, other columns, a header, CSV, TSV or JSON lines.

    `folder` may be the file itself. `speaker` names the speaker of a list without speakers, and picks one of a list with them.
    """
    folder = Path(folder)
    table = folder if folder.is_file() else _the_list(_existing(folder))
    layout = "ljspeech" if table.name == "metadata.csv" else "list"
    return read_listed(table, table.parent, _places(table.parent), speaker, layout, columns)


def read_folders(folder: Path, speaker: str | None = None, columns: tuple[str, ...] | None = None) -> CorpusReading:
    """One folder per speaker, named like the speaker: with its own metadata.csv, or a .txt or .lab for each audio file.

    The texts may also lie in a tree of their own (`wav48/p225/`, `txt/p225/`), and a folder of one voice may have no folder for
    it. `speaker` picks one, or names the voice of a folder without speakers.
    """
    folder = _existing(folder)
    reading = CorpusReading()
    said: list[str] = []
    for part in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        if (part / "metadata.csv").is_file():
            inner = read_ljspeech(part, part.name, columns)
            reading.problems += [Problem(f"{part.name}/{p.id}", p.kind, p.reason, p.skipped) for p in inner.problems]
            said += [f"{part.name}/{line}" for line in inner.understood]
            for u in inner.utterances:
                known = reference_of(folder, f"{safe_name(part.name)}_{u.id}") or u.reference
                reading.utterances.append(SourceUtterance(f"{safe_name(part.name)}_{u.id}", u.speaker, u.audio, u.text, known))
            continue
        read_beside(reading, folder, part, speaker)
    if any(is_audio(p) for p in folder.iterdir() if p.is_file()):
        read_beside(reading, folder, None, speaker)
    more = [f"… and {len(said) - 1} more lists, each read by itself"] if len(said) > 1 else []
    reading.understood = (*said[:1], *more)
    if reading.utterances and not any(u.text for u in reading.utterances):
        others = _unread(folder) or _deeper(folder)
        if others:
            raise CorpusError(
                f"no recording in {folder} has a text beside it",
                f"these may be the list: {', '.join(others)}",
                f"name the list: {folder / others[0]}",
            )
    return of_speaker(reading, speaker)


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
    parts = [p for p in folder.iterdir() if p.is_dir()]
    if any((part / "metadata.csv").is_file() for part in parts) or speaks_beside(folder):
        return "folders"
    if any(is_audio(p) for p in folder.rglob("*")):
        others = _unread(folder)
        if others:
            sheet = Path(others[0]).suffix.lower() in SHEETS
            raise CorpusError(
                f"no list in {folder} names its recordings",
                f"recordings: {', '.join(Recordings(folder).some)}; these may be the list: {', '.join(others)}",
                "save it as CSV or as text, with the names of the recordings in one column"
                if sheet
                else f"name the list and its columns: {folder / others[0]} --columns path,text",
            )
        if any(any(is_audio(p) for p in part.rglob("*")) for part in parts):
            return "folders"
    raise CorpusError(f"no corpus found in {folder}", _contents(folder), f"layouts: {LAYOUTS}; or name a reader with --reader")


def _places(folder: Path, *first: Path) -> list[Path]:
    usual = [folder / name for name in _PLACES]
    return list(dict.fromkeys(p for p in (*first, folder, *usual) if p.is_dir()))


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


def _tables(folder: Path) -> list[Path]:
    """Files that could be lists: those with a list's suffix that are not one recording's text."""
    files = [p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith(".")]
    recorded = {p.stem for p in files if is_audio(p)}
    found = [p for p in files if (p.suffix.lower() in LIST_SUFFIXES and p.stem not in recorded) or p.name.casefold() in _BARE]
    found = [p for p in found if p.stem not in COMPANIONS]
    return [p for p in found if p.stem.lower() not in ("readme", "license", "licence", "changelog", "leeme", "léeme")]


def _lists(folder: Path) -> list[Path]:
    """Lists that name recordings of the folder, or try to: reading one of these says what is wrong with it."""
    tables = _tables(folder)
    if not tables or len(tables) > _MOST_LISTS:
        return []
    recordings = Recordings(folder, _places(folder), places_of(folder))
    found = [path for path in tables if _names_recordings(path, recordings)]
    return [path for path in found if path.stem not in NAMED_FOR_SPEAKERS] or found


def _names_recordings(path: Path, recordings: Recordings) -> bool:
    try:
        table = read_table(path)
    except CorpusError as error:
        if _LISTY.search(path.stem) and "pointer of Git LFS" in error.what + error.why:
            return True
        first = next((word for word in re.findall(r"found ['\"](.*?)['\"]", error.why)), "")
        cells = re.split(r"\\t|[|;,]", first)
        return len(cells) > 1 and recordings.find(cells[0]).there
    rows = [cells for _, cells in table.rows[:8]]
    return any(cell.strip() and len(cell) < 300 and recordings.find(cell).there for cells in rows for cell in cells)


def _the_list(folder: Path) -> Path:
    found = _lists(folder) or _tables(folder)
    named = [p for p in found if p.stem.lower() == "metadata"]
    if len(found) == 1 or len(named) == 1:
        return (named or found)[0]
    if not found:
        raise CorpusError(f"{folder} has no list", _contents(folder), "name the list's file instead of the folder")
    names = ", ".join(p.name for p in found[:12]) + (", …" if len(found) > 12 else "")
    first = next((p for p in found if p.stem in ("validated", "train")), found[0])
    raise CorpusError(
        f"{folder} has several lists", f"lists: {names}", f"name the list's file instead of the folder: {folder / first.name}"
    )


def _unread(folder: Path) -> list[str]:
    """What lies there and may be the list: tables, spreadsheets, Kaldi's files."""
    names = [p.name for p in _tables(folder)]
    for path in sorted(folder.iterdir()):
        if path.is_file() and (path.suffix.lower() in SHEETS or path.name == "wav.scp"):
            names.append(path.name)
    return sorted(names, key=lambda name: not _LISTY.search(name))[:6]


def _deeper(folder: Path) -> list[str]:
    """Lists in folders below, as corpora of books have them: each is to be named, or its folder."""
    below = sorted(p for p in folder.rglob("*") if p.is_dir() and not p.name.startswith("."))[:_MOST_LISTS]
    return [path.relative_to(folder).as_posix() for inner in below for path in _lists(inner)][:6]
