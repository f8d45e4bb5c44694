"""The pictures of the comparison page: what was said, how it was aligned, and the curves. Drawn without a display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.pictures.speech import draw_alignment, draw_spectrogram

__all__ = [
    "COLOURS",
    "MOST_TOKENS",
    "NATURAL_COLOUR",
    "canvas",
    "colours",
    "draw_bars",
    "draw_latency",
    "draw_sample",
    "draw_training",
    "draw_verdicts",
]

# Okabe and Ito's palette: told apart by colour-blind readers too. Natural speech is always grey.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
NATURAL_COLOUR = "#6b7280"
MOST_TOKENS = 45  # names that fit along the alignment's axis


@contextmanager
def canvas(
    path: Path,
    rows: int = 1,
    columns: int = 1,
    width: float = 9.0,
    height: float = 3.0,
    height_ratios: Sequence[float] | None = None,
    margins: Mapping[str, float] | None = None,
):
    """An array (rows, columns) of axes of a new figure, written to `path` at the end.

    `margins` (as matplotlib's `subplots_adjust`) instead of a computed layout, which takes half of the drawing time.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    picture = Figure(figsize=(width, height), dpi=110, layout=None if margins else "constrained", facecolor="white")
    if margins:
        picture.subplots_adjust(**margins)
    FigureCanvasAgg(picture)
    axes = picture.subplots(rows, columns, squeeze=False, height_ratios=height_ratios)
    for one in axes.flat:
        one.tick_params(labelsize=8)
        one.spines[["top", "right"]].set_visible(False)
    yield axes
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path)


def colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each system, in order."""
    return {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}


def draw_sample(
    path: Path,
    mel: np.ndarray,
    pitch_hz: np.ndarray,
    config: MelConfig,
    *,
    title: str,
    alignment: np.ndarray | None = None,
    tokens: Sequence[str] = (),
    words: Sequence[tuple[str, int, int]] = (),
    colour_range: tuple[float, float] | None = None,
    pitch_range_hz: tuple[float, float] = (50.0, 400.0),
) -> None:
    """Spectrogram of the audio (M, T) with its F0 (T,) on it; below it the model's alignment (T', N) if there is one."""
    rows = 2 if alignment is not None else 1
    low, high = colour_range or (None, None)
    margins = {"left": 0.14, "right": 0.88, "hspace": 0.34} | (
        {"top": 0.945, "bottom": 0.1} if rows == 2 else {"top": 0.88, "bottom": 0.22}
    )
    with canvas(
        path, rows, width=5.2, height=2.1 + (2.4 if rows == 2 else 0), height_ratios=[1, 1.25][:rows], margins=margins
    ) as axes:
        top = axes[0, 0]
        draw_spectrogram(top, mel, config, title, low, high)
        top.title.set_fontsize(9)
        over = top.twinx()
        times = np.array([config.frame_centre(k) for k in range(len(pitch_hz))])
        curve = np.where(pitch_hz > 0, pitch_hz, np.nan)
        over.plot(times, curve, color="#0b1020", linewidth=4.0)  # a dark edge: the line must show on bright harmonics too
        over.plot(times, curve, color="#5ce1ff", linewidth=1.8)
        over.set_ylabel("F0 (Hz)", fontsize=8)
        over.tick_params(labelsize=8)
        over.set_ylim(0.8 * pitch_range_hz[0], 1.1 * pitch_range_hz[1])
        over.spines[["top"]].set_visible(False)
        if alignment is not None:
            few = len(tokens) <= MOST_TOKENS
            draw_alignment(axes[1, 0], alignment, tokens if few else (), config, words=words if few else ())


def draw_training(path: Path, curves: Mapping[str, Mapping[str, Mapping[str, Sequence]]]) -> bool:
    """Loss curves of each system against steps and against seconds; False (and no file) if there is nothing to draw."""
    drawn = {name: own for name, own in curves.items() if own}
    if not drawn:
        return False
    timed = any(t is not None for own in drawn.values() for c in own.values() for t in c["seconds"])
    palette = colours(list(curves))
    with canvas(path, len(drawn), 2 if timed else 1, width=9.0, height=2.5 * len(drawn)) as axes:
        for row, (name, own) in enumerate(drawn.items()):
            for column, (key, label) in enumerate((("step", "step"), ("seconds", "training time (s)"))[: axes.shape[1]]):
                one = axes[row, column]
                for split, curve in own.items():
                    points = [(x, y) for x, y in zip(curve[key], curve["loss"], strict=True) if x is not None]
                    style = {"alpha": 0.45, "linewidth": 1.0} if split == "train" else {"marker": "o", "markersize": 3}
                    if points:
                        one.plot(*zip(*points, strict=True), color=palette[name], label=split, **style)
                if all(y > 0 for c in own.values() for y in c["loss"]):
                    one.set_yscale("log")
                one.set_xlabel(label, fontsize=8)
                one.set_ylabel("its own loss", fontsize=8)
                one.set_title(name, fontsize=9, loc="left")
                one.grid(alpha=0.25)
                one.legend(fontsize=8, frameon=False)
    return True


def draw_latency(path: Path, speeds: Mapping[str, Mapping]) -> None:
    """Latency with its spread and real-time factor of each system against text length; the acoustic part dashed.

    A diamond is the time to first audio, at the length of the sentence that it is of.
    """
    palette = colours(list(speeds))
    with canvas(path, 1, 2, width=9.0, height=3.1) as axes:
        for name, speed in speeds.items():
            rows = speed["lengths"]
            tokens = [r["tokens"] for r in rows]
            latency = [r["latency"]["value"] for r in rows]
            bounded = [r for r in rows if r["latency"]["low"] is not None]
            ends = ([r["latency"][end] for r in bounded] for end in ("low", "high"))
            axes[0, 0].fill_between([r["tokens"] for r in bounded], *ends, color=palette[name], alpha=0.18, linewidth=0)
            first = speed["first_audio"]
            axes[0, 0].plot(first["tokens"], first["value"], color=palette[name], marker="D", markersize=6, linestyle="none")
            for one, whole, part in (
                (axes[0, 0], latency, [r["acoustic_s"] for r in rows]),
                (axes[0, 1], [r["rtf"] for r in rows], [r["acoustic_rtf"] for r in rows]),
            ):
                one.plot(tokens, whole, color=palette[name], marker="o", markersize=4, label=f"{name} + vocoder")
                one.plot(tokens, part, color=palette[name], marker="s", markersize=3, linestyle="--", label=f"{name} alone")
        for one, label in ((axes[0, 0], "latency (s)"), (axes[0, 1], "real-time factor")):
            one.set_xlabel("text length (tokens)", fontsize=8)
            one.set_ylabel(label, fontsize=8)
            one.grid(alpha=0.25)
            one.set_yscale("log")
        axes[0, 1].axhline(1.0, color="#9ca3af", linewidth=1, linestyle=":")
        axes[0, 0].legend(fontsize=8, frameon=False)


def draw_bars(path: Path, panels: Sequence[tuple[str, Mapping[str, Mapping | None]]]) -> bool:
    """One panel per metric: a point for each system with its confidence interval; False if there is nothing to draw."""
    panels = [(title, values) for title, values in panels if any(values.values())]
    if not panels:
        return False
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    tallest = max(len(values) for _, values in panels)
    with canvas(path, rows, columns, width=11.0, height=rows * (0.75 + 0.3 * tallest)) as axes:
        for one, (title, values) in zip(axes.flat, panels, strict=False):
            names = list(values)
            systems = [n for n in names if not n.startswith("natural")]
            palette = colours(systems)
            for y, name in enumerate(reversed(names)):
                interval = values[name]
                if interval is None:
                    continue
                colour = palette.get(name, NATURAL_COLOUR)
                one.plot([interval["low"], interval["high"]], [y, y], color=colour, linewidth=5, alpha=0.35)
                one.plot(interval["value"], y, "o", color=colour, markersize=6)
            shown = [n.replace("natural, through the vocoder", "natural + vocoder") for n in reversed(names)]
            one.set_yticks(range(len(names)), shown, fontsize=8)
            one.set_ylim(-0.6, len(names) - 0.4)
            one.set_xlim(left=0)
            one.set_title(title, fontsize=9, loc="left")
            one.grid(axis="x", alpha=0.25)
        for one in axes.flat[len(panels) :]:
            one.set_visible(False)
    return True


def draw_verdicts(path: Path, counts: Mapping[str, Mapping[str, int]], order: Sequence[str]) -> None:
    """Stacked bars of verdicts, one bar per system."""
    shades = {
        "ok": "#4ade80",
        "unclear": "#9ca3af",
        "never-ending": "#7c3aed",
        "cut": "#dc2626",
        "words skipped": "#f97316",
        "words repeated": "#facc15",
        "extra sounds": "#38bdf8",
    }
    with canvas(path, width=9.0, height=0.9 + 0.42 * len(counts)) as axes:
        one = axes[0, 0]
        for y, (_, own) in enumerate(reversed(counts.items())):
            start = 0
            for verdict in order:
                n = own.get(verdict, 0)
                if n:
                    one.barh(y, n, left=start, color=shades.get(verdict, "#94a3b8"), height=0.62)
                    one.text(start + n / 2, y, str(n), ha="center", va="center", fontsize=8, color="#111827")
                start += n
        one.set_yticks(range(len(counts)), list(reversed(counts)), fontsize=8)
        one.set_xlabel("sentences", fontsize=8)
        present = [v for v in order if any(own.get(v) for own in counts.values())]
        from matplotlib.patches import Patch

        one.legend(
            handles=[Patch(color=shades.get(v, "#94a3b8"), label=v) for v in present],
            fontsize=8,
            frameon=False,
            ncols=max(1, len(present)),
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
        )
