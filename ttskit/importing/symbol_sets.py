"""Inventories that public checkpoints name but do not hold."""

from __future__ import annotations

from ttskit.symbols import SymbolTable

__all__ = ["ENGLISH_BASIC", "arpabet_features", "english_basic"]

ENGLISH_BASIC = "english_basic"

# (height, backness, rounding, glide at its end) of General American, in the terms of ttskit.articulation.
_VOWELS = {
    "AA": ("open", "back", "unrounded", ""),
    "AE": ("near-open", "front", "unrounded", ""),
    "AH": ("open-mid", "central", "unrounded", ""),
    "AO": ("open-mid", "back", "rounded", ""),
    "AW": ("open", "central", "unrounded", "u"),
    "AY": ("open", "central", "unrounded", "i"),
    "EH": ("open-mid", "front", "unrounded", ""),
    "ER": ("open-mid", "central", "rounded", ""),
    "EY": ("close-mid", "front", "unrounded", "i"),
    "IH": ("near-close", "front", "unrounded", ""),
    "IY": ("close", "front", "unrounded", ""),
    "OW": ("close-mid", "back", "rounded", "u"),
    "OY": ("open-mid", "back", "rounded", "i"),
    "UH": ("near-close", "back", "rounded", ""),
    "UW": ("close", "back", "rounded", ""),
}
_CONSONANTS = {
    "B": "bilabial plosive voiced",
    "CH": "postalveolar affricate voiceless",
    "D": "alveolar plosive voiced",
    "DH": "dental fricative voiced",
    "F": "labiodental fricative voiceless",
    "G": "velar plosive voiced",
    "HH": "glottal fricative voiceless",
    "JH": "postalveolar affricate voiced",
    "K": "velar plosive voiceless",
    "L": "alveolar lateral voiced",
    "M": "bilabial nasal voiced",
    "N": "alveolar nasal voiced",
    "NG": "velar nasal voiced",
    "P": "bilabial plosive voiceless",
    "R": "retroflex approximant voiced",
    "S": "alveolar fricative voiceless",
    "SH": "postalveolar fricative voiceless",
    "T": "alveolar plosive voiceless",
    "TH": "dental fricative voiceless",
    "V": "labiodental fricative voiced",
    "W": "labial-velar glide voiced",
    "Y": "palatal glide voiced",
    "Z": "alveolar fricative voiced",
    "ZH": "postalveolar fricative voiced",
}
_STRESS = {"0": "no", "1": "yes", "2": "secondary"}


def arpabet_features() -> dict[str, dict[str, str]]:
    """Articulatory features of NVIDIA's ARPAbet symbols, those that a pronouncing dictionary uses (vowels with stress).

    >>> arpabet_features()["@AA1"]
    {'type': 'vowel', 'height': 'open', 'backness': 'back', 'rounding': 'unrounded', 'stress': 'yes'}
    """
    rows: dict[str, dict[str, str]] = {}
    for phone, (height, backness, rounding, offglide) in _VOWELS.items():
        glide = {"offglide": offglide} if offglide else {}
        for digit, stress in _STRESS.items():
            rows[f"@{phone}{digit}"] = {
                "type": "vowel",
                "height": height,
                "backness": backness,
                "rounding": rounding,
                "stress": stress,
                **glide,
            }
    for phone, said in _CONSONANTS.items():
        place, manner, voicing = said.split()
        rows[f"@{phone}"] = {"type": "consonant", "place": place, "manner": manner, "voicing": voicing}
    return rows


def english_basic(trained_on: str = "letters") -> SymbolTable:
    """The set of NVIDIA's English checkpoints: padding, marks, letters in both cases, ARPAbet with stress (148 symbols).

    Args:
        trained_on: "arpabet" gives ARPAbet its features, so that another inventory is matched to it by sound; "letters"
            gives none, and the letters are what others are matched to. The rows of the other kind are hardly trained.

    >>> len(english_basic()), english_basic().ids("_- a")
    (148, [0, 1, 11, 38])
    """
    arpabet = sorted([*_CONSONANTS, *(v + stress for v in _VOWELS for stress in ("", *_STRESS))])
    capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    marks = "!'(),.:;? "
    symbols = ("_", "-", *marks, *capitals, *capitals.lower(), *("@" + phone for phone in arpabet))
    features = arpabet_features() if trained_on == "arpabet" else {}
    return SymbolTable(symbols, pad="_", space=" ", silent=frozenset(("_", "-", *marks)), features=features)
