"""What the two stacks make of their vectors, and how a frame's state becomes a column of the mel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ttskit_explain.cards import Card, Figure
from ttskit_explain.finding import with_axes
from ttskit_explain.sections.walk_route import Stage, Walk, projection_of, share_within, token_of_frames

__all__ = ["decoder", "embedding", "encoder", "mel", "projection"]

LARGEST = 9  # contributions to one value of the mel that are shown one by one


def embedding(walk: Walk) -> Card | None:
    """The vectors of the symbols; None for a model that shows none."""
    if not walk.stages:
        return None
    vectors = walk.stages[0].values
    symbol, times = _most_repeated(walk.labels)
    spec = {**walk.common(), "stages": [_stage(walk, walk.stages[0])], "place": "token"}
    values = {"tokens": len(vectors), "channels": vectors.shape[1], "symbol": symbol, "times": times}
    return Card("walk.embedding", (Figure("walk.embedding.vectors", "walk-states", spec),), (), values)


def encoder(walk: Walk) -> Card | None:
    """The first stack: what becomes of equal symbols; None for a model that has none."""
    if len(walk.stages) < 2:
        return None
    shares = [share_within(one.values, walk.labels) for one in walk.stages]
    symbol, times = _most_repeated(walk.labels)
    values = {"symbol": symbol, "times": times, "tokens": len(walk.labels), "layers": _layers(walk.stages)}
    if any(share is None for share in shares):
        key = "walk.encoder_unlike"  # no symbol stands there twice
    else:
        key = "walk.encoder"
        values |= {"first": _percent(shares[0]), "last": _percent(shares[-1])}
    spec = {**walk.common(), "stages": [_stage(walk, one) for one in walk.stages], "shares": shares, "place": "token"}
    return Card(key, (Figure(f"{key}.states", "walk-states", spec),), ("walk.encoder",), values)


def decoder(walk: Walk) -> Card | None:
    """The second stack: what it changes between the copies of one token; None for a model that shows no states of frames."""
    if len(walk.later) < 2:
        return None
    owners = token_of_frames(walk.frames)
    shares = [share_within(one.values, owners.tolist()) for one in walk.later]
    spec = {
        **walk.common(),
        "stages": [_stage(walk, one) for one in walk.later],
        "shares": None if any(share is None for share in shares) else shares,
        "place": "frame",
        "frames": [int(n) for n in walk.frames],
    }
    longest = int(np.argmax(walk.frames))
    values = {
        "frames": int(walk.frames.sum()),
        "layers": _layers(walk.later),
        "longest": walk.labels[longest],
        "longest_frames": int(walk.frames[longest]),
        "first": _percent(shares[0]),
        "last": _percent(shares[-1]),
    }
    return Card("walk.decoder", (Figure("walk.decoder.states", "walk-states", spec),), ("walk.decoder",), values)


def projection(walk: Walk) -> Card | None:
    """One frame's column as sums of weights; None where no linear layer of the model gives this mel from these states."""
    made = with_axes(walk.explanation, ("band", "frame"))
    if not walk.later or not made:
        return None
    states, mel = walk.later[-1].values, made[-1].values
    found = projection_of(walk.subject.model, states, mel)
    if found is None:
        return None
    weights, bias = found
    ends = np.cumsum(walk.frames)
    middles = [int(end - (n + 1) // 2) for end, n in zip(ends, walk.frames, strict=True) if n]
    parts, channels = _parts(weights, states[middles])
    spec = {
        **walk.common(),
        "owners": [i for i, n in enumerate(walk.frames) if n],
        "middles": middles,
        "columns": walk.lesson.sheet.array(mel[:, middles].T),
        "bias": walk.lesson.sheet.array(bias),
        "parts": walk.lesson.sheet.array(parts),
        "channels": walk.lesson.sheet.array(channels),
        "range": [float(mel.min()), float(mel.max())],
    }
    values = {"channels": states.shape[1], "bands": len(mel), "weights": int(weights.size), "frames": mel.shape[1]}
    return Card("walk.projection", (Figure("walk.projection.column", "walk-column", spec),), ("walk.projection",), values)


def _parts(weights: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the channels of some frames (F, H) add to each band (M, H).

    Returns:
        (F, M, K + 1) the K largest contributions in order of size, then all the others together; (F, M, K) their channels.
    """
    products = states[:, None, :].astype(np.float64) * weights[None]  # (F, M, H)
    k = min(LARGEST, products.shape[2])
    order = np.argsort(-np.abs(products), axis=2, kind="stable")[:, :, :k]
    largest = np.take_along_axis(products, order, axis=2)
    rest = products.sum(2, keepdims=True) - largest.sum(2, keepdims=True)
    return np.concatenate([largest, rest], axis=2), order.astype(np.int64)


def mel(walk: Walk) -> Card:
    """The mel, with where each token begins, as it is heard."""
    bands, frames = walk.spectrogram.row(0).mel.shape[1:]
    values = {"bands": int(bands), "frames": int(frames), "seconds": round(frames * walk.seconds_per_frame, 2)}
    spec = {**walk.common(), **walk.plain}
    return Card("walk.mel", (Figure("walk.mel.picture", "walk-mel", spec),), (), values)


def _stage(walk: Walk, stage: Stage) -> dict[str, object]:
    """Its states with time to the right: (H, places)."""
    return {"key": stage.key, "title": stage.title, "values": walk.lesson.sheet.array(stage.values.T)}


def _layers(stages: Sequence[Stage]) -> int:
    """Stages after what came in and after the positions were added: the stack's own."""
    return sum(1 for one in stages if one.key.rpartition(".")[2].isdigit())


def _most_repeated(labels: Sequence[str]) -> tuple[str, int]:
    """The sound that stands there most often, and how often; edges only if there is nothing else."""
    counts = Counter(label for label in labels if label != "‖") or Counter(labels)
    return counts.most_common(1)[0]


def _percent(share: float | None) -> float:
    return round(100 * share, 1) if share is not None else 0.0
