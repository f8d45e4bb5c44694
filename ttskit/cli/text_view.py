"""One analysed sentence in the terminal: written → class → said, in syllables → phones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttskit import terminal
from ttskit.messages import translated

if TYPE_CHECKING:
    from rich.text import Text

    from ttskit.interfaces import Analysis, Word

__all__ = ["render"]

_COLUMNS = ("written", "class", "said", "phones", "or")  # messages
_COLOURS = {
    "word": "default",
    "number": "cyan",
    "money": "green",
    "measure": "green",
    "date": "magenta",
    "time": "magenta",
    "ordinal": "cyan",
    "fraction": "cyan",
    "telephone": "blue",
    "electronic": "blue",
    "code": "blue",
    "plate": "blue",
    "letters": "yellow",
    "abbreviation": "yellow",
    "roman": "yellow",
    "symbol": "red",
    "emoji": "red",
    "annotation": "red",
    "mark": "bright_black",
}


def render(analysis: Analysis) -> None:
    """Print the sentence, a row for each stretch that is said, and the tokens; colours only where the terminal has them."""
    from rich.table import Table
    from rich.text import Text

    console = terminal.console(stderr=False, highlight=False)
    console.print(_coloured(analysis))
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for column in _COLUMNS:
        table.add_column(translated(column), overflow="fold")
    words: dict[tuple[int, int], list[Word]] = {}
    for word in analysis.words:
        words.setdefault(word.span, []).append(word)
    for reading in analysis.readings:
        if not reading.spoken or reading.token_class == "mark":
            continue
        style, own = _COLOURS.get(reading.token_class, "default"), words.get(reading.span, [])
        phones = " · ".join(" ".join(word.phonemes) for word in own)
        table.add_row(
            Text(reading.text, style),
            reading.token_class,
            _syllables(own),
            phones,
            Text(" | ".join(reading.alternatives), "dim"),
        )
    console.print(table)
    console.print(Text(" ".join(analysis.tokens), "bold"))
    for unknown in analysis.unknown:
        console.print(Text(translated(f"not read: {unknown.character!r} at {unknown.position}"), "red"))


def _coloured(analysis: Analysis) -> Text:
    from rich.text import Text

    shown = Text(analysis.text)
    for reading in analysis.readings:
        style = "dim strike" if reading.token_class == "silent" and reading.text.strip() else _COLOURS.get(reading.token_class)
        if style:
            shown.stylize(style, *reading.span)
    for unknown in analysis.unknown:
        shown.stylize("white on red", unknown.position, unknown.position + 1)  # no message
    return shown


def _syllables(words: list[Word]) -> Text:
    """Syllables joined by hyphens, the stressed one in bold."""
    from rich.text import Text

    shown = Text()
    for number, word in enumerate(words):
        shown.append(" " if number else "")
        for index, syllable in enumerate(word.syllables):
            shown.append("-" if index else "")
            shown.append(syllable, "bold underline" if index == word.stress else "")
    return shown
