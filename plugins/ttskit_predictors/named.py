"""Options of predictors that read a file which the user names: what the file is, is looked at before anything is said."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["NamedFile", "WhisperFile"]

_MOST_BYTES = 8 * 2**30


class NamedFile(BaseModel):
    """Which file a predictor reads; null leaves it out, with a note."""

    model_config = ConfigDict(extra="forbid")

    file: Path | None = Field(None, description="the file with its weights, which you have got yourself")

    @field_validator("file")
    @classmethod
    def _there(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        value = value.expanduser()
        if not value.is_file():
            raise ValueError(f"there is no file {value}")
        if not 0 < value.stat().st_size < _MOST_BYTES:
            raise ValueError(f"{value} has {value.stat().st_size} bytes, which no such file has")
        return value


class WhisperFile(NamedFile):
    """Whisper's file, and which language it is told that it hears."""

    language: str = Field("es", pattern="^[a-z]{2,3}$", description="language that is told to it, as its two or three letters")
