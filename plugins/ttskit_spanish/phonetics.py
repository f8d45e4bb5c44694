"""How Spanish sounds to others: the sound that each letter spells, and which labels of aligners mean which phone.

Used where an inventory is of letters or a tool writes labels of its own (`ttskit.interfaces.Phonetics`); the frontend itself
reads by rule and never by these tables.
"""

from __future__ import annotations

from ttskit.interfaces.phonetics import Phonetics
from ttskit_spanish.phones import VOWELS

__all__ = ["PHONETICS"]

# Letters of Spanish and of its neighbours, with what each spells most often.
_VOWEL_LETTERS = {"a": "aáàâäã", "e": "eéèêë", "i": "iíìîï", "o": "oóòôöõ", "u": "uúùûü"}
_PLAIN = {"a": ("open", "central"), "e": ("mid", "front"), "i": ("close", "front"), "o": ("mid", "back"),
          "u": ("close", "back")}  # fmt: skip
_CONSONANT_LETTERS = {
    "b": ("bilabial", "plosive", "voiced"), "c": ("velar", "plosive", "voiceless"), "d": ("alveolar", "plosive", "voiced"),
    "f": ("labiodental", "fricative", "voiceless"), "g": ("velar", "plosive", "voiced"),
    "h": ("glottal", "fricative", "voiceless"),
    "j": ("velar", "fricative", "voiceless"), "k": ("velar", "plosive", "voiceless"), "l": ("alveolar", "lateral", "voiced"),
    "m": ("bilabial", "nasal", "voiced"), "n": ("alveolar", "nasal", "voiced"), "ñ": ("palatal", "nasal", "voiced"),
    "p": ("bilabial", "plosive", "voiceless"), "q": ("velar", "plosive", "voiceless"), "r": ("alveolar", "tap", "voiced"),
    "s": ("alveolar", "fricative", "voiceless"), "t": ("alveolar", "plosive", "voiceless"),
    "v": ("bilabial", "plosive", "voiced"),
    "w": ("labial-velar", "glide", "voiced"), "x": ("velar", "fricative", "voiceless"), "y": ("palatal", "glide", "voiced"),
    "z": ("alveolar", "fricative", "voiceless"), "ç": ("alveolar", "fricative", "voiceless"),
}  # fmt: skip
# SAMPA, and what models of the Montreal Forced Aligner and espeak write.
_LABELS = {"tS": "tʃ", "J": "ɲ", "L": "ʎ", "jj": "ʝ", "rr": "r", "r": "ɾ", "B": "b", "D": "d", "G": "ɡ", "T": "θ", "N": "n",
           "S": "ʃ", "Z": "ʃ", "H": "x"}  # fmt: skip
_MERGED = {"β": "b", "ð": "d", "ɣ": "ɡ", "g": "ɡ", "ŋ": "n", "ɱ": "n", "ñ": "ɲ", "v": "b", "z": "s", "h": "x", "ʒ": "ʃ",
           "ɛ": "e", "ɔ": "o", "ɪ": "j", "ʊ": "w", "ɟ": "ʝ", "ɟʝ": "ʝ", "dʒ": "ʝ", "rr": "r", "ɾɾ": "r", "ɹ": "ɾ"}  # fmt: skip
_KIN = ("ijy", "uw", "ʝʃʎjy", "rɾ", "sθzcx", "kcq", "xjɡ", "bvp", "nmɲ", "dt", "tʃc", "ɡk", "fb")


def _letters() -> dict[str, dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for plain, written in _VOWEL_LETTERS.items():
        height, backness = _PLAIN[plain]
        rounding = "rounded" if plain in "ou" else "unrounded"
        for letter in written:
            stress = {"stress": "yes"} if letter in "áéíóú" else {}
            rows[letter] = {"type": "vowel", "height": height, "backness": backness, "rounding": rounding, **stress}
    for letter, (place, manner, voicing) in _CONSONANT_LETTERS.items():
        rows[letter] = {"type": "consonant", "place": place, "manner": manner, "voicing": voicing}
    return rows


PHONETICS = Phonetics(
    letters=_letters(),
    labels=_LABELS,
    merged=_MERGED,
    kin=(*map(frozenset, _KIN), frozenset(("tʃ", "c"))),
    vowels=frozenset(VOWELS),
)
