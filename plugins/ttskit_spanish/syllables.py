"""Syllables and stress of a Spanish word, from its spelling (RAE & ASALE, Ortografía 2010, ch. II)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from ttskit_spanish.spelling import Unit, plain, units

_STOPS_AND_F = frozenset(("b", "c", "d", "f", "g", "k", "p", "t", "v", "gu", "ph", "th", "kh", "gh"))
_WEAK = frozenset("iu")


@dataclass(frozen=True, slots=True)
class Syllabified:
    """A word cut into syllables.

    Args:
        units: its graphemes.
        starts: index of the first unit of each syllable.
        cores: index of the unit that is each syllable's nucleus.
        stress: index of the stressed syllable by the spelling rules.
    """

    units: tuple[Unit, ...]
    starts: tuple[int, ...]
    cores: tuple[int, ...]
    stress: int

    @property
    def texts(self) -> tuple[str, ...]:
        """Spelling of each syllable."""
        ends = (*self.starts[1:], len(self.units))
        return tuple("".join(u.text for u in self.units[a:b]) for a, b in zip(self.starts, ends, strict=True))


def _joins(first: Unit, second: Unit, after: Unit | None) -> bool:
    """Whether two neighbouring vowels can share a syllable."""
    if second.h and second.sound in _WEAK and after is not None and after.vowel:
        return False  # ca-ca-hue-te: hu + vowel opens a syllable
    if first.sound == second.sound:
        return False
    weak_first = first.sound in _WEAK and not first.accent
    if second.h and first.sound == "i" and weak_first:
        return False  # an-ti-hé-ro-e: i before h ends a prefix
    weak_second = second.sound in _WEAK and not second.accent
    return weak_first or weak_second  # ia, iu, uí, ai, áu; but not ea, aí, ía


def nuclei(parts: list[Unit]) -> list[tuple[int, int, int]]:
    """Vowel groups that are one syllable each: (first unit, end, core)."""
    found: list[tuple[int, int, int]] = []
    index, count = 0, len(parts)
    while index < count:
        if not parts[index].vowel:
            index += 1
            continue
        start = core = index
        index += 1
        while index < count and parts[index].vowel:
            unit = parts[index]
            after = parts[index + 1] if index + 1 < count else None
            if not _joins(parts[index - 1], unit, after):
                break
            size = index - start
            weak = unit.sound in _WEAK and not unit.accent
            if size == 1:
                onglide = parts[start].sound in _WEAK and not parts[start].accent
                final_y = unit.text == "y" and index + 1 == count
                if onglide and not final_y:
                    core = index
            elif size == 2 and core == start + 1 and weak and parts[core].sound + unit.sound not in ("iu", "ui"):
                pass  # triphthong: guau, -guáis
            else:
                break
            index += 1
        found.append((start, index, core))
    return found


def _stressed(parts: list[Unit], found: list[tuple[int, int, int]]) -> int:
    for number in range(len(found) - 1, -1, -1):
        start, end, _ = found[number]
        if any(u.accent for u in parts[start:end]):
            return number
    if len(found) == 1:
        return 0
    last = parts[-1]
    if last.vowel:
        return len(found) - (1 if last.text.endswith("y") and len(parts) > 1 and parts[-2].vowel else 2)
    if last.sound in ("n", "s") and parts[-2].vowel:
        return len(found) - 2  # robots, with a consonant before the s, is stressed at its end
    return len(found) - 1


def syllabify(word: str, *, tl_together: bool = True) -> Syllabified | None:
    """Syllables of a lower-case word; None if it has no vowel (or a letter that is not Latin).

    >>> def cut(w):
    ...     s = syllabify(w)
    ...     return "-".join(s.texts) + f":{s.stress}"
    >>> cut("murciélago"), cut("uruguayo"), cut("construíais"), cut("alrededor"), cut("desahuciar")
    ('mur-cié-la-go:1', 'u-ru-gua-yo:2', 'cons-truí-ais:1', 'al-re-de-dor:3', 'de-sahu-ciar:2')

    Args:
        word: lower case; foreign letters are read as their nearest Spanish ones.
        tl_together: a-tle-ta (America) or at-le-ta (most of Spain).
    """
    letters = plain(word)
    parts = units(letters) if letters else []
    found = nuclei(parts)
    if not found:
        return None
    starts = [0]
    for (_, end, _), (start, _, _) in pairwise(found):
        consonants = start - end
        if consonants == 0 or parts[start].h:
            starts.append(start)
            continue
        onset = 1
        if consonants >= 2:
            first, second = parts[start - 2].sound, parts[start - 1].sound
            pair = first in _STOPS_AND_F and second in ("l", "r")
            if pair and second == "l" and first in ("t", "d", "th"):
                pair = tl_together and first == "t"
            if pair and first == "b" and start - 2 == 2 and letters.startswith("sub") and second == "r":
                pair = False  # sub-rayar
            if pair:
                onset = 2
        starts.append(start - onset)
    return Syllabified(tuple(parts), tuple(starts), tuple(core for _, _, core in found), _stressed(parts, found))
