"""Letters to phonemes, by rule, for three dialects (Hualde, The Sounds of Spanish, 2005; RAE & ASALE, Fonética 2011)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ttskit_spanish.phones import STRESS
from ttskit_spanish.spelling import Unit, plain, units
from ttskit_spanish.syllables import Syllabified, syllabify
from ttskit_spanish.words import RESPELLINGS, SPELT_X_AS_J, adverb_stem


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between dialects.

    Args:
        soft_c: z, and c before e and i.
        y: consonantal y.
        ll: ll.
        tl_together: tl opens a syllable.
    """

    soft_c: str
    y: str
    ll: str
    tl_together: bool


def dialect(name: str, *, fricative: str = "ʃ", lleismo: bool = False) -> Dialect:
    """The settings of a dialect by name."""
    if name == "rioplatense":
        return Dialect("s", fricative, fricative, True)
    ll = "ʎ" if lleismo else "ʝ"
    return Dialect("θ", "ʝ", ll, False) if name == "castilian" else Dialect("s", "ʝ", ll, True)


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """A word's phonemes (stress mark on the vowel), its syllables in spelling, and which one is stressed."""

    phonemes: tuple[str, ...]
    syllables: tuple[str, ...]
    stress: int


_PLAIN = {
    "a": "a", "b": "b", "v": "b", "d": "d", "f": "f", "j": "x", "k": "k", "l": "l", "m": "m", "n": "n", "ñ": "ɲ", "p": "p",
    "s": "s", "t": "t", "w": "w", "ch": "tʃ", "rr": "r", "sh": "ʃ", "qu": "k", "q": "k", "gu": "ɡ", "ph": "f", "th": "t",
    "kh": "k", "gh": "ɡ", "rh": "r", "ck": "k", "tch": "tʃ",
}  # fmt: skip
_GLIDES = {"i": "j", "u": "w"}
_FRONT = frozenset("ei")
_NEEDS_E = frozenset("bcdfgklmnpqrtv") | {"qu", "ph"}
_SILENT_INITIALS = {("p", "s"): 1, ("p", "n"): 1, ("g", "n"): 1, ("m", "n"): 1, ("p", "t"): 1, ("c", "t"): 1, ("t", "s"): 1,
                    ("t", "m"): 1, ("c", "n"): 1, ("c", "z"): 1}  # fmt: skip


def _consonant(parts: tuple[Unit, ...], index: int, d: Dialect) -> tuple[str, ...]:
    """Phonemes of the consonant grapheme at `index`."""
    unit = parts[index].sound
    after = parts[index + 1] if index + 1 < len(parts) else None
    if unit == "c":
        return (d.soft_c if after is not None and after.vowel and after.sound in _FRONT and not after.h else "k",)
    if unit == "z":
        return (d.soft_c,)
    if unit == "g":
        return ("x" if after is not None and after.vowel and after.sound in _FRONT and not after.h else "ɡ",)
    if unit == "r":
        before = parts[index - 1].sound if index else ""
        sub = index == 3 and before == "b" and parts[0].text + parts[1].text == "su"
        return ("r" if index == 0 or before in ("n", "l", "s", "z") or (sub and after is not None and after.vowel) else "ɾ",)
    if unit == "ll":
        return ("l",) if after is None or not after.vowel else (d.ll,)
    if unit == "y":
        return (d.y,)
    if unit == "x":
        return ("s",) if index == 0 else ("k", "s")
    return (_PLAIN[unit],)


def _phonemes(cut: Syllabified, stresses: frozenset[int], d: Dialect) -> tuple[str, ...]:
    parts = cut.units
    out: list[str] = []
    origin: list[str] = []
    cores = {core: number for number, core in enumerate(cut.cores)}
    skip = 0
    if len(parts) > 1:
        skip = _SILENT_INITIALS.get((parts[0].sound, parts[1].sound), 0)
        if parts[0].sound == "s" and parts[1].sound in _NEEDS_E:
            out.append("e")  # no Spanish word begins with s and a consonant: (e)snob
            origin.append("")
    for index in range(skip, len(parts)):
        unit = parts[index]
        if not unit.vowel:
            sounds = _consonant(parts, index, d)
            if out and sounds[0] == out[-1] and (unit.sound == origin[-1] != "n" or sounds[0] in ("s", "θ")):
                sounds = sounds[1:]  # Messi, ascenso; but obvio, innovar keep both
            out += sounds
            origin += [unit.sound] * len(sounds)
            continue
        number = cores.get(index)
        mark = STRESS if number in stresses else ""
        out.append(_GLIDES[unit.sound] if number is None else mark + unit.sound)
        origin.append(unit.sound)
    return tuple(out)


def _noise(word: str, d: Dialect) -> Pronunciation | None:
    """A word without vowels, such as mmm and sh: its consonants alone."""
    letters = plain(word)
    parts = tuple(units(letters)) if letters else ()
    if not parts:
        return None
    return Pronunciation(_phonemes(Syllabified(parts, (0,), (), 0), frozenset(), d), (word,), 0)


@lru_cache(maxsize=100_000)
def pronounce(word: str, d: Dialect) -> Pronunciation | None:
    """How a lower-case word is said; None if it has letters that are not Latin.

    Words are stressed even if they are clitics: the frontend decides that in context. Adverbs in
    -mente carry two stresses and count as stressed on -men-.

    >>> def say(w, name="rioplatense"):
    ...     return " ".join(pronounce(w, dialect(name)).phonemes)
    >>> say("lluvia"), say("cigüeña"), say("exacto"), say("rápidamente")
    ('ʃ ˈu b j a', 's i ɡ w ˈe ɲ a', 'e k s ˈa k t o', 'r ˈa p i d a m ˈe n t e')
    >>> say("cacería", "castilian"), say("yegua", "latin_american"), say("piscina"), say("méxico")
    ('k a θ e ɾ ˈi a', 'ʝ ˈe ɡ w a', 'p i s ˈi n a', 'm ˈe x i k o')
    """
    written = word
    if word in RESPELLINGS:
        word = RESPELLINGS[word]
    elif SPELT_X_AS_J.match(word):
        word = word.replace("x", "j")
    elif word.endswith("ing") and len(word) > 5:
        word = word[:-1]  # shopping: no ɡ, and stressed on the last syllable but one
    cut = syllabify(word, tl_together=d.tl_together)
    if cut is None:
        return _noise(word, d)
    stresses = {cut.stress}
    stem = adverb_stem(word)
    if stem is not None:
        stem_cut = syllabify(stem, tl_together=d.tl_together)
        if stem_cut is not None:
            stresses = {stem_cut.stress, len(cut.starts) - 2}
            cut = Syllabified(cut.units, cut.starts, cut.cores, len(cut.starts) - 2)
    shown = cut if word == written else syllabify(written, tl_together=d.tl_together) or cut
    stress = cut.stress if len(shown.starts) == len(cut.starts) else shown.stress
    return Pronunciation(_phonemes(cut, frozenset(stresses), d), shown.texts, stress)
