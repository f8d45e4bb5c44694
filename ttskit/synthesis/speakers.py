"""Who speaks: a name, or a mix of names with weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ttskit.errors import UsageError
from ttskit.symbols import SpeakerTable

__all__ = ["Shares", "speaker_rows", "speaker_shares"]

_EXAMPLE = "weights stand after names: --speaker ana:0.7,beto:0.3"
Shares = Mapping[str, float]  # speaker name → share; the shares sum to 1


def speaker_shares(asked: str | Shares | None, table: SpeakerTable) -> dict[str, float]:
    """Shares of speakers, summing to 1.

    Args:
        asked: None (the only speaker), a name, `"ana:0.7,beto:0.3"`, or a mapping name → weight. Weights are
            brought to a sum of 1; a name without one weighs 1.

    Raises:
        UsageError: unknown or repeated names, weights that are no numbers, negative or all 0.

    >>> speaker_shares("ana:3,beto:1", SpeakerTable(("ana", "beto", "eva")))
    {'ana': 0.75, 'beto': 0.25}
    """
    if asked is None or (isinstance(asked, str) and asked in table.names):
        return {table.names[table.id(asked)]: 1.0}
    pairs = list(asked.items()) if isinstance(asked, Mapping) else [_pair(part) for part in asked.split(",")]
    weights: dict[str, float] = {}
    for name, weight in pairs:
        table.id(name)  # says who there is
        if name in weights:
            raise UsageError(f"speaker {name!r} stands twice in the mix", f"{asked}", "name each speaker once")
        if not (isinstance(weight, (int, float)) and math.isfinite(weight) and weight >= 0):
            raise UsageError(f"the weight of speaker {name!r} must not be negative", f"got {weight!r}", _EXAMPLE)
        weights[name] = float(weight)
    total = sum(weights.values())
    if not total > 0:
        raise UsageError("no speaker has any weight", f"{asked}", _EXAMPLE)
    return {name: weight / total for name, weight in weights.items() if weight > 0}


def _pair(part: str) -> tuple[str, float]:
    name, colon, weight = part.strip().rpartition(":")
    if not colon:
        return part.strip(), 1.0
    try:
        return name.strip(), float(weight)
    except ValueError:
        raise UsageError(f"the weight of speaker {name!r} is not a number", f"got {weight!r}", _EXAMPLE) from None


def speaker_rows(rows: Sequence[Shares], table: SpeakerTable) -> tuple[Tensor, Tensor | None]:
    """Ids (B,) and, only if some row is a mix, weights (B, P), of rows of shares."""
    heaviest = torch.tensor([table.id(max(shares, key=shares.__getitem__)) for shares in rows])
    if all(len(shares) == 1 for shares in rows):
        return heaviest, None
    weights = torch.zeros(len(rows), len(table))
    for row, shares in enumerate(rows):
        for name, share in shares.items():
            weights[row, table.id(name)] = share
    return heaviest, weights
