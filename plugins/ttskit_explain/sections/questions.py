"""Questions for the class, answers folded away, and the hand-out; what is asked is what this page can answer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from ttskit_explain import finding
from ttskit_explain.cards import Card, Question
from ttskit_explain.lesson import Lesson, Subject
from ttskit_explain.page import HANDOUT

__all__ = ["ASKED", "build"]

Values = Mapping[str, object]

# Section asked about → its questions, each with the cards that answer it. A page leaves out what none of its cards answers.
ASKED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "reading": {
        "symbols": ("reading.symbols", "reading.words"),
        "stress": ("reading.words",),
        "copies": ("reading.vectors", "walk.embedding"),
    },
    "sequence": {
        "path": ("sequence.visible", "sequence.influence"),
        "wait": ("sequence.waiting",),
        "forget": ("sequence.lstm",),
    },
    "attention": {
        "even": ("attention.softmax", "attention.scaled"),
        "root": ("attention.scaled",),
        "weights": ("attention.grid", "attention.qkv"),
        "silent": ("attention.without", "attention.heads"),
    },
    "positions": {
        "bag": ("positions.order",),
        "lstm": ("positions.order",),
    },
    "stream": {
        "adds": ("stream.adds", "stream.sizes"),
        "norm": ("stream.norm",),
    },
    "decoder": {
        "steps": ("decoder.steps",),
        "stop": ("decoder.stop",),
        "mask": ("decoder.mask", "attention.mask_ahead"),
    },
    "walk": {
        "frames": ("walk.duration",),
        "pace": ("walk.duration",),
        "pitch": ("walk.pitch", "walk.pitch_normalised"),
    },
    "vocoder": {
        "samples": ("vocoder.why", "vocoder.stages"),
        "phase": ("vocoder.why", "vocoder.rounds"),
    },
    "clock": {
        "first": ("clock.race", "clock.order"),
        "mistake": ("clock.mistake",),
        "chance": ("clock.chance",),
    },
    "training": {
        "diagonal": ("training.film", "training.kept"),
        "helped": ("training.helps", "training.supervised"),
    },
}


def build(lesson: Lesson) -> list[Card]:
    """A card of questions for each section, then the hand-out. What the runs cannot give numbers for is not asked."""
    values = numbers_of(lesson)
    cards = []
    for section, questions in ASKED.items():
        found = values.get(section)
        if found is None:
            continue
        asked = tuple(Question(f"{section}.{key}", see, found) for key, see in questions.items())
        cards.append(Card(f"questions.{section}", questions=asked))
    return [*cards, Card(HANDOUT)]


def numbers_of(lesson: Lesson) -> dict[str, Values]:
    """Section → what its questions and answers are filled with; without the sections that these runs have no numbers for."""
    subject, answering = lesson.subjects[0], list(lesson.answering())
    tokens = subject.tokens
    found: dict[str, Values] = {"reading": _reading(subject), "sequence": {"tokens": len(tokens), "steps": len(tokens) - 1}}
    parallel_first = sorted(answering, key=lambda one: one.decoding != "parallel")
    looking = next((one for one in parallel_first if finding.self_attention(one.explanation)), None)
    if looking is not None:
        found |= {key: {"run": looking.label} for key in ("positions", "stream")}
        found["attention"] = _attention(looking)
    speaking = next((one for one in answering if one.decoding == "autoregressive"), None)
    if speaking is not None:
        found["decoder"] = _decoder(speaking)
    if found_walk := next((made for one in answering if (made := _walk(one))), None):
        found["walk"] = found_walk
    if answering:
        found["vocoder"] = _vocoder(parallel_first[0])
        found["training"] = {"tokens": len(tokens)}
    whole = next((one for one in answering if one.decoding == "parallel"), None)
    if speaking is not None and whole is not None:
        found["clock"] = {"run": speaking.label, "steps": _steps(speaking), "other": whole.label, "frames": _frames(whole)}
    return found


def _reading(subject: Subject) -> Values:
    counts = Counter(subject.tokens)
    symbol, times = counts.most_common(1)[0]
    sounds = sum(len(word.phonemes) for word in subject.analysis.words)
    return {
        "words": len(subject.analysis.words),
        "tokens": len(subject.tokens),
        "sounds": sounds,
        "others": len(subject.tokens) - sounds,
        "symbol": symbol,
        "times": times,
    }


def _attention(subject: Subject) -> Values:
    """Of the self-attention over the text, or else of the first that there is."""
    maps = finding.self_attention(subject.explanation)
    tokens = len(subject.tokens)
    own = [one for one in maps if one.values.shape[1:] == (tokens, tokens)] or maps[:1]
    heads, places = own[0].values.shape[:2]
    queries = [one for one in finding.named(subject.explanation, "q") if one.step.key == own[0].step.key]
    width = queries[0].values.shape[-1] if queries else 64
    return {
        "run": subject.label,
        "tokens": places,
        "even": 100 / places,
        "width": width,
        "root": math.sqrt(width),
        "heads": heads,
        "layers": len(own),
        "weights": heads * len(own) * places**2,
    }


def _decoder(subject: Subject) -> Values:
    return {
        "run": subject.label,
        "steps": _steps(subject),
        "frames": _frames(subject),
        "each": subject.system.frames_per_step or 1,
        "last": _steps(subject) - 1,
    }


def _walk(subject: Subject) -> Values | None:
    """Of a run that gives each token its frames."""
    given = [one for one in finding.with_axes(subject.explanation, ("token",)) if one.tensor.key == "frames"]
    if not given or len(given[0].values) != len(subject.tokens):
        return None
    frames = given[0].values
    longest, mel = int(frames.argmax()), subject.model.context.mel
    total = int(frames.sum())
    return {
        "run": subject.label,
        "tokens": len(subject.tokens),
        "frames": total,
        "longest": subject.tokens[longest],
        "longest_frames": int(frames[longest]),
        "frame_ms": 1000 * mel.hop_samples / mel.sample_rate_hz,
        "seconds": total * mel.hop_samples / mel.sample_rate_hz,
        "half": total / 2,
    }


def _vocoder(subject: Subject) -> Values:
    mel, frames = subject.model.context.mel, _frames(subject)
    return {
        "run": subject.label,
        "frames": frames,
        "bands": mel.bands,
        "hop": mel.hop_samples,
        "rate": mel.sample_rate_hz,
        "samples": frames * mel.hop_samples,
    }


def _frames(subject: Subject) -> int:
    return int(subject.spectrogram.lengths[0])


def _steps(subject: Subject) -> int:
    """Turns of the decoder."""
    return math.ceil(_frames(subject) / (subject.system.frames_per_step or 1))
