"""All maps of self-attention of a page's runs, and what they say without a part of it: for the section `attention`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ttskit_explain.attending import AttentionStack, described, frame_tokens, is_causal, kinds_of, stacks, thinned
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.lesson import Failed, Lesson, Subject
from ttskit_explain.switching import Tried, changes, given_by_heads, tried

__all__ = ["Asked", "ask", "grid", "labels_of", "names_of", "without"]

MOST_ROWS = 64  # of a map in the grid
MOST_HEADS = {"parallel": 12, "autoregressive": 4}  # switched off, one at a time; a stack of more is left whole
MOST_SEEN, MOST_HEARD = 6, 2  # heads of a stack whose mel, and whose audio, is kept: those that are missed most


@dataclass
class Asked:
    """A stack of a run, with everything that was asked about it."""

    subject: Subject
    stack: AttentionStack
    tried: list[Tried] = field(default_factory=list)
    given: Mapping[str, np.ndarray] = field(default_factory=dict)
    problem: str = ""


def ask(one: Asked, heads: bool = True) -> None:
    """Everything the run offers to do to the stack; heads, if they are wanted, where they are few enough to try them all."""
    offered = changes(one.stack, list(one.subject.interventions.values()))
    off = [change for change in offered if change.kind == "head_off"]
    parallel = one.subject.decoding == "parallel"
    if not heads or len(off) > MOST_HEADS[one.subject.decoding] or (not parallel and one.stack.place != "token"):
        offered = [change for change in offered if change.kind != "head_off"]
    try:
        one.tried = tried(one.subject, offered)
    except Failed as error:
        one.problem = str(error)
        return
    silent = [(t.change, s) for t in one.tried if t.change.kind == "head_off" for s in _same(one.stack, t)]
    one.given = given_by_heads(one.stack, silent) if one.stack.place == "token" else {}


def _same(stack: AttentionStack, one: Tried) -> list[AttentionStack]:
    return [other for other in stacks(one.explanation) if (other.key, other.place) == (stack.key, stack.place)]


def _spoken(subject: Subject) -> dict[str, np.ndarray]:
    """More that a symbol can look at: symbols of its own word, vowels, stressed ones."""
    features, n = subject.model.context.symbols.features, len(subject.tokens)
    of = [features.get(token, {}) for token in subject.tokens]
    words = np.array([-1 - i if word is None else word for i, word in enumerate(subject.token_words)])
    vowel, stressed = (np.array([one.get(k) == v for one in of], bool) for k, v in (("type", "vowel"), ("stress", "yes")))
    apart = ~np.eye(n, dtype=bool)
    return {"word": apart & (words[:, None] == words), "vowel": apart & vowel, "stressed": apart & stressed}


def labels_of(subject: Subject, tokens: Iterable[str]) -> list[str]:
    """Symbols as a picture has room for them."""
    table = subject.model.context.symbols
    short = {table.boundary: "‖", table.space: "␣", table.pad: "∅"}
    return [short.get(token, token) for token in tokens]


def _silent(subject: Subject) -> list[bool]:
    table = subject.model.context.symbols
    return [token in table.silent or token in (table.boundary, table.space) for token in subject.tokens]


def names_of(subjects: Iterable[Subject]) -> str:
    return ", ".join(one.label for one in subjects)


def grid(lesson: Lesson, found: list[Asked], values: Mapping[str, object]) -> Card:
    """Every head of every layer as a small map."""
    maps = []
    thin = False
    for one in found:
        subject, stack = one.subject, one.stack
        durations = subject.spectrogram.durations
        length = stack.layers[0].weights.shape[-1]
        owners = frame_tokens(durations[0].cpu().numpy(), length) if durations is not None and stack.place == "frame" else None
        kinds = kinds_of(stack.place, length, subject.tokens, _silent(subject), owners)
        kinds |= _spoken(subject) if stack.place == "token" else {}
        layers = []
        for layer in stack.layers:
            small, every = (layer.weights, 1) if stack.place == "token" else thinned(layer.weights, MOST_ROWS)
            thin = thin or every > 1
            ahead = stack.place != "token" and is_causal(layer.weights)
            heads = [described(weights, kinds, ahead) for weights in layer.weights]
            layers.append({"number": layer.number, "weights": lesson.sheet.array(small), "every": every, "heads": heads})
        maps.append(
            {
                "label": subject.label,
                "place": stack.place,
                "side": _side(stack),
                "tokens": labels_of(subject, subject.tokens) if stack.place == "token" else None,
                "kinds": list(kinds),
                "layers": layers,
            }
        )
    notes = (Note("attention.thinned", {"most": MOST_ROWS}),) if thin else ()
    figure = Figure("attention.grid", "attention-grid", {"stacks": maps})
    return Card("attention.grid", (figure,), values=values, notes=notes)


def _side(stack: AttentionStack) -> str:
    """Under `steps` or `words`: what a stack is called."""
    return {"token": "attention_of_tokens", "frame": "attention_of_frames"}.get(stack.place, "attention_of_steps")


def without(lesson: Lesson, found: list[Asked], values: Mapping[str, object]) -> Card:
    """What a run says when something is switched off, heard and seen, with how far the mel moved."""
    shown, notes = [], []
    plain: dict[str, dict[str, Any]] = {}
    for one in found:
        subject = one.subject
        if one.problem:
            notes.append(Note("failed", {"why": one.problem}))
        if not one.tried:
            continue
        if subject.label not in plain:
            plain[subject.label] = _said(lesson, subject, None, heard=True)
        heads = sorted((t for t in one.tried if t.change.kind == "head_off"), key=lambda t: -t.difference_db)
        seen = {t.change.name for t in heads[:MOST_SEEN]}
        heard = {t.change.name for t in heads[:MOST_HEARD]}
        variants = []
        for t in one.tried:
            other = t.change.kind != "head_off"
            variant = {
                "kind": t.change.kind,
                "layer": t.change.layer,
                "head": t.change.head,
                "db": round(t.difference_db, 3),
                "frames": int(t.explanation.spectrogram.lengths[0]),
            }
            if other or t.change.name in seen:
                variant |= _said(lesson, subject, t, heard=other or t.change.name in heard)
            if t.change.kind == "unscaled" and one.stack.place == "token":
                variant["weights"] = [lesson.sheet.array(layer.weights) for s in _same(one.stack, t) for layer in s.layers]
            variants.append(variant)
        shown.append(
            {
                "label": subject.label,
                "place": one.stack.place,
                "side": _side(one.stack),
                "tokens": labels_of(subject, subject.tokens) if one.stack.place == "token" else None,
                "numbers": [layer.number for layer in one.stack.layers],
                "weights": [lesson.sheet.array(layer.weights) for layer in one.stack.layers]
                if one.stack.place == "token"
                else None,
                "plain": plain[subject.label] | {"frames": int(subject.spectrogram.lengths[0])},
                "variants": variants,
                "step_s": subject.model.context.mel.hop_samples / subject.model.context.mel.sample_rate_hz,
            }
        )
    if not shown:
        return Card(
            "attention.without",
            notes=(*notes, Note("attention.no_changes", {"runs": names_of(o.subject for o in found)})),
            values=values,
        )
    return Card(
        "attention.without", (Figure("attention.without", "attention-without", {"stacks": shown}),), (), values, tuple(notes)
    )


def _said(lesson: Lesson, subject: Subject, one: Tried | None, heard: bool) -> dict[str, Any]:
    spectrogram = subject.spectrogram if one is None else one.explanation.spectrogram
    found: dict[str, Any] = {"mel": lesson.mel(spectrogram)}
    if heard:
        name = "attention-plain" if one is None else f"attention-{one.change.key}-{one.change.choice}"
        found |= lesson.heard(subject, spectrogram, name)
    return found
