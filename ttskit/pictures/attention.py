"""Attention over time, as a picture and as a film over the validations of one sentence: for the class and the paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.pictures.speech import draw_alignment, draw_spectrogram, figure, word_spans

__all__ = ["FRAMES", "FRAME_MS", "LAST_MS", "Transcript", "draw_attention", "film", "spoken_words"]

FRAMES, FRAME_MS, LAST_MS = 48, 250, 2_000  # pictures in a film at most; how long each is shown, and the last one
_PUNCTUATION = re.compile(r"[^\w'’-]+")


class Transcript(Protocol):
    """What a picture needs of an utterance: its normalised text, its tokens (N,) and the word of each."""

    @property
    def normalized(self) -> str: ...

    @property
    def tokens(self) -> tuple[str, ...]: ...

    @property
    def token_words(self) -> tuple[int | None, ...]: ...


def spoken_words(utterance: Transcript) -> tuple[str, ...]:
    """The words of an utterance as they are spoken; by their tokens, where the text has other words than the frontend read."""
    count = max((w for w in utterance.token_words if w is not None), default=-1) + 1
    spelled = tuple(w for w in _PUNCTUATION.split(utterance.normalized) if w)
    if len(spelled) == count:
        return spelled
    pairs = list(zip(utterance.tokens, utterance.token_words, strict=True))
    return tuple("".join(token for token, owner in pairs if owner == word) for word in range(count))


def draw_attention(
    path: Path, alignment: np.ndarray, utterance: Transcript, mel: MelConfig, recording: np.ndarray, title: str = ""
) -> None:
    """Draw attention (T, N) of real speech above its spectrogram (M, T), on one time axis: phonemes left, words right."""
    path.parent.mkdir(parents=True, exist_ok=True)
    words = word_spans(utterance.token_words, spoken_words(utterance))
    height = max(3.2, 0.115 * len(utterance.tokens) + 0.8)
    with figure(path, 2, heights=(height, 1.7)) as axes:
        draw_alignment(axes[0], alignment, utterance.tokens, mel, f"{title}: {utterance.normalized}", words)
        axes[0].set_xlabel("")
        draw_spectrogram(axes[1], recording, mel)
        axes[1].sharex(axes[0])


def film(folder: Path) -> Path | None:
    """Join the step_*.png of a folder to attention.gif, oldest first and thinned evenly; None without Pillow or pictures."""
    try:
        from PIL import Image
    except ImportError:  # it comes with matplotlib; without it the single pictures remain
        return None
    found = sorted(folder.glob("step_*.png"))
    if not found:
        return None
    kept = [found[i] for i in sorted({round(k) for k in np.linspace(0, len(found) - 1, min(FRAMES, len(found)))})]
    frames = [Image.open(path).convert("P", palette=Image.Palette.ADAPTIVE, colors=128) for path in kept]
    target, partial = folder / "attention.gif", folder / "attention.gif.partial"
    frames[0].save(
        partial,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        loop=0,
        duration=[FRAME_MS] * (len(frames) - 1) + [LAST_MS],
    )
    partial.replace(target)
    return target
