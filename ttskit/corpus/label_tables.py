"""Alignments as tables: the Montreal Forced Aligner's csv, Praat's tables, and both after an office program has saved them."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from ttskit.corpus.textgrid import TimedLabel, read_alignment_text, time_of
from ttskit.errors import CorpusError
from ttskit.texts import rows_of

__all__ = ["TABLE_SUFFIXES", "read_table"]

TABLE_SUFFIXES = (".csv", ".tsv", ".tab")
_SEPARATORS = ("\t", ";", "|", ",")  # a comma last: it may belong to the numbers
_HEADS = {
    "begin": ("begin", "start", "xmin", "tmin", "start_time", "begin_time", "start_s", "onset", "inicio", "comienzo", "desde"),
    "end": ("end", "stop", "xmax", "tmax", "end_time", "end_s", "offset", "fin", "final", "hasta"),
    "label": ("label", "text", "mark", "word", "phone", "etiqueta", "texto", "rotulo", "palabra", "fonema"),
    "tier": ("type", "tier", "tier_name", "level", "tipo", "nivel", "capa"),
    "speaker": ("speaker", "hablante", "locutor", "locutora"),
}


def read_table(path: Path) -> tuple[tuple[tuple[str, tuple[TimedLabel, ...]], ...], tuple[str, ...]]:
    """Tiers ("phones", or "ana - phones" where speakers are named) of a table with a line of column names, and remarks.

    Columns are told by their names, in English or Spanish; they are separated by tabs, ";", "|" or ",", and seconds may have
    a decimal comma. A table without a column of tiers is one tier, named by its column of labels.

    Raises:
        CorpusError: it cannot be read, or its columns or times cannot be understood.
    """
    content = read_alignment_text(path)
    lines = rows_of(content.text)
    first = next((k for k, line in enumerate(lines) if line.strip() and not line.lower().startswith("sep=")), None)
    if first is None:
        raise CorpusError(f"{path} is empty", "it has no lines", "write it again")
    separator, heads = _understood(path, lines[first])
    tiers: dict[str, list[TimedLabel]] = {}
    names = [_plain(head) for head in next(csv.reader([lines[first]], delimiter=separator))]
    try:
        for number, row in enumerate(csv.reader(lines[first + 1 :], delimiter=separator), first + 2):
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(names):
                fix = (
                    "save it with ';' between the columns, or with decimal points"
                    if len(row) > len(names)
                    else "write it again"
                )
                raise CorpusError(
                    f"{path}, line {number}: {len(row)} columns where the first line names {len(names)}", _shown(row), fix
                )
            tier = row[heads["tier"]].strip() if "tier" in heads else _only_tier(names[heads["label"]])
            speaker = row[heads["speaker"]].strip() if "speaker" in heads else ""
            label = TimedLabel(*_times(path, number, row, heads), row[heads["label"]].strip())
            tiers.setdefault(f"{speaker} - {tier}" if speaker else tier, []).append(label)
    except csv.Error as error:
        raise CorpusError(f"{path} is not a table that can be read", str(error), "write it again") from error
    return tuple((name, tuple(rows)) for name, rows in tiers.items()), tuple(note.reason for note in content.notes)


def _understood(path: Path, line: str) -> tuple[str, dict[str, int]]:
    """The separator, and the place of each column that is known."""
    for separator in _SEPARATORS:
        names = [_plain(cell) for cell in next(csv.reader([line], delimiter=separator), [])]
        heads = {role: next(k for k, name in enumerate(names) if name in known)
                 for role, known in _HEADS.items() if set(names) & set(known)}  # fmt: skip
        if {"begin", "end", "label"} <= heads.keys():
            return separator, heads
    raise CorpusError(
        f"{path} has no line with the names of its columns",
        f"it begins {line[:60]!r}",
        "a first line like that of the Montreal Forced Aligner: Begin,End,Label,Type,Speaker",
    )


def _times(path: Path, number: int, row: Sequence[str], heads: dict[str, int]) -> tuple[float, float]:
    try:
        return time_of(row[heads["begin"]].strip()), time_of(row[heads["end"]].strip())
    except ValueError as error:
        raise CorpusError(f"{path}, line {number}: no time in seconds", f"{error!s:.80}", "write it again") from error


def _only_tier(label: str) -> str:
    return "phones" if label in ("phone", "fonema") else "words"


def _plain(head: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", head.strip().lower()) if not unicodedata.combining(c))
    return bare.replace(" ", "_")


def _shown(row: Sequence[str]) -> str:
    return f"{' | '.join(row):.80}"
