"""Articulatory features of symbols: the common terms, how far two sounds are apart, and which is nearest.

A frontend describes its sounds in `SymbolTable.features` in these terms; with them one inventory is
matched to another by sound (fine-tuning, `ttskit.training.transfer`). Marks, spaces and edges need
no features: they are matched by their role and by the character.

Places, manners and heights are points on scales, so that a palatal is nearer to a postalveolar than to a
velar, an affricate nearer to its fricative than to a nasal. The numbers are ours, set so that the neighbours are
those that a phonetician names first (ɾ → d in English, ʎ → j, ˈa → a); tests list them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ttskit.symbols import SymbolTable

__all__ = [
    "BACKNESS",
    "FARTHEST",
    "HEIGHTS",
    "MANNERS",
    "NO_LETTERS",
    "PLACES",
    "TERMS",
    "Letters",
    "Match",
    "distance",
    "feature_problems",
    "letter_features",
    "match",
    "sounds",
]

HEIGHTS = {"close": 0.0, "near-close": 0.4, "close-mid": 0.9, "mid": 1.0, "open-mid": 1.2, "near-open": 1.7, "open": 2.0}
BACKNESS = {"front": 0.0, "central": 1.0, "back": 2.0}
PLACES = {"bilabial": 0.0, "labiodental": 0.5, "dental": 1.0, "alveolar": 1.3, "postalveolar": 1.8, "retroflex": 1.9,
          "palatal": 2.4, "velar": 4.0, "uvular": 4.6, "glottal": 5.5}  # fmt: skip
MANNERS = ("plosive", "affricate", "fricative", "nasal", "approximant", "glide", "lateral", "tap", "trill")
TERMS: Mapping[str, tuple[str, ...]] = {
    "type": ("vowel", "consonant"),
    "height": tuple(HEIGHTS), "backness": tuple(BACKNESS), "rounding": ("unrounded", "rounded"),
    "stress": ("no", "yes", "secondary"), "length": ("short", "long"), "offglide": ("i", "u"), "nasal": ("no", "yes"),
    "place": (*PLACES, "labial-velar"), "manner": MANNERS, "voicing": ("voiceless", "voiced"),
}  # fmt: skip
Letters = Mapping[str, Mapping[str, str]]  # lower-case letter → features of the sound that it spells (`Phonetics.letters`)
NO_LETTERS: Letters = {}
FARTHEST = 2.0  # sounds farther apart than this are no neighbours

_MANNER_STEPS = {
    ("plosive", "affricate"): 1.0, ("plosive", "fricative"): 1.25, ("plosive", "approximant"): 0.5, ("plosive", "tap"): 0.7,
    ("plosive", "nasal"): 1.5, ("plosive", "trill"): 1.25, ("affricate", "fricative"): 0.75, ("fricative", "approximant"): 0.4,
    ("fricative", "glide"): 0.8, ("fricative", "trill"): 1.2, ("approximant", "glide"): 0.5, ("approximant", "tap"): 0.75,
    ("approximant", "lateral"): 0.6, ("approximant", "trill"): 0.9, ("glide", "lateral"): 0.75, ("glide", "tap"): 1.0,
    ("lateral", "tap"): 0.75, ("lateral", "trill"): 1.25, ("tap", "trill"): 0.4, ("lateral", "nasal"): 1.4,
}  # fmt: skip
_OTHER_MANNERS = 1.8
_GLIDES = {"palatal": ("close", "front"), "labial-velar": ("close", "back")}
# Marks that stand in for one another, the nearer first.
_MARKS = {"…": ".", "—": ",-;", "–": "—,-", "-": "—,", ";": ",.", ":": ";,", "¿": "¡?\"", "¡": "¿!\"", "?": ".!", "!": ".?",
          ".": ";,", ",": ";.", '"': "'", "'": '"', "«": '"', "»": '"', "“": '"', "”": '"',
          "‹": '"', "›": '"', "(": ",", ")": ","}  # fmt: skip


def letter_features(symbol: str, letters: Letters) -> Mapping[str, str]:
    """Features of the sound that a letter usually spells, in either case; {} for what is no letter of theirs.

    >>> letter_features("Ñ", {"ñ": {"place": "palatal"}}), letter_features("4", {})
    ({'place': 'palatal'}, {})
    """
    return letters.get(symbol.lower(), {})


def feature_problems(features: Mapping[str, Mapping[str, str]]) -> list[str]:
    """One line for each feature that is not in the common terms; [] where all can be compared."""
    problems = []
    for symbol, values in features.items():
        for name, value in values.items():
            if name not in TERMS:
                problems.append(f"{symbol!r}: no feature {name!r} (there are: {', '.join(TERMS)})")
            elif value not in TERMS[name]:
                problems.append(f"{symbol!r}: {name} cannot be {value!r} (values: {', '.join(TERMS[name])})")
        needed = {"vowel": ("height", "backness"), "consonant": ("place", "manner", "voicing")}
        missing = [name for name in needed.get(values.get("type", ""), ("type",)) if name not in values]
        if missing:
            problems.append(f"{symbol!r}: lacks {', '.join(missing)}")
    return problems


def distance(one: Mapping[str, str], other: Mapping[str, str]) -> float:
    """How far two sounds are apart; 0 for equal ones, above FARTHEST for a vowel and a consonant.

    Stress and length count little: an unstressed vowel is the nearest to its stressed form.
    """
    kinds = one.get("type"), other.get("type")
    if kinds == ("vowel", "vowel"):
        return _vowels(one, other)
    if kinds == ("consonant", "consonant"):
        return _consonants(one, other)
    if set(kinds) == {"vowel", "consonant"}:
        consonant, vowel = (one, other) if kinds[0] == "consonant" else (other, one)
        if consonant.get("manner") == "glide" and _GLIDES.get(consonant.get("place", "")) == (
            vowel.get("height"),
            vowel.get("backness"),
        ):
            return 1.0
    return 2 * FARTHEST


def _vowels(a: Mapping[str, str], b: Mapping[str, str]) -> float:
    apart = abs(HEIGHTS.get(a.get("height", ""), 1.0) - HEIGHTS.get(b.get("height", ""), 1.0))
    apart += 0.75 * abs(BACKNESS.get(a.get("backness", ""), 1.0) - BACKNESS.get(b.get("backness", ""), 1.0))
    for name, weight, plain in (("length", 0.15, "short"), ("offglide", 0.8, ""), ("nasal", 0.4, "no")):
        apart += weight * (a.get(name, plain) != b.get(name, plain))
    rounding = a.get("rounding"), b.get("rounding")
    apart += 0.4 * (None not in rounding and rounding[0] != rounding[1])
    stresses = {a.get("stress", "no"), b.get("stress", "no")}
    return apart + (0.1 if len(stresses) == 2 and "no" not in stresses else 0.2 * (len(stresses) == 2))


def _consonants(a: Mapping[str, str], b: Mapping[str, str]) -> float:
    manners = a.get("manner", ""), b.get("manner", "")
    apart = 0.0
    if manners[0] != manners[1]:
        apart = _MANNER_STEPS.get(manners, _MANNER_STEPS.get(manners[::-1], _OTHER_MANNERS))
    places = a.get("place", ""), b.get("place", "")
    if places[0] != places[1]:
        if "labial-velar" in places:  # both articulators at once: near to either, equal to neither
            other = places[0] if places[1] == "labial-velar" else places[1]
            apart += 0.5 + 0.5 * min(abs(PLACES.get(other, 2.0) - PLACES[p]) for p in ("bilabial", "velar"))
        else:
            apart += 0.5 * abs(PLACES.get(places[0], 2.0) - PLACES.get(places[1], 2.0))
    return apart + 0.5 * (a.get("voicing") != b.get("voicing")) + 0.15 * (a.get("length", "short") != b.get("length", "short"))


@dataclass(frozen=True, slots=True)
class Match:
    """Where a symbol's counterpart lies in another inventory.

    Args:
        symbol: the counterpart, None if there is none.
        exact: whether it is the same symbol (by name, or by role: padding, edge).
        why: "same", "padding", "edge", "space", "as the space", "mark", "sound, distance 0.2", or why there is none.
        distance: between the sounds, 0 otherwise.
    """

    symbol: str | None
    exact: bool
    why: str
    distance: float = 0.0


def match(symbol: str, here: SymbolTable, there: SymbolTable, letters: Letters = NO_LETTERS) -> Match:
    """The counterpart of `symbol` of the table `here` in the table `there`: the same, else the nearest.

    Padding is matched with padding and edges with edges, whatever they are called. A symbol of the same name
    is the same one unless only one of them is a sound (the letter `a` of an inventory that has sounds besides).

    Args:
        letters: what letters without features sound like (`Phonetics.letters`).
    """
    if symbol == here.pad:
        return Match(there.pad, True, "padding")
    if symbol == here.boundary:
        if there.boundary is not None:
            return Match(there.boundary, True, "edge")
        return Match(there.space, False, "as the space") if there.space is not None else Match(None, False, "no edge there")
    reserved = {there.pad, there.boundary}
    if symbol in there and symbol not in reserved and _same_kind(symbol, here, there):
        return Match(symbol, True, "same")
    if symbol == here.space and there.space is not None:
        return Match(there.space, True, "space")
    features = here.features.get(symbol) or letter_features(symbol, letters)
    if not features:
        for mark in _MARKS.get(symbol, ""):
            if mark in there and mark not in reserved:
                return Match(mark, False, "mark")
        return Match(None, False, "no sound and no mark with a counterpart")
    return _nearest(features, there, reserved, letters)


def sounds(table: SymbolTable, letters: Letters = NO_LETTERS) -> dict[str, Mapping[str, str]]:
    """The symbols that are sounds, with their features: those described, or every letter (of `letters`) where none is."""
    if table.features:
        return {s: table.features[s] for s in table.symbols if table.features.get(s)}
    found = {s: letter_features(s, letters) for s in table.symbols if s not in (table.pad, table.boundary)}
    # of an inventory in both cases the lower one is the trained one: texts are put in lower case
    return {s: f for s, f in found.items() if f and (s == s.lower() or s.lower() not in table)}


def _same_kind(symbol: str, here: SymbolTable, there: SymbolTable) -> bool:
    if not here.features or not there.features:
        return True
    mine, theirs = here.features.get(symbol), there.features.get(symbol)
    return bool(mine) == bool(theirs) and (not mine or mine.get("type") == theirs.get("type"))


def _nearest(features: Mapping[str, str], there: SymbolTable, reserved: set[str | None], letters: Letters) -> Match:
    candidates = [(s, theirs) for s, theirs in sounds(there, letters).items() if s not in reserved]
    found = [(distance(features, theirs), index, s) for index, (s, theirs) in enumerate(candidates)]
    if not found:
        return Match(None, False, "that inventory describes no sounds")
    apart, _, nearest = min(found)
    if apart > FARTHEST:
        return Match(None, False, f"no sound is near: {nearest!r} is {apart:.1f} away")
    return Match(nearest, False, f"sound, distance {apart:.2g}", apart)
