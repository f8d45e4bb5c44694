"""The arithmetic of self-attention over what a run recorded, and what one map of weights can be said to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ttskit.interfaces.explanation import Explanation, Step
from ttskit_explain.finding import FoundTensor, self_attention, with_axes

__all__ = [
    "DRAWN_CHANNELS",
    "AttentionLayer",
    "AttentionStack",
    "described",
    "entropy_bits",
    "frame_tokens",
    "growth",
    "head_outputs",
    "is_causal",
    "kinds_of",
    "scores",
    "softmax",
    "stacks",
    "thinned",
    "untrained",
]

_LIFT = 0.1  # by how much a share must exceed chance before it is said of a map
_MOSTLY = 0.5
_SPREAD = 0.9  # share of the largest possible entropy from which a map is called spread
_NEAR = 5  # frames or steps

DRAWN_CHANNELS = 16  # channels of the heads whose projections were drawn, where no run has any


@dataclass(frozen=True)
class AttentionLayer:
    """Self-attention of one layer in one sentence.

    Args:
        number: of the layer, as the model's interventions count it.
        weights: (h, L, L), each row's sum 1.
        q, k, v: (h, L, D); None where they were not recorded.
        adds: (L, C) what goes into the stream; None where it was not recorded.
        step: where it was recorded; None where it was not.
    """

    number: str
    weights: np.ndarray
    q: np.ndarray | None = None
    k: np.ndarray | None = None
    v: np.ndarray | None = None
    adds: np.ndarray | None = None
    step: Step | None = None

    @property
    def open(self) -> bool:
        """Whether its queries, keys and values can be looked at."""
        return self.q is not None and self.k is not None and self.v is not None


@dataclass(frozen=True)
class AttentionStack:
    """Layers over one sequence.

    Args:
        key: what the keys of their steps have in common.
        place: what a row is: "token", "frame" or "step".
        layers: in order.
    """

    key: str
    place: str
    layers: tuple[AttentionLayer, ...]

    @property
    def open(self) -> bool:
        """Whether the way from queries to sums can be walked in every layer."""
        return all(layer.open for layer in self.layers)


def stacks(explanation: Explanation) -> list[AttentionStack]:
    """Self-attention of a run, by what it goes over, in the order of the steps."""
    tokens = _count(explanation)
    found: dict[tuple[str, str], list[AttentionLayer]] = {}
    for one in self_attention(explanation):
        key, _, number = one.step.key.rpartition(".")
        found.setdefault((key, _place(one, tokens)), []).append(_layer(one, number))
    return [AttentionStack(key, place, tuple(layers)) for (key, place), layers in found.items()]


def _layer(found: FoundTensor, number: str) -> AttentionLayer:
    of = {tensor.key: tensor.values for tensor in found.step.tensors}
    q, k, v = (of[letter] if letter in of and of[letter].ndim == 3 else None for letter in "qkv")
    return AttentionLayer(number, found.values, q, k, v, of.get("attention_adds"), found.step)


def _place(found: FoundTensor, tokens: int) -> str:
    """What a row is: as the queries say; by their number where they are not there."""
    for tensor in found.step.tensors:
        if tensor.key == "q" and len(tensor.axes) == 3:
            return tensor.axes[1].name
    return "token" if found.values.shape[1] == tokens else "frame"


def _count(explanation: Explanation) -> int:
    vectors = with_axes(explanation, ("token", "channel"))
    return len(vectors[0].values) if vectors else -1


def scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Each query with each key, (…, L, D) and (…, K, D) → (…, L, K): Q Kᵀ, not scaled."""
    return np.asarray(q @ np.swapaxes(k, -1, -2))


def softmax(x: np.ndarray) -> np.ndarray:
    """Over the last axis; −∞ becomes exactly 0."""
    raised = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(raised / raised.sum(-1, keepdims=True))


def entropy_bits(weights: np.ndarray) -> np.ndarray:
    """Of each row, in bits: 0 where it looks at one place, log₂ L where at all alike (0 log 0 = 0)."""
    safe = np.where(weights > 0, weights, 1.0)
    return np.asarray(np.abs((weights * np.log2(safe)).sum(-1)))


def head_outputs(weights: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Weighted sums of the values, (h, L, D)."""
    return np.asarray(weights @ v)


def growth(q: np.ndarray, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far dot products scatter when only the first channels count: (h, D) standard deviation over all pairs.

    The second is what it would be if the channels' products were independent, as Vaswani et al. 2017 (section 3.2.1,
    footnote 4) suppose: variances add up, so that it grows with √d.
    """
    products = q[:, :, None, :] * k[:, None, :, :]
    measured = products.cumsum(-1).std(axis=(1, 2))
    independent = np.sqrt(products.var(axis=(1, 2)).cumsum(-1))
    return measured, independent


def is_causal(weights: np.ndarray) -> bool:
    """Whether no row looks at a later place, (h, L, L)."""
    return weights.shape[-1] > 1 and not np.triu(weights, 1).any()


def untrained(vectors: np.ndarray, heads: int = 2, seed: int = 0) -> AttentionLayer:
    """Self-attention of a sentence's vectors (N, C) through projections that were drawn, not learned.

    For a page whose runs have no self-attention: the arithmetic is the same, what it looks at means nothing.
    """
    rng = np.random.default_rng(seed)
    scale = vectors.std() * np.sqrt(vectors.shape[1]) or 1.0
    drawn = rng.standard_normal((3, heads, vectors.shape[1], DRAWN_CHANNELS)).astype(np.float32) / np.float32(scale)
    q, k, v = vectors.astype(np.float32) @ drawn
    return AttentionLayer("1", softmax(scores(q, k) / np.sqrt(DRAWN_CHANNELS)), q, k, v)


def thinned(weights: np.ndarray, most: int) -> tuple[np.ndarray, int]:
    """A map (…, L, L) with at most `most` rows and columns, and how many places are one of it.

    Rows are averaged, columns added up: each row's sum is still 1.
    """
    length = weights.shape[-1]
    every = -(-length // most)
    starts = np.arange(0, length, every)
    columns = np.add.reduceat(weights, starts, axis=-1)
    counts = np.diff(np.append(starts, length))
    return np.add.reduceat(columns, starts, axis=-2) / counts[:, None], every


def frame_tokens(durations: np.ndarray, frames: int) -> np.ndarray | None:
    """The token of each frame, (T,), or None where durations do not add up to them."""
    owners = np.repeat(np.arange(len(durations)), durations.astype(int))
    return owners if len(owners) == frames else None


def kinds_of(
    place: str, length: int, tokens: Sequence[str], silent: Sequence[bool], owners: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """What a row of a map can look at: name → (L, L) bool. Kinds may overlap.

    Args:
        place: as in `AttentionStack`.
        length: L.
        tokens, silent: of the sentence: its symbols, and which of them are no sounds.
        owners: the token of each frame, where frames are looked at.
    """
    i, j = np.indices((length, length))
    apart = i != j
    kinds = {"self": ~apart}
    if place == "token":
        names, quiet = np.asarray(tokens), np.asarray(silent, bool)
        kinds |= {
            "before": j == i - 1,
            "after": j == i + 1,
            "silent": apart & quiet[j],
            "same": apart & (names[i] == names[j]),
        }
    elif place == "frame":
        kinds["near"] = apart & (abs(i - j) <= _NEAR)
        if owners is not None:
            quiet = np.asarray(silent, bool)[owners]
            kinds |= {"own": apart & (owners[i] == owners[j]), "quiet": apart & quiet[j] & (owners[i] != owners[j])}
    else:
        kinds |= {"just": (j < i) & (i - j <= _NEAR), "first": apart & (j < 3)}
    return kinds


def described(weights: np.ndarray, kinds: Mapping[str, np.ndarray], causal: bool = False) -> dict[str, Any]:
    """What one map (L, L) looks at, measured; `causal` where a row may not look at what comes after it.

    Returns:
        "shares": kind → share of the weight, mean over the rows; "chance": kind → the same if each row looked at all that it
        may see alike; "bits", "most_bits": mean entropy, and the largest possible; "rule": "mostly" or "more" with
        "what" = the kind that exceeds chance most, "spread" where none does and the rows are nearly alike, else "none";
        "favourite", "favourite_share": the place that gets most over all rows, and its mean share.
    """
    seen = np.tri(len(weights)) if causal else np.ones(weights.shape)
    uniform = seen / seen.sum(-1, keepdims=True)
    shares = {name: float((weights * kind).sum(-1).mean()) for name, kind in kinds.items()}
    chance = {name: float((uniform * kind).sum(-1).mean()) for name, kind in kinds.items()}
    bits, most = float(entropy_bits(weights).mean()), float(entropy_bits(uniform).mean())
    what = max(shares, key=lambda name: shares[name] - chance[name])
    if shares[what] - chance[what] >= _LIFT:
        rule = "mostly" if shares[what] >= _MOSTLY else "more"
    else:
        rule, what = ("spread" if bits >= _SPREAD * most else "none"), ""
    got = weights.mean(0)
    return {
        "shares": shares,
        "chance": chance,
        "bits": bits,
        "most_bits": most,
        "rule": rule,
        "what": what,
        "favourite": int(got.argmax()),
        "favourite_share": float(got.max()),
    }
