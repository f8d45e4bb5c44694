"""Pictures of speech: spectrograms, alignments, F0. Drawn without a display; matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ttskit.audio.config import MelConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MOST_LABELS", "draw_alignment", "draw_f0", "draw_spectrogram", "figure", "word_spans"]

MOST_LABELS = 60  # token labels that stay readable along an axis of this size


@contextmanager
def figure(
    path: Path,
    rows: int = 1,
    width: float = 9.0,
    row_height: float = 2.4,
    dpi: int = 100,
    heights: Sequence[float] | None = None,
):
    """Axes (a list of `rows`) of a new figure that is written to `path` at the end; `heights` of unequal rows, in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    picture = Figure(figsize=(width, sum(heights) if heights else row_height * rows), dpi=dpi, layout="constrained")
    FigureCanvasAgg(picture)
    yield list(np.atleast_1d(picture.subplots(rows, 1, height_ratios=heights)))
    picture.savefig(path)


def draw_spectrogram(
    axes: Axes, mel: np.ndarray, config: MelConfig, title: str = "", low: float | None = None, high: float | None = None
) -> None:
    """A log mel (M, T) against time; `low` and `high` fix the colours, to compare pictures."""
    mel = np.asarray(mel)
    axes.imshow(
        mel,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap="magma",
        vmin=low,
        vmax=high,
        extent=(_start_s(config), _start_s(config) + mel.shape[1] * _hop_s(config), 0, mel.shape[0]),
    )
    axes.set(title=title, xlabel="s", ylabel="mel band")


def draw_alignment(
    axes: Axes,
    alignment: np.ndarray,
    tokens: Sequence[str] = (),
    config: MelConfig | None = None,
    title: str = "",
    words: Sequence[tuple[str, int, int]] = (),
) -> None:
    """A soft alignment (T, N): time to the right (frames without a `config`), tokens upwards.

    `words` are (spelling, first token, token after the last): named on the right, with a line between two of them.
    """
    alignment = np.asarray(alignment)
    start, hop = (_start_s(config), _hop_s(config)) if config else (0.0, 1.0)
    axes.imshow(
        alignment.T,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap="viridis",
        vmin=0.0,
        vmax=1.0,
        extent=(start, start + alignment.shape[0] * hop, -0.5, alignment.shape[1] - 0.5),
    )
    axes.set(title=title, xlabel="s" if config else "frame", ylabel="token")
    if 0 < len(tokens) <= MOST_LABELS:
        axes.set_yticks(range(len(tokens)), tokens, fontsize=6)
    if 0 < len(words) <= MOST_LABELS // 2:
        right = axes.secondary_yaxis("right")
        right.set_yticks([(first + end - 1) / 2 for _, first, end in words], [word for word, _, _ in words], fontsize=7)
        right.tick_params(length=0)
        for _, first, _ in words[1:]:
            axes.axhline(first - 0.5, color="white", linewidth=0.4, alpha=0.5)


def word_spans(token_words: Sequence[int | None], words: Sequence[str]) -> list[tuple[str, int, int]]:
    """Each word that has tokens: its spelling, its first token, the one after its last."""
    places: dict[int, list[int]] = {}
    for index, word in enumerate(token_words):
        if word is not None and word < len(words):
            places.setdefault(word, []).append(index)
    return [(words[word], own[0], own[-1] + 1) for word, own in sorted(places.items())]


def draw_f0(axes: Axes, curves: Mapping[str, np.ndarray], config: MelConfig, title: str = "") -> None:
    """F0 curves (T,) in Hz by name, on one axis; unvoiced frames (0) are left open."""
    for name, f0_hz in curves.items():
        f0_hz = np.asarray(f0_hz, dtype=np.float64)
        times = np.array([config.frame_centre(k) for k in range(len(f0_hz))])
        axes.plot(times, np.where(f0_hz > 0, f0_hz, np.nan), label=name, linewidth=1.2)
    axes.set(title=title, xlabel="s", ylabel="F0 (Hz)")
    if len(curves) > 1:
        axes.legend(fontsize=7)


def _hop_s(config: MelConfig) -> float:
    return config.hop_samples / config.sample_rate_hz


def _start_s(config: MelConfig) -> float:
    """Left edge of frame 0: half a hop before its centre."""
    return config.frame_centre(0) - 0.5 * _hop_s(config)
