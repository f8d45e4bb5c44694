"""How the classes that a text leaves open are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Choices(NamedTuple):
    """Readings to prefer where the writing does not decide; the defaults are those of `SpanishOptions`.

    Args:
        acronyms: "auto" (a word if it can be said as one), "spelt" or "words".
        roman: "context" (after nouns, rulers and where nothing else fits) or "never".
        slash: 24/3 without a year: "auto", "date" or "fraction".
        clock: 14:30 as "digital" (catorce treinta) or "colloquial" (dos y media).
        inclusive: todxs with the ending that is spoken ("e"), or "spelt".
        emoji: "report" as unknown, "name" or "drop".
        tags: annotation tag -> "keep", "drop" or "speak"; None reads no annotations.
        short_pause: the punctuation that `/` stands for in annotated transcripts.
        long_pause: the same for `//`.
    """

    acronyms: str = "auto"
    roman: str = "context"
    slash: str = "auto"
    clock: str = "digital"
    inclusive: str = "e"
    emoji: str = "report"
    tags: Mapping[str, str] | None = None
    short_pause: str = ","
    long_pause: str = "…"


DEFAULT = Choices()
