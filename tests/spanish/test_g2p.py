"""Letters to phonemes, stress and syllables, per dialect."""

from __future__ import annotations

import time

import pytest

from ttskit_spanish.g2p import dialect, pronounce
from ttskit_spanish.syllables import syllabify


def say(word: str, name: str = "rioplatense", **options) -> str:
    return " ".join(pronounce(word, dialect(name, **options)).phonemes)


@pytest.mark.parametrize(
    ("word", "rioplatense", "latin_american", "castilian"),
    [
        ("zorrillo", "s o r ˈi ʃ o", "s o r ˈi ʝ o", "θ o r ˈi ʝ o"),
        ("yacaré", "ʃ a k a ɾ ˈe", "ʝ a k a ɾ ˈe", "ʝ a k a ɾ ˈe"),
        ("cebolla", "s e b ˈo ʃ a", "s e b ˈo ʝ a", "θ e b ˈo ʝ a"),
        ("acción", "a k s j ˈo n", "a k s j ˈo n", "a k θ j ˈo n"),
        ("piscina", "p i s ˈi n a", "p i s ˈi n a", "p i s θ ˈi n a"),
        ("excelente", "e k s e l ˈe n t e", "e k s e l ˈe n t e", "e k s θ e l ˈe n t e"),
        ("gente", "x ˈe n t e", "x ˈe n t e", "x ˈe n t e"),
    ],
)
def test_dialects(word, rioplatense, latin_american, castilian):
    assert [say(word, d) for d in ("rioplatense", "latin_american", "castilian")] == [rioplatense, latin_american, castilian]


def test_fricative_and_lleismo_are_options():
    assert say("llave", fricative="ʒ") == "ʒ ˈa b e"
    assert say("llave", "castilian", lleismo=True) == "ʎ ˈa b e"
    assert say("yema", "castilian", lleismo=True) == "ʝ ˈe m a"


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        ("guitarra", "ɡ i t ˈa r a"),
        ("pingüino", "p i n ɡ w ˈi n o"),
        ("agua", "ˈa ɡ w a"),
        ("queso", "k ˈe s o"),
        ("quórum", "k w ˈo ɾ u m"),
        ("rosa", "r ˈo s a"),
        ("enredo", "e n r ˈe d o"),
        ("alrededor", "a l r e d e d ˈo ɾ"),
        ("israel", "i s r a ˈe l"),
        ("subrayar", "s u b r a ʃ ˈa ɾ"),
        ("pero", "p ˈe ɾ o"),
        ("muy", "m ˈu j"),
        ("rey", "r ˈe j"),
        ("reyes", "r ˈe ʃ e s"),
        ("hielo", "j ˈe l o"),
        ("hueso", "w ˈe s o"),
        ("cacahuete", "k a k a w ˈe t e"),
        ("deshecho", "d e s ˈe tʃ o"),
        ("sushi", "s ˈu ʃ i"),
        ("exacto", "e k s ˈa k t o"),
        ("xilofón", "s i l o f ˈo n"),
        ("méxico", "m ˈe x i k o"),
        ("oaxaca", "o a x ˈa k a"),
        ("innovar", "i n n o b ˈa ɾ"),
        ("psicología", "s i k o l o x ˈi a"),
        ("reloj", "r e l ˈo x"),
        ("ñandú", "ɲ a n d ˈu"),
        ("prohíbe", "p ɾ o ˈi b e"),
        ("averigüéis", "a b e ɾ i ɡ w ˈe j s"),
    ],
)
def test_spellings(word, phonemes):
    assert say(word) == phonemes


@pytest.mark.parametrize(
    ("word", "cut", "stress"),
    [
        ("mirá", "mi-rá", 1),
        ("querés", "que-rés", 1),
        ("canten", "can-ten", 0),
        ("reloj", "re-loj", 1),
        ("robots", "ro-bots", 1),
        ("bíceps", "bí-ceps", 0),
        ("estoy", "es-toy", 1),
        ("jersey", "jer-sey", 1),
        ("poeta", "po-e-ta", 1),
        ("ciudad", "ciu-dad", 1),
        ("huía", "huí-a", 0),
        ("paraguas", "pa-ra-guas", 1),
        ("instrucción", "ins-truc-ción", 2),
        ("ábside", "áb-si-de", 0),
        ("inhumano", "in-hu-ma-no", 2),
        ("antihéroe", "an-ti-hé-ro-e", 2),
    ],
)
def test_syllables_and_stress(word, cut, stress):
    found = syllabify(word)
    assert ("-".join(found.texts), found.stress) == (cut, stress)


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        ("dámelo", "d ˈa m e l o"),
        ("decime", "d e s ˈi m e"),
        ("dígannos", "d ˈi ɡ a n n o s"),
        ("vámonos", "b ˈa m o n o s"),
        ("dándoselo", "d ˈa n d o s e l o"),
        ("callate", "k a ʃ ˈa t e"),
        ("averigüe", "a b e ɾ ˈi ɡ w e"),
        ("lingüista", "l i n ɡ w ˈi s t a"),
        ("guerra", "ɡ ˈe r a"),
        ("reingreso", "r e i n ɡ ɾ ˈe s o"),
        ("reino", "r ˈe j n o"),
        ("coincide", "k o i n s ˈi d e"),
        ("prohibir", "p ɾ o j b ˈi ɾ"),
        ("coima", "k ˈo j m a"),
    ],
)
def test_clitics_dieresis_and_prefixes(word, phonemes):
    assert say(word) == phonemes


@pytest.mark.parametrize("word", ["ab" * 500_000, "h" * 999_999 + "a", "hb" * 100_000, "aeiou" * 200_000])
def test_a_megabyte_of_letters_is_read_in_seconds(word):
    start = time.process_time()
    assert pronounce.__wrapped__(word, dialect("rioplatense")) is not None
    assert time.process_time() - start < 30


def test_tl_is_split_in_spain_only():
    assert pronounce("atleta", dialect("castilian")).syllables == ("at", "le", "ta")
    assert pronounce("atleta", dialect("rioplatense")).syllables == ("a", "tle", "ta")


def test_adverbs_have_two_stresses():
    said = pronounce("fácilmente", dialect("rioplatense"))
    assert " ".join(said.phonemes) == "f ˈa s i l m ˈe n t e" and said.stress == 2
    assert say("aumente").count("ˈ") == 1


def test_syllables_keep_every_letter_of_the_spelling():
    for word in ("desoxirribonucleico", "otorrinolaringólogo", "whisky", "ahuyentar", "yahvé", "shopping"):
        assert "".join(pronounce(word, dialect("rioplatense")).syllables) == word


def test_foreign_letters_and_sounds_without_vowels():
    assert say("łódź") and say("köhler") and say("ångström")
    assert say("sh") == "ʃ" and say("mm") == "m"
    assert pronounce("жук", dialect("rioplatense")) is None
