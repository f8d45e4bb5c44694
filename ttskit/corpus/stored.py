"""What stands in the files of a prepared corpus, by type: corpus.json, alignments (manifest: `PreparedUtterance`)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ttskit.reading import Count, Finite, Stored

__all__ = ["CorpusFacts", "StoredAlignment"]


class _Statistics(Stored):
    pitch_mean_hz: Finite
    pitch_std_hz: Finite
    seconds: Finite = 0.0
    pitch_range_hz: tuple[Finite, Finite] = (50.0, 600.0)


class _CorpusSettings(Stored):
    pitch_extractor: str | None = None
    duplicate_similarity: Finite | None = None


class _Settings(Stored):
    corpus: _CorpusSettings = _CorpusSettings()


class CorpusFacts(Stored):
    """corpus.json. `mel`, `symbols`, `speakers` and `frontend` are checked by their own classes."""

    format: int
    mel: dict[str, Any]
    symbols: dict[str, Any]
    speakers: list[str] = Field(min_length=1)
    frontend: dict[str, Any]
    statistics: dict[str, _Statistics]
    settings: _Settings = _Settings()


class StoredAlignment(Stored):
    """An alignment: frames per token, and for a reference the boundaries in seconds."""

    tokens: tuple[str, ...]
    durations: list[Count] | None = None
    times_s: list[Finite] | None = None
