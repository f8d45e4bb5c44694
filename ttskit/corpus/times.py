"""Durations in frames as times on the clock of the prepared audio, and how far they are from exact times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance

__all__ = ["boundary_errors_ms", "onsets_s"]


def boundary_errors_ms(corpus: PreparedCorpus, utterance: PreparedUtterance, durations: np.ndarray) -> np.ndarray:
    """Absolute error of each phone's onset against the corpus's exact times, in ms; empty without reference.

    Frame k covers the hop around its centre, so a token that begins with frame k begins half a hop
    before that frame's centre. Onsets of silent tokens (punctuation, edges) are not counted: a
    silence has no inner boundaries to be right about.
    """
    times = corpus.reference_times(utterance)
    if times is None:
        return np.zeros(0)
    spoken = np.array([t not in corpus.symbols.silent for t in utterance.tokens])
    return 1000.0 * np.abs(onsets_s(corpus, durations) - np.asarray(times)[:-1])[spoken]


def onsets_s(corpus: PreparedCorpus, durations: np.ndarray) -> np.ndarray:
    """Seconds of the prepared audio at which each token begins, (N,)."""
    mel = corpus.mel
    first = np.concatenate([[0], np.cumsum(durations)[:-1]])
    return (mel.waveform_start_samples + first * mel.hop_samples) / mel.sample_rate_hz
