"""TrainingConfig: the part of a recipe that says how training runs. Read without torch."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["LEARNING", "LIMITS", "RehearsalConfig", "TrainingConfig", "TransferConfig", "parse_seconds"]

LIMITS = ("steps", "budget_s", "steps_per_minute")  # three ways to say how long; a recipe that says one drops the others
# What decides the numbers that are learned; the rest says where, how long, how often and what is shown.
LEARNING = (
    "frames_per_batch",
    "max_utterances",
    "segments_per_batch",
    "accumulate",
    "precision",
    "alignment",
    "minutes",
    "freeze",
    "freeze_until",
)
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


class RehearsalConfig(BaseModel):
    """Old voices that are mixed in, so that they survive."""

    model_config = ConfigDict(extra="forbid")

    data: str = Field(description="Prepared corpus with the old voices; its mel must have the same content.")
    share: float = Field(0.3, gt=0, lt=1, description="Their share of the utterances of each epoch.")
    speakers: list[str] = Field(default_factory=list, description="Only these speakers of it; all if none is named.")


class TransferConfig(BaseModel):
    """How a run is carried over to other symbols and speakers (--init-from)."""

    model_config = ConfigDict(extra="forbid")

    speaker_from: str | dict[str, str] | None = Field(
        None, description="Whose voice a new speaker starts from: one name for all, or {new: old}; the mean if not given."
    )
    keep_speakers: Literal["auto", "all"] | list[str] = Field(
        "auto", description="Old speakers to keep besides the corpus's: auto keeps the rehearsed ones, all, or names."
    )


class TrainingConfig(BaseModel):
    """How training runs; what the model minimises and its learning rates are the model's own options."""

    model_config = ConfigDict(extra="forbid")

    steps: int | None = Field(
        None, ge=1, description="Optimiser steps to train for; 10000 if neither steps nor budget_s is given."
    )
    budget_s: float | None = Field(
        None, description="Training time instead of steps, in seconds or as 10m, 1.5h; turned into steps at the start."
    )
    steps_per_minute: float | None = Field(
        None, gt=0, description="Steps for each minute of training speech, instead of a fixed number; 200 steps at least."
    )
    minutes: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Train on so many minutes of the training speech, speakers in their shares; a smaller number takes some of "
        "the utterances of a larger one. All of it if not given.",
    )
    frames_per_batch: int = Field(
        12_000, ge=1, description="Acoustic models: most mel frames of one batch, padding counted, over all processes."
    )
    max_utterances: int = Field(32, ge=1, description="Acoustic models: most utterances of one batch, over all processes.")
    segments_per_batch: int = Field(16, ge=1, description="Vocoders: audio segments of one batch, over all processes.")
    accumulate: int = Field(
        1,
        ge=1,
        description="Batches whose gradients make one optimiser step, for GPUs that hold no larger one: a step equals that on "
        "a batch so many times larger (the three sizes above are those of one of its shares), but for batch statistics, "
        "which are each share's own. Steps, schedules and log lines count optimiser steps.",
    )
    validate_every: int = Field(
        500, ge=1, description="Steps between validations (losses, pictures, audio samples); also done at the end."
    )
    checkpoint_every: int = Field(500, ge=1, description="Steps between checkpoints; also written at the end and on Ctrl-C.")
    log_every: int = Field(20, ge=1, description="Steps between log lines; values are read off the device this often only.")
    keep_last: int = Field(3, ge=1, description="Newest checkpoints to keep; the best one is kept besides.")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto", description="Arithmetic of matrix products: auto takes bf16, else fp16, where a GPU has it, and fp32 on a CPU."
    )
    device: str = Field("auto", description="cpu, cuda, cuda:1, mps, or auto for a GPU if there is one.")
    threads: int | None = Field(None, ge=1, description="CPU threads of torch; its own choice if not given.")
    max_nonfinite: int = Field(
        10, ge=1, description="Skipped steps in a row (loss or gradient not finite) after which training stops."
    )
    stop_when_hopeless: bool = Field(
        True, description="Stop, saved and with advice, when an attention is far from aligned long after it should be."
    )
    alignment: str | None = Field(
        None, description="Name of the corpus alignment with frames per token, for models that train on durations."
    )
    samples: int = Field(2, ge=0, description="Validation utterances spoken and drawn at each validation; 0 for none.")
    film: bool = Field(
        True,
        description="Acoustic models: keep in film/ how the alignment of one validation utterance comes about: before the "
        "first step, at steps ever further apart, and at the end. ttskit explain shows it.",
    )
    vocoder: str | None = Field(
        None, description="Vocoder of the audio samples, a plugin or run folder; the recipe's if not given."
    )
    tensorboard: bool | None = Field(
        None,
        description="Curves, pictures and sounds in the run's tensorboard/; if not given, where TensorBoard is installed.",
    )

    freeze: list[str] = Field(
        default_factory=list, description="Parameters that stay as they are, by patterns over their names: encoder.*"
    )
    freeze_until: dict[str, float] = Field(
        default_factory=dict, description="The same for the first steps: pattern to a number of steps, or a share below 1."
    )
    transfer: TransferConfig = Field(
        default_factory=TransferConfig, description="With --init-from: speakers to keep, and whose voice new ones start from."
    )
    rehearsal: RehearsalConfig | None = Field(None, description="Old voices mixed in, so that they survive fine-tuning.")

    @field_validator("freeze_until")
    @classmethod
    def _later(cls, value: dict[str, float]) -> dict[str, float]:
        wrong = [f"{pattern}: {when:g}" for pattern, when in value.items() if not 0 < when < float("inf")]
        if wrong:
            raise ValueError(f"write a share below 1 or a number of steps, not {', '.join(wrong)}")
        return value

    @field_validator("budget_s", mode="before")
    @classmethod
    def _duration(cls, value: Any) -> Any:
        return None if value is None else parse_seconds(value)

    @model_validator(mode="after")
    def _one_limit(self) -> TrainingConfig:
        given = [f"{name} {value:g}" for name in LIMITS if (value := getattr(self, name)) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of {', '.join(LIMITS)}, not both: {', '.join(given)}")
        return self
