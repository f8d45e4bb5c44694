"""CompareConfig: what a recipe says about the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ttskit.config.training import parse_seconds

__all__ = ["CompareConfig", "RecogniserConfig"]

_RETIRED = ("budget_s", "max_epochs", "patience")


class RecogniserConfig(BaseModel):
    """The phone recogniser that judges robustness: how it is built and trained on natural speech."""

    model_config = ConfigDict(extra="forbid")

    channels: int = Field(144, ge=8, description="channels of the convolutions")
    dilations: list[int] = Field(
        [1, 1, 1, 1, 1],
        min_length=1,
        description="dilation of each residual convolution (kernel 5); a judge that sees far hears what usually follows",
    )
    steps: int = Field(
        800, ge=1, description="training steps, whatever the corpus and the machine: the same corpus gives the same judge"
    )
    validate_every: int = Field(40, ge=1, description="steps between validations, one of which chooses the checkpoint")
    batch: int = Field(8, ge=1, description="utterances per batch")
    learning_rate: float = Field(3e-3, gt=0, description="peak of a one-cycle schedule")
    seed: int = Field(1, description="seed of weights, order and distortion")
    vocoded_s: float = Field(
        180.0,
        ge=0,
        description="seconds of training speech also heard through the vocoder without weights, if it is installed",
    )
    calibration_share: float = Field(
        0.1, gt=0, lt=1, description="share of the training split that is not trained on and sets the limits of verdicts"
    )
    least_calibration: int = Field(12, ge=1, description="fewest such sentences, up to a quarter of the split")
    most_calibration: int = Field(80, ge=1, description="most such sentences")
    max_natural_error: float = Field(
        0.35,
        gt=0,
        le=1,
        description="a recogniser that errs on a larger share of natural held-out phones gives no verdicts: beyond a third "
        "wrong, natural sentences themselves come near to half not heard, from where on a sentence counts as unclear",
    )

    @model_validator(mode="before")
    @classmethod
    def _without_the_clock(cls, value: Any) -> Any:
        """Recipes of runs made before carry settings of a training by the clock, which say nothing any more."""
        return {k: v for k, v in value.items() if k not in _RETIRED} if isinstance(value, Mapping) else value


class CompareConfig(BaseModel):
    """The comparison: what is measured, on how much, with how many repeats.

    The same fields are the defaults of `ttskit compare`; options of the command replace them.
    """

    model_config = ConfigDict(extra="forbid")

    models: list[str] = Field(
        ["tacotron2", "fastpitch"],
        description="what is trained when no runs are given: model names, recipes, recipe:model or label=recipe[:model]",
    )
    train_seeds: Annotated[int, Field(ge=1)] | list[Annotated[int, Field(ge=0)]] | None = Field(
        None, description="trainings of each model, or their seeds: the same for all; one, with its recipe's seed, if not given"
    )
    budget_s: float | None = Field(None, gt=0, description="training time per model, in seconds or as 10m; steps wins over it")
    utterances: int | None = Field(
        None, ge=1, description="utterances that each training reads, the same for all whatever their batches; wins over both"
    )
    steps: Annotated[int, Field(ge=1)] | dict[str, Annotated[int, Field(ge=1)]] | None = Field(
        None, description="training steps of all models, or of each by name, which replays a budget bit for bit"
    )
    split: Literal["test", "validation"] = Field("test", description="split whose sentences are spoken and compared")
    limit: int | None = Field(12, ge=1, description="sentences of the split that are spoken; null for all")
    hard: bool = Field(True, description="also speak the list of hard sentences")
    hard_file: str | None = Field(None, description="text file with one hard sentence a line; null for the shipped list")
    hard_limit: int | None = Field(12, ge=1, description="hard sentences that are spoken, evenly spread over it; null for all")
    seeds: list[int] = Field([0], min_length=1, description="seeds of synthesis; each sentence is spoken once per seed")
    mcd_order: int = Field(13, ge=2, description="cepstral coefficients 1 … order of the mel-cepstral distortion (c0 left out)")
    confidence: float = Field(0.95, gt=0, lt=1, description="level of the bootstrap confidence intervals")
    resamples: int = Field(2000, ge=100, description="bootstrap resamples")
    bootstrap_seed: int = Field(1, description="seed of the bootstrap")
    max_players: int = Field(24, ge=1, description="most sentences that the page shows with players and pictures")
    pictures: int = Field(6, ge=0, description="sentences of each list whose spectrogram, F0 and alignment are drawn")
    speed_lengths: list[int] = Field(
        [10, 20, 40, 80, 160], min_length=1, description="text lengths (tokens) of the latency measurement"
    )
    speed_repeats: int = Field(
        7,
        ge=1,
        description="rounds of the speed measurement, in each of which every system is timed; below six nobody is ranked",
    )
    batch: int = Field(8, ge=1, description="sentences per batch of the throughput measurement")
    control_limit: int = Field(4, ge=0, description="sentences that control accuracy is measured on; 0 leaves it out")
    measurements: dict[str, bool | dict[str, Any]] = Field(
        default_factory=dict, description="by name: false leaves a measurement out, {option: value} sets its options"
    )
    recogniser: RecogniserConfig = Field(default_factory=RecogniserConfig, description="the phone recogniser")

    @field_validator("budget_s", mode="before")
    @classmethod
    def _duration(cls, value: Any) -> Any:
        return None if value is None else parse_seconds(value)
