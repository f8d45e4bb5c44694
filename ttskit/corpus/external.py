"""Durations from alignment files that other tools made, on the clock of the prepared audio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ttskit.corpus.labels import LabelFolder, Labels, read_labels
from ttskit.corpus.matching import Listener, Matched, match
from ttskit.corpus.prepared import durations_from_times
from ttskit.corpus.problems import Problem
from ttskit.errors import MismatchError, TTSKitError

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance

__all__ = ["CLOCK_SLACK_S", "POOR_SHARE", "external_durations"]

CLOCK_SLACK_S = 0.15  # how far a file's end may be from that of the audio: aligners drop a trailing silence, or round
POOR_SHARE = 0.8  # of sounds that agree, below which an utterance is pointed out


def external_durations(
    corpus: PreparedCorpus, utterance: PreparedUtterance, folder: LabelFolder, listener: Listener | None = None
) -> tuple[np.ndarray | None, list[Problem]]:
    """Frames per token (N,) of one utterance, and what is to be said about it; None where its file cannot be used.

    Args:
        listener: of the corpus's language; None takes each label as it is written.
    """
    path: Path | None = None
    try:
        path = folder.of(utterance)
        if path is None:
            return None, [Problem(utterance.id, "no file", f"no {utterance.id}.TextGrid or .json in {folder.folder}")]
        labels = read_labels(path)
        shift = _shift_s(corpus, utterance, labels)
        matched = match(utterance.tokens, utterance.token_words, corpus.symbols.silent, labels, listener)
    except TTSKitError as error:
        kind = "does not match" if isinstance(error, MismatchError) else "cannot be read"
        return None, [Problem(utterance.id, kind, f"{error.what}: {error.why}" if error.why else error.what)]
    times = np.clip(matched.times_s - shift, 0.0, utterance.samples / corpus.mel.sample_rate_hz)
    return durations_from_times(times, corpus.mel, utterance.frames), _remarks(utterance, matched)


def _shift_s(corpus: PreparedCorpus, utterance: PreparedUtterance, labels: Labels) -> float:
    """What to subtract from the file's times: the trim at the start, unless the prepared audio itself was aligned.

    Raises:
        MismatchError: the file ends where neither the recording nor the prepared audio does.
    """
    prepared = utterance.samples / corpus.mel.sample_rate_hz
    recording = utterance.trim_start_s + prepared + utterance.trim_end_s
    of_recording, of_prepared = abs(labels.end_s - recording), abs(labels.end_s - prepared)
    if min(of_recording, of_prepared) > CLOCK_SLACK_S:
        raise MismatchError(
            f"{labels.source.name} is of another recording",
            f"it ends at {labels.end_s:.2f} s, the recording at {recording:.2f} s, the prepared audio at {prepared:.2f} s",
            "",
        )
    return utterance.trim_start_s if of_recording <= of_prepared else 0.0


def _remarks(utterance: PreparedUtterance, matched: Matched) -> list[Problem]:
    found = [Problem(utterance.id, "word shared out", note, skipped=False) for note in matched.notes]
    if matched.share < POOR_SHARE and not found:
        found.append(Problem(utterance.id, "poor match", f"{matched.share:.0%} of the sounds agree", skipped=False))
    return found
