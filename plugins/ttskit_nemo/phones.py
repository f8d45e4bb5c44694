"""Articulatory features of the IPA characters in NeMo's Spanish dictionaries, in the terms of ttskit's Spanish frontend."""

from __future__ import annotations

_VOWELS = {
    "a": ("open", "central"),
    "ä": ("open", "central"),
    "e": ("mid", "front"),
    "ɛ": ("mid", "front"),
    "i": ("close", "front"),
    "ɪ": ("close", "front"),
    "o": ("mid", "back"),
    "u": ("close", "back"),
    "ʊ": ("close", "back"),
}

_CONSONANTS = {
    "p": ("bilabial", "plosive", "voiceless"),
    "b": ("bilabial", "plosive", "voiced"),
    "β": ("bilabial", "approximant", "voiced"),
    "t": ("dental", "plosive", "voiceless"),
    "d": ("dental", "plosive", "voiced"),
    "ð": ("dental", "approximant", "voiced"),
    "k": ("velar", "plosive", "voiceless"),
    "ɡ": ("velar", "plosive", "voiced"),
    "ɣ": ("velar", "approximant", "voiced"),
    "ɟ": ("palatal", "plosive", "voiced"),
    "f": ("labiodental", "fricative", "voiceless"),
    "θ": ("dental", "fricative", "voiceless"),
    "s": ("alveolar", "fricative", "voiceless"),
    "x": ("velar", "fricative", "voiceless"),
    "h": ("glottal", "fricative", "voiceless"),
    "ʃ": ("postalveolar", "fricative", "voiceless"),
    "ʒ": ("postalveolar", "fricative", "voiced"),
    "ʝ": ("palatal", "fricative", "voiced"),
    "m": ("bilabial", "nasal", "voiced"),
    "n": ("alveolar", "nasal", "voiced"),
    "ɲ": ("palatal", "nasal", "voiced"),
    "ŋ": ("velar", "nasal", "voiced"),
    "l": ("alveolar", "lateral", "voiced"),
    "ʎ": ("palatal", "lateral", "voiced"),
    "ɾ": ("alveolar", "tap", "voiced"),
    "r": ("alveolar", "trill", "voiced"),
    "j": ("palatal", "glide", "voiced"),
    "w": ("labial-velar", "glide", "voiced"),
}


def features_of(symbols: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Features of those symbols that are phones. Stress is a token of its own here, so vowels are without it.

    >>> features_of(("ʃ", "Q"))
    {'ʃ': {'type': 'consonant', 'place': 'postalveolar', 'manner': 'fricative', 'voicing': 'voiceless'}}
    """
    rows: dict[str, dict[str, str]] = {}
    for symbol in symbols:
        if symbol in _VOWELS:
            height, backness = _VOWELS[symbol]
            rounding = "rounded" if symbol in "ouʊ" else "unrounded"
            rows[symbol] = {"type": "vowel", "height": height, "backness": backness, "rounding": rounding, "stress": "no"}
        elif symbol in _CONSONANTS:
            place, manner, voicing = _CONSONANTS[symbol]
            rows[symbol] = {"type": "consonant", "place": place, "manner": manner, "voicing": voicing}
    return rows
