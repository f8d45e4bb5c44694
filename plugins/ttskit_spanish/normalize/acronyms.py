"""Capitals: acronyms read or spelt, initials, single letters, shouting; and words that have no vowel."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context
from ttskit_spanish.normalize.letters import sayable, spell

# Said otherwise than their letters suggest.
_SPELT = frozenset("ONG CEO ADN ARN OMS GPS USB PDF CUE UBA".split()) - {"UBA"}
_SAID = frozenset("CUIT CUIL IVA SIDA COVID CONICET UNICEF UNESCO ARBA ISBN".split()) - {"ISBN"}
_CAPITAL_WORDS = frozenset(
    "NO SI SÍ YA LA EL LO DE EN UN MI TU SU SE ME TE LE AL ES VA HA HE SOY DEL LAS LOS UNA CON POR QUE QUÉ MÁS MUY ASÍ "
    "VOS VEN IR A O Y E U".split()
)
_SOUNDS = {"mmm": "mm", "mm": "mm", "hmm": "mm", "hm": "mm", "shh": "sh", "sh": "sh", "pst": "ps", "psst": "ps",
           "brr": "br", "pff": "pf",
           "zzz": "s", "grr": "gr", "tsk": "ts", "jm": "jm"}  # fmt: skip
_VOWELS = frozenset("aeiouáéíóúüyàèìòùâêîôûäëïöãõåæøœỹĩũ")


def capitals(word: str, context: Context) -> str:
    """How a word in capitals is read: as a word, or letter by letter.

    >>> from ttskit_spanish.normalize.context import Context
    >>> plain, loud = Context("", "es-AR"), Context("", "es-AR", shouting=True)
    >>> capitals("INDEC", plain), capitals("DNI", plain), capitals("NO", plain), capitals("GRITAR", loud), capitals("J", plain)
    ('indec', 'de ene i', 'no', 'gritar', 'jota')
    """
    if len(word) == 1:
        return word.lower() if word in "AEIOUY" and word in "AEOUY" and not _letter(context) else spell(word, context.locale)
    if word in _CAPITAL_WORDS or word in _SAID:
        return word.lower()
    if word in _SPELT:
        return spell(word, context.locale)
    has_vowel = not _VOWELS.isdisjoint(word.lower())
    if has_vowel and (context.shouting or len(word) > 5 or sayable(word)):
        return word.lower()
    return spell(word, context.locale) if len(word) <= 6 or not has_vowel else word.lower()


def _letter(context: Context) -> bool:
    return context.before() in ("letra", "vitamina", "vitaminas", "grupo", "clase", "hepatitis", "plan", "opción", "patente")


def voweless(word: str, context: Context) -> str:
    """A lower-case word without vowels: a sound that people make, or letters to spell.

    >>> from ttskit_spanish.normalize.context import Context
    >>> voweless("mmm", Context("", "es-AR")), voweless("x", Context("", "es-AR")), voweless("pm", Context("", "es-AR"))
    ('mm', 'equis', 'pe eme')
    """
    return _SOUNDS.get(word) or spell(word, context.locale)


def has_vowel(word: str) -> bool:
    """Whether a lower-case word has a letter that can be a syllable's core."""
    return not _VOWELS.isdisjoint(word)
