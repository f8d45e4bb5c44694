"""From a list of recordings to utterances: its columns, the files that it means, and what does not fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from ttskit.corpus.columns import Columns, understand
from ttskit.corpus.companions import places_of, speakers_beside
from ttskit.corpus.problems import Problem
from ttskit.corpus.recordings import Found, Recordings, plain_path, stem_of
from ttskit.corpus.sources import CorpusReading, add_utterance, of_speaker
from ttskit.corpus.tables import ListTable, read_table
from ttskit.errors import CorpusError
from ttskit.texts import readable

__all__ = ["read_listed"]

_SPANISH = frozenset("de la el que en y a los se un una por con no las del al es lo su mi para".split())  # no message
_SENTENCES, _LETTERS, _SAMPLE = 12, 300, 2_000  # fewer say nothing
_NEAR = 5  # missing recordings for which a near name is looked up


def read_listed(
    path: Path, root: Path, places: Sequence[Path], speaker: str | None, layout: str, given: tuple[str, ...] | None
) -> CorpusReading:
    """Utterances of the list `path`.

    Args:
        root: the corpus: nothing outside is read.
        places: folders in which names are looked up first.
        speaker: names the speaker where no column does, else picks one.
        layout: what few rows mean (`columns.understand`).
        given: what `--columns` says, if anything.

    Raises:
        CorpusError: no list, columns in doubt, or no recording of it is there while others are.
        UsageError: no such speaker, or `given` does not fit.
    """
    table = read_table(path)
    recordings = Recordings(root, places, places_of(path.parent))
    known: dict[str, Found] = {}

    def find(cell: str) -> Found:
        if cell not in known:
            known[cell] = recordings.find(cell)
        return known[cell]

    columns = understand(table, lambda cell: bool(cell.strip()) and find(cell).there, layout, given, speaker is not None)
    own = "speaker" in columns.roles or "speaker/path" in columns.roles
    rows = _in_order(table, columns)
    beside = None if own else speakers_beside(path, (c[columns.path].strip() for _, c in rows if len(c) > columns.path))
    if beside is not None and speaker is not None and len(set(beside[1].values())) == 1:
        beside = None  # the only one is named by the user
    said = columns.said if beside is None else f"{columns.said}; speakers by {beside[0]} ({_few(beside[1].values())})"
    reading = CorpusReading(problems=table.problems, understood=(said,))
    hows: dict[str, list[tuple[str, str, Path]]] = defaultdict(list)
    taken: dict[Path, str] = {}
    missing: list[tuple[str, str]] = []
    for line, cells in rows:
        where = f"{path.name}:{line}"
        row = _row(cells, columns, where, table.width, reading)
        if row is None:
            continue
        written, name, text = row
        name = _name_of(name, columns, written, root, speaker) if beside is None else beside[1].get(written, "")
        if not name:
            told = "the speaker column is empty" if beside is None else f"{beside[0]} does not name it"
            reading.problems.append(Problem(where, "no speaker", told))
            continue
        found = find(written)
        if found.how and taken.get(found.path, written) != written:
            told = f"{written!r} and {taken[found.path]!r} would both be {found.path.name}"
            reading.problems.append(Problem(where, "same recording", told))
            continue
        if found.there:
            taken.setdefault(found.path, written)
        else:
            missing.append((where, written))
        if found.how:
            hows[found.how].append((where, written, found.path))
        add_utterance(reading, root, found.path, stem_of(_inside(written, found, root)), name, text, where)
    reading.problems += [_told(how, cases, root) for how, cases in hows.items()]
    reading.problems += _without_accents(path.name, reading)
    _say_missing(path, reading, recordings, missing, bool(taken))
    if own or beside is not None:
        return of_speaker(reading, speaker)
    return reading


def _few(names: Iterable[str]) -> str:
    different = list(dict.fromkeys(names))
    return ", ".join(name[:30] for name in different[:4]) + (f", … {len(different)} in all" if len(different) > 4 else "")


def _in_order(table: ListTable, columns: Columns) -> list[tuple[int, list[str]]]:
    rows = table.rows[1:] if columns.header else table.rows
    return sorted(rows + table.ragged, key=lambda row: row[0])


def _row(
    cells: list[str], columns: Columns, where: str, width: int, reading: CorpusReading
) -> tuple[str, str | None, str] | None:
    """Path, speaker and text of a row; None, and a problem, if it has not all of them."""
    at = columns.at("speaker")
    needed = max(columns.path, min(columns.texts), -1 if at is None else at)
    if len(cells) <= needed:
        shown = " | ".join(cells)[:60]
        reading.problems.append(Problem(where, "bad line", f"{len(cells)} columns where the others have {width}: {shown!r}"))
        return None
    written = cells[columns.path].strip()
    if not written:
        reading.problems.append(Problem(where, "bad line", f"no name before the text in {' | '.join(cells)[:60]!r}"))
        return None
    text = next((cells[i] for i in columns.texts if i < len(cells) and cells[i].strip()), "")
    return written, None if at is None else cells[at], text


def _name_of(cell: str | None, columns: Columns, written: str, root: Path, speaker: str | None) -> str:
    if columns.at("speaker/path") is not None:
        return next(iter(plain_path(written).split("/")[-2:-1]), "")
    if cell is None:
        return speaker or root.resolve().name
    name = readable(cell)
    if columns.constant_speaker and name.isdecimal() and speaker is not None:
        return speaker  # the number of the only speaker, who is named by the user
    return name


def _inside(written: str, found: Found, root: Path) -> str:
    """The path that names the utterance: as written, or where it was found if that is a path of another machine."""
    path = plain_path(written)
    foreign = path.startswith("/") or path[1:3] == ":/" or path.startswith("../") or "/../" in path
    return found.path.relative_to(root).as_posix() if foreign and found.how else path


def _told(how: str, cases: list[tuple[str, str, Path]], root: Path) -> Problem:
    where, written, path = cases[0]
    count = f"{len(cases)} recordings are" if len(cases) > 1 else "one recording is"
    told = f"{count} not named as in the list ({how}): {written!r} is {path.relative_to(root).as_posix()}"
    return Problem(where, "other name", told, skipped=False)


def _without_accents(name: str, reading: CorpusReading) -> list[Problem]:
    """A warning where many Spanish sentences have no accent, no ñ and no ¿: a program may have dropped those letters."""
    text = " ".join(u.text for u in reading.utterances[:_SAMPLE])
    words = text.casefold().split()
    if len(reading.utterances) < _SENTENCES or len(text) < _LETTERS or not text.isascii():
        return []
    if sum(word in _SPANISH for word in words) < 0.15 * len(words):
        return []
    told = "no text has an accent, ñ or ¿: if a program dropped them, the words are wrong; export the list again as UTF-8"
    return [Problem(f"{name}:1", "no accents", told, skipped=False)]


def _say_missing(
    path: Path, reading: CorpusReading, recordings: Recordings, missing: list[tuple[str, str]], some: bool
) -> None:
    """Near names of what is not there; an error where nothing is there and other recordings lie in the folder."""
    near = [(where, written, recordings.near(written)) for where, written in missing[:_NEAR]]
    if missing and not some and recordings.some:
        named = ", ".join(repr(written[:40]) for _, written in missing[:3])
        meant = next((f"; {written!r} may be {name}" for _, written, name in near if name), "")
        raise CorpusError(
            f"none of the {len(missing)} recordings that {path.name} names is there",
            f"it names {named}; recordings there: {', '.join(recordings.some)}{meant}",
            "make the names equal; if another column has the names, say so: --columns path,text,…",
        )
    for where, written, name in near:
        if name:
            told = f"{written[:60]!r} is not there; {name} is, and may be meant"
            reading.problems.append(Problem(where, "near name", told, skipped=False))
