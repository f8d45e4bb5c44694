"""Options of the Spanish frontend."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SpanishOptions(BaseModel):
    """How Spanish is read; travels in the frontend's fingerprint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dialect: Literal["rioplatense", "latin_american", "castilian"] = Field(
        "rioplatense",
        description="rioplatense (seseo, ll/y as ʃ or ʒ), latin_american (seseo, ll/y as ʝ), castilian (θ for z and soft c)",
    )
    locale: Literal["es-AR", "es-ES", "es-MX", "es-US"] = Field(
        "es-AR", description="which currency $ is, and whether decimals have a comma (AR, ES) or a point (MX, US)"
    )
    fricative: Literal["ʃ", "ʒ"] = Field(
        "ʃ", description="Rioplatense sound of ll and y: ʃ (younger) or ʒ (older); other dialects ignore it"
    )
    lleismo: bool = Field(False, description="Castilian and Latin American: keep ll (ʎ) apart from y (ʝ)")
    spaces: bool = Field(False, description="put a space token between words that no punctuation separates")
