"""Options of the example's model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class StretchOptions(BaseModel):
    """Size, speed of speech and learning rate."""

    model_config = ConfigDict(extra="forbid")

    channels: int = Field(16, ge=1, description="width of a token")
    frames_per_token: int = Field(6, ge=1, description="how long each token is spoken")
    learning_rate: float = Field(1e-2, gt=0, description="Adam's learning rate")
