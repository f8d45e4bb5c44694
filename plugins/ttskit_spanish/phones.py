"""The tokens of Spanish: IPA phonemes with articulatory features, punctuation, edges.

One inventory for all dialects, so that voices of different dialects can share a model.
"""

from __future__ import annotations

from functools import cache

from ttskit.symbols import SymbolTable

PAD = "<pad>"
EDGE = "<edge>"
SPACE = " "
PUNCTUATION = (",", ".", ";", ":", "?", "!", "¿", "¡", "…", "—")
STRESS = "ˈ"

# vowel -> (height, backness)
_VOWELS = {
    "a": ("open", "central"),
    "e": ("mid", "front"),
    "i": ("close", "front"),
    "o": ("mid", "back"),
    "u": ("close", "back"),
}

# consonant -> (place, manner, voicing). Spanish of all dialects together; ʃ also in loans everywhere.
_CONSONANTS = {
    "p": ("bilabial", "plosive", "voiceless"),
    "b": ("bilabial", "plosive", "voiced"),
    "t": ("dental", "plosive", "voiceless"),
    "d": ("dental", "plosive", "voiced"),
    "k": ("velar", "plosive", "voiceless"),
    "ɡ": ("velar", "plosive", "voiced"),
    "tʃ": ("postalveolar", "affricate", "voiceless"),
    "f": ("labiodental", "fricative", "voiceless"),
    "θ": ("dental", "fricative", "voiceless"),
    "s": ("alveolar", "fricative", "voiceless"),
    "x": ("velar", "fricative", "voiceless"),
    "ʃ": ("postalveolar", "fricative", "voiceless"),
    "ʒ": ("postalveolar", "fricative", "voiced"),
    "ʝ": ("palatal", "fricative", "voiced"),
    "m": ("bilabial", "nasal", "voiced"),
    "n": ("alveolar", "nasal", "voiced"),
    "ɲ": ("palatal", "nasal", "voiced"),
    "l": ("alveolar", "lateral", "voiced"),
    "ʎ": ("palatal", "lateral", "voiced"),
    "ɾ": ("alveolar", "tap", "voiced"),
    "r": ("alveolar", "trill", "voiced"),
    "j": ("palatal", "glide", "voiced"),
    "w": ("labial-velar", "glide", "voiced"),
}

# Allophones, written only when an option asks for them; after everything else, so that ids do not move.
_ALLOPHONES = {
    "β": ("bilabial", "approximant", "voiced"),
    "ð": ("dental", "approximant", "voiced"),
    "ɣ": ("velar", "approximant", "voiced"),
    "ŋ": ("velar", "nasal", "voiced"),
    "ɱ": ("labiodental", "nasal", "voiced"),
    "z": ("alveolar", "fricative", "voiced"),
    "h": ("glottal", "fricative", "voiceless"),
}

VOWELS = tuple(_VOWELS)
CONSONANTS = tuple(_CONSONANTS)
ALLOPHONES = tuple(_ALLOPHONES)


def _features(allophones: bool) -> dict[str, dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for mark, stressed in (("", "no"), (STRESS, "yes")):
        for vowel, (height, backness) in _VOWELS.items():
            rounding = "rounded" if vowel in "ou" else "unrounded"
            rows[mark + vowel] = {
                "type": "vowel",
                "height": height,
                "backness": backness,
                "rounding": rounding,
                "stress": stressed,
            }
    for phone, (place, manner, voicing) in (*_CONSONANTS.items(), *(_ALLOPHONES.items() if allophones else ())):
        rows[phone] = {"type": "consonant", "place": place, "manner": manner, "voicing": voicing}
    return rows


@cache
def symbol_table(allophones: bool = False) -> SymbolTable:
    """Every token of every dialect, in an order that only ever grows at its end.

    Args:
        allophones: with the seven allophones at the end; without them a model has no embedding
            that no text ever trains.

    >>> table = symbol_table()
    >>> len(table), table.pad_id, table.features["ʃ"]["manner"]
    (46, 0, 'fricative')
    >>> symbol_table(allophones=True).symbols[46:]
    ('β', 'ð', 'ɣ', 'ŋ', 'ɱ', 'z', 'h')
    """
    features = _features(allophones)
    silent = (PAD, EDGE, SPACE, *PUNCTUATION)
    return SymbolTable((*silent, *features), pad=PAD, space=SPACE, boundary=EDGE, silent=frozenset(silent), features=features)
