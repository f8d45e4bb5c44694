"""The statistics of a listening test."""

from __future__ import annotations

from typing import Any

from ttskit_listen.judgements import Heard

__all__ = ["statistics_of"]


def statistics_of(heard: Heard, *, confidence: float = 0.95) -> dict[str, Any]:
    """Everything that the kept judgements say, as plain data (design: "statistics")."""
    raise NotImplementedError
