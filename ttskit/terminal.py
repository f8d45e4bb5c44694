"""What may be shown in a terminal: text without characters that steer it, whoever chose them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ttskit.messages import translated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

__all__ = ["console", "plain", "plain_json", "plain_line"]

# Control characters (ECMA-48's C0 and C1, where escape sequences begin) without line feed and tab; marks that turn the
# direction of writing (Unicode UAX #9); line and paragraph separators; halves of surrogate pairs, which stand for bytes of
# file names that are no text and cannot be written at all.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAKING = re.compile("[\t\n]")


def plain(text: str) -> str:
    r"""`text` with what steers a terminal written out: ESC becomes the four letters `\x1b`; lines and tabs stay."""
    return _STEERING.sub(_written_out, text)


def plain_line(text: str) -> str:
    r"""`plain` for a cell or a line that must stay one: line feeds and tabs are written out as well."""
    return _BREAKING.sub(_written_out, plain(text))


def plain_json(data: Any, indent: int | None = 2) -> str:
    """`data` as JSON with Unicode letters, in which nothing steers a terminal; it reads back the same."""
    text = json.dumps(data, ensure_ascii=False, indent=indent, default=str)
    return _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def console(stderr: bool = True, **how: Any) -> Console:
    """A rich console that shows everything `plain`, and plain texts in the reader's language; `how` as rich's own takes it."""
    from rich.console import Console, ConsoleOptions
    from rich.segment import Segment

    class PlainConsole(Console):
        def print(self, *objects: Any, **how: Any) -> None:
            super().print(*(translated(one) if isinstance(one, str) else one for one in objects), **how)

        def render(self, renderable: Any, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                own = segment.control or not _STEERING.search(segment.text)  # rich's own moves of the cursor
                yield segment if own else Segment(plain(segment.text), segment.style)

    return PlainConsole(stderr=stderr, **how)


def _written_out(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
