"""Tables that stay legible in a narrow terminal: short columns are never broken, prose is, and where that is not enough a row
becomes a block of lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["NARROW", "PROSE", "WORD", "laid_out"]

PROSE = 24  # a column that is wider is broken between words where the terminal is narrow, and keeps at least this much
WORD = 40  # a longer word (a path, an address) may be broken
NARROW = 18  # the same without lines between columns, where those do not fit
_FRAME, _GAP = 3, 2  # columns that lines, or a gap, take beside each cell


def laid_out(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, title: str = "") -> RenderableType:
    """A table of at most `width` columns of a terminal, with every cell whole.

    Args:
        columns: their titles.
        rows: a text for each column.
    """
    cells = [[row[i] for row in rows] for i in range(len(columns))]
    pairs = list(zip(columns, cells, strict=True))
    natural = [_longest(line for text in (column, *own) for line in text.splitlines()) for column, own in pairs]
    for frame, prose, ruled in ((_FRAME * len(columns) + 1, PROSE, True), (_GAP * len(columns), NARROW, False)):
        least = [_least(column, own, prose) for column, own in pairs]
        if sum(least) + frame <= width:
            return _table(columns, rows, _shares(natural, least, width - frame), title, ruled)
    return _blocks(columns, rows, width, title)


def _longest(texts: Iterable[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, texts), default=0)


def _least(title: str, cells: Sequence[str], prose: int) -> int:
    """What a column needs: no word is broken, and cells only where they are prose."""
    words = _longest(word for text in (title, *cells) for word in text.split())
    return max(words if words <= WORD else prose, min(_longest(cells), prose))


def _shares(natural: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths that fit into `room`: short columns whole, the others share what is left, none wider than it needs to be."""
    widths = list(least)
    rest = room - sum(widths)
    while rest > 0 and (hungry := [i for i, own in enumerate(widths) if own < natural[i]]):
        for i in hungry[: max(1, rest)]:
            more = min(max(1, rest // len(hungry)), natural[i] - widths[i], rest)
            widths[i] += more
            rest -= more
            if rest <= 0:
                break
    return widths


def _table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], title: str, ruled: bool
) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    own: dict[str, Any] = {} if ruled else {"box": None, "padding": (0, _GAP, 0, 0), "pad_edge": False}
    table = Table(title=Text(title) if title else None, title_justify="left", header_style="bold", **own)
    for column, room in zip(columns, widths, strict=True):
        table.add_column(Text(column), overflow="fold", width=room)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _blocks(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, title: str) -> RenderableType:
    """Each row as lines "column  text", with a blank line between rows; empty cells are left out."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = [Text(title, style="bold")] if title else []
    label = min(_longest(columns[1:]), width // 3)
    for row in rows:
        parts.append(Text(row[0], style="bold", overflow="fold"))
        block = Table.grid(padding=(0, 1))
        block.add_column(width=label, overflow="fold")
        block.add_column(overflow="fold")
        for column, text in list(zip(columns, row, strict=True))[1:]:
            if text:
                block.add_row(Text(column, style="dim"), Text(text))
        parts.append(Padding(block, (0, 0, 0, 2)))
    return Group(*parts)
