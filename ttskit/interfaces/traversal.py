"""Traversal: how an autoregressive model went through a text, by its own alignment.

It says where to listen, not what was heard: attention can pass over a word that sounds, and rest on one that does not.
A comparison shows these marks and scores the audio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ttskit.interfaces.acoustic import Spectrogram

__all__ = ["ATTENDED", "BEYOND", "Traversal", "traverse"]

ATTENDED = 0.2  # a token counts as read if some frame gives it this much; a step that spans several tokens shares itself
BEYOND = 3  # tokens behind a word that attention must have reached for a return to be one, and not a flicker at the border


@dataclass(frozen=True, slots=True)
class Traversal:
    """How one sentence was gone through.

    Args:
        finished: whether it ended by itself; False: cut at the frame limit.
        coverage: per word, share of its tokens that were attended, 0 … 1.
        skipped: indices of words of which less than half was attended, in order.
        repeated: indices of words to which attention went back after it had left them behind, in order.
    """

    finished: bool
    coverage: tuple[float, ...]
    skipped: tuple[int, ...]
    repeated: tuple[int, ...]

    @property
    def ended(self) -> str:
        """ "finished" or "truncated"."""
        return "finished" if self.finished else "truncated"

    @property
    def clean(self) -> bool:
        """Finished, nothing skipped, nothing repeated."""
        return self.finished and not self.skipped and not self.repeated

    def describe(self, words: Sequence[str]) -> str:
        """One line: "truncated; skipped: casa, en; repeated: perro"; `words` are spelled by index."""
        parts = [self.ended]
        for name, found in (("skipped", self.skipped), ("repeated", self.repeated)):
            if found:
                parts.append(f"{name}: {', '.join(words[w] for w in found)}")
        return "; ".join(parts)

    @classmethod
    def of(cls, spectrogram: Spectrogram, token_words: Sequence[int | None]) -> Traversal | None:
        """That of a spectrogram of one row; None for models that are not autoregressive or give no alignment.

        Args:
            spectrogram: of one sentence.
            token_words: for each token the index of its word, or None.
        """
        if spectrogram.finished is None or spectrogram.alignment is None:
            return None
        frames, tokens = int(spectrogram.lengths[0]), len(token_words)
        alignment = spectrogram.alignment[0, :frames, :tokens].float().cpu().numpy()
        return traverse(alignment, token_words, bool(spectrogram.finished[0]))


def traverse(alignment: np.ndarray, token_words: Sequence[int | None], finished: bool) -> Traversal:
    """That of an alignment (T, N) whose rows sum to 1."""
    peak = alignment.max(0) if len(alignment) else np.zeros(len(token_words))
    at = alignment.argmax(1)
    furthest = np.maximum.accumulate(at)
    count = max((w for w in token_words if w is not None), default=-1) + 1
    coverage, skipped, repeated = [], [], []
    for word in range(count):
        own = np.array([i for i, w in enumerate(token_words) if w == word])
        if not len(own):
            coverage.append(1.0)
            continue
        coverage.append(float((peak[own] >= ATTENDED).mean()))
        if coverage[-1] < 0.5:
            skipped.append(word)
        back = at[furthest >= own[-1] + BEYOND]
        if np.isin(own, back).mean() >= 0.5:
            repeated.append(word)
    return Traversal(finished, tuple(coverage), tuple(skipped), tuple(repeated))
