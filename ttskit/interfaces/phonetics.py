"""What letters and labels sound like in a language: for inventories and alignment files that do not say so themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Phonetics"]


@dataclass(frozen=True, slots=True)
class Phonetics:
    """The sounds of one language, as a frontend knows them; the default knows none.

    Args:
        letters: lower-case letter → features (in the terms of `ttskit.articulation`) of the sound that it spells most often.
        labels: label of another alphabet (SAMPA, an aligner's) → the sound, as tokens have it without marks.
        merged: sound or letter → the one that it counts as where labels are matched with tokens (an allophone → its phoneme).
            A letter with a mark (ñ) that stands here keeps it; other marks are taken off before.
        kin: sets of sounds and letters that stand for each other between dialects and spellings.
        vowels: the sounds that are vowels: a vowel is nearer to another vowel than to a consonant.
    """

    letters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    merged: Mapping[str, str] = field(default_factory=dict)
    kin: tuple[frozenset[str], ...] = ()
    vowels: frozenset[str] = frozenset()
