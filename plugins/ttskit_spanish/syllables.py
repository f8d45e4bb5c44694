"""Syllables and stress of a Spanish word, from its spelling (RAE & ASALE, Ortografía 2010, ch. II)."""

from __future__ import annotations

from ttskit_spanish.pattern import Pattern
from ttskit_spanish.spelling import Unit, plain, units

_PLURAL = frozenset("ns")
_STOPS_AND_F = frozenset(("b", "c", "d", "f", "g", "k", "p", "t", "v", "gu", "ph", "th", "kh", "gh"))


class Syllabified:
    """A word cut into syllables.

    Args:
        units: its graphemes.
        starts: index of the first unit of each syllable.
        cores: index of the unit that is each syllable's nucleus.
        stress: index of the stressed syllable by the spelling rules.
    """

    __slots__ = ("cores", "starts", "stress", "units")

    def __init__(self, units: list[Unit], starts: list[int], cores: list[int], stress: int) -> None:
        self.units, self.starts, self.cores, self.stress = units, starts, cores, stress

    @property
    def texts(self) -> tuple[str, ...]:
        """Spelling of each syllable."""
        letters = [unit.text for unit in self.units]
        texts, end = [], len(letters)
        for start in reversed(self.starts):
            texts.append("".join(letters[start:end]))
            end = start
        texts.reverse()
        return tuple(texts)


def _joins(first: Unit, second: Unit, after: Unit | None) -> bool:
    """Whether two neighbouring vowels can share a syllable."""
    if second.h and second.sound in ("i", "u") and after is not None and after.vowel:
        return False  # ca-ca-hue-te: hu + vowel opens a syllable
    if first.sound == second.sound:
        return False
    if second.h and first.sound == "i" and first.weak:
        return False  # an-ti-hé-ro-e: i before h ends a prefix
    return first.weak or second.weak  # ia, iu, uí, ai, áu; but not ea, aí, ía


# A prefix keeps its syllable before in- and im- (re-in-gre-so, but rei-no); its letters are one unit each.
_PREFIX = Pattern(
    r"(?:p?re|co|contra|sobre|auto|extra|intra|macro|micro|neo|radio|electro|inmuno|foto)(?=i[nm][^aeiouáéíóúüh])"
)


# A prefix keeps its consonant from an r after it, which is the one of rosa (RAE & ASALE, Ortografía 2010, ch. II); its letters
# are one unit each. Elsewhere the consonant and r open a syllable: su-bri-ga-dier, pos-tre, a-bro-gar.
_BEFORE_R = {3: ("obr", "abr"), 4: ("subr",), 5: ("postr",), 7: ("ciudadr",)}  # the beginnings below, by the unit after the r
_APART_FROM_R = Pattern(
    r"(?:sub(?!rig[ao]d)|ab(?=renunci)|ob(?=rep[ct])|ciudad"
    r"|post(?=r(?:om[aá]n|evoluci|eform|ena(?:cen|ci)|ealis|adiol)))(?=r[aeiouáéíóú])"
)


def nuclei(parts: list[Unit], apart: int = -1) -> list[tuple[int, int, int]]:
    """Vowel groups that are one syllable each: (first unit, end, core); the vowel at `apart` joins none before it."""
    found: list[tuple[int, int, int]] = []
    index, count = 0, len(parts)
    while index < count:
        if not parts[index].vowel:
            index += 1
            continue
        start = core = index
        index += 1
        if index == count or not parts[index].vowel:  # most vowels stand alone
            found.append((start, index, core))
            index += 1
            continue
        while index < count and parts[index].vowel:
            unit = parts[index]
            after = parts[index + 1] if index + 1 < count else None
            if index == apart or not _joins(parts[index - 1], unit, after):
                break
            size = index - start
            if size == 1:
                final_y = unit.text == "y" and index + 1 == count
                if parts[start].weak and not final_y:
                    core = index
            elif size == 2 and core == start + 1 and unit.weak and parts[core].sound + unit.sound not in ("iu", "ui"):
                pass  # triphthong: guau, -guáis
            else:
                break
            index += 1
        found.append((start, index, core))
    return found


def _stressed(parts: list[Unit], found: list[tuple[int, int, int]]) -> int:
    for number in range(len(found) - 1, -1, -1):
        if parts[found[number][2]].accent:
            return number
    if len(found) == 1:
        return 0
    last = parts[-1]
    if last.vowel:
        return len(found) - (1 if last.text[-1] == "y" and parts[-2].vowel else 2)
    if last.sound in _PLURAL and parts[-2].vowel:
        return len(found) - 2  # robots, with a consonant before the s, is stressed at its end
    return len(found) - 1


def syllabify(word: str, *, tl_together: bool = True) -> Syllabified | None:
    """Syllables of a lower-case word; None if it has no vowel (or a letter that is not Latin).

    >>> def cut(w):
    ...     s = syllabify(w)
    ...     return "-".join(s.texts) + f":{s.stress}"
    >>> cut("murciélago"), cut("uruguayo"), cut("construíais"), cut("reingreso"), cut("desahuciar")
    ('mur-cié-la-go:1', 'u-ru-gua-yo:2', 'cons-truí-ais:1', 're-in-gre-so:2', 'de-sahu-ciar:2')

    Args:
        word: lower case; foreign letters are read as their nearest Spanish ones.
        tl_together: a-tle-ta (America) or at-le-ta (most of Spain).
    """
    letters = plain(word)
    parts = units(letters) if letters else []
    prefix = _PREFIX.match(letters) if letters else None
    found = nuclei(parts, prefix.end() if prefix else -1)
    if not found:
        return None
    starts = [0]
    cores = [found[0][2]]
    before = found[0][1]
    for start, end, core in found[1:]:
        cores.append(core)
        consonants = start - before
        before = end
        if consonants == 1:
            starts.append(start if parts[start].h else start - 1)
        elif consonants == 0 or parts[start].h:
            starts.append(start)
        else:
            together = _together(parts[start - 2].sound, parts[start - 1].sound, tl_together)
            if together and start in _BEFORE_R and letters.startswith(_BEFORE_R[start]) and _APART_FROM_R.match(letters):
                together = False
            starts.append(start - (2 if together else 1))
    return Syllabified(parts, starts, cores, _stressed(parts, found))


def _together(first: str, second: str, tl_together: bool) -> bool:
    """Whether two consonants open a syllable."""
    if second == "r":
        return first in _STOPS_AND_F
    return second == "l" and first in _STOPS_AND_F and (first not in ("t", "d", "th") or (tl_together and first == "t"))
