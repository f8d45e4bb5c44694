"""From text to tokens to vectors."""

from __future__ import annotations

from ttskit_explain.cards import Card, Figure
from ttskit_explain.lesson import Lesson

__all__ = ["build"]


def build(lesson: Lesson) -> list[Card]:
    """The sentence as words and tokens, and the mel that comes out in the end."""
    subject = lesson.subjects[0]
    mel = {
        "values": lesson.mel(subject.spectrogram),
        "rows": {"name": "band"},
        "columns": {"name": "frame"},
        "scale": "mel",
        "audio": lesson.heard(subject, subject.spectrogram, "spoken"),
    }
    return [Card("reading.tokens", (Figure("reading.mel", "heatmap", mel),), values={"tokens": len(subject.tokens)})]
