"""Capitals: acronyms read or spelt, initials, single letters, shouting; and words that have no vowel."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context
from ttskit_spanish.normalize.letters import sayable, spell
from ttskit_spanish.normalize.shouted import is_acronym, with_accents
from ttskit_spanish.pattern import Pattern

# Said otherwise than their letters suggest.
_SPELT = frozenset("ONG SOS CEO ADN ARN OMS GPS USB PDF CUE IPC UIA UOM UTA UCR UTN UIF UE IA AI OIT OMC ADSL".split())
_SAID = frozenset("OVNI CUIT CUIL IVA SIDA COVID CONICET UNICEF UNESCO ARBA EPEC IPOD".split())
_SAID_AS = {
    "YPF": "i pe efe",
    "CD": "ce de",
    "PYME": "pyme",
    "PYMES": "pymes",
    "EEUU": "estados unidos",
    "BSAS": "buenos aires",
    "RRHH": "recursos humanos",
    "DDHH": "derechos humanos",
    "FFAA": "fuerzas armadas",
    "RRPP": "relaciones públicas",
}
_WINDS = {
    "N": "norte",
    "S": "sur",
    "E": "este",
    "O": "oeste",
    "NE": "noreste",
    "NO": "noroeste",
    "SE": "sudeste",
    "SO": "sudoeste",
}
_CAPITAL_WORDS = frozenset(
    "NO SI SÍ YA LA EL LO DE EN UN MI TU SU SE ME TE LE AL ES VA HA HE SOY DEL LAS LOS UNA CON POR QUE QUÉ MÁS MUY ASÍ "
    "VOS VEN IR A O Y E U".split()
)
# By their letters, none doubled.
_SOUNDS = {
    "hm": "mm",
    "sh": "sh",
    "pst": "ps",
    "ps": "ps",
    "br": "br",
    "pf": "pf",
    "gr": "gr",
    "tsk": "ts",
    "ts": "ts",
    "jm": "jm",
    "psh": "sh",
    "chst": "sh",
    "shht": "sh",
}
_HELD = {"m": "mm", "z": "zz", "s": "ss", "j": "jj", "f": "ff", "r": "rr"}  # held alone: mmm, zzz
_DOUBLED = Pattern(r"(.)\1+", re.DOTALL)
_VOWELS = frozenset("aeiouáéíóúüyàèìòùâêîôûäëïöãõåæøœỹĩũ")


def capitals(word: str, context: Context) -> str:
    """How a word in capitals is read: as a word, or letter by letter.

    >>> from ttskit_spanish.normalize.context import Context
    >>> plain, loud = Context("", "es-AR"), Context("", "es-AR", shouting=True)
    >>> capitals("INDEC", plain), capitals("DNI", plain), capitals("NO", plain), capitals("GRITAR", loud), capitals("J", plain)
    ('indec', 'de ene i', 'no', 'gritar', 'jota')
    """
    if word in _WINDS and context.before() == "del" and context.before(2) in ("viento", "vientos", "sector"):
        return _WINDS[word]
    if len(word) == 1:
        return word.lower() if word in "AEOUY" and not _letter(context) else spell(word, context.locale)
    if context.choices.acronyms != "auto" and not context.shouting and word not in _CAPITAL_WORDS and len(word) < 7:
        spelt = context.choices.acronyms == "spelt" or _VOWELS.isdisjoint(word.lower())
        return spell(word, context.locale) if spelt else word.lower()
    if word in _SAID_AS:
        return _SAID_AS[word]
    if word in _CAPITAL_WORDS or word in _SAID:
        return word.lower()
    if word in _SPELT:
        return spell(word, context.locale)
    if context.shouting:
        return spell(word, context.locale) if is_acronym(word) else with_accents(word.lower())
    has_vowel = not _VOWELS.isdisjoint(word.lower())
    if has_vowel and (len(word) > 5 or sayable(word)):
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
    short = _DOUBLED.sub(r"\1", word)
    held = _HELD.get(short) if len(word) > 2 or word in _HELD.values() else None
    return held or _SOUNDS.get(short) or spell(word, context.locale)


def has_vowel(word: str) -> bool:
    """Whether a lower-case word has a letter that can be a syllable's core."""
    return not _VOWELS.isdisjoint(word)
