"""Letters to phonemes, by rule, for three dialects (Hualde, The Sounds of Spanish, 2005; RAE & ASALE, Fonética 2011)."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

from ttskit_spanish.foreign import MARKS, hispanicise
from ttskit_spanish.lexicon.entries import parse_phonemes
from ttskit_spanish.lexicon.table import Table, builtin_table
from ttskit_spanish.phones import STRESS, VOWELS
from ttskit_spanish.spelling import Unit, plain, units
from ttskit_spanish.syllables import Syllabified, syllabify
from ttskit_spanish.words import adverb_stem


class Dialect:
    """What differs between dialects.

    Args:
        soft_c: z, and c before e and i.
        y: consonantal y.
        ll: ll.
        tl_together: tl opens a syllable.
        hie: the consonant of hielo: j, or ʝ as in yeso.
        hue: the consonant of hueso: w, or ɡw as in guante.
        lexicon: words that the rules do not read.
    """

    __slots__ = ("hie", "hue", "lexicon", "ll", "soft_c", "tl_together", "y")

    def __init__(self, soft_c: str, y: str, ll: str, tl_together: bool, hie: str, hue: str, lexicon: Table) -> None:
        self.soft_c, self.y, self.ll, self.tl_together = soft_c, y, ll, tl_together
        self.hie, self.hue, self.lexicon = hie, hue, lexicon


@cache
def dialect(
    name: str,
    *,
    fricative: str = "ʃ",
    lleismo: bool = False,
    hie: str = "j",
    hue: str = "w",
    names: str = "hispanicised",
    lexicon: Table | None = None,
) -> Dialect:
    """The settings of a dialect by name; `lexicon` is the built-in one unless given, with names as `names` says."""
    lexicon = lexicon or builtin_table(name, names)
    if name == "rioplatense":
        return Dialect("s", fricative, fricative, True, hie, hue, lexicon)
    ll = "ʎ" if lleismo else "ʝ"
    if name == "castilian":
        return Dialect("θ", "ʝ", ll, False, hie, hue, lexicon)
    return Dialect("s", "ʝ", ll, True, hie, hue, lexicon)


class Pronunciation(NamedTuple):
    """A word's phonemes (stress mark on the vowel), its syllables in spelling, and which one is stressed."""

    phonemes: tuple[str, ...]
    syllables: tuple[str, ...]
    stress: int


_GLIDES = {"i": "j", "u": "w"}
_FRONT = frozenset("ei")
_NEEDS_E = frozenset("bcdfgklmnpqrtv") | {"qu", "ph"}
_BEFORE_TRILL = frozenset("nlszx")
_BEFORE_PREFIXED = frozenset("bdt")
_LONGEST_PREFIX = 7  # ciudad-realeño; syllables of a megabyte are not searched through
_HISSES = frozenset("sθ")
_SILENT_INITIALS = frozenset(tuple(pair) for pair in "ps pn gn mn pt ct ts tm cn cz".split())


def _consonant(parts: list[Unit], index: int, d: Dialect, starts: list[int]) -> str:
    """Phoneme (or "ks") of the consonant grapheme at `index`; `starts` are the first units of syllables."""
    unit = parts[index].sound
    after = parts[index + 1] if index + 1 < len(parts) else None
    if unit == "c":
        return d.soft_c if after is not None and after.sound in _FRONT and not after.h else "k"
    if unit == "z":
        return d.soft_c
    if unit == "g":
        return "x" if after is not None and after.sound in _FRONT and not after.h else "ɡ"
    if unit == "r":
        before = parts[index - 1].sound if index else ""
        if index == 0 or before in _BEFORE_TRILL:
            return "r"
        return "r" if before in _BEFORE_PREFIXED and index < _LONGEST_PREFIX and index in starts else "ɾ"  # sub-rayar
    if unit == "ll":
        return "l" if after is None or not after.vowel else d.ll
    if unit == "y":
        return d.y
    if unit == "x":
        return "s" if index == 0 else "ks"
    raise AssertionError(unit)


def _phonemes(cut: Syllabified, stressed: tuple[int, ...], d: Dialect) -> tuple[str, ...]:
    """Phonemes of a word; `stressed` holds the units that carry a stress mark."""
    parts = cut.units
    cores = cut.cores if len(cut.cores) < 16 else frozenset(cut.cores)  # a list is faster, but not for a megabyte of letters
    out: list[str] = []
    skip = 0
    if len(parts) > 1 and not (parts[0].vowel or parts[1].vowel):
        first, second = parts[0].sound, parts[1].sound
        skip = (first, second) in _SILENT_INITIALS
        if first == "s" and second in _NEEDS_E:
            out.append("e")  # no Spanish word begins with s and a consonant: (e)snob
    last = before = ""
    for index in range(skip, len(parts)):
        unit = parts[index]
        sound = unit.phone
        if unit.vowel:
            if index not in cores:
                sound = _GLIDES[sound]
                if unit.h and index + 1 < len(parts) and parts[index + 1].vowel:
                    if sound == "j":
                        sound = d.hie
                    elif len(d.hue) > 1:
                        out.append("ɡ")
            elif index in stressed:
                sound = STRESS + sound
        else:
            if sound is None:
                sound = _consonant(parts, index, d, cut.starts)
                if sound == "ks":
                    out.append("k")
                    sound = "s"
            if sound == last and (unit.sound == before != "n" or sound in _HISSES):
                before = unit.sound
                continue  # Messi, ascenso; but obvio, innovar keep both
        out.append(sound)
        last, before = sound, unit.sound
    return tuple(out)


def _noise(word: str, d: Dialect) -> Pronunciation | None:
    """A word without vowels, such as mmm and sh: its consonants alone."""
    letters = plain(word)
    parts = units(letters) if letters else []
    if not parts:
        return None
    return Pronunciation(_phonemes(Syllabified(parts, [0], [], 0), (), d), (word,), 0)


def _listed(word: str, reading: str, d: Dialect) -> Pronunciation:
    """A word whose phonemes a lexicon gives; its syllables are those of its spelling where their number fits."""
    phones, _ = parse_phonemes(reading[1:-1])
    nuclei = [p for p in phones if p.removeprefix(STRESS) in VOWELS]
    stress = next((n for n in range(len(nuclei) - 1, -1, -1) if nuclei[n].startswith(STRESS)), 0)
    shown = syllabify(word, tl_together=d.tl_together)
    if shown is None or len(shown.starts) != len(nuclei):
        return Pronunciation(phones, (word,) if shown is None else shown.texts, 0 if shown is None else shown.stress)
    return Pronunciation(phones, shown.texts, stress)


def _plural(singular: Pronunciation) -> Pronunciation:
    """A listed word and s, which adds no syllable: routers, shoppings."""
    phonemes = singular.phonemes if singular.phonemes[-1] == "s" else (*singular.phonemes, "s")
    return Pronunciation(phonemes, (*singular.syllables[:-1], singular.syllables[-1] + "s"), singular.stress)


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
    words = d.lexicon.words
    listed = words.get(word)
    if listed is not None:
        if listed[0] == "/":
            return _listed(word, listed, d)
        word = listed
    else:
        singular = word[:-1]
        if word[-1:] == "s" and (singular in words or (singular[-3:] == "ing" and len(word) > 6)):
            return _plural(pronounce(singular, d))
        respelt = d.lexicon.respelt(word)
        if respelt is not None:
            word = respelt
        elif MARKS.search(word):
            word = hispanicise(word)
    cut = syllabify(word, tl_together=d.tl_together)
    if cut is None:
        return _noise(word, d)
    stressed = (cut.cores[cut.stress],)
    stem = adverb_stem(word)
    if stem is not None:
        stem_cut = syllabify(stem, tl_together=d.tl_together)
        if stem_cut is not None:
            cut.stress = len(cut.starts) - 2
            stressed = (stem_cut.cores[stem_cut.stress], cut.cores[cut.stress])
    shown = cut if word == written else syllabify(written, tl_together=d.tl_together) or cut
    stress = cut.stress if len(shown.starts) == len(cut.starts) else shown.stress
    return Pronunciation(_phonemes(cut, stressed, d), shown.texts, stress)
