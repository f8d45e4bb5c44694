"""Options of the frontend `nemo-ipa`; the names are those of NeMo's configuration where it has one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class NemoIpaOptions(BaseModel):
    """How a NeMo checkpoint reads text; travels in the frontend's fingerprint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dictionary: str = Field("", description="pronunciation dictionary (WORD, spaces, IPA); none: every word in letters")
    letters: Literal["latin1", "ascii"] = Field(
        "latin1", description="dictionary lines that count: first letter in Latin-1 (NeMo now) or A-Z (NeMo 1.15)"
    )
    locale: Literal["es-ES"] = Field("es-ES", description="NeMo's locale: which marks are tokens")
    punct: bool = Field(True, description="punctuation marks are tokens")
    apostrophe: bool = Field(True, description="the apostrophe is a token")
    pad_with_space: bool = Field(True, description="one space token before and after the sentence")
    add_blank_at: Literal["last", "last_but_one"] | None = Field(None, description="where the inventory has a blank token")
    non_default_punct_list: tuple[str, ...] | None = Field(None, description="marks that are tokens; none: the locale's")
    use_chars: bool = Field(True, description="letters are tokens, for words that the dictionary lacks")
    use_stresses: bool = Field(True, description="keep stress marks of the dictionary")
    grapheme_case: Literal["upper", "lower", "mixed"] = Field("upper", description="case of letters and of look-ups")
    ignore_ambiguous_words: bool = Field(False, description="words with several pronunciations stay letters")
    reading: Literal["dictionary", "spanish"] = Field(
        "dictionary", description="dictionary: as NeMo reads; spanish: ttskit's Spanish frontend in the checkpoint's tokens"
    )
    dialect: Literal["rioplatense", "latin_american", "castilian"] = Field(
        "rioplatense", description="with reading spanish: the dialect (rioplatense has ʃ for ll and y, as no dictionary has)"
    )
