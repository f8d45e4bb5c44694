"""TrainingConfig: the part of a recipe that says how training runs. Read without torch."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_UNIT_S = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def parse_seconds(text: str | float) -> float:
    """Seconds of a duration as people type it: 90, "90s", "10m", "1.5h", "1h30m".

    Raises:
        ValueError: anything else, or a duration that is not positive.
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        seconds = float(text)
    else:
        compact = str(text).replace(" ", "").lower()
        parts = re.findall(r"(\d+(?:\.\d*)?|\.\d+)(min|h|m|s|)", compact)
        whole = "".join(number + unit for number, unit in parts) == compact
        if not parts or not whole or (len(parts) > 1 and not all(unit for _, unit in parts)):
            raise ValueError(f"{text!r} is not a duration; write 90s, 10m, 1.5h or 1h30m")
        seconds = sum(float(number) * _UNIT_S[unit] for number, unit in parts)
    if not 0 < seconds < float("inf"):
        raise ValueError(f"{text!r} is not a positive duration")
    return seconds


class TrainingConfig(BaseModel):
    """How training runs; what the model minimises and its learning rates are the model's own options."""

    model_config = ConfigDict(extra="forbid")

    steps: int | None = Field(
        None, ge=1, description="Optimiser steps to train for; 10000 if neither steps nor budget_s is given.")
    budget_s: float | None = Field(
        None, description="Training time instead of steps, in seconds or as 10m, 1.5h; turned into steps at the start.")
    frames_per_batch: int = Field(
        12_000, ge=1, description="Acoustic models: most mel frames of one batch, padding counted, over all processes.")
    max_utterances: int = Field(
        32, ge=1, description="Acoustic models: most utterances of one batch, over all processes.")
    segments_per_batch: int = Field(16, ge=1, description="Vocoders: audio segments of one batch, over all processes.")
    validate_every: int = Field(
        500, ge=1, description="Steps between validations (losses, pictures, audio samples); also done at the end.")
    checkpoint_every: int = Field(500, ge=1, description="Steps between checkpoints; also written at the end and on Ctrl-C.")
    log_every: int = Field(20, ge=1, description="Steps between log lines; values are read off the device this often only.")
    keep_last: int = Field(3, ge=1, description="Newest checkpoints to keep; the best one is kept besides.")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto", description="Arithmetic of matrix products: auto takes bf16, else fp16, where a GPU has it, and fp32 on a CPU.")
    device: str = Field("auto", description="cpu, cuda, cuda:1, mps, or auto for a GPU if there is one.")
    threads: int | None = Field(None, ge=1, description="CPU threads of torch; its own choice if not given.")
    max_nonfinite: int = Field(
        10, ge=1, description="Skipped steps in a row (loss or gradient not finite) after which training stops.")
    stop_when_hopeless: bool = Field(
        True, description="Stop, saved and with advice, when an attention is far from aligned long after it should be.")
    alignment: str | None = Field(
        None, description="Name of the corpus alignment with frames per token, for models that train on durations.")
    samples: int = Field(2, ge=0, description="Validation utterances spoken and drawn at each validation; 0 for none.")
    vocoder: str | None = Field(
        None, description="Vocoder of the audio samples, a plugin or run folder; the recipe's if not given, else griffinlim.")

    @field_validator("budget_s", mode="before")
    @classmethod
    def _duration(cls, value: Any) -> Any:
        return None if value is None else parse_seconds(value)

    @model_validator(mode="after")
    def _one_limit(self) -> TrainingConfig:
        if self.steps is not None and self.budget_s is not None:
            raise ValueError(f"give either steps or budget_s, not both (steps {self.steps}, budget_s {self.budget_s:g})")
        return self
