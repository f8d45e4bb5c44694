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
    hie: Literal["j", "ʝ"] = Field("j", description="hielo, hierba: with the glide (j) or with the consonant of yeso (ʝ)")
    hue: Literal["w", "ɡw"] = Field("w", description="hueso, huevo: with the glide (w) or as if written güe (ɡw)")
    approximants: bool = Field(False, description="b d ɡ as β ð ɣ except after a pause, after a nasal, and d after l")
    nasal_place: bool = Field(False, description="n as m, ɱ, ŋ or ɲ by the consonant that follows")
    s_voicing: bool = Field(False, description="s as z before a voiced consonant: mismo, los dos")
    aspiration: Literal["none", "light", "full"] = Field(
        "none", description="s that closes a syllable: none (s), light (h before a consonant), full (h at the end of words too)"
    )
    linking: bool = Field(True, description="the four options above see the word before and after; false: each word alone")
    synalepha: bool = Field(False, description="vowels that meet between words share a syllable: mi amigo as mjamiɡo")
    lexicon: str | None = Field(
        None, description="path of a TSV or YAML file of words and readings, which win over rules and the built-in lexicon"
    )
    spaces: bool = Field(False, description="put a space token between words that no punctuation separates")
    acronyms: Literal["auto", "spelt", "words"] = Field(
        "auto", description="acronyms that the tables lack: read if they can be said (INDEC), always spelt, or always read"
    )
    roman: Literal["context", "never"] = Field(
        "context", description="Roman numerals: after nouns and rulers and where nothing else fits, or never"
    )
    slash: Literal["auto", "date", "fraction"] = Field(
        "auto", description="24/3 without a year: by what stands before it, always a date, or always a fraction"
    )
    clock: Literal["digital", "colloquial"] = Field(
        "digital", description="14:30 as catorce treinta (digital) or dos y media (colloquial)"
    )
    emoji: Literal["report", "name", "drop"] = Field(
        "report", description="emoji: reported as unknown characters, named (🙂 cara sonriente), or dropped"
    )
    annotations: bool = Field(
        False, description="read transcripts' tags (<filler>eeh</filler>) by the table `tags`, and / and // as pauses"
    )
    tags: dict[str, Literal["keep", "drop", "speak"]] = Field(
        {},
        description="per tag: keep (its content is read as transcribed), drop (it is silent), speak (the word in its "
        "attribute palabra is read instead); tags of the table that are not named here are kept: filler, risa, extranjero, "
        "alargamiento, mala_pronunciacion, entre_risas",
    )
    short_pause: Literal[",", ";", ":", "…", "."] = Field(",", description="annotations: the punctuation that / stands for")
    long_pause: Literal[",", ";", ":", "…", "."] = Field("…", description="annotations: the punctuation that // stands for")
