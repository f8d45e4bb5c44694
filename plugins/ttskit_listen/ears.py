"""Measures beside ears: how each measure and predictor goes with what the listeners said, and where they disagree most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ttskit_listen.judgements import Heard

__all__ = ["ears_of"]


def ears_of(heard: Heard, statistics: Mapping[str, Any], tables: Sequence[Path], *, confidence: float = 0.95) -> dict[str, Any]:
    """Correlations of every measure in `tables` (measurements.csv of comparisons, or of others in its columns)."""
    raise NotImplementedError
