"""What lies beside a list and belongs to it: who speaks (Kaldi's utt2spk, speakers.txt) and where recordings lie (wav.scp)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ttskit.corpus.recordings import plain_path, stem_of
from ttskit.errors import InputError
from ttskit.texts import read_text, rows_of

__all__ = ["COMPANIONS", "NAMED_FOR_SPEAKERS", "places_of", "speakers_beside"]

_BY_UTTERANCE = ("utt2spk", "speakers", "speaker", "spk", "hablantes", "locutores", "utt2speaker")
_BY_SPEAKER = ("spk2utt",)
NAMED_FOR_SPEAKERS = frozenset(_BY_UTTERANCE)  # the list itself only where there is no other
COMPANIONS = frozenset(("utt2spk", "spk2utt", "utt2speaker"))  # never lists of texts
_SUFFIXES = ("", ".txt", ".csv", ".tsv", ".lst", ".list")
_ENOUGH = 0.9  # of the list's recordings, before another file is taken for theirs


def speakers_beside(table: Path, written: Iterable[str]) -> tuple[str, Mapping[str, str]] | None:
    """Who speaks which recording, by a file beside the list `table`: its name, and a speaker for each of `written`.

    None where there is no such file, where it is of other recordings, and where each recording has a "speaker" of its own,
    as Kaldi's tools write it of speakers that nobody knows.
    """
    names = list(dict.fromkeys(written))
    for path in _there(table, (*_BY_UTTERANCE, *_BY_SPEAKER)):
        pairs = _pairs(path, by_speaker=path.stem in _BY_SPEAKER)
        found = {name: pairs[key] for name in names for key in _keys(name) if key in pairs}
        if len(found) >= _ENOUGH * len(names) and len(set(found.values())) <= max(1, len(found) // 2):
            return path.name, found
    return None


def places_of(folder: Path) -> Mapping[str, str]:
    """Path of each recording by its name in Kaldi's `wav.scp`; commands (`sox … |`) make sound and are left out."""
    path = folder / "wav.scp"
    if not path.is_file():
        return {}
    rows = (row.split(maxsplit=1) for row in _rows(path))
    return {cells[0]: cells[1].strip() for cells in rows if len(cells) == 2 and not cells[1].rstrip().endswith("|")}


def _there(table: Path, stems: Iterable[str]) -> list[Path]:
    places = (table.parent / (stem + suffix) for stem in stems for suffix in _SUFFIXES)
    return [path for path in places if path != table and path.is_file()]


def _pairs(path: Path, by_speaker: bool) -> dict[str, str]:
    """Speaker by recording; of rows that have two cells (or, by speaker, a name and all that belong to it)."""
    pairs: dict[str, str] = {}
    for row in _rows(path):
        mark = next((mark for mark in "|\t;," if mark in row), None)
        cells = [cell.strip().strip('"') for cell in (row.split(mark) if mark and not by_speaker else row.split())]
        if by_speaker:
            pairs.update((stem_of(plain_path(cell)), cells[0]) for cell in cells[1:])
        elif len(cells) == 2 and all(cells):
            pairs.update((key, cells[1]) for key in _keys(cells[0]))
    return pairs


def _keys(written: str) -> tuple[str, str]:
    stem = stem_of(plain_path(written))
    return stem, re.split(r"/", stem)[-1]


def _rows(path: Path) -> list[str]:
    try:
        return [row for row in rows_of(read_text(path).text) if row.strip()]
    except InputError:
        return []  # some other thing of that name
