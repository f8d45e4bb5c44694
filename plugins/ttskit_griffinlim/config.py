"""Options of the Griffin-Lim vocoder."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GriffinLimOptions(BaseModel):
    """How long to look for a phase; the defaults suit speech."""

    model_config = ConfigDict(extra="forbid")

    iterations: int = Field(32, ge=0, le=1000, description="Rounds of phase search; more sounds cleaner and takes longer.")
    momentum: float = Field(0.99, ge=0.0, lt=1.1, description="Speed-up of Perraudin et al. (2013); 0 for none.")
    inversion_iterations: int = Field(12, ge=0, le=1000, description="Rounds that fit linear magnitudes to the mel.")
    seed: int = Field(0, ge=0, description="Seed of the random initial phase; the same mel always gives the same audio.")
