"""Words whose form decides their stress: clitics, and adverbs in -mente."""

from __future__ import annotations

# Said without stress inside a phrase (RAE & ASALE, Fonética 2011, 9.4): articles, clitic pronouns,
# possessives before nouns, most prepositions, conjunctions, relatives.
UNSTRESSED = frozenset(
    "el la los las lo al del de a en con por para sin ante bajo desde entre hacia hasta contra tras sobre durante "
    "me te se nos os le les mi tu su mis tus sus nuestro nuestra nuestros nuestras "
    "y e o u ni que si pero sino aunque porque pues como cuando donde mientras quien quienes cuyo cuya cuyos cuyas "
    "don doña san santo santa fray sor".split()
)

# Subjunctives and adjectives in -mente that are no adverbs, though their stem looks like an adjective.
_NOT_ADVERBS = frozenset(
    "vehemente inclemente clemente demente alimente argumente documente experimente complemente implemente incremente "
    "fundamente reglamente juramente medicamente escarmente atormente ornamente parlamente pavimente condimente "
    "sedimente segmente suplemente desatormente sacramente cumplimente temperamente".split()
)


def adverb_stem(word: str) -> str | None:
    """The adjective inside an adverb in -mente, else None.

    >>> adverb_stem("fácilmente"), adverb_stem("solamente"), adverb_stem("clemente"), adverb_stem("aumente")
    ('fácil', 'sola', None, None)
    """
    if not word.endswith("mente") or len(word) < 8 or word in _NOT_ADVERBS:
        return None
    stem = word[:-5]
    vowels = sum(letter in "aeiouáéíóú" for letter in stem)
    return stem if vowels >= 2 and stem[-1] in "aelrszn" and stem not in ("la", "au") else None
