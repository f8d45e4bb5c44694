"""Self-attention, slowly: queries, keys, values, scores, scale, mask, softmax, sum, heads, and what is missed without them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from ttskit_explain.attending import (
    Layer,
    Stack,
    entropy_bits,
    growth,
    head_outputs,
    is_causal,
    scores,
    softmax,
    stacks,
    untrained,
)
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.finding import with_axes
from ttskit_explain.lesson import Failed, Lesson, Subject
from ttskit_explain.sections._attention_heads import Asked, ask, grid, labels_of, names_of, without

__all__ = ["build"]

MOST_STEPS = 24  # of a decoder, where the mask is shown
_WALK = ("qkv", "scores", "scaled", "mask", "softmax", "sum", "heads")


def build(lesson: Lesson) -> list[Card]:
    """The cards; over the sentence's embedding with projections that were drawn, where no run has self-attention.

    Raises:
        Failed: no run could explain the sentence.
    """
    answering = sorted(lesson.answering(), key=lambda one: one.decoding != "parallel")
    if not answering:
        lesson.subjects[0].explanation  # noqa: B018  raises what it failed with
    found = [Asked(subject, stack) for subject in answering for stack in stacks(subject.explanation)]
    walked = [one for one in found if one.stack.place == "token" and one.stack.open]
    notes: tuple[Note, ...] = ()
    if not walked:
        drawn = _drawn(answering)
        if drawn is None:
            return [Card("attention.none", notes=(Note("attention.nothing", {"runs": names_of(answering)}),))]
        walked, notes = [drawn], (Note("attention.untrained", {"runs": names_of(answering)}),)
    best = found[0].subject.decoding if found else ""
    for one in found:  # a run that speaks step by step takes as long for each head as for the sentence
        ask(one, heads=one.subject.decoding == best)
    start = _start(walked[0])
    walk = {"stacks": [_walk(lesson, one) for one in walked], "start": start}
    values = _values(walked[0], start)
    cards = [_card(lesson, name, walk, walked, values, notes) for name in _WALK]
    if found:
        return [*cards, grid(lesson, found, values), without(lesson, found, values)]
    nothing = (Note("attention.none_here", {"runs": names_of(answering)}),)
    return [*cards, *(Card(key, notes=nothing, values=values) for key in ("attention.grid_none", "attention.without_none"))]


def _drawn(subjects: Iterable[Subject]) -> Asked | None:
    for subject in subjects:
        vectors = [one.values for one in with_axes(subject.explanation, ("token", "channel"))]
        if vectors and len(vectors[0]) == len(subject.tokens):
            return Asked(subject, Stack("drawn", "token", (untrained(vectors[0]),)))
    return None


def _walk(lesson: Lesson, one: Asked) -> dict[str, Any]:
    """What the walk from queries to the sum needs of a stack."""
    return {
        "label": one.subject.label,
        "tokens": labels_of(one.subject, one.subject.tokens),
        "layers": [_walk_layer(lesson, layer, one.given.get(layer.number)) for layer in one.stack.layers],
    }


def _walk_layer(lesson: Lesson, layer: Layer, given: np.ndarray | None) -> dict[str, Any]:
    assert layer.q is not None and layer.k is not None and layer.v is not None
    raw = scores(layer.q, layer.k)
    sharp, (measured, independent) = softmax(raw), growth(layer.q, layer.k)
    keep = lesson.sheet.array
    return {
        "number": layer.number,
        "heads": int(layer.q.shape[0]),
        "d": int(layer.q.shape[2]),
        "q": keep(layer.q),
        "k": keep(layer.k),
        "v": keep(layer.v),
        "scores": keep(raw),
        "weights": keep(layer.weights),
        "sharp": keep(sharp),
        "bits": keep(entropy_bits(layer.weights)),
        "sharp_bits": keep(entropy_bits(sharp)),
        "grown": keep(measured),
        "independent": keep(independent),
        "out": keep(head_outputs(layer.weights, layer.v)),
        "adds": None if layer.adds is None else keep(layer.adds),
        "given": None if given is None else keep(given),
    }


def _start(one: Asked) -> dict[str, int]:
    """Where the reader begins: the head that chooses most, and a stressed vowel in the middle of the sentence."""
    bits = [
        (float(entropy_bits(x).mean()), i, h) for i, layer in enumerate(one.stack.layers) for h, x in enumerate(layer.weights)
    ]
    _, layer, head = min(bits)
    tokens, middle = one.subject.tokens, (len(one.subject.tokens) - 1) / 2
    stressed = [i for i, token in enumerate(tokens) if token.startswith("ˈ")] or list(range(len(tokens)))
    token = min(stressed, key=lambda i: abs(i - middle))
    row = one.stack.layers[layer].weights[head, token].copy()
    row[token] = -1.0
    v = one.stack.layers[layer].v
    assert v is not None
    out = head_outputs(one.stack.layers[layer].weights[head, token], v[head])
    return {"layer": layer, "head": head, "token": token, "other": int(row.argmax()), "channel": int(np.abs(out).argmax())}


def _values(one: Asked, start: Mapping[str, int]) -> dict[str, object]:
    """Numbers of where the reader begins, for the texts."""
    layer, head, i, j = one.stack.layers[start["layer"]], start["head"], start["token"], start["other"]
    assert layer.q is not None and layer.k is not None
    raw, labels, d = scores(layer.q, layer.k)[head], labels_of(one.subject, one.subject.tokens), layer.q.shape[2]
    heads = sum(len(other.weights) for other in one.stack.layers)
    return {
        "run": one.subject.label,
        "tokens": len(labels),
        "layers": len(one.stack.layers),
        "heads": len(layer.weights),
        "all_heads": heads,
        "d": d,
        "root": f"{math.sqrt(d):.3g}" if math.sqrt(d) % 1 else f"{math.sqrt(d):.0f}",
        "layer": layer.number,
        "head": head + 1,
        "token": labels[i],
        "place": i + 1,
        "other": labels[j],
        "score": float(raw[i, j]),
        "scaled": float(raw[i, j] / math.sqrt(d)),
        "weight": 100 * float(layer.weights[head, i, j]),
        "deviation": float(raw.std()),
        "scaled_deviation": float(raw.std() / math.sqrt(d)),
        "bits": float(entropy_bits(layer.weights[head]).mean()),
        "sharp_bits": float(entropy_bits(softmax(raw)).mean()),
        "most_bits": math.log2(len(labels)),
    }


def _card(
    lesson: Lesson,
    name: str,
    walk: Mapping[str, Any],
    walked: list[Asked],
    values: Mapping[str, object],
    notes: tuple[Note, ...],
) -> Card:
    if name == "mask":
        return _mask(lesson, walked[0], values, notes)
    key = f"attention.{name}"
    if name == "heads" and not all(layer["given"] for layer in walk["stacks"][0]["layers"]):
        key, notes = "attention.heads_whole", notes or (Note("attention.no_heads", {"run": walked[0].subject.label}),)
    if name == "qkv" and walked[0].stack.layers[0].step is None:
        key = "attention.qkv_drawn"
    figures = [Figure(f"attention.{name}", f"attention-{name}", walk)]
    if name == "scaled":
        figures.append(Figure("attention.growth", "attention-growth", walk))
    return Card(key, tuple(figures), _EQUATIONS.get(name, ()), values, notes)


_EQUATIONS = {
    "qkv": ("attention_projections",),
    "scores": ("attention_score",),
    "scaled": ("attention_variance", "attention_scaled"),
    "softmax": ("attention_softmax",),
    "sum": ("attention_sum", "attention"),
    "heads": ("attention_heads",),
}


def _mask(lesson: Lesson, one: Asked, values: Mapping[str, object], notes: tuple[Note, ...]) -> Card:
    """Padding, where a run shows it; steps that are not made yet, where a run makes them; else the latter on the symbols."""
    figures, more = [], dict(values)
    padding = _padding(lesson, one) if one.stack.layers[0].step is not None else None
    if padding is not None:
        figures.append(Figure("attention.padding", "attention-mask", padding[0]))
        more |= padding[1]
    ahead = next(iter(_ahead(lesson)), None)
    if ahead is None and padding is None:
        layer = one.stack.layers[0]
        assert layer.q is not None and layer.k is not None
        labels = labels_of(one.subject, one.subject.tokens)[:MOST_STEPS]
        ahead = _causal(lesson, scores(layer.q, layer.k), layer.q.shape[2], labels, one.subject.label)
    if ahead is not None:
        figures.append(Figure("attention.ahead", "attention-mask", ahead))
    key = "attention.mask" if padding is not None else "attention.mask_ahead"
    return Card(key, tuple(figures), ("attention_mask",), more, notes)


def _padding(lesson: Lesson, one: Asked) -> tuple[dict[str, Any], dict[str, object]] | None:
    """A shorter sentence beside this one in a batch: its first layer's scores against the padding, with and without the mask.

    Queries and keys of the padding are those that the run gives it as if it were symbols. Shown only where the symbols
    themselves get the same ones with padding behind them as alone, so that the masked weights are those of the sentence alone.
    """
    subject = one.subject
    tokens, pad = subject.tokens, subject.model.context.symbols.pad
    ends = [i + 1 for i, word in enumerate(subject.token_words) if word is not None and i + 1 < len(tokens)]
    if len(ends) < 2 or pad is None:
        return None
    edge = tokens[-1:] if subject.token_words[-1] is None else ()
    real = min((end for end in ends if _ends_word(subject, end)), key=lambda end: abs(end - len(tokens) / 2), default=0)
    short = (*tokens[:real], *edge)
    if not 1 < len(short) < len(tokens):
        return None
    try:
        alone, beside = (_first(one.stack, subject, said) for said in (short, (*short, *[pad] * (len(tokens) - len(short)))))
    except Failed:
        return None
    n = len(short)
    if alone is None or beside is None or alone.q is None or beside.q is None or beside.k is None:
        return None
    if not np.allclose(beside.q[:, :n], alone.q, rtol=1e-3, atol=1e-4):
        return None
    scaled = scores(beside.q[:, :n], beside.k) / math.sqrt(beside.q.shape[2])
    hidden = np.where(np.arange(len(tokens)) < n, scaled, -np.inf)
    opened = softmax(scaled)
    lost = 100 * float(opened[..., n:].sum(-1).mean())
    keep = lesson.sheet.array
    spec = {
        "kind": "padding",
        "label": subject.label,
        "queries": labels_of(subject, short),
        "keys": labels_of(subject, (*short, *[pad] * (len(tokens) - n))),
        "layer": one.stack.layers[0].number,
        "scores": keep(scaled),
        "masked": keep(softmax(hidden)),
        "open": keep(opened),
    }
    return spec, {"real": n, "padded": len(tokens) - n, "lost": lost}


def _ends_word(subject: Subject, end: int) -> bool:
    return end >= len(subject.token_words) or subject.token_words[end] != subject.token_words[end - 1]


def _first(stack: Stack, subject: Subject, tokens: tuple[str, ...]) -> Layer | None:
    """The first layer of that stack for other tokens."""
    explanation = subject.ask(
        "explain",
        lambda: subject.model.explain(subject.inputs_of(tokens), None, [torch.Generator().manual_seed(subject.seed)]),
    )
    return next((other.layers[0] for other in stacks(explanation) if other.key == stack.key), None)


def _ahead(lesson: Lesson) -> Iterable[dict[str, Any]]:
    """Of a decoder that may not look ahead: its first layer, first steps; later ones change nothing about them."""
    for subject in lesson.answering():
        for stack in stacks(subject.explanation):
            layer = stack.layers[0]
            if stack.place != "token" and is_causal(layer.weights) and layer.q is not None and layer.k is not None:
                first = scores(layer.q[:, :MOST_STEPS], layer.k[:, :MOST_STEPS])
                labels = [str(i + 1) for i in range(first.shape[1])]
                yield _causal(lesson, first, layer.q.shape[2], labels, subject.label) | {"kind": "steps", "layer": layer.number}


def _causal(lesson: Lesson, raw: np.ndarray, d: int, labels: list[str], run: str) -> dict[str, Any]:
    scaled = raw[:, : len(labels), : len(labels)] / math.sqrt(d)
    hidden = np.where(np.tri(len(labels), dtype=bool), scaled, -np.inf)
    keep = lesson.sheet.array
    return {
        "kind": "ahead",
        "label": run,
        "layer": "1",
        "queries": labels,
        "keys": labels,
        "scores": keep(scaled),
        "masked": keep(softmax(hidden)),
        "open": keep(softmax(scaled)),
    }
