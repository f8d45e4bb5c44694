"""Pictures of measures beside ears: inline SVG in the colours of the page, as wide as a phone, and one that stands alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Protocol

from markupsafe import Markup, escape

__all__ = ["EarsWords", "forest", "scatters", "standing_alone"]

_WIDTH, _LEFT, _RIGHT, _ROW, _MOST = 360.0, 12.0, 348.0, 36.0, 18
_SVG = '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" data-figure="{}">{}</svg>'  # no message
_LINE = '<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>'  # no message
_TEXT = '<text x="{}" y="{}" class="{}" text-anchor="{}">{}</text>'  # no message
_DOT = '<circle cx="{}" cy="{}" r="{}" class="{}">{}</circle>'  # no message
_SHAPE = '<polygon points="{}" class="{}">{}</polygon>'  # no message
# Colour and shape both tell systems apart; the colours are those of the page's scale, blue and orange by turns.
_FILLS = ("a3", "b3", "a2", "b2", "a1", "b1")
_SHAPES: Sequence[Sequence[tuple[float, float]]] = (
    (),  # a circle
    ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    ((0, -1.25), (1.2, 0.95), (-1.2, 0.95)),
    ((-0.95, -0.95), (0.95, -0.95), (0.95, 0.95), (-0.95, 0.95)),
    ((0, 1.25), (1.2, -0.95), (-1.2, -0.95)),
)
_SMALL = (
    '<svg viewBox="0 0 12 12" aria-hidden="true" style="display:inline-block;width:.8em;height:.8em">{}</svg>'  # no message
)


class EarsWords(Protocol):
    """The words of a report in one language."""

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of a key, its places filled."""

    def message(self, text: str) -> str:
        """A title that a measurement wrote in English, in this language where the catalogue has it."""

    def number(self, value: float | None, digits: int = 2, *, sign: bool = False) -> str:
        """A number as the language writes it."""


def forest(ears: Mapping[str, Any], words: EarsWords) -> Markup:
    """Each measure's correlation with its interval, the one that goes best with the listeners first."""
    rows = [row for row in ears["measures"] if row["sentence"] and row["sentence"]["spearman"]["value"] is not None][:_MOST]
    if not rows:
        return Markup("")
    height = _ROW * len(rows) + 6
    parts: list[Markup] = []
    for step in (-1.0, -0.5, 0.0, 0.5, 1.0):
        anchor = "start" if step == -1 else "end" if step == 1 else "middle"
        parts.append(_line(_place(step), 0, _place(step), height, "zero" if step == 0 else "grid"))
        parts.append(_text(_place(step), height + 14, words.number(step, 1), "soft", anchor))
    top = ears["ceiling"].get("sentence")
    if top is not None:
        parts.append(_line(_place(top), 0, _place(top), height, "limit"))
    told = []
    for number, row in enumerate(rows):
        y = number * _ROW + 26
        own, title = row["sentence"]["spearman"], _short_title(words.message(row["title"]))
        parts.append(_text(_LEFT, y - 11, title, "ink t"))
        between = ""
        if own["low"] is not None:
            parts.append(_line(_place(own["low"]), y, _place(own["high"]), y, "span"))
            between = f" [{words.number(own['low'])}, {words.number(own['high'])}]"
        said = f"{words.message(row['title'])}: {words.number(own['value'])}{between}, {words('ears.word.' + row['word'])}"
        look = "hollow" if row["word"] == "not known" else "dot"
        parts.append(Markup(_DOT).format(_n(_place(own["value"])), _n(y), 4.5, look, _title(said)))
        inside = row["within"]["value"] if row["within"] else None
        if inside is not None:
            parts.append(_mark(1, _place(inside), y, 3.0, "b3", f"{words('ears.within')}: {words.number(inside)}"))
        told.append(f"{title} {words.number(own['value'])}")
    return _svg("ears", f"{words('ears.figure')}: {'; '.join(told)}", height + 20, parts)


def scatters(
    ears: Mapping[str, Any], words: EarsWords, most: int = 4
) -> list[tuple[str, str, Markup, list[tuple[str, Markup]]]]:
    """The points of the first measures: key, title, picture, and the legend (name and mark)."""
    found: list[tuple[str, str, Markup, list[tuple[str, Markup]]]] = []
    for row in ears["measures"]:
        if len(found) == most:
            break
        if row["points"] and row["sentence"]["spearman"]["value"] is not None:
            title = words.message(row["title"])
            found.append((row["key"], title, *_scatter(row, title, words)))
    return found


def standing_alone(picture: Markup, title: str) -> str:
    """The picture as a file of its own, light and dark; "" for none."""
    if not picture:
        return ""
    own = files("ttskit_listen").joinpath("templates", "ears_alone.css").read_text(encoding="utf-8")
    style = Markup("<style>{}</style>").format(Markup(own))
    head = Markup('<svg xmlns="http://www.w3.org/2000/svg" width="720" ')  # no message
    inside = Markup("<title>{}</title>{}").format(title, style)
    start, _, rest = str(picture).partition(">")
    return str(head) + start.removeprefix("<svg ") + ">" + str(inside) + rest + "\n"


def _scatter(row: Mapping[str, Any], title: str, words: EarsWords) -> tuple[Markup, list[tuple[str, Markup]]]:
    size, bottom, left = 240.0, 200.0, 46.0
    points = row["points"]
    x, y = ([point[name] for point in points] for name in ("measured", "heard"))
    pairs = any(point["against"] for point in points)
    ends = [_ends(values, pairs) for values in (x, y)]
    across = lambda v: left + (_RIGHT - left) * (v - ends[0][0]) / (ends[0][1] - ends[0][0])  # noqa: E731
    up = lambda v: bottom - (bottom - 10) * (v - ends[1][0]) / (ends[1][1] - ends[1][0])  # noqa: E731
    parts = [_line(left, bottom, _RIGHT, bottom, "axis"), _line(left, 10, left, bottom, "axis")]
    for value in _ticks(*ends[0]):
        parts.append(_line(across(value), 10, across(value), bottom, "zero" if pairs and value == 0 else "grid"))
        parts.append(_text(across(value), bottom + 15, words.number(value, _digits(*ends[0])), "soft", "middle"))
    for value in _ticks(*ends[1]):
        parts.append(_line(left, up(value), _RIGHT, up(value), "zero" if pairs and value == 0 else "grid"))
        parts.append(_text(left - 5, up(value) + 4, words.number(value, _digits(*ends[1])), "soft", "end"))
    names = list(dict.fromkeys((p["system"], p["against"]) for p in points))
    for point in points:
        number = names.index((point["system"], point["against"]))
        said = f"{_name(point)}, {point['sentence']}: {words.number(point['measured'])}, {words.number(point['heard'])}"
        look = _FILLS[number % len(_FILLS)]
        parts.append(_mark(number, across(point["measured"]), up(point["heard"]), 3.4, look, said))
    better = {"lower": "ears.lower", "higher": "ears.higher"}.get(row["better"], "ears.neither")
    under = " · ".join(filter(None, (words.message(row["unit"]) if row["unit"] else "", words(better))))
    parts.append(_text((left + _RIGHT) / 2, bottom + 32, under, "soft", "middle"))
    legend = []
    for number, name in enumerate(names):
        mark = _mark(number, 6, 6, 4.0, _FILLS[number % len(_FILLS)], "")
        legend.append((f"{name[0]} − {name[1]}" if name[1] else name[0], Markup(_SMALL).format(mark)))
    shown = words.number(row["sentence"]["spearman"]["value"])
    return _svg(f"ears-{row['rank']}", f"{title}: {shown}", size, parts), legend


def _name(point: Mapping[str, Any]) -> str:
    return f"{point['system']} − {point['against']}" if point["against"] else point["system"]


def _ends(values: Sequence[float], around_zero: bool) -> tuple[float, float]:
    low, high = min(values), max(values)
    if around_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    room = 0.07 * (high - low) or max(abs(high), 1.0) * 0.1
    return low - room, high + room


def _ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between two ends: steps of 1, 2 or 5 times a power of ten."""
    base = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(times * base for times in (1, 2, 5, 10, 20) if (high - low) / (times * base) <= most)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _digits(low: float, high: float) -> int:
    return max(0, 1 - math.floor(math.log10((high - low) / 2)))


def _short_title(title: str, most: int = 48) -> str:
    """A title that fits above its line: without what stands in brackets, and cut between words."""
    short = title if len(title) <= most else title.partition(" (")[0]
    return short if len(short) <= most else short[:most].rsplit(" ", 1)[0] + " …"


def _place(value: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (value + 1) / 2


def _mark(shape: int, x: float, y: float, r: float, look: str, said: str) -> Markup:
    corners = _SHAPES[shape % len(_SHAPES)]
    if not corners:
        return Markup(_DOT).format(_n(x), _n(y), _n(r), look, _title(said))
    return Markup(_SHAPE).format(" ".join(f"{_n(x + r * dx)},{_n(y + r * dy)}" for dx, dy in corners), look, _title(said))


def _svg(name: str, title: str, height: float, parts: Sequence[Markup]) -> Markup:
    return Markup(_SVG).format(_n(_WIDTH), _n(height), title, name, Markup("").join(parts))


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup(_LINE).format(_n(x1), _n(y1), _n(x2), _n(y2), kind)


def _text(x: float, y: float, words: object, kind: str, anchor: str = "start") -> Markup:
    return Markup(_TEXT).format(_n(x), _n(y), kind, anchor, words)


def _title(said: str) -> Markup:
    return Markup("<title>{}</title>").format(said) if said else Markup("")


def _n(value: float) -> str:
    return str(escape(f"{value:.1f}".removesuffix(".0"))) if math.isfinite(value) else "0"
