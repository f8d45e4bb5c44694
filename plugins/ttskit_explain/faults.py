"""Faults that an alignment shows, each with the place where it is to be marked.

The rules are those of `ttskit.interfaces.traversal`, made for where to listen: attention can pass over a word that sounds, and
rest on one that does not. A parallel model's alignment is its durations, so that it cannot go back; the same rules are asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ttskit.interfaces.traversal import ATTENDED, BEYOND, traverse

__all__ = ["Fault", "faults_of"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of an alignment.

    Args:
        kind: "skipped" (less than half of a word was attended), "passed" (a token of a word that was read otherwise),
            "repeated" (attention went back to a word that it had left behind) or "endless" (cut at the frame limit).
        word: its index, or None.
        tokens: first and last of those concerned; of an endless one, where it ended up.
        frame: at which it shows, or None where nothing was heard of it.
    """

    kind: str
    word: int | None
    tokens: tuple[int, int]
    frame: int | None = None

    def to_json(self, words: Sequence[str], tokens: Sequence[str]) -> dict[str, Any]:
        """For a figure's spec, with what the word and the token are."""
        word = words[self.word] if self.word is not None else ""
        return {
            "kind": self.kind,
            "word": word,
            "token": tokens[self.tokens[0]],
            "tokens": list(self.tokens),
            "frame": self.frame,
        }


def faults_of(alignment: np.ndarray, token_words: Sequence[int | None], finished: bool) -> list[Fault]:
    """Faults of an alignment (T, N) whose rows sum to 1, in the order of the text.

    Args:
        alignment: of one sentence, cut to its frames.
        token_words: for each token the index of its word, or None.
        finished: whether it ended by itself; True for a parallel model.
    """
    found: list[Fault] = []
    gone = traverse(alignment, token_words, finished)
    at = alignment.argmax(1)
    furthest = np.maximum.accumulate(at)
    for word in sorted({w for w in token_words if w is not None}):
        own = [i for i, w in enumerate(token_words) if w == word]
        if word in gone.skipped:
            found.append(Fault("skipped", word, (own[0], own[-1])))
        else:
            found += [Fault("passed", word, (i, i)) for i in own if alignment[:, i].max() < ATTENDED]
        if word in gone.repeated:
            back = np.flatnonzero((furthest >= own[-1] + BEYOND) & np.isin(at, own))
            found.append(Fault("repeated", word, (own[0], own[-1]), int(back[0])))
    if not finished:
        last = int(at[-1])
        found.append(Fault("endless", token_words[last], (last, last), len(alignment) - 1))
    return found
