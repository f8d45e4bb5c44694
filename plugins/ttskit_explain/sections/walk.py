"""A parallel model in its eight steps, and every other run by the steps that it tells of itself."""

from __future__ import annotations

from collections.abc import Callable

from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.lesson import Failed, Lesson, Subject
from ttskit_explain.sections.walk_joint import joint
from ttskit_explain.sections.walk_others import others
from ttskit_explain.sections.walk_prosody import duration, pitch
from ttskit_explain.sections.walk_route import Walk
from ttskit_explain.sections.walk_states import decoder, embedding, encoder, mel, projection

__all__ = ["EIGHT", "build"]

# In the order of the paper's figure 1, with the aligner beside it where the vectors are.
EIGHT: dict[str, Callable[[Walk], Card | None]] = {
    "embedding": embedding,
    "joint": joint,
    "encoder": encoder,
    "pitch": pitch,
    "duration": duration,
    "decoder": decoder,
    "projection": projection,
    "mel": mel,
}


def build(lesson: Lesson) -> list[Card]:
    """The eight steps of the first parallel run that has durations, those that it has; then the other runs, folded."""
    subject = eight_steps(lesson)
    cards = walked(Walk(lesson, subject)) if subject is not None else []
    rest = [one for one in lesson.subjects if one is not subject]
    return [*cards, *([others(lesson, rest)] if rest else [])]


def eight_steps(lesson: Lesson) -> Subject | None:
    """The first run that gives all frames at once and says how many each token has."""
    for one in lesson.answering():
        if one.decoding == "parallel" and one.spectrogram.durations is not None:
            return one
    return None


def walked(walk: Walk) -> list[Card]:
    """The way in front, then the cards of the steps that this model has; one that fails says why."""
    cards: dict[str, Card] = {}
    for name, make in EIGHT.items():
        try:
            card = make(walk)
        except Failed as error:
            card = Card(f"walk.{name}.failed", notes=(Note("failed", {"why": str(error)}),), title=name)
        if card is not None:
            cards[name] = card
    return [_way(walk, cards), *cards.values()]


def _way(walk: Walk, cards: dict[str, Card]) -> Card:
    """Eight boxes with the sizes of this sentence; those that this model has lead to their cards."""
    tokens, frames = len(walk.labels), int(walk.frames.sum())
    bands = int(walk.spectrogram.mel.shape[1])
    width = walk.stages[0].values.shape[1] if walk.stages else 0
    later = walk.later[-1].values.shape[1] if walk.later else 0
    sizes = {
        "embedding": [tokens, width],
        "joint": [tokens, frames],
        "encoder": [tokens, width],
        "pitch": [tokens],
        "duration": [tokens, frames],
        "decoder": [frames, later],
        "projection": [bands, frames],
        "mel": [bands, frames],
    }
    boxes = [{"name": name, "card": cards[name].key if name in cards else None, "size": sizes[name]} for name in EIGHT]
    values = {"run": walk.subject.label, "tokens": tokens, "frames": frames, "bands": bands, "words": len(walk.words)}
    return Card("walk.way", (Figure("walk.way.map", "walk-way", {"boxes": boxes}),), values=values)
