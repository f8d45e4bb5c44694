"""What stands in the files of a run, by type: run.json, checkpoint.json, a row of metrics.jsonl.

Facts that are not named here may be anything; they are for people, and for the commands that wrote them.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ttskit.reading import Count, Finite, Stored

__all__ = ["CheckpointFacts", "MetricRow", "RunFacts"]


class _PluginFacts(Stored):
    distribution: str
    version: str


class _CorpusFacts(Stored):
    folder: str | None = None
    pitch_extractor: str | None = None
    manifest_sha256: str | None = None
    mel: str | None = None
    minutes: Finite | None = None


class _StepFacts(Stored):
    total: Count | None = None
    steps: Count | None = None
    budget_s: Finite | None = None
    steps_per_minute: Finite | None = None


class _RehearsalFacts(Stored):
    folder: str | None = None
    manifest_sha256: str | None = None
    share: Finite | None = None
    speakers: list[str] | None = None


class _FitFacts(Stored):
    run: str
    step: Count
    mels: str


class _ContextFacts(Stored):
    mel: dict[str, Any]
    symbols: dict[str, Any]
    speakers: list[str]
    pitch: dict[str, Any]


class RunFacts(Stored):
    """run.json. `options` are checked by the plugin's class, what is in `context` and `frontend` by theirs."""

    format: int
    kind: str
    model: str
    options: dict[str, Any]
    context: _ContextFacts
    frontend: dict[str, Any]
    plugin: _PluginFacts | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    corpus: _CorpusFacts | None = None
    steps: _StepFacts | None = None
    seed: int | None = None
    rehearsal: _RehearsalFacts | None = None
    init_from: str | None = None
    init_from_step: Count | None = None
    fresh: list[str] | None = None
    from_acoustic: _FitFacts | None = None


class CheckpointFacts(Stored):
    """checkpoint.json. A loss may be NaN: a training that has gone wrong says so."""

    format: int
    step: Count
    sha256: dict[str, str]
    versions: dict[str, str] = Field(default_factory=dict)
    validation_loss: float | None = None


class MetricRow(Stored):
    """A row of metrics.jsonl: what it is of, and numbers by name."""

    __pydantic_extra__: dict[str, float | bool | None]

    step: Count
    epoch: Count | None = None
    split: str | None = None
    utterances: list[str] | None = None  # of a step that was skipped
    text: str | None = None  # of a note
