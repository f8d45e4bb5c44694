"""The figures of a study's page as inline SVG: what they draw is in results.json, colours are the page's, words its language's.

One system has one look everywhere: its colour is its level of the first factor (AR or NAR), its mark its own, and marks are
hollow at other than the first level of a factor that only some systems have (help).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from ttskit_study.drawing import Canvas, Scale, number, ticks
from ttskit_study.wording import Words

__all__ = [
    "Look",
    "cell_label",
    "cost_bars",
    "curve",
    "effects_shown",
    "first_audio_strip",
    "forest",
    "latency_lines",
    "legend_mark",
    "look_of",
    "means_by_factor",
    "short",
    "strip",
]

_WIDTH = 360.0  # of every picture: one column of a phone
_MOST_TIMES = 6.0  # the forest shows this many times the smallest difference that matters on either side, at least


@dataclass(frozen=True)
class Look:
    """How a system is drawn: its mark, the class of its colour, and whether its mark is hollow."""

    shape: int
    colour: str
    hollow: bool


def _main_factors(content: Mapping[str, Any]) -> list[str]:
    left_out = {*content["partial_factors"], "minutes", "corpus"}
    return [name for name in content["factors"] if name not in left_out]


def look_of(content: Mapping[str, Any], levels: Mapping[str, str]) -> Look:
    """The look of the systems with these levels."""
    factors = _main_factors(content)
    first = content["factors"][factors[0]] if factors else []
    colour = first.index(levels[factors[0]]) if factors and levels.get(factors[0]) in first else 0
    groups = list(dict.fromkeys(tuple(c["levels"].get(f) for f in factors) for c in content["cells"]))
    own = tuple(levels.get(f) for f in factors)
    hollow = any(name in levels and levels[name] != content["factors"][name][0] for name in content["partial_factors"])
    return Look(groups.index(own) if own in groups else 0, f"c{colour % 6}", hollow)


def cell_label(content: Mapping[str, Any], name: str, words: Words) -> str:
    """A cell as people call it: its system, with minutes and corpus where they vary."""
    cell = next(c for c in content["cells"] if c["cell"] == name)
    more = [words("{amount} minutes", amount=cell["levels"]["minutes"])] if "minutes" in cell["levels"] else []
    more += [cell["corpus"]] if "corpus" in cell["levels"] else []
    return ", ".join([cell["label"], *more])


def legend_mark(look: Look) -> Markup:
    """A mark alone, for lists beside pictures."""
    canvas = Canvas(16, 16, "mark", "")
    canvas.mark(8, 8, look.shape, look.colour, hollow=look.hollow, r=5)
    return canvas.markup(hidden=True)


def means_by_factor(content: Mapping[str, Any], key: str, words: Words) -> Markup:
    """The 2 × 2 of one measure: the second factor along, a line for each level of the first; every training is a dot."""
    measure, points = content["measures"][key], content["picture"][key]
    factors = _main_factors(content)
    across = factors[1] if len(factors) > 1 else ""
    columns = list(content["factors"][across]) if across else [""]
    canvas = Canvas(
        _WIDTH, 250, f"picture-{key}", words("Means of {measure} by factor", measure=words.title(content["measures"], key))
    )
    values = _reach(points)
    scale = Scale.over(values, 216, 12)
    left, right = 44.0, _WIDTH - (104 if content["partial_factors"] else 66)
    canvas.upwards(scale, left, right + 8, _digits(scale, measure))
    step = (right - left) / len(columns)
    series: dict[tuple, list[Mapping[str, Any]]] = {}
    for point in points:
        rest = tuple((k, v) for k, v in point["levels"].items() if k != across)
        series.setdefault(rest, []).append(point)
    for n, column in enumerate(columns):
        if column:
            canvas.text(left + step * (n + 0.5), 240, words.level(across, column), "ink", "middle")
    ends = []
    for n, (rest, own) in enumerate(series.items()):
        shift = 13.0 * (n - (len(series) - 1) / 2)
        look = look_of(content, own[0]["levels"])
        own = sorted(own, key=lambda p: columns.index(p["levels"].get(across, columns[0])))
        places = [left + step * (columns.index(p["levels"].get(across, columns[0])) + 0.5) + shift for p in own]
        canvas.path(
            [(x, scale(p["value"])) for x, p in zip(places, own, strict=True)],
            f"{look.colour} thin",
            1.2,
            "3 3" if look.hollow else "",
        )
        for x, point in zip(places, own, strict=True):
            _point(canvas, x, point, scale, look_of(content, point["levels"]), measure, words, vertical=True)
        name = ", ".join(words(v) for _, v in rest) or cell_label(content, own[0]["cells"][0], words)
        ends.append((scale(own[-1]["value"]), name, look))
    for y, (_, name, look) in zip(_apart([e[0] for e in ends], 14), ends, strict=True):
        canvas.text(
            right + 14 - (13 if len(columns) == 1 else 0),
            y + 4,
            name,
            f"{look.colour} bold",
            size=12,
        )
    return canvas.markup()


def effects_shown(content: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The effects of one measure that the forest has: main ones, interactions, and simple effects of the first factor."""
    first = (_main_factors(content) or [""])[0]
    own = [row for row in content["effects"] if row["measure"] == key]
    return [row for row in own if row["kind"] != "simple" or row["factors"][0] == first]


def forest(content: Mapping[str, Any], key: str, words: Words) -> Markup:
    """Effects on one measure, a line each, over the band of differences that do not matter; thin: the mixed model's."""
    measure, rows = content["measures"][key], effects_shown(content, key)
    smallest = measure["smallest"] or 0.0
    height = 36 * len(rows)
    canvas = Canvas(
        _WIDTH,
        height + 46,
        f"forest-{key}",
        words("Effects on {measure} with intervals", measure=words.title(content["measures"], key)),
    )
    most = max([_MOST_TIMES * smallest / 2, *(1.4 * abs(row["value"]) for row in rows)])
    inside = [v for row in rows for v in (row["low"], row["high"]) if v is not None and abs(v) <= 2 * most]
    scale = Scale.over([-smallest, smallest, *(row["value"] for row in rows), *inside], 12, _WIDTH - 12)
    if smallest:
        canvas.box(scale(-smallest), 4, scale(smallest) - scale(-smallest), height + 8, "band")
    canvas.line(scale(0), 4, scale(0), height + 12, "zero")
    for n, row in enumerate(rows):
        y = 36 * n + 16
        canvas.text(12, y, words.effect(row, brief=True), "ink bold" if row["primary"] else "ink", size=11.5)
        if row["word"]:
            canvas.text(_WIDTH - 12, y, words(row["word"]), f"w-{row['word'].replace(' ', '-')}", "end", 11.5)
        _interval(canvas, row, scale, y + 11, "ink", 2.6 if row["primary"] else 1.6)
        if row["mixed"] and row["mixed"].get("low") is not None:
            _interval(canvas, row["mixed"], scale, y + 17, "soft", 1.0)
        unit = words.unit(content["measures"], key, difference=True)
        said = f"{words.effect(row)}: {words.interval(row, measure['digits'])} {unit}"
        canvas.mark(scale(row["value"]), y + 11, 0 if row["primary"] else 1, "ink", r=4.2 if row["primary"] else 3.2, said=said)
    base = height + 12
    canvas.line(12, base, _WIDTH - 12, base, "axis")
    for value in ticks(scale.low, scale.high):
        canvas.line(scale(value), base, scale(value), base + 4, "axis")
        canvas.text(scale(value), base + 16, number(value, _digits(scale, measure), sign=True), "soft", "middle", 11)
    if measure["better"] in ("lower", "higher"):
        down, up = ("better", "worse") if measure["better"] == "lower" else ("worse", "better")
        canvas.text(12, base + 31, f"← {words(down)}", "soft", "start", 11)
        canvas.text(_WIDTH - 12, base + 31, f"{words(up)} →", "soft", "end", 11)
    return canvas.markup()


def curve(content: Mapping[str, Any], key: str, words: Words) -> Markup:
    """One measure over minutes of training speech, a line for each system, with intervals and every training."""
    measure = content["measures"][key]
    cells = {c["cell"]: c for c in content["cells"] if c["minutes"] is not None}
    points = [p for p in content["means"][key] if p["cell"] in cells]
    canvas = Canvas(
        _WIDTH,
        262,
        f"curve-{key}",
        words("{measure} over minutes of training speech", measure=words.title(content["measures"], key)),
    )
    values = _reach(points)
    scale = Scale.over(values, 216, 12)
    amounts = sorted({cells[p["cell"]]["minutes"] for p in points})
    along = Scale.over(amounts, 50, _WIDTH - 14, logarithmic=True)
    canvas.upwards(scale, 44, _WIDTH - 8, _digits(scale, measure))
    for amount in amounts:
        canvas.text(along(amount), 234, f"{amount:g}", "soft", "middle", 11)
    canvas.text((44 + _WIDTH) / 2, 254, words("minutes of training speech"), "ink", "middle")
    lines: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for point in points:
        cell = cells[point["cell"]]
        lines.setdefault((cell["system"], cell["corpus"]), []).append(point)
    for n, own in enumerate(lines.values()):
        shift = 5.0 * (n - (len(lines) - 1) / 2)
        own = sorted(own, key=lambda p: cells[p["cell"]]["minutes"])
        look = look_of(content, cells[own[0]["cell"]]["levels"])
        places = [along(cells[p["cell"]]["minutes"]) + shift for p in own]
        canvas.path(
            [(x, scale(p["value"])) for x, p in zip(places, own, strict=True)], look.colour, 1.6, "4 3" if look.hollow else ""
        )
        for x, point in zip(places, own, strict=True):
            _point(canvas, x, point, scale, look, measure, words, vertical=True)
    return canvas.markup()


def strip(content: Mapping[str, Any], key: str, words: Words) -> Markup:
    """One measure of every cell, a row each: interval, mean and every training; a dashed line is natural speech."""
    measure, points = content["measures"][key], content["means"][key]
    levels = {c["cell"]: c["levels"] for c in content["cells"]}
    height = 32 * len(points)
    canvas = Canvas(
        _WIDTH, height + 36, f"strip-{key}", words("{measure} of every system", measure=words.title(content["measures"], key))
    )
    natural = [measure["natural"]] if measure["natural"] is not None else []
    values = _reach(points)
    scale = Scale.over(values, 14, _WIDTH - 14, include=natural)
    for value in ticks(scale.low, scale.high):
        canvas.line(scale(value), 4, scale(value), height + 8, "grid")
        canvas.text(scale(value), height + 22, number(value, _digits(scale, measure)), "soft", "middle", 11)
    for value in natural:
        canvas.line(scale(value), 4, scale(value), height + 8, "natural", 1.6, "5 3")
        near = scale(value) > _WIDTH / 2
        canvas.text(
            scale(value) + (-4 if near else 4), height + 33, words("natural speech"), "soft", "end" if near else "start", 11
        )
    for n, point in enumerate(points):
        y = 32 * n + 14
        canvas.text(14, y, cell_label(content, point["cell"], words), "ink", size=11.5)
        _point(canvas, y + 10, point, scale, look_of(content, levels[point["cell"]]), measure, words, vertical=False)
    return canvas.markup()


def latency_lines(content: Mapping[str, Any], words: Words) -> Markup:
    """Seconds to the whole audio over the length of the text, a line for each system; empty where unknown."""
    looks = {c["system"]: look_of(content, c["levels"]) for c in content["cells"]}
    lines = {
        name: sorted(own["lengths"], key=lambda one: one["tokens"]) for name, own in content["speed"].get("systems", {}).items()
    }
    lines = {name: own for name, own in lines.items() if own}
    if not lines:
        return Markup("")
    canvas = Canvas(_WIDTH, 232, "speed-latency", words("time to the whole audio, in seconds"))
    highest = max(one["latency"]["high"] or one["latency"]["value"] for own in lines.values() for one in own)
    scale = Scale(0.0, 1.08 * highest or 1.0, 186, 12)
    lengths = sorted({float(one["tokens"]) for own in lines.values() for one in own})
    along = Scale.over(lengths, 52, _WIDTH - 16)
    canvas.upwards(scale, 46, _WIDTH - 8, 2 if scale.high < 1 else 1)
    shown = -_WIDTH
    for x in lengths:
        if along(x) - shown > 22:
            canvas.text(along(x), 204, f"{x:g}", "soft", "middle", 11)
            shown = along(x)
    canvas.text((46 + _WIDTH) / 2, 224, words("length of the text, in tokens"), "ink", "middle")
    for name, own in lines.items():
        look = looks.get(name, Look(0, "c5", False))
        canvas.path(
            [(along(p["tokens"]), scale(p["latency"]["value"])) for p in own], look.colour, 1.6, "4 3" if look.hollow else ""
        )
        for one in own:
            x, time = along(one["tokens"]), one["latency"]
            if time["low"] is not None and time["high"] is not None:
                canvas.line(x, scale(time["low"]), x, scale(time["high"]), look.colour, 2.0)
            canvas.mark(
                x, scale(time["value"]), look.shape, look.colour, hollow=look.hollow, said=f"{name}: {time['value']:.3f} s"
            )
    return canvas.markup()


def first_audio_strip(content: Mapping[str, Any], words: Words) -> Markup:
    """Seconds to the first audio of every system with the spread of the repeats; empty where unknown."""
    looks = {c["system"]: (c["label"], look_of(content, c["levels"])) for c in content["cells"]}
    rows = [(name, own["first_audio"]) for name, own in content["speed"].get("systems", {}).items() if own["first_audio"]]
    if not rows:
        return Markup("")
    height = 32 * len(rows)
    canvas = Canvas(_WIDTH, height + 30, "speed-first-audio", words("time to the first audio, in seconds"))
    scale = Scale(0.0, 1.1 * max(time["high"] or time["value"] for _, time in rows) or 1.0, 14, _WIDTH - 14)
    for value in ticks(scale.low, scale.high):
        canvas.line(scale(value), 4, scale(value), height + 8, "grid")
        canvas.text(scale(value), height + 22, number(value, 2 if scale.high < 1 else 1), "soft", "middle", 11)
    for n, (name, time) in enumerate(rows):
        label, look = looks.get(name, (name, Look(0, "c5", False)))
        y = 32 * n + 14
        canvas.text(14, y, label, "ink", size=11.5)
        canvas.text(_WIDTH - 14, y, f"{time['value']:.3f} s", "soft", "end", 11.5)
        if time["low"] is not None and time["high"] is not None:
            canvas.line(scale(time["low"]), y + 10, scale(time["high"]), y + 10, look.colour, 2.0)
        canvas.mark(scale(time["value"]), y + 10, look.shape, look.colour, hollow=look.hollow, said=f"{time['value']:.3f} s")
    return canvas.markup()


def cost_bars(content: Mapping[str, Any], amount: str, words: Words) -> Markup:
    """What a training of each cell took of one amount: its own, and behind it what its aligner took."""
    rows = [row for row in content["cost"] if amount in row["together"]]
    if not rows:
        return Markup("")
    height = 32 * len(rows)
    canvas = Canvas(
        _WIDTH, height + 12, f"cost-{amount}", words("Cost of one training: {amount}", amount=words(amount.replace("_", "-")))
    )
    scale = Scale(0.0, max(row["together"][amount] for row in rows) or 1.0, 14, _WIDTH - 96)
    levels = {c["cell"]: c["levels"] for c in content["cells"]}
    for n, row in enumerate(rows):
        y = 32 * n + 14.0
        own, lent = row["own"].get(amount, 0.0), row["aligner"].get(amount, 0.0)
        canvas.text(14, y, cell_label(content, row["cell"], words), "ink", size=11.5)
        canvas.box(14, y + 5, scale(own) - 14, 10, look_of(content, levels[row["cell"]]).colour, number(own, 0))
        canvas.box(scale(own), y + 5, scale(own + lent) - scale(own), 10, "lent", number(lent, 0))
        canvas.text(scale(own + lent) + 5, y + 14, short(own + lent), "ink", size=11.5)
    return canvas.markup()


def short(value: float) -> str:
    """4,800; 1.01 million as 1.01e6; as many digits as one reads."""
    if abs(value) < 100_000:
        return number(value, 0)
    power = len(f"{abs(value):.0f}") - 1
    return f"{value / 10**power:.2f}·10{str(power).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def _point(
    canvas: Canvas,
    place: float,
    point: Mapping[str, Any],
    scale: Scale,
    look: Look,
    measure: Mapping[str, Any],
    words: Words,
    *,
    vertical: bool,
) -> None:
    """A mean with its interval and the trainings behind it."""
    for each in point["each"]:
        at, off = scale(each["value"]), 6.0
        x, y = (place + off, at) if vertical else (at, place + off)
        said = words("training seed {seed}: {value}", seed=each["seed"], value=number(each["value"], measure["digits"]))
        canvas.mark(x, y, 0, look.colour, faint=True, r=2.4, said=said)
    if point["low"] is not None:
        low, high = (scale(min(max(point[end], scale.low), scale.high)) for end in ("low", "high"))
        ends = (place, low, place, high) if vertical else (low, place, high, place)
        canvas.line(*ends, look.colour, 2.0)
    at = scale(point["value"])
    x, y = (place, at) if vertical else (at, place)
    said = f"{words.interval(point, measure['digits'], sign=False)} {words(measure['unit'])}".strip()
    canvas.mark(x, y, look.shape, look.colour, hollow=look.hollow, said=said)


def _interval(canvas: Canvas, row: Mapping[str, Any], scale: Scale, y: float, kind: str, width: float) -> None:
    """A lying interval; an arrow where it goes on beyond the picture."""
    if row["low"] is None:
        return
    low, high = max(row["low"], scale.low), min(row["high"], scale.high)
    canvas.line(scale(low), y, scale(high), y, kind, width)
    if low > row["low"]:
        canvas.text(scale.start - 7, y + 4, "‹", kind, size=13)
    if high < row["high"]:
        canvas.text(scale.end + 2, y + 4, "›", kind, size=13)


def _reach(points: Sequence[Mapping[str, Any]]) -> list[float]:
    """What an axis must hold: means, trainings, and intervals as far as they are no longer than all of these together."""
    core = [v for p in points for v in (p["value"], *(e["value"] for e in p["each"]))]
    room = 1.0 * (max(core) - min(core)) if core else 0.0
    ends = [v for p in points for v in (p["low"], p["high"]) if v is not None]
    return core + [min(max(v, min(core) - room), max(core) + room) for v in ends]


def _apart(places: Sequence[float], least: float) -> list[float]:
    """The same places, moved so that none is nearer to the next than `least`."""
    order = sorted(range(len(places)), key=lambda n: places[n])
    moved = list(places)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    return moved


def _digits(scale: Scale, measure: Mapping[str, Any]) -> int:
    """Decimals that tell the ticks of an axis apart."""
    marks = ticks(scale.low, scale.high)
    step = abs(marks[1] - marks[0]) if len(marks) > 1 else 1.0
    return 0 if step >= 1 else 1 if step >= 0.1 else 2
