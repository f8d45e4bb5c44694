"""The pictures of the report: inline SVG in the colours of the page, at the width of a phone, with words for who cannot see."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from ttskit_listen.report.plainly import pair_value
from ttskit_listen.report.words import ReportWords

__all__ = ["check_value", "counts", "legend", "pairs", "screening", "strengths", "systems"]

_WIDTH, _LEFT, _RIGHT, _ROW = 360.0, 12.0, 348.0, 38.0
_R = 4.5
_END = 238.0  # of the small strips, whose text would be too small on the whole width
_HEAD = '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" data-figure="{}">{}</svg>'  # no message
_LINE = '<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>'  # no message
_BOX = '<rect x="{}" y="{}" width="{}" height="{}" class="{}">{}</rect>'  # no message
_TEXT = '<text x="{}" y="{}" class="{}" text-anchor="{}">{}</text>'  # no message
_DOT = '<circle cx="{}" cy="{}" r="{}" class="{}">{}</circle>'  # no message
_CROSS = '<path d="M{} {}l{} {}m0 {}l{} {}" class="{}">{}</path>'  # no message
_SCALES: Mapping[str, Sequence[str]] = {
    "cmos": ("-3", "-2", "-1", "0", "1", "2", "3"),
    "ab": ("0", "0.5", "1"),
    "abx": ("0", "1"),
    "mos": ("1", "2", "3", "4", "5"),
}
# The end of a scale that each answer is near: below the middle b3 … b1, the middle m, above it a1 … a3.
_SHADES: Mapping[str, Sequence[str]] = {
    "cmos": ("b3", "b2", "b1", "m", "a1", "a2", "a3"),
    "ab": ("b2", "m", "a2"),
    "abx": ("b2", "a2"),
    "mos": ("b3", "b1", "m", "a1", "a3"),
}
_UPPER = {"most_same": 3.0, "minutes": None}  # of checks that are no shares; None: the largest there is


def systems(results: Mapping[str, Any], words: ReportWords) -> Markup:
    """The mean of each system with its interval, on the whole scale of ratings."""
    kind, statistics = results["test"]["kind"], results["statistics"]
    rows = [row for row in statistics.get("systems") or () if row.get("mean") is not None]
    if kind not in ("mos", "mushra", "transcribe") or not rows:
        return Markup("")
    times = 100.0 if kind == "transcribe" else 1.0
    digits = 2 if kind == "mos" else 1
    ends = {"mos": (1.0, 5.0), "mushra": (0.0, 100.0)}.get(kind)
    if ends is None:
        ends = (0.0, 5 * _round_up(times * max(row.get("high") or row["mean"] for row in rows) / 5))
    marks = [
        {
            "label": row["system"],
            "values": [None if row.get(name) is None else times * row[name] for name in ("mean", "low", "high")],
            "hollow": row.get("natural") or row.get("anchor"),
        }
        for row in rows
    ]
    shown = lambda value: words.number(value, digits)  # noqa: E731
    axis = lambda value: words.number(value, 0 if ends[1] >= 5 else 1)  # noqa: E731
    return _dots("systems", words("section.systems"), marks, ends, shown, ticks=5 if kind == "mos" else 6, axis=axis)


def pairs(results: Mapping[str, Any], words: ReportWords) -> Markup:
    """Each pair's difference with its interval, and what is too small to matter."""
    kind, rows = results["test"]["kind"], results["statistics"].get("pairs") or ()
    rows = [row for row in rows if row.get("value") is not None]
    if not rows:
        return Markup("")
    if kind in ("ab", "abx"):
        ends = (-0.5, 0.5)
    else:
        known = [abs(row[name]) for row in rows for name in ("value", "low", "high") if row.get(name) is not None]
        top = 2 * _round_up(max([*known, results["test"]["smallest"] or 0.0]) / 2)
        ends = (-top, top)
    marks = [
        {
            "label": words("answers.pair", system=row["system"], against=row["against"]),
            "values": [row.get(name) for name in ("value", "low", "high")],
            "word": words.either(f"word.{_word(kind, row)}", ""),
            "kind": (row.get("word") or "").replace(" ", "-"),
        }
        for row in rows
    ]
    shown = lambda value: pair_value(kind, value, words)  # noqa: E731
    return _dots("pairs", words("section.pairs"), marks, ends, shown, zero=0.0, band=results["test"]["smallest"])


def strengths(results: Mapping[str, Any], words: ReportWords) -> Markup:
    """Bradley–Terry strengths."""
    rows = [row for row in results["statistics"].get("strengths") or () if row.get("value") is not None]
    if not rows:
        return Markup("")
    known = [abs(row[name]) for row in rows for name in ("value", "low", "high") if row.get(name) is not None]
    top = 2 * _round_up(max(known) / 2)
    marks = [{"label": row["system"], "values": [row.get(name) for name in ("value", "low", "high")]} for row in rows]
    shown = lambda value: words.number(value, 2, sign=True)  # noqa: E731
    return _dots("strengths", words("section.strengths"), marks, (-top, top), shown, zero=0.0)


def counts(results: Mapping[str, Any], words: ReportWords) -> Markup:
    """How often each answer was given, a bar for each pair or system."""
    kind = results["test"]["kind"]
    own = results["counts"]["systems" if kind == "mos" else "pairs"]
    if kind not in _SCALES or not own:
        return Markup("")
    parts: list[Markup] = []
    y = 0.0
    for name, given in own.items():
        total = sum(given.values())
        system, _, against = name.partition("|")
        label = words("answers.pair", system=system, against=against) if against else system
        parts.append(_text(_LEFT, y + 14, label, "ink"))
        parts.append(_text(_RIGHT, y + 14, total, "soft", "end"))
        x = _LEFT
        for value, shade in zip(_SCALES[kind], _SHADES[kind], strict=True):
            count = given.get(value, 0)
            wide = (_RIGHT - _LEFT) * count / total
            said = f"{_answer_name(kind, value, words)}: {count}"
            parts.append(Markup(_BOX).format(_n(x), _n(y + 19), _n(wide), 14, f"shade {shade}", _title(said)))
            x += wide
        y += 42
    return _svg("counts", words("section.answers"), y + 2, parts)


def legend(kind: str, words: ReportWords) -> Markup:
    """What the shades of `counts` are."""
    if kind not in _SCALES:
        return Markup("")
    chips = [
        Markup('<li><span class="swatch {}" aria-hidden="true"></span>{}</li>').format(shade, _answer_name(kind, value, words))
        for value, shade in zip(_SCALES[kind], _SHADES[kind], strict=True)
    ]
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(chips))


def screening(results: Mapping[str, Any], words: ReportWords) -> list[tuple[str, str, Markup]]:
    """A strip for each rule that has findings, and for agreement and minutes: key, title, picture."""
    listeners = results["screening"]
    found = []
    for name in (*results["listeners"]["rules"], "agreement", "minutes"):
        if name == "mushra_reference":
            continue
        of = lambda row, name=name: row[name] if name in ("agreement", "minutes") else row["checks"].get(name)  # noqa: E731
        rows = [(row, of(row)) for row in listeners if of(row) is not None]
        if rows:
            title = words(f"listeners.{name}" if name in ("agreement", "minutes") else f"rule.{name}")
            found.append((name, title, _strip(results, name, title, rows, words)))
    return found


def _strip(
    results: Mapping[str, Any], name: str, title: str, rows: Sequence[tuple[Mapping[str, Any], float]], words: ReportWords
) -> Markup:
    rules, values = results["listeners"]["rules"], [value for _, value in rows]
    low, high = (min(-0.2, *values), 1.0) if name == "agreement" else (0.0, _UPPER.get(name, 1.0) or max(values) * 1.05 or 1.0)
    high = max(high, *values)
    limit = rules.get(name)
    if name == "headphones":
        limit = 5 / 6 if limit else None
    place = lambda value: _LEFT + (_END - _LEFT) * (value - low) / (high - low)  # noqa: E731
    parts = []
    if limit is not None:
        least = name.startswith("least") or name == "headphones"
        start, end = (_LEFT, place(limit)) if least else (place(limit), _END)
        parts.append(Markup(_BOX).format(_n(start), 4, _n(max(0.0, end - start)), 44, "band", _title("")))
        parts.append(_line(place(limit), 4, place(limit), 48, "limit"))
    parts.append(_line(_LEFT, 48, _END, 48, "axis"))
    seen: dict[int, int] = {}
    for row, value in rows:
        x = place(value)
        level = seen[round(x / 6)] = seen.get(round(x / 6), -1) + 1
        y = 42 - (level % 7) * 6 + (3 if level >= 7 else 0)
        said = f"{row['listener']}: {check_value(name, value, words)}"
        parts.append(_mark(x, y, row["kept"], said))
    parts.append(_text(_LEFT, 62, check_value(name, low, words), "soft"))
    parts.append(_text(_END, 62, check_value(name, high, words), "soft", "end"))
    return _svg(f"screening-{name}", f"{title}: {words('listeners.marks')}", 68, parts, _END + _LEFT)


def check_value(name: str, value: float | None, words: ReportWords) -> str:
    """A finding of a rule as it is shown: shares in percent."""
    if name in ("agreement", "most_same"):
        return words.number(value, 2)
    return words.number(value, 1) if name == "minutes" else words.percent(value)


def _mark(x: float, y: float, kept: bool, said: str) -> Markup:
    if kept:
        return Markup(_DOT).format(_n(x), _n(y), 3.2, "kept", _title(said))
    return Markup(_CROSS).format(_n(x - 3), _n(y - 3), 6, 6, -6, -6, 6, "out", _title(said))


def _dots(
    name: str,
    title: str,
    rows: Sequence[Mapping[str, Any]],
    ends: tuple[float, float],
    shown: Callable[[float], str],
    *,
    zero: float | None = None,
    band: float | None = None,
    ticks: int = 5,
    axis: Callable[[float], str] | None = None,
) -> Markup:
    low, high = ends
    place = lambda value: _LEFT + (_RIGHT - _LEFT) * (min(max(value, low), high) - low) / (high - low)  # noqa: E731
    height = len(rows) * _ROW + 6
    parts: list[Markup] = []
    if band is not None:
        parts.append(Markup(_BOX).format(_n(place(-band)), 0, _n(place(band) - place(-band)), _n(height), "band", _title("")))
    for step in range(ticks):
        value = low + (high - low) * step / (ticks - 1)
        anchor = "start" if step == 0 else "end" if step == ticks - 1 else "middle"
        parts.append(
            _line(place(value), 0, place(value), height, "zero" if zero is not None and abs(value - zero) < 1e-9 else "grid")
        )
        parts.append(_text(place(value), height + 14, (axis or shown)(value), "soft", anchor))
    for number, row in enumerate(rows):
        value, least, most = row["values"]
        y = number * _ROW + 27
        parts.append(_text(_LEFT, y - 11, row["label"], "ink t"))
        if row.get("word"):
            parts.append(_text(_RIGHT, y - 11, row["word"], f"t word {row['kind']}", "end"))  # no message
        between = ""
        if least is not None and most is not None:
            parts.append(_line(place(least), y, place(most), y, "span"))
            between = f" [{shown(least)}, {shown(most)}]"
        said = f"{row['label']}: {shown(value)}{between}"
        parts.append(Markup(_DOT).format(_n(place(value)), _n(y), _R, "hollow" if row.get("hollow") else "dot", _title(said)))
    told = "; ".join(f"{row['label']} {shown(row['values'][0])}" for row in rows)
    return _svg(name, f"{title}: {told}", height + 20, parts)


def _word(kind: str, row: Mapping[str, Any]) -> str:
    word = row.get("word") or "not known"
    return "told" if kind == "abx" and word in ("better", "worse") else word


def _answer_name(kind: str, value: str, words: ReportWords) -> str:
    if kind == "ab":
        return words("table.counts_ab").split(" / ")[{"1": 0, "0.5": 1, "0": 2}[value]].capitalize()
    if kind == "abx":
        return words("table.counts_abx").split(" / ")[{"1": 0, "0": 1}[value]].capitalize()
    return words.number(float(value), 0, sign=kind == "cmos")


def _svg(name: str, title: str, height: float, parts: Sequence[Markup], width: float = _WIDTH) -> Markup:
    return Markup(_HEAD).format(_n(width), _n(height), title, name, Markup("").join(parts))


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup(_LINE).format(_n(x1), _n(y1), _n(x2), _n(y2), kind)


def _text(x: float, y: float, words: object, kind: str, anchor: str = "start") -> Markup:
    return Markup(_TEXT).format(_n(x), _n(y), kind, anchor, words)


def _title(said: str) -> Markup:
    return Markup("<title>{}</title>").format(said) if said else Markup("")


def _round_up(step: float) -> float:
    """The next larger distance of two marks of an axis that is a round number; 1 for none."""
    if not step > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    return next(one * power for one in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 20) if one * power >= step * (1 - 1e-9))


def _n(value: float) -> str:
    return str(escape(f"{value:.1f}".removesuffix(".0"))) if math.isfinite(value) else "0"
