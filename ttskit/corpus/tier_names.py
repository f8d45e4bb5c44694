"""Which tier of an alignment holds phones and which words, by the names that tools and people give them."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

__all__ = ["Role", "role_of"]

# Of MFA, Praat's aligner, WebMAUS, SPPAS, EasyAlign, LaBB-CAT, P2FA; and in the languages that people label in.
_NAMES = {
    "phones": """phones phone phonemes phoneme phons phon mau pho-mau segments segment segs seg phonalign allophones allophone
        fonemas fonema fonos fono segmentos segmento alofonos alofono sonidos sonido sons son sounds fones fone laute laut
        phone-mau phonetic phonetics fonetica fonetico fonemes fonem fonemi""",
    "words": """words word ort-mau ort tokensalign tokens token palabras palabra wort worter woerter mots mot palavras palavra
        parole parola paraules paraula orthography orthographic orthographie ortografia ortografico lexeme kan-mau kan""",
}
_ROLES = {name: role for role, names in _NAMES.items() for name in names.split()}


class Role(NamedTuple):
    """ "phones" or "words", and how far the tier's name is from a plain one (0: it is one)."""

    name: str
    distance: int


def role_of(tier: str) -> Role | None:
    """What a tier holds by its name; None for neither.

    A name may have the speaker's before or after it ("ana - words", "ana/word", "palabras (ana)").

    >>> role_of("Palabras "), role_of("ana/phon"), role_of("ORT-MAU"), role_of("silences")
    (Role(name='words', distance=0), Role(name='phones', distance=1), Role(name='words', distance=0), None)
    """
    plain = _plain(tier)
    if plain in _ROLES:
        return Role(_ROLES[plain], 0)
    parts = [part for part in re.split(r"[^\w]+|_", plain) if part]
    for distance, part in enumerate([*parts[-1:], *parts[:1], *parts[1:-1]], 1):
        if part in _ROLES:
            return Role(_ROLES[part], distance)
    return None


def _plain(name: str) -> str:
    bare = unicodedata.normalize("NFD", name.strip().casefold())
    return "".join(c for c in bare if not unicodedata.combining(c))
