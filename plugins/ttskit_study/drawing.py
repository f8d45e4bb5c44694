"""A small canvas for inline SVG: scales, marks and words in the colours of the page, at the width of a phone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

__all__ = ["MARKS", "Canvas", "Scale", "number", "ticks"]

MARKS = ("circle", "diamond", "triangle", "square", "down", "cross")
_LINE = '<line x1="{}" y1="{}" x2="{}" y2="{}" class="s {}" stroke-width="{}"{}/>'  # no message
_PATH = '<polyline points="{}" class="s {}" stroke-width="{}"{}/>'  # no message
_BOX = '<rect x="{}" y="{}" width="{}" height="{}" class="f {}">{}</rect>'  # no message
_TEXT = '<text x="{}" y="{}" class="t {}" text-anchor="{}" font-size="{}">{}</text>'  # no message
_CIRCLE = '<circle cx="{}" cy="{}" r="{}" class="{} {}">{}</circle>'  # no message
_POLYGON = '<polygon points="{}" class="{} {}">{}</polygon>'  # no message
_HEAD = '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" data-figure="{}">'  # no message
_MARK = '<svg viewBox="0 0 {} {}" class="mark" aria-hidden="true">'  # no message
_R = 4.6  # of a mark, in units of the canvas: pixels at the width of a phone


def number(value: float | None, digits: int, *, sign: bool = False) -> str:
    """A number as it stands on the page: a true minus, `digits` decimals, "–" for none; with `sign` a plus as well."""
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{abs(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        return text
    return ("−" if value < 0 else "+" if sign else "") + text


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers in [low, high], at most `most` of them: steps of 1, 2 or 5 times a power of ten."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    base = 10.0 ** math.floor(math.log10(span / most))
    found: list[float] = []
    for times in (1, 2, 5, 10, 20, 50):
        step = times * base
        first = math.ceil(low / step - 1e-9)
        found = [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]
        if len(found) <= most:
            break
    return found


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to places on the canvas.

    Args:
        low, high: values at the ends.
        start, end: their places.
        logarithmic: equal ratios have equal lengths.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    @classmethod
    def over(
        cls, values: Sequence[float], start: float, end: float, *, include: Sequence[float] = (), logarithmic: bool = False
    ) -> Scale:
        """One that holds all finite values, with a twentieth of room on both sides."""
        known = [float(v) for v in (*values, *include) if math.isfinite(v) and (v > 0 or not logarithmic)]
        low, high = (min(known), max(known)) if known else (1.0, 2.0)
        if logarithmic:
            room = (high / low) ** 0.06 if high > low else 1.5
            return cls(low / room, high * room, start, end, True)
        room = 0.06 * (high - low) or max(abs(high) * 0.1, 1.0)
        return cls(low - room, high + room, start, end)

    def __call__(self, value: float) -> float:
        """The place of a value."""
        f: Callable[[float], float] = math.log if self.logarithmic else float
        share = (f(value) - f(self.low)) / ((f(self.high) - f(self.low)) or 1.0)
        return self.start + share * (self.end - self.start)


@dataclass
class Canvas:
    """SVG in the making; colours are classes of the page's style sheet (c0 … c5, ink, soft, grid, band).

    Args:
        width, height: of the view box. The picture takes the width of its box on the page.
        name: of the figure, for tests and style sheets.
        title: what a screen reader says of it.
    """

    width: float
    height: float
    name: str
    title: str
    parts: list[Markup] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str, width: float = 1.0, dash: str = "") -> None:
        """A straight line."""
        dashed = Markup(' stroke-dasharray="{}"').format(dash) if dash else Markup("")
        self._add(_LINE, x1, y1, x2, y2, kind, width, dashed)

    def path(self, points: Sequence[tuple[float, float]], kind: str, width: float = 1.5, dash: str = "") -> None:
        """A line through points."""
        along = " ".join(f"{_short(x)},{_short(y)}" for x, y in points)
        dashed = Markup(' stroke-dasharray="{}"').format(dash) if dash else Markup("")
        self._add(_PATH, along, kind, width, dashed)

    def box(self, x: float, y: float, width: float, height: float, kind: str, said: str = "") -> None:
        """A filled rectangle."""
        self._add(_BOX, x, y, max(0, width), height, kind, _said(said))

    def text(self, x: float, y: float, words: object, kind: str = "ink", anchor: str = "start", size: float = 12) -> None:
        """Words; `anchor` is "start", "middle" or "end"."""
        self._add(_TEXT, x, y, kind, anchor, size, words)

    def mark(
        self,
        x: float,
        y: float,
        shape: int,
        kind: str,
        *,
        hollow: bool = False,
        faint: bool = False,
        r: float = _R,
        said: str = "",
    ) -> None:
        """A mark of one of `MARKS`, told apart by shape as well as by colour; `said` is its tooltip."""
        fill = "h" if hollow else "f"
        more = f"{kind} faint" if faint else kind
        inside = _said(said)
        name = MARKS[shape % len(MARKS)]
        if name == "circle":
            self._add(_CIRCLE, x, y, r, fill, more, inside)
            return
        corners = {
            "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
            "triangle": ((0, -1.25), (1.2, 0.95), (-1.2, 0.95)),
            "square": ((-0.95, -0.95), (0.95, -0.95), (0.95, 0.95), (-0.95, 0.95)),
            "down": ((0, 1.25), (1.2, -0.95), (-1.2, -0.95)),
            "cross": ((-1.2, -0.4), (-0.4, -0.4), (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4),
                      (0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4)),
        }[name]  # fmt: skip
        along = " ".join(f"{_short(x + r * dx)},{_short(y + r * dy)}" for dx, dy in corners)
        self._add(_POLYGON, along, fill, more, inside)

    def upwards(self, scale: Scale, left: float, right: float, digits: int) -> None:
        """An axis of values upwards, with its grid."""
        for value in ticks(scale.low, scale.high):
            y = scale(value)
            self.line(left, y, right, y, "grid")
            self.text(left - 5, y + 4, number(value, digits), "soft", "end", 11)

    def markup(self, *, hidden: bool = False) -> Markup:
        """The finished picture; `hidden` from screen readers where words stand beside it."""
        if hidden:
            head = Markup(_MARK).format(_short(self.width), _short(self.height))
            return head + Markup("").join(self.parts) + Markup("</svg>")
        head = Markup(_HEAD).format(_short(self.width), _short(self.height), self.title, self.name)
        return head + Markup("").join(self.parts) + Markup("</svg>")

    def _add(self, template: str, *values: object) -> None:
        shown = [_short(v) if isinstance(v, float) else v for v in values]
        self.parts.append(Markup(template).format(*shown))


def _said(words: str) -> Markup:
    return Markup("<title>{}</title>").format(words) if words else Markup("")


def _short(value: float) -> str:
    return str(escape(f"{value:.1f}".removesuffix(".0")))
