"""Options of the Spanish frontend, as a plain table: name, default, legal values, help.

`config.SpanishOptions` is the pydantic model made from it, for recipes and for the text of errors; the
frontend itself checks good options by this table, so that building one loads no pydantic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

PAUSES = (",", ";", ":", "…", ".")
HOW = ("keep", "drop", "speak")


class Option(NamedTuple):
    """One option.

    Args:
        default: its value where nothing is said.
        legal: the values it may have, or `bool`, `str` (a path, or None) or `dict` (tag → one of `HOW`).
        help: what it does.
    """

    default: Any
    legal: tuple[str, ...] | type
    help: str


OPTIONS: dict[str, Option] = {
    "dialect": Option(
        "rioplatense",
        ("rioplatense", "latin_american", "castilian"),
        "rioplatense (seseo, ll/y as ʃ or ʒ), latin_american (seseo, ll/y as ʝ), castilian (θ for z and soft c)",
    ),
    "locale": Option(
        "es-AR",
        ("es-AR", "es-ES", "es-MX", "es-US"),
        "which currency $ is, and whether decimals have a comma (AR, ES) or a point (MX, US)",
    ),
    "fricative": Option("ʃ", ("ʃ", "ʒ"), "Rioplatense sound of ll and y: ʃ (younger) or ʒ (older); other dialects ignore it"),
    "lleismo": Option(False, bool, "Castilian and Latin American: keep ll (ʎ) apart from y (ʝ)"),
    "hie": Option("j", ("j", "ʝ"), "hielo, hierba: with the glide (j) or with the consonant of yeso (ʝ)"),
    "hue": Option("w", ("w", "ɡw"), "hueso, huevo: with the glide (w) or as if written güe (ɡw)"),
    "approximants": Option(False, bool, "b d ɡ as β ð ɣ except after a pause, after a nasal, and d after l"),
    "nasal_place": Option(False, bool, "n as m, ɱ, ŋ or ɲ by the consonant that follows"),
    "s_voicing": Option(False, bool, "s as z before a voiced consonant: mismo, los dos"),
    "aspiration": Option(
        "none",
        ("none", "light", "full"),
        "s that closes a syllable: none (s), light (h before a consonant), full (h at the end of words too)",
    ),
    "linking": Option(True, bool, "the four options above see the word before and after; false: each word alone"),
    "synalepha": Option(False, bool, "vowels that meet between words share a syllable: mi amigo as mjamiɡo"),
    "lexicon": Option(
        None, str, "path of a TSV or YAML file of words and readings, which win over rules and the built-in lexicon"
    ),
    "names": Option(
        "hispanicised",
        ("hispanicised", "native"),
        "names and loans whose use is divided (Verne, Mozart): as Spanish speakers read them, or as their own language does",
    ),
    "spaces": Option(False, bool, "put a space token between words that no punctuation separates"),
    "acronyms": Option(
        "auto",
        ("auto", "spelt", "words"),
        "acronyms that the tables lack: read if they can be said (INDEC), always spelt, or always read",
    ),
    "roman": Option(
        "context", ("context", "never"), "Roman numerals: after nouns and rulers and where nothing else fits, or never"
    ),
    "slash": Option(
        "auto",
        ("auto", "date", "fraction"),
        "24/3 without a year: by what stands before it, always a date, or always a fraction",
    ),
    "clock": Option("digital", ("digital", "colloquial"), "14:30 as catorce treinta (digital) or dos y media (colloquial)"),
    "inclusive": Option(
        "e", ("e", "spelt"), "todxs, tod@s: with the ending that is spoken (todes), or the sign by its name (tod equis s)"
    ),
    "emoji": Option(
        "report", ("report", "name", "drop"), "emoji: reported as unknown characters, named (🙂 cara sonriente), or dropped"
    ),
    "annotations": Option(
        False, bool, "read transcripts' tags (<filler>eeh</filler>) by the table `tags`, and / and // as pauses"
    ),
    "tags": Option(
        {},
        dict,
        "per tag: keep (its content is read as transcribed), drop (it is silent), speak (the word in its "
        "attribute palabra is read instead); tags of the table that are not named here are kept: filler, risa, extranjero, "
        "alargamiento, mala_pronunciacion, entre_risas",
    ),
    "short_pause": Option(",", PAUSES, "annotations: the punctuation that / stands for"),
    "long_pause": Option("…", PAUSES, "annotations: the punctuation that // stands for"),
}
DEFAULTS: dict[str, Any] = {name: option.default for name, option in OPTIONS.items()}


def fits(name: str, value: Any) -> bool:
    """Whether `value` is a legal value of the option `name` as it stands.

    >>> fits("dialect", "castilian"), fits("dialect", "andaluz"), fits("spaces", True), fits("spaces", "yes")
    (True, False, True, False)
    """
    legal = OPTIONS[name].legal if name in OPTIONS else ()
    if legal is bool:
        return value is True or value is False
    if legal is str:
        return value is None or type(value) is str
    if legal is dict:
        return type(value) is dict and all(type(k) is str and v in HOW for k, v in value.items())
    return type(value) is str and value in legal


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Every option with its value; pydantic judges what is not plainly legal (and says what is wrong).

    >>> checked({"spaces": True})["spaces"], checked({})["dialect"]
    (True, 'rioplatense')
    """
    if all(fits(name, value) for name, value in options.items()):
        return {**DEFAULTS, **options}
    from ttskit_spanish.config import validated

    return validated(options)
