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

__all__ = ["CLOCK_SLACK_S", "POOR_SHARE", "UNLISTED_S", "external_durations"]

CLOCK_SLACK_S = 0.15  # how far a file's end may be from that of the audio: aligners drop a trailing silence, or round
UNLISTED_S = 1.0  # silence that may follow the last label of a file that lists sounds only
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
            return None, [Problem(utterance.id, "no file", f"no {utterance.id}.TextGrid, .json or .csv in {folder.folder}")]
        labels = read_labels(path, utterance.speaker)
        labels, shift = _on_the_clock(corpus, utterance, labels)
        matched = match(utterance.tokens, utterance.token_words, corpus.symbols.silent, labels, listener)
    except TTSKitError as error:
        kind = "does not match" if isinstance(error, MismatchError) else "cannot be read"
        told = ": ".join(part for part in (error.what, error.why) if part)
        return None, [Problem(utterance.id, kind, f"{told}; {error.fix}" if error.fix else told)]
    times = np.clip(matched.times_s - shift, 0.0, utterance.samples / corpus.mel.sample_rate_hz)
    odd = [Problem(utterance.id, "encoding", f"{path.name}: {note}", skipped=False) for note in labels.notes]
    return durations_from_times(times, corpus.mel, utterance.frames), odd + _remarks(utterance, matched)


def _on_the_clock(corpus: PreparedCorpus, utterance: PreparedUtterance, labels: Labels) -> tuple[Labels, float]:
    """The labels counted from the start of what was aligned, and what to subtract from them still.

    Their own clock may begin elsewhere: at the place in a longer recording from which the clip was cut. To subtract is the trim
    at the start, unless the prepared audio itself was aligned.

    Raises:
        MismatchError: the file ends where neither the recording nor the prepared audio does.
    """
    prepared = utterance.samples / corpus.mel.sample_rate_hz
    recording = utterance.trim_start_s + prepared + utterance.trim_end_s
    ways = []
    for begin in dict.fromkeys((labels.start_s, 0.0)):
        for length, trim in ((recording, utterance.trim_start_s), (prepared, 0.0)):
            if labels.until_s is not None:
                apart = abs(labels.until_s - begin - length)
                fits = apart <= CLOCK_SLACK_S
            else:  # silences are not listed: speech stands in the middle of what was left of the recording
                apart = abs(labels.middle_s - begin - trim - prepared / 2)
                fits = -CLOCK_SLACK_S <= length - (labels.end_s - begin) <= UNLISTED_S
            if fits:
                ways.append((apart, begin, trim))
    if not ways:
        end = labels.until_s if labels.until_s is not None else labels.end_s
        since = f"goes from {labels.start_s:.2f} s to {end:.2f} s" if labels.start_s else f"ends at {end:.2f} s"
        raise MismatchError(
            f"{labels.source.name} is of another recording",
            f"it {since}, the recording ends at {recording:.2f} s, the prepared audio at {prepared:.2f} s",
            "",
        )
    _, begin, trim = min(ways, key=lambda way: way[0])  # of equal ones the first
    return labels.earlier(begin), trim


def _remarks(utterance: PreparedUtterance, matched: Matched) -> list[Problem]:
    found = [Problem(utterance.id, "word shared out", note, skipped=False) for note in matched.notes]
    if matched.share < POOR_SHARE and not found:
        found.append(Problem(utterance.id, "poor match", f"{matched.share:.0%} of the sounds agree", skipped=False))
    return found
