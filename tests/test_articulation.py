"""Which sounds are near: the neighbours that a phonetician would name, across the inventories that ttskit knows."""

import pytest

from ttskit.articulation import FARTHEST, distance, feature_problems, letter_features, match, sounds
from ttskit.importing.symbol_sets import english_basic
from ttskit.plugins import create_registry
from ttskit.symbols import SymbolTable
from ttskit_nemo.phones import features_of
from ttskit_spanish.phones import symbol_table
from ttskit_spanish.phonetics import PHONETICS

LETTERS = PHONETICS.letters

SPANISH = symbol_table(allophones=True)
_NEMO = (
    *"!\"'(),-./:;?[]{}¡«»¿‹›",
    *"ABCDEFGHIJKLMNOPQRSTUVWXYZÁÉÍÑÓÚ",
    *"abdefhijklmnoprstuwxðŋɛɟɡɣɪɲɾʃʊʎʒʝβθˈˌ",
    " ",
    "<pad>",
    "<oov>",
)
NEMO = SymbolTable(_NEMO, pad="<pad>", space=" ", features=features_of(_NEMO))


def nearest(symbols, here, there):
    return {s: match(s, here, there, LETTERS).symbol for s in symbols.split()}


def test_spanish_in_the_tokens_of_nemo():
    assert nearest("ˈa ˈo tʃ ʃ ʝ r ð …", SPANISH, NEMO) == {
        "ˈa": "a",
        "ˈo": "o",
        "tʃ": "ʃ",
        "ʃ": "ʃ",
        "ʝ": "ʝ",
        "r": "r",
        "ð": "ð",
        "…": ".",
    }
    assert match("<edge>", SPANISH, NEMO).symbol == " " and match("<pad>", SPANISH, NEMO).symbol == "<pad>"
    plain = [s for s in symbol_table().symbols if match(s, symbol_table(), NEMO).symbol is None]
    assert plain == []


def test_the_tokens_of_nemo_in_spanish():
    assert nearest("ɪ ʊ ɛ Ñ Á C", NEMO, SPANISH) == {"ɪ": "i", "ʊ": "u", "ɛ": "e", "Ñ": "ɲ", "Á": "ˈa", "C": "k"}
    without = symbol_table()
    assert nearest("β ð ɣ h", NEMO, without) == {"β": "b", "ð": "d", "ɣ": "ɡ", "h": "x"}
    found = match("ˈ", NEMO, SPANISH)
    assert found.symbol is None and "no sound" in found.why


def test_spanish_in_arpabet_and_in_english_letters():
    arpabet = english_basic("arpabet")
    assert nearest("a ˈa i ˈu r ɾ tʃ ʃ ʝ ɲ x θ β ð ʎ", SPANISH, arpabet) == {
        "a": "@AA0",
        "ˈa": "@AA1",
        "i": "@IY0",
        "ˈu": "@UW1",
        "r": "@R",
        "ɾ": "@D",
        "tʃ": "@CH",
        "ʃ": "@SH",
        "ʝ": "@ZH",
        "ɲ": "@N",
        "x": "@HH",
        "θ": "@TH",
        "β": "@B",
        "ð": "@DH",
        "ʎ": "@L",
    }
    assert not match("a", SPANISH, arpabet).exact  # the letter a is there as well, and is not the sound
    letters = english_basic("letters")
    assert nearest("a ˈa ɲ ʃ", SPANISH, letters) == {"a": "a", "ˈa": "a", "ɲ": "n", "ʃ": "s"}
    assert match("a", SPANISH, letters).exact and match("<pad>", SPANISH, letters).symbol == "_"


def test_a_stressed_vowel_is_nearest_to_itself_then_to_its_plain_form():
    features = SPANISH.features
    same, plain, other = (distance(features["ˈa"], features[s]) for s in ("ˈa", "a", "ˈe"))
    assert same == 0 < plain < other
    assert distance(features["ˈa"], features["t"]) > FARTHEST
    assert distance(features["i"], features["j"]) < FARTHEST < distance(features["a"], features["j"])
    assert distance(features["p"], features["b"]) == distance(features["b"], features["p"])


def test_nothing_is_near_what_is_no_sound():
    only_vowels = SymbolTable(("_", "a"), "_", features={"a": SPANISH.features["a"]})
    assert match("t", SPANISH, only_vowels).symbol is None and "'a' is" in match("t", SPANISH, only_vowels).why
    nothing = SymbolTable(("_", "1", "2"), "_")
    assert match("t", SPANISH, nothing).why == "that inventory describes no sounds" and sounds(nothing, LETTERS) == {}


@pytest.mark.parametrize(
    "features", [SPANISH.features, NEMO.features, english_basic("arpabet").features], ids=["spanish", "nemo", "arpabet"]
)
def test_shipped_inventories_keep_to_the_common_terms(features):
    assert feature_problems(features) == []


def test_features_outside_the_common_terms_are_named():
    strange = {"type": "consonant", "place": "tongue", "manner": "tap", "colour": "red"}
    said = feature_problems({"x": strange, "y": {"type": "vowel"}})
    assert [line.split(":")[0] for line in said] == ["'x'", "'x'", "'x'", "'y'"]
    assert "'tongue'" in said[0] and "no feature 'colour'" in said[1] and "lacks voicing" in said[2]
    assert letter_features("ß", LETTERS) == {} and letter_features("ch", LETTERS) == {}
    assert (letter_features("Á", LETTERS)["height"], letter_features("Ñ", LETTERS)["place"]) == ("open", "palatal")


def test_frontends_that_are_installed_describe_their_sounds_alike():
    from ttskit.testing import check_plugin

    registry = create_registry()
    for name in ("spanish", "nemo-ipa", "characters"):
        results = {r.name: r for r in check_plugin("frontend", name, registry)}
        assert results["articulatory features"].passed, results["articulatory features"].message
