"""Lists of recordings as tables: rows of cells, whatever separates them; JSON lines and CSV with quotes too."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ttskit.corpus.problems import Problem
from ttskit.errors import CorpusError, InputError
from ttskit.texts import read_text, rows_of

__all__ = ["LIST_SUFFIXES", "ListTable", "read_table"]

LIST_SUFFIXES = (".txt", ".csv", ".lst", ".list", ".tsv", ".psv", ".json", ".jsonl", ".ndjson", ".manifest", ".data")
_FESTVOX = re.compile(r'\(\s*(\S+)\s+"(.*)"\s*\)')
_SEP_LINE = re.compile(r"""["']?sep=(.)["']?""", re.IGNORECASE)
_RULE = re.compile(r"\|?(\s*:?-{2,}:?\s*\|)+(\s*:?-{2,}:?\s*)?")
_DASH = re.compile(r"[-–—:=]\s+")
_NAMES = {"\t": "a tab", ";": "';'", ",": "','", "|": "'|'"}


@dataclass
class ListTable:
    """Rows of a list.

    Args:
        path: the file.
        rows: (line, cells) of each row, counted from 1; all have as many cells as most, but for `ragged`.
        width: cells of a row.
        names: of the columns, where the file itself says them with each row (JSON); else empty.
        problems: what was noticed, and the rows that are left out.
        ragged: (line, cells) of rows that are shorter.
    """

    path: Path
    rows: list[tuple[int, list[str]]]
    width: int
    names: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    ragged: list[tuple[int, list[str]]] = field(default_factory=list)


def read_table(path: Path) -> ListTable:
    """The rows of a list of recordings.

    Raises:
        CorpusError: no text, empty, something else under the name of a list, or no separator that fits.
    """
    try:
        decoded = read_text(path)
    except InputError as error:
        raise CorpusError(error.what, error.why, error.fix) from error
    text = decoded.text
    _something_else(path, text)
    problems = [Problem(f"{path.name}:{n.line}", n.kind, n.reason, skipped=n.lost) for n in decoded.notes]
    if not text.strip():
        raise CorpusError(f"{path} is empty", "no lines", "one line per recording: name|text")
    if path.suffix.lower() in (".json", ".jsonl", ".ndjson") or text.lstrip().startswith(('{"', "{ ", "[{", "[\n")):
        table = _json(path, text, problems)
    else:
        table = _separated(path, text, problems)
    lost = decoded.lost_lines()
    table.rows = [row for row in table.rows if row[0] not in lost]
    table.ragged = [row for row in table.ragged if row[0] not in lost]
    return table


def _something_else(path: Path, text: str) -> None:
    start = text.lstrip()[:200].lower()
    if start.startswith("version https://git-lfs"):
        raise CorpusError(
            f"{path} is a pointer of Git LFS, not the list",
            "the file itself was not downloaded",
            f"git lfs pull -I {path.name}",
        )
    if start.startswith(("<!doctype html", "<html", "<?xml")):
        raise CorpusError(f"{path} is a web page or XML, not a list", f"it begins {start[:40]!r}", "download the file itself")


def _json(path: Path, text: str, problems: list[Problem]) -> ListTable:
    """JSON lines as NeMo has them, a list of objects, or an object of name → text."""
    found: list[tuple[int, Any]] = []
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        for number, line in enumerate(rows_of(text), 1):
            if not line.strip():
                continue
            try:
                found.append((number, json.loads(line)))
            except (ValueError, RecursionError) as error:
                problems.append(Problem(f"{path.name}:{number}", "bad line", f"not JSON: {str(error)[:80]} in {line[:60]!r}"))
    else:
        found = _entries(whole)
    objects = [(number, one) for number, one in found if isinstance(one, dict)]
    problems += [
        Problem(f"{path.name}:{n}", "bad line", f"{str(o)[:40]!r} is not an object")
        for n, o in found
        if not isinstance(o, dict)
    ]
    if not objects:
        why = problems[-1].reason if problems else "it has no objects"
        raise CorpusError(
            f"{path} is not a list of recordings", why, 'one line per recording: {"audio_filepath": …, "text": …}'
        )
    names = tuple(dict.fromkeys(key for _, one in objects for key in one))
    kept = []
    for number, one in objects:
        if one.get("offset") not in (None, 0, 0.0, "0"):
            told = f"a part of a longer file (offset {str(one['offset'])[:12]} s): cut the recordings into one file each"
            problems.append(Problem(f"{path.name}:{number}", "part of a file", told))
            continue
        kept.append((number, ["" if one.get(k) is None else _cell(one[k]) for k in names]))
    return ListTable(path, kept, len(names), names, problems)


def _entries(whole: Any) -> list[tuple[int, Any]]:
    if isinstance(whole, dict):
        inner = next((v for v in whole.values() if isinstance(v, list) and v and isinstance(v[0], dict)), None)
        if inner is not None:
            whole = inner
        elif all(isinstance(v, str) for v in whole.values()) and len(whole) > 1 and not {"text", "sentence"} & set(whole):
            whole = [{"id": key, "text": value} for key, value in whole.items()]
        elif whole and all(isinstance(v, dict) for v in whole.values()):
            whole = [{"id": key, **value} for key, value in whole.items()]
        else:
            whole = [whole]
    return list(enumerate(whole, 1)) if isinstance(whole, list) else [(1, whole)]


def _cell(value: Any) -> str:
    if isinstance(value, dict):  # Hugging Face's {"audio": {"path": …}}
        value = value.get("path", value.get("name", ""))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _separated(path: Path, text: str, problems: list[Problem]) -> ListTable:
    rows = [(number, row) for number, row in enumerate(rows_of(text), 1) if row.strip()]
    said = _SEP_LINE.fullmatch(rows[0][1].strip()) if len(rows) > 1 else None
    if said or _RULE.fullmatch(rows[min(1, len(rows) - 1)][1].strip()):  # Excel's "sep=;", the rule below a header of Markdown
        gone = rows.pop(0 if said else 1)[0]
        lines = rows_of(text)
        lines[gone - 1] = ""
        text = "\n".join(lines)
    spoken = _festvox(rows) or (_kaldi(rows) if path.suffix.lower() not in (".csv", ".tsv", ".psv") else [])
    if spoken:
        return ListTable(path, spoken, 2, (), problems)
    mark = _separator(rows)
    if mark is None:
        raise _no_separator(path, rows)
    if mark in ",;" or (mark == "|" and sum(row.lstrip().startswith('"') for _, row in rows) > 0.9 * len(rows)):
        split = _quoted(path, text, mark)
        whole = len(split) == len(rows) and all(row.rstrip().endswith('"') for _, row in rows)
        if whole and all(len(cells) == 1 for _, cells in split):  # quotes around whole rows: a table pasted into one column
            split = [(number, cells[0].split(mark)) for number, cells in split]
    else:
        split = [(number, [_unquoted(cell) for cell in row.split(mark)]) for number, row in rows]
    counts = Counter(len(cells) for _, cells in split)
    if not any(n > 1 for n in counts):
        raise _no_separator(path, rows, f"; {_NAMES[mark]} stands in quotes that are not closed")
    width = max(counts, key=lambda n: (counts[n], n)) if len(counts) > 1 else next(iter(counts))
    if width == 1:
        width = min(n for n in counts if n > 1)
    if mark in ",;" and counts[width] < 0.95 * len(split):
        raise _no_separator(path, rows, f"; {_NAMES[mark]} also stands inside the texts, which no quotes keep together")
    table = ListTable(path, [], width, (), problems)
    for number, cells in split:
        if len(cells) == width:
            table.rows.append((number, cells))
        elif len(cells) < width:
            table.ragged.append((number, cells))
        elif not any(cell.strip() for cell in cells[width:]):
            table.rows.append((number, cells[:width]))
        else:
            shown = mark.join(cells)[:60]
            told = f"{len(cells)} columns where the others have {width}: {shown!r}"
            problems.append(Problem(f"{path.name}:{number}", "bad line", told))
    return table


def _festvox(rows: list[tuple[int, str]]) -> list[tuple[int, list[str]]]:
    """Rows of `( name "text" )`, as Festival's voices have them (txt.done.data)."""
    found = [(number, match) for number, row in rows if (match := _FESTVOX.fullmatch(row.strip()))]
    return [(n, [m[1], m[2].replace('\\"', '"')]) for n, m in found] if len(found) == len(rows) else []


def _kaldi(rows: list[tuple[int, str]]) -> list[tuple[int, list[str]]]:
    """Rows of a name, a space and the text, as Kaldi (`text`) and LibriSpeech (`*.trans.txt`) have them; [] if they are not."""
    pairs = [(number, row.strip().split(maxsplit=1)) for number, row in rows]
    names = {cells[0] for _, cells in pairs}
    if len(pairs) < 2 or len(names) < len(pairs) or any(len(cells) < 2 for _, cells in pairs):
        return []
    named = all(re.search(r"\d", name) and not re.search(r"[|\t;,:\"'<>=]|[.!?]$", name) and len(name) > 1 for name in names)
    if not named or any("|" in row or "\t" in row for _, row in rows):
        return []
    if all(_DASH.match(cells[1]) for _, cells in pairs):  # "name - text"
        pairs = [(number, [name, _DASH.sub("", text, count=1)]) for number, (name, text) in pairs]
    return pairs


def _separator(rows: list[tuple[int, str]]) -> str | None:
    """What stands between the cells: "|" wherever it occurs, a tab, or ";" and "," where rows of them are of one width."""
    total = len(rows)
    if sum("|" in row for _, row in rows) >= 0.5 * total:
        return "|"
    if sum("\t" in row for _, row in rows) >= 0.9 * total:
        return "\t"
    best = max(";,", key=lambda mark: sum(mark in row for _, row in rows))
    if sum(best in row for _, row in rows) >= 0.9 * total:
        return best
    return "|" if any("|" in row for _, row in rows) else None


def _quoted(path: Path, text: str, mark: str) -> list[tuple[int, list[str]]]:
    """Rows of CSV: a cell in quotes may hold the separator, doubled quotes and line ends."""
    found, start = [], 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, skipinitialspace=True)
    try:
        for cells in reader:
            long = next((c for c in cells if c.count("\n") > 3 and c.count(mark) > 3), None)
            if long is not None:
                raise CorpusError(
                    f"{path}, line {start}: a quote is opened and not closed", f"in {long[:60]!r}", "close it, or double it"
                )
            if any(cell.strip() for cell in cells):
                found.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(f"{path}, line {start}: not CSV", str(error), "separate the columns with '|'") from error
    return found


def _unquoted(cell: str) -> str:
    """A cell without the quotes that a spreadsheet put around it; doubled ones inside become one."""
    bare = cell.strip()
    if len(bare) > 1 and bare[0] == bare[-1] == '"' and '"' not in bare[1:-1].replace('""', ""):
        return bare[1:-1].replace('""', '"')
    return cell


def _no_separator(path: Path, rows: list[tuple[int, str]], more: str = "") -> CorpusError:
    number, row = rows[0]
    others = [_NAMES[mark] for mark in "\t;," if mark in row]
    found = f"found {row[:60]!r}" + (f", which has {others[0]}" if others else "") + more
    return CorpusError(f"{path}, line {number}: no '|' between name and text", found, "separate the columns with '|'")
