"""An alignment to look at: as a TextGrid beside the audio, and as a picture over the spectrogram."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ttskit.corpus.textgrid import TimedLabel, write_textgrid
from ttskit.corpus.times import onsets_s
from ttskit.pictures.speech import draw_spectrogram, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance

__all__ = ["MOST_ROWS", "PER_SECOND", "ROW_S", "WIDEST", "draw", "save_textgrid", "token_intervals"]

_BEHIND = {"facecolor": "black", "alpha": 0.6, "pad": 0.8, "linewidth": 0}  # white letters stay readable
PER_SECOND = 1.4  # inches of picture
ROW_S, MOST_ROWS, WIDEST = 6.0, 8, 16.0  # seconds in a row; rows at most, which then hold more; inches
_MARKS = '.,;:!?¡¿…«»"“”()[]{}—–-'  # around a word


def token_intervals(corpus: PreparedCorpus, utterance: PreparedUtterance, durations: np.ndarray) -> list[TimedLabel]:
    """Each token's interval on the clock of the prepared audio; the first begins at 0, the last ends with the audio."""
    edges = np.append(onsets_s(corpus, durations), utterance.samples / corpus.mel.sample_rate_hz)
    edges[0] = 0.0
    edges = np.clip(np.maximum.accumulate(edges), 0.0, edges[-1])
    return [TimedLabel(float(a), float(b), token) for a, b, token in zip(edges, edges[1:], utterance.tokens, strict=False)]


def save_textgrid(path: Path, corpus: PreparedCorpus, utterance: PreparedUtterance, durations: np.ndarray) -> None:
    """Tiers "words" and "phones" as MFA's (silent tokens are empty), and "tokens" with every token."""
    tokens = token_intervals(corpus, utterance, durations)
    silent = corpus.symbols.silent
    phones = [TimedLabel(t.start_s, t.end_s, "" if t.label in silent else t.label) for t in tokens]
    said = [word for part in utterance.normalized.split() if (word := part.strip(_MARKS))]
    groups: dict[int, list[TimedLabel]] = {}
    for interval, word in zip(tokens, utterance.token_words, strict=True):
        if word is not None and interval.label not in silent:
            groups.setdefault(word, []).append(interval)
    names = said if len(said) == len(groups) else ["".join(i.label for i in group) for group in groups.values()]
    words = [TimedLabel(group[0].start_s, group[-1].end_s, name) for group, name in zip(groups.values(), names, strict=True)]
    write_textgrid(path, {"words": words, "phones": phones, "tokens": tokens}, utterance.samples / corpus.mel.sample_rate_hz)


def draw(path: Path, corpus: PreparedCorpus, utterance: PreparedUtterance, durations: np.ndarray) -> None:
    """The spectrogram with where each token begins; where the corpus has exact times, those as well, in green.

    A long clip is broken into rows one below the other, as text is, so that the picture fits a screen and a page.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    tokens = token_intervals(corpus, utterance, durations)
    end_s = tokens[-1].end_s
    rows = min(MOST_ROWS, max(1, math.ceil(end_s / ROW_S)))
    each_s = end_s / rows
    width = float(np.clip(PER_SECOND * each_s * 1.5, 6.0, WIDEST))
    mel, times = corpus.features(utterance).mel, corpus.reference_times(utterance)
    with figure(path, rows=rows, width=width, row_height=3.2) as every:
        for row, axes in enumerate(every):
            start_s, stop_s = row * each_s, (row + 1) * each_s
            draw_spectrogram(axes, mel, corpus.mel, f"{utterance.id}: {utterance.text[:100]}" if row == 0 else "")
            axes.set_xlim(start_s, stop_s)
            _draw_tokens(axes, [t for t in tokens if start_s <= (t.start_s + t.end_s) / 2 < stop_s])
            if times is not None:
                axes.vlines(times[:-1], 0.0, 0.08 * mel.shape[0], colors="lime", linewidth=1.2)


def _draw_tokens(axes: Axes, tokens: list[TimedLabel]) -> None:
    for interval in tokens:
        axes.axvline(interval.start_s, color="white", linewidth=0.6)
        if interval.end_s > interval.start_s:
            axes.text(
                (interval.start_s + interval.end_s) / 2,
                0.97,
                interval.label,
                transform=axes.get_xaxis_transform(),
                color="white",
                fontsize=8,
                ha="center",
                va="top",
                bbox=_BEHIND,
            )
