"""Words as they are written, words in capitals, sounds without vowels, letters of other alphabets."""

from __future__ import annotations

import unicodedata

from ttskit_spanish.normalize.acronyms import capitals, has_vowel, voweless
from ttskit_spanish.normalize.context import WORD, Context
from ttskit_spanish.normalize.letters import sayable, spell
from ttskit_spanish.normalize.settle import add, add_word, squeeze
from ttskit_spanish.pattern import Pattern
from ttskit_spanish.spelling import plain

LONGEST = 99  # letters of one word; what is longer is no word and is read in parts
_DOTTED = Pattern(r"(?:[A-ZÑ]\.){2,10}(?![^\W_])")
_PLURAL = Pattern(r"[A-ZÑ]{2,6}s")
# A Greek letter alone is a symbol of science; a Greek word is reported.
GREEK = dict(
    zip(
        "αβγδεζηθικλμνξπρσςτυφχψω",
        "alfa beta gama delta épsilon zeta eta teta iota kapa lambda mu nu xi pi ro sigma "
        "sigma tau ípsilon fi ji psi omega".split(),
        strict=True,
    )
)
_APOSTROPHES = ("'", "’")


def lower(word: str) -> str | None:
    """A word in lower-case letters that can be said, None if one has no Latin reading.

    >>> lower("Ñandú"), lower("oﬁcina"), lower("жук"), lower("g̃uarã")
    ('ñandú', 'oficina', None, 'guarã')
    """
    low = word.lower()
    if low.isascii():
        return low
    letters = all(unicodedata.category(c) in ("Ll", "Lu", "Lt", "Mn") for c in word if c not in _APOSTROPHES)
    for form in ("NFC", "NFKC") if letters else ("NFC",):  # ﬁ and 𝐟𝐢 are letters; º is not o
        found = unicodedata.normalize(form, low if form == "NFC" else unicodedata.normalize(form, word).lower())
        found = "".join(c for c in found if not unicodedata.combining(c))
        if found and plain(found) and WORD.fullmatch(found.replace("'", "").replace("’", "")):
            return found
    return None


def read_word(text: str, at: int, context: Context) -> int:
    """Read the word at `at`, whatever it is; returns its end."""
    match = WORD.match(text, at)
    if match is None:  # a letter for Python that is no word character: none known, but never loop
        context.report(at, at + 1)
        return at + 1
    end = match.end()
    dotted = _DOTTED.match(text, at)
    if dotted is not None:
        return _initials(text, at, dotted.end(), context)
    while text[end : end + 1] in _APOSTROPHES and (match := WORD.match(text, end + 1)):
        end = match.end()  # mbo'ehára, O'Higgins: one word
    if end - at > LONGEST and len(squeeze(unicodedata.normalize("NFKC", text[at:end]).lower())) > LONGEST:
        for start in range(at, end, LONGEST):
            _one_word(text, start, min(start + LONGEST, end), context)
        return end
    return _one_word(text, at, end, context)


def _one_word(text: str, at: int, end: int, context: Context) -> int:
    word = text[at:end]
    low = lower(word)
    joined = "'" in word or "’" in word
    if low is not None and len(word) == 3 and word[1] == "y" and (word[0] + word[2]).isupper():
        add(context, f"{spell(low[0], context.locale)} y {spell(low[2], context.locale)}", (at, end), "letters", "T y C")
        return end
    if low is not None and _PLURAL.fullmatch(word):  # las ONGs, los DNIs: said as in the singular
        add(context, squeeze(capitals(word[:-1], context)), (at, end), "letters", "plural of an acronym")
        return end
    if low is None and word.lower() in GREEK:
        add(context, GREEK[word.lower()], (at, end), "letters", "Greek letter")
    elif low is None:
        context.report(at, end)
    elif word.isupper() and not joined and len(low) == len(word):
        spoken = capitals(low.upper() if low.upper().lower() == low else word, context)
        spelt = spell(low, context.locale)
        others = tuple(o for o in (low, spelt) if o != spoken and len(low) > 1 and has_vowel(low) and len(low) < 8)
        plainly = spoken == low
        kind = "word" if plainly and (len(word) > 5 or context.shouting) else "letters"
        rule = "capitals" if kind == "word" else "one letter" if len(word) == 1 else "acronym read" if plainly else "spelt"
        add(context, squeeze(spoken), (at, end), kind, rule, () if kind == "word" else others)
        if len(word) == 1 and text[end : end + 1] == "." and text[end + 1 : end + 2] not in ("", "\n"):
            context.silent(end, end + 1, "an initial's point")  # J. L. Borges
            end += 1
    elif not low.strip("'’"):
        context.silent(at, end, "quotes")
    elif not has_vowel(low) and low.isascii():
        add(context, voweless(low, context), (at, end), "letters", "no vowel")
    else:
        add_word(context, squeeze(low), (at, end), word)
    return end


def _initials(text: str, at: int, end: int, context: Context) -> int:
    """D.N.I., C.A.B.A.: an acronym with points; the last one may also end the sentence."""
    letters = text[at:end].replace(".", "")
    spoken = capitals(letters, context) if len(letters) > 2 else spell(letters, context.locale)
    others = tuple(o for o in (letters.lower(), spell(letters, context.locale)) if o != spoken and sayable(letters))
    if end + 4 >= len(text) and not text[end:].strip("\"'»”) "):
        end -= 1  # the sentence's point as well
    add(context, spoken, (at, end), "letters", "acronym with points", others)
    return end
