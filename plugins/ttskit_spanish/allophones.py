"""How phonemes are said in context: approximants, place of nasals, voiced and aspirated s, vowels across words.

Everything here is optional; without options the tokens are the phonemes of each word alone.
Sources: Navarro Tomás, Manual de pronunciación española (1918); Quilis, Tratado de
fonología y fonética españolas (1993); Hualde, The Sounds of Spanish (2005);
RAE & ASALE, Nueva gramática: Fonética y fonología (2011).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import pairwise
from typing import NamedTuple

from ttskit.interfaces.frontend import Word
from ttskit_spanish.normalize.piece import Piece
from ttskit_spanish.phones import STRESS

_VOWELS = frozenset("aeiou")
_GLIDES = {"i": "j", "u": "w"}
_APPROXIMANT = {"b": "β", "d": "ð", "ɡ": "ɣ"}
_STOPPED_BY = {"b": frozenset("mnɲŋɱ"), "d": frozenset(("m", "n", "ɲ", "ŋ", "ɱ", "l", "ʎ")), "ɡ": frozenset("mnɲŋɱ")}
_PLACE = {"p": "m", "b": "m", "m": "m", "f": "ɱ", "k": "ŋ", "ɡ": "ŋ", "x": "ŋ", "w": "ŋ", "tʃ": "ɲ", "ʝ": "ɲ", "ʎ": "ɲ"}
_VOICED = frozenset(("b", "d", "ɡ", "β", "ð", "ɣ", "m", "n", "ɲ", "ŋ", "ɱ", "l", "ʎ", "r", "ʝ", "ʒ"))


class Style(NamedTuple):
    """Which rules of context are applied.

    Args:
        approximants: b d ɡ as β ð ɣ, except after a pause, a nasal, and d after l.
        nasal_place: n as m ɱ ŋ ɲ by the consonant after it.
        s_voicing: s as z before a voiced consonant.
        aspiration: s at a syllable's end as h: none; light, before a consonant; full, also at the end of words.
        linking: whether rules see the neighbouring word; if not each word is said as if alone.
        synalepha: vowels that meet between words share a syllable.
    """

    approximants: bool = False
    nasal_place: bool = False
    s_voicing: bool = False
    aspiration: str = "none"
    linking: bool = True
    synalepha: bool = False

    @property
    def plain(self) -> bool:
        """Whether no rule is asked for."""
        return not self.symbols and not (self.nasal_place or self.synalepha)

    @property
    def symbols(self) -> bool:
        """Whether symbols beyond the phonemes may be written."""
        return self.approximants or self.nasal_place or self.s_voicing or self.aspiration != "none"


def realise(words: Sequence[tuple[str, ...]], style: Style) -> list[tuple[str, ...]]:
    """Phonemes of the words between two pauses, as they are said together.

    >>> def say(text, **options):
    ...     return " | ".join(" ".join(w) for w in realise([tuple(w.split()) for w in text.split(" | ")], Style(**options)))
    >>> say("u n | d ˈe d o | b ˈe ɾ d e", approximants=True), say("u n | b ˈa ŋ k o", nasal_place=True)
    ('u n | d ˈe ð o | β ˈe ɾ ð e', 'u m | b ˈa ŋ k o')
    >>> say("l o s | m ˈi s m o s | ˈo s o s", s_voicing=True), say("l o s | m ˈi s m o s | ˈo s o s", aspiration="light")
    ('l o z | m ˈi z m o s | ˈo s o s', 'l o h | m ˈi h m o s | ˈo s o s')
    >>> say("l o s | m ˈi s m o s | ˈo s o s", aspiration="full")
    'l o h | m ˈi h m o h | ˈo s o h'
    >>> say("m i | a m ˈi ɡ a | a n t ˈo n j a", synalepha=True), say("u n a | i ɡ l ˈe s j a", synalepha=True)
    ('m j | a m ˈi ɡ | a n t ˈo n j a', 'u n a | j ɡ l ˈe s j a')
    """
    said = [list(word) for word in words]
    if style.synalepha:
        for left, right in pairwise(said):
            _join(left, right)
    groups = [said] if style.linking else [[word] for word in said]
    for group in groups:
        _contextual(group, style)
    return [tuple(word) for word in said]


def realise_words(spoken: Sequence[Piece | Word], style: Style, literal: Container[int]) -> list[Piece | Word]:
    """Words with their phonemes as said in context; punctuation is a pause.

    Args:
        spoken: words and punctuation in order.
        literal: starts of words whose phonemes were written by hand: they are context, and stay as they are.
    """
    out = list(spoken)
    start = 0
    for end in range(len(out) + 1):
        if end < len(out) and isinstance(out[end], Word):
            continue
        if end > start:
            said = realise([word.phonemes for word in out[start:end]], style)
            for index, phonemes in enumerate(said, start):
                if phonemes != out[index].phonemes and out[index].span[0] not in literal:
                    word = out[index]
                    out[index] = Word(word.text, word.span, word.syllables, word.stress, phonemes)
        start = end + 1
    return out


def _join(left: list[str], right: list[str]) -> None:
    """Vowels that meet: equal ones become one, i and u lose their syllable. Words keep a phoneme."""
    if not left or not right:
        return
    first, second = left[-1], right[0]
    if first.removeprefix(STRESS) not in _VOWELS or second.removeprefix(STRESS) not in _VOWELS:
        return
    glide_before = len(left) > 1 and left[-2] in "jw"
    if first == second.removeprefix(STRESS):
        if len(left) > 1:
            left.pop()
    elif first.removeprefix(STRESS) == second and len(right) > 1 and right[1] not in "jw":
        right.pop(0)
    elif first in _GLIDES and len(left) > 1 and not glide_before:
        left[-1] = _GLIDES[first]
    elif second in _GLIDES and len(right) > 1 and right[1].removeprefix(STRESS) not in _VOWELS:
        right[0] = _GLIDES[second]


def _contextual(group: list[list[str]], style: Style) -> None:
    """The rules that look at one phoneme before and one after, in place."""
    places = [(word, index) for word in group for index in range(len(word))]
    original = [word[index] for word, index in places]
    for at, (word, index) in enumerate(places):
        phone = original[at]
        after = original[at + 1] if at + 1 < len(original) else ""
        if phone in _APPROXIMANT and style.approximants:
            before = original[at - 1] if at else ""
            if before and before not in _STOPPED_BY[phone]:
                word[index] = _APPROXIMANT[phone]
        elif phone == "n" and style.nasal_place:
            # a word's own nw (nuevo) is an onset; at a word's end n meets the next word
            if after != "w" or index + 1 == len(word):
                word[index] = _PLACE.get(after, "n")
        elif phone == "s":
            last = index + 1 == len(word)
            consonant = bool(after) and after.removeprefix(STRESS) not in _VOWELS and (after not in "jw" or last)
            if style.aspiration != "none" and (consonant or (last and style.aspiration == "full")):
                word[index] = "h"
            elif style.s_voicing and after in _VOICED:
                word[index] = "z"
