"""CorpusConfig: how recordings become a prepared corpus. The `corpus:` section of a recipe; imports nothing heavy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["CorpusConfig", "Share"]

Share = Annotated[int | float, Field(gt=0)]


class CorpusConfig(BaseModel):
    """How `ttskit prepare` reads, cleans, measures and splits a corpus."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trim: bool = Field(True, description="cut silence at both ends")
    trim_below_db: float = Field(40.0, ge=10, le=80, description="silence is this many dB below the loud parts of the clip")
    trim_margin_s: float = Field(0.08, ge=0, le=2, description="seconds of silence kept at both ends")
    level_dbfs: float | None = Field(-23.0, ge=-60, le=-6, description="speech level (RMS) of every clip; null keeps levels")
    peak_dbfs: float = Field(-1.0, le=0, ge=-20, description="no sample of a levelled clip is louder than this")
    silent_below_dbfs: float = Field(-60.0, le=-20, description="clips whose loud parts are below this are skipped")
    min_s: float = Field(0.2, ge=0, description="clips shorter than this after trimming are skipped")
    max_s: float = Field(20.0, gt=0, description="clips longer than this after trimming are skipped")
    unknown_symbols: Literal["skip", "warn"] = Field(
        "skip", description="text with characters the frontend cannot read: skip the clip, or warn and keep it without them"
    )
    pitch_extractor: str = Field("autocorrelation", description="pitch extractor plugin")
    pitch_range_hz: tuple[float, float] | None = Field(
        None, description="lowest and highest F0; null measures the range of each speaker in a first pass"
    )
    validation: Share = Field(0.05, description="utterances for validation: a count (≥ 1) or a share (< 1)")
    test: Share = Field(0.05, description="utterances for the test: a count (≥ 1) or a share (< 1)")
    duplicate_similarity: float = Field(
        0.8, gt=0, le=1, description="share of common words from which two sentences may not lie in different splits"
    )

    @field_validator("pitch_range_hz")
    @classmethod
    def _range_rises(cls, value):
        if value is not None and not 20 <= value[0] < value[1] <= 2000:
            raise ValueError(f"need 20 ≤ lowest < highest ≤ 2000 Hz, got {value[0]:g} and {value[1]:g}")
        return value

    @model_validator(mode="after")
    def _lengths_rise(self):
        if self.min_s >= self.max_s:
            raise ValueError(f"min_s {self.min_s:g} must be below max_s {self.max_s:g}")
        return self
