"""The frontend nemo-ipa on a dictionary of our own: order of tokens, look-ups, spans, what is reported, Spanish rules."""

from __future__ import annotations

import pytest

from ttskit.errors import ConfigError, MismatchError
from ttskit.interfaces.frontend import Word
from ttskit_nemo.frontend import NemoIpaFrontend
from ttskit_nemo.spanish import written

WORDS = """\
Ꝇ  ʎ
HOLA  ˈola
HOLA(1)  ˈɔla
EX  ˈeks
TREN  tɾˈen
ÁRBOL  ˈaɾβol
"""


@pytest.fixture
def dictionary(tmp_path) -> str:
    path = tmp_path / "words.dict"
    path.write_text(WORDS, encoding="utf-8")
    return str(path)


def spoken(frontend: NemoIpaFrontend, text: str) -> str:
    return "".join(frontend.analyze(text).tokens)


def test_inventory_is_by_code_point_with_specials_last(dictionary):
    symbols = NemoIpaFrontend(dictionary=dictionary).symbols.symbols
    assert symbols[-3:] == (" ", "<pad>", "<oov>") and list(symbols[:-3]) == sorted(symbols[:-3])
    assert {"Á", "ɔ", "ˈ", "¿", "'"} <= set(symbols) and not {"ʎ", "Ꝇ"} & set(symbols)
    places = ("last", "last_but_one")
    blank = {at: NemoIpaFrontend(dictionary=dictionary, add_blank_at=at).symbols.symbols[-2:] for at in places}
    assert blank == {"last": ("<oov>", "<blank>"), "last_but_one": ("<blank>", "<oov>")}
    without = dict.fromkeys(("punct", "apostrophe", "use_chars", "use_stresses"), False)
    assert not {"¿", "'", "H", "ˈ"} & set(NemoIpaFrontend(dictionary=dictionary, **without).symbols.symbols)


def test_look_ups(dictionary):
    frontend = NemoIpaFrontend(dictionary=dictionary)
    assert spoken(frontend, "hola árbol") == " ˈola ˈaɾβol "  # the first of two pronunciations
    assert spoken(frontend, "ex-tren-lo") == " ˈeks-tɾˈen-LO "
    assert spoken(NemoIpaFrontend(dictionary=dictionary, ignore_ambiguous_words=True), "hola") == " HOLA "
    assert spoken(NemoIpaFrontend(dictionary=dictionary, use_stresses=False), "hola") == " ola "
    assert spoken(NemoIpaFrontend(dictionary=dictionary, pad_with_space=False), "hola") == "ˈola"
    old = NemoIpaFrontend(dictionary=dictionary, letters="ascii")
    assert "Á" not in old.symbols and spoken(old, "árbol") == " ROL "  # neither Á nor B is a token


def test_words_spans_and_what_is_not_read(dictionary):
    analysis = NemoIpaFrontend(dictionary=dictionary).analyze("¡Hola, 3 trén! — 你")
    assert [analysis.text[slice(*w.span)] for w in analysis.words] == ["Hola", "trén"]
    assert [w for w in analysis.token_words if w is not None] == [0] * 4 + [1] * len(analysis.words[1].phonemes)
    assert [(u.character, u.position) for u in analysis.unknown] == [("3", 7), ("é", 11), ("—", 15), ("你", 17)]
    assert NemoIpaFrontend(dictionary=dictionary).analyze("a|b").unknown[-1].character == "|"
    decomposed = NemoIpaFrontend(dictionary=dictionary).analyze("a\u0301rbol")
    assert decomposed.text == "árbol" and "".join(decomposed.tokens) == " ˈaɾβol "


@pytest.mark.parametrize("text", ["", " ", " \n\t "])
def test_nothing_to_speak(dictionary, text):
    analysis = NemoIpaFrontend(dictionary=dictionary).analyze(text)
    assert analysis.tokens == (" ", " ") and not analysis.words


def test_wrong_dictionaries_and_options(dictionary, tmp_path):
    with pytest.raises(ConfigError, match="cannot read the dictionary"):
        NemoIpaFrontend(dictionary=str(tmp_path / "none"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot read the dictionary"):
        NemoIpaFrontend(dictionary=str(tmp_path / "binary"))
    with pytest.raises(ConfigError, match="not valid") as caught:
        NemoIpaFrontend(dictionary=dictionary, locale="fr-FR", dictionnaire="")
    assert "locale" in caught.value.why and "dictionnaire" in caught.value.why
    with pytest.raises(MismatchError, match="cannot spell rioplatense") as caught:
        NemoIpaFrontend(dictionary=dictionary, reading="spanish")
    assert "ʃ" in caught.value.why


@pytest.mark.parametrize(
    ("phones", "expected"),
    [
        ("k ˈa ʃ e", "kˈaʃe"),
        ("k ˈa ʎ e", "kˈaʎe"),
        ("k ˈa ʝ e", "kˈaʝe"),
        ("ʒ ˈo", "ʒˈo"),  # each its own symbol
        ("b ˈe b e", "bˈeβe"),
        ("m ˈu n d o", "mˈundo"),
        ("k ˈa l d o", "kˈaldo"),
        ("ˈa l b a", "ˈalβa"),
        ("s ˈa n ɡ ɾ e", "sˈaŋɡɾe"),
        ("p ˈe r o", "pˈeɾɾo"),
        ("r ˈe j", "ɾɾˈeɪ"),
        ("ˈa j", "ˈaɪ"),
        ("b j ˈe n", "bjˈen"),
        ("l a", "lˈa"),
        ("p a ɾ a", "paɾa"),
    ],
)
def test_phones_as_the_dictionaries_write_them(phones, expected):
    assert "".join(written(Word("x", (0, 1), phonemes=tuple(phones.split())))) == expected


def test_tokens_that_are_given_and_not_known_are_told_at_their_characters():
    unknown = NemoIpaFrontend().analyze("EX |A ☃☄ E| ☃").unknown
    assert [(u.character, u.position) for u in unknown] == [("☃", 6), ("☄", 7), ("☃", 12)]
