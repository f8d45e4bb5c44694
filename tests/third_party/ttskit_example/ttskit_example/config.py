"""Options of the example's models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class StretchOptions(BaseModel):
    """Size, speed of speech and learning rate."""

    model_config = ConfigDict(extra="forbid")

    channels: int = Field(16, ge=1, description="width of a token")
    frames_per_token: int = Field(6, ge=1, description="how long each token is spoken")
    learning_rate: float = Field(1e-2, gt=0, description="Adam's learning rate")


class MurmurOptions(BaseModel):
    """Size, noise, the longest sentence and learning rate."""

    model_config = ConfigDict(extra="forbid")

    channels: int = Field(24, ge=1, description="width of everything")
    dropout: float = Field(0.5, ge=0, lt=1, description="dropout of the prenet, in training and when speaking")
    frames_per_token: float = Field(12.0, gt=0, description="the most frames of a sentence, per token")
    learning_rate: float = Field(5e-3, gt=0, description="Adam's learning rate")
