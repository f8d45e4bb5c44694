"""What the columns of a list are: said by the user, by a header, or understood from all of the rows; in doubt refused.

A column that names the files is the path; few different values are a speaker; all alike a language or one speaker;
long and different ones are the text. A wrong guess would be spoken, or merge two voices, without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from ttskit.corpus.column_kinds import Column, describe, same_text
from ttskit.corpus.column_names import CONTENT, HEADER, HEADER_IGNORED, ROLES, known_header
from ttskit.corpus.tables import ListTable
from ttskit.errors import CorpusError, UsageError

__all__ = ["Columns", "parse_columns", "understand"]

_FEW_ROWS = 4  # below, rows tell nothing: the layout's own meaning holds unless they contradict it
_LAYOUTS = {
    "ljspeech": {2: ("path", "text"), 3: ("path", "raw", "normalized")},
    "list": {2: ("path", "text"), 3: ("path", "speaker", "text")},
}


@dataclass(frozen=True)
class Columns:
    """What each column is, and the line that says so.

    Args:
        roles: one of `ROLES` per column.
        said: for a person: what each column was taken for, and why.
        header: the first row names the columns.
        texts: columns with the text, the one to be spoken first; the others stand in where it is empty.
        constant_speaker: the speaker column has one value only.
    """

    roles: tuple[str, ...]
    said: str
    header: bool = False
    texts: tuple[int, ...] = ()
    constant_speaker: bool = False

    def at(self, role: str) -> int | None:
        """The column of that role."""
        return self.roles.index(role) if role in self.roles else None

    @property
    def path(self) -> int:
        """The column that names the recordings."""
        return next(i for i, role in enumerate(self.roles) if role in ("path", "speaker/path"))


def parse_columns(written: str | None) -> tuple[str, ...] | None:
    """Roles from "path,text,speaker".

    Raises:
        UsageError: an unknown name, no path, no text, or a role given twice.
    """
    if written is None:
        return None
    roles = []
    for name in written.split(","):
        role = ROLES.get(name.strip().lower().replace("normalised", "normalized"))
        if role is None:
            near = get_close_matches(name.strip().lower(), ROLES, n=1)
            raise UsageError(
                f"--columns: no column {name.strip()!r}",
                f"names: {', '.join(dict.fromkeys(ROLES.values()))}",
                f"did you mean {near[0]!r}?" if near else "--columns path,text,speaker",
            )
        roles.append(role)
    twice = [role for role in dict.fromkeys(roles) if role not in ("ignore", "language") and roles.count(role) > 1]
    if twice or not {"path", "speaker/path"} & set(roles) or not {"text", "raw", "normalized"} & set(roles):
        why = (
            f"{twice[0]!r} is given twice"
            if twice
            else f"{written!r} has no {'text' if {'path', 'speaker/path'} & set(roles) else 'path'}"
        )
        raise UsageError("--columns must name each column once, path and text among them", why, "--columns path,text,speaker")
    return tuple(roles)


def understand(
    table: ListTable,
    exists: Callable[[str], bool],
    layout: str,
    given: tuple[str, ...] | None = None,
    one_speaker: bool = False,
) -> Columns:
    """What the columns of `table` are.

    Args:
        exists: whether a cell names a recording that is there.
        layout: "ljspeech" or "list": what few rows mean where they say nothing themselves.
        given: roles, by `parse_columns`; then nothing is guessed.
        one_speaker: the user has named the speaker of a list that need not name any.

    Raises:
        UsageError: `given` has another number of columns than the list.
        CorpusError: in doubt; the message shows each column and the `--columns` to type.
    """
    names, header = table.names, False
    rows = [cells for _, cells in table.rows]
    if not names and rows:
        names = known_header(rows[0])
        header = bool(names) and not any(exists(cell) for cell in rows[0])
        names = names if header else ()
    body = rows[1:] if header else rows
    if not body:
        lost = next((f"{p.id}: {p.reason}" for p in table.problems if p.skipped), f"{len(rows)} rows")
        raise CorpusError(f"{table.path} lists no recording", lost, "one line per recording: name|text")
    columns = [Column.of([cells[i] for cells in body], exists) for i in range(table.width)]
    if given is not None:
        if len(given) != table.width:
            shown = " | ".join(body[0])[:100]
            raise UsageError(
                f"--columns names {len(given)} columns, {table.path.name} has {table.width}",
                f"its first row: {shown}",
                f"--columns {','.join((*given, *['ignore'] * table.width)[: table.width])}",
            )
        if not header and _path_of(given) is not None:
            path = _path_of(given) or 0
            header = (
                len(body) > 1 and not exists(rows[0][path]) and exists(rows[1][path]) and known_header(rows[0], least=1) != ()
            )
        return _settled(table, given, columns, header, names, "as --columns says")
    roles = _by_names(table, names, columns) if names else _by_rows(table, columns, layout)
    roles = _folders(table, roles, columns, body, one_speaker)
    return _settled(table, roles, columns, header, names, "by its header" if header else "by its keys" if names else "")


def _path_of(roles: Sequence[str]) -> int | None:
    return next((i for i, role in enumerate(roles) if role in ("path", "speaker/path")), None)


def _by_names(table: ListTable, names: Sequence[str], columns: list[Column]) -> tuple[str, ...]:
    """Roles from a header's names; of several that could be the path, the one that names files."""
    roles = ["ignore" if name in HEADER_IGNORED else HEADER.get(name, "?") for name in names]
    paths = [i for i, role in enumerate(roles) if role in ("path", "id")]
    path = max(paths, key=lambda i: (columns[i].found, roles[i] == "path")) if paths else None
    if path is None or not columns[path].found:
        other = max(range(len(columns)), key=lambda i: columns[i].found)
        path = other if columns[other].found > 0.5 else path
    texts = [i for i, role in enumerate(roles) if role in ("text", "raw", "normalized") and i != path]
    if path is None or not texts:
        raise _doubt(
            table,
            columns,
            _guess(columns, path),
            names,
            "the header names no path" if path is None else "the header names no text",
        )
    for i, role in enumerate(roles):
        if role in ("path", "id", "?") and i != path:
            few = columns[i].few and not columns[i].number
            if role == "?" and few and "speaker" not in roles and names[i] not in HEADER_IGNORED:
                raise _doubt(table, columns, [*_plain(roles, path)], names, f"{names[i]!r} has few values: is it the speaker?")
            roles[i] = "ignore"
    roles[path] = "path"
    plain = [i for i in texts if roles[i] == "text"]
    if len(plain) > 1:  # "text" and "sentence": one may be as spoken
        roles = _texts(table, roles, plain, columns)
    for i, role in enumerate(roles):  # the number of the only one is no name
        roles[i] = "ignore" if role == "speaker" and columns[i].number and len(columns[i].values) == 1 else role
    speakers = [i for i, role in enumerate(roles) if role == "speaker"]
    if len(speakers) > 1:  # name and number of the speaker
        keep = next((j for j in speakers if not columns[j].number), speakers[0])
        roles = ["ignore" if role == "speaker" and j != keep else role for j, role in enumerate(roles)]
    return tuple(roles)


def _plain(roles: Sequence[str], path: int) -> list[str]:
    return [
        "path" if i == path else "speaker" if role == "?" else "ignore" if role == "id" else role
        for i, role in enumerate(roles)
    ]


def _by_rows(table: ListTable, columns: list[Column], layout: str) -> tuple[str, ...]:
    """Roles from what stands in the rows."""
    path = _path(columns)
    if path is None:
        raise _doubt(table, columns, _guess(columns, 0), (), "no column names the recordings")
    kinds = [column.kind for column in columns]
    rest = [i for i in range(len(columns)) if i != path]
    own = _LAYOUTS.get(layout, {}).get(len(columns))
    if columns[path].rows < _FEW_ROWS and own is not None and path == 0 and _fits(own, columns):
        return own
    roles = ["ignore"] * len(columns)
    roles[path] = "path"
    texts = [i for i in rest if kinds[i] == "text"]
    if not texts:
        words = [i for i in rest if kinds[i] == "words"]
        if len(words) != 1:
            why = "no column reads like a text" if not words else "more than one column could be the text"
            raise _doubt(table, columns, _guess(columns, path), (), why)
        texts = words
    roles = _texts(table, roles, texts, columns)
    few = [i for i in rest if i not in texts and kinds[i] in ("few", "few numbers") and not _sparse(columns[i])]
    meant = [i for i in few if not columns[i].vocabulary]
    if len(meant) == 2 and {columns[i].number for i in meant} == {True, False} and columns[meant[0]].pairs(columns[meant[1]]):
        meant = [i for i in meant if not columns[i].number]  # the speaker's name and number
    unclear = [i for i in rest if i not in texts and kinds[i] in ("words", "some")]
    if len(meant) == 1 and not unclear:
        roles[meant[0]] = "speaker"
    elif meant or unclear or any(columns[i].vocabulary in ("gender", "manner") for i in few):
        guess = list(roles)
        for i in [*meant, *unclear, *few][:1]:
            guess[i] = "speaker"
        why = (
            "more than one column could be the speaker"
            if len(meant) > 1
            else "a column is neither clearly a speaker nor nothing"
        )
        raise _doubt(table, columns, guess, (), why)
    else:
        alike = [i for i in rest if kinds[i] == "constant" and i not in texts and not _sparse(columns[i])]
        named = [i for i in alike if not columns[i].number and not columns[i].vocabulary] or (
            alike if layout == "list" and own and alike == [1] else []
        )
        if len(named) == 1:
            roles[named[0]] = "speaker"
        elif named:
            raise _doubt(table, columns, [*_first_named(roles, named)], (), "two columns could be the speaker")
    for i in rest:
        if kinds[i] == "language":
            roles[i] = "language"
    return tuple(roles)


def _sparse(column: Column) -> bool:
    """Most rows have nothing there: remarks, not who speaks."""
    return column.filled < 0.5 * column.rows


def _first_named(roles: list[str], named: list[int]) -> list[str]:
    return ["speaker" if i == named[0] else role for i, role in enumerate(roles)]


def _fits(own: Sequence[str], columns: list[Column]) -> bool:
    """Whether few rows do not contradict what the layout says of them."""
    for role, column in zip(own, columns, strict=True):
        if role in ("text", "raw") and (column.number or column.kind == "language"):
            return False
        if role == "speaker" and (column.words >= 2 or column.kind == "language"):
            return False
    if len(own) == 3 and own[2] == "normalized":
        raw, normalized = columns[1], columns[2]
        if (
            normalized.number
            or normalized.kind == "language"
            or (raw.words < 1.5 <= normalized.words and same_text(raw, normalized) < 0.3)
        ):
            return False
        return not (raw.words >= 2 and normalized.filled and normalized.words < 1.5 and same_text(raw, normalized) < 0.3)
    return not (own[-1] == "text" and columns[-1].number)


def _path(columns: list[Column]) -> int | None:
    best = max(range(len(columns)), key=lambda i: (round(columns[i].found, 2), -i))
    if columns[best].found > 0.2:
        return best
    shaped = [i for i, column in enumerate(columns) if column.like_paths]
    if shaped and (shaped[0] == 0 or columns[shaped[0]].suffixed):
        return shaped[0]
    few_or_two = columns[0].rows < _FEW_ROWS or len(columns) == 2
    return 0 if few_or_two and columns[0].words < 2 else None  # nothing is there: that is told later, file by file


def _texts(table: ListTable, roles: Sequence[str], texts: list[int], columns: list[Column]) -> list[str]:
    """Roles with the text in: one column, or the same text twice, as written and as spoken."""
    roles = list(roles)
    if len(texts) == 1:
        roles[texts[0]] = "text"
        return roles
    first = texts[0]
    other = [i for i in texts[1:] if same_text(columns[first], columns[i]) < 0.35]
    if other or len(texts) > 2:
        guess = [*roles]
        guess[first] = "text"
        raise _doubt(
            table, columns, guess, (), f"{len(texts)} columns read like texts, and are not one text as written and as spoken"
        )
    raw, spoken = texts
    both = [(a, b) for a, b in zip(columns[raw].cells, columns[spoken].cells, strict=True) if a.strip() and b.strip()]
    first_text, second_text = (
        Column([pair[i] for pair in both], 0.0) for i in (0, 1)
    )  # only where both have something is compared
    stripped = first_text.accents > 2 * second_text.accents + 2  # letters were taken off it
    bare = second_text.marks < 0.2 * first_text.marks and first_text.digits <= second_text.digits + 2  # or the marks
    if stripped or bare or second_text.digits > 2 * first_text.digits + 2:  # or the first one has the numbers in words
        raw, spoken = spoken, raw
    roles[raw], roles[spoken] = "raw", "normalized"
    return roles


def _folders(
    table: ListTable, roles: tuple[str, ...], columns: list[Column], body: list[list[str]], one_speaker: bool
) -> tuple[str, ...]:
    """Refuse to make one voice of recordings that lie in a folder for each of several people."""
    path = _path_of(roles)
    if path is None or "speaker" in roles or one_speaker:
        return roles
    folders = columns[path].folders
    if len(folders) < 2 or len(body) < 2 * len(folders):
        return roles
    shown = ", ".join(sorted(folders)[:4])
    guess = ["speaker/path" if i == path else role for i, role in enumerate(roles)]
    error = _doubt(
        table, columns, guess, (), f"no column is the speaker, and the recordings lie in {len(folders)} folders: {shown}"
    )
    error.fix += "; or --speaker NAME if all are one voice"
    raise error


def _settled(
    table: ListTable, roles: Sequence[str], columns: list[Column], header: bool, names: Sequence[str], how: str
) -> Columns:
    texts = [i for role in ("normalized", "text", "raw") for i, r in enumerate(roles) if r == role]
    spoken = texts[0]
    parts = []
    for i, (role, column) in enumerate(zip(roles, columns, strict=True)):
        word = {"normalized": "text", "raw": "text", "text": "text", "path": "path"}.get(role, role)
        if role in ("raw", "normalized", "text") and len(texts) > 1:
            word = "text (spoken)" if i == spoken else "text (as written)"  # messages
        elif role == "speaker":
            word = f"speaker ({column.sample(4)})"
        elif role == "language":
            word = f"language ({column.sample(2)})"
        elif role == "ignore":
            word = f"not used ({names[i] if names else column.sample(1) or 'empty'})"
        parts.append(word)
    if len(parts) > 6:
        unused = [names[i] if names else str(i + 1) for i, role in enumerate(roles) if role == "ignore"]
        parts = [part for part, role in zip(parts, roles, strict=True) if role != "ignore"]
        parts.append(f"{len(unused)} not used ({', '.join(unused[:3])}{', …' if len(unused) > 3 else ''})")
    at = next((i for i, role in enumerate(roles) if role == "speaker"), None)
    constant = at is not None and len(columns[at].values) == 1
    said = f"{table.path.name}: {' | '.join(parts)}" + (f", {how}" if how else "")
    return Columns(tuple(roles), said, header, tuple(texts), constant)


def _guess(columns: list[Column], path: int | None) -> list[str]:
    rest = [i for i in range(len(columns)) if i != path]
    text = max(rest, key=lambda i: (columns[i].kind == "text", columns[i].words, len(columns[i].values)), default=None)
    speaker = next((i for i in rest if i != text and columns[i].few and columns[i].vocabulary != "split"), None)
    roles = {path: "path", text: "text", speaker: "speaker"}
    return [roles.get(i, "ignore") for i in range(len(columns))]


def _doubt(table: ListTable, columns: list[Column], guess: Sequence[str], names: Sequence[str], why: str) -> CorpusError:
    """The refusal: what each column looks like, and the `--columns` to type."""
    word = {"?": "ignore", "id": "ignore"}
    guess = [word.get(role, role) for role in guess]
    lines = [why] + [
        f"column {i + 1}{f' ({names[i]})' if names else ''}: {describe(column)}; perhaps {guess[i]}"
        for i, column in enumerate(columns[:12])
    ]
    return CorpusError(
        f"{table.path.name}: what its {len(columns)} columns are is not clear",
        "\n".join(lines),
        f"say what they are: --columns {','.join(guess)}   (names: {CONTENT})",
    )
