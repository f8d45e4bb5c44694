"""Allophones and word boundaries: what is said in context, and that nothing of it happens unasked."""

from __future__ import annotations

import pytest

from ttskit_spanish.frontend import SpanishFrontend


def tokens(text: str, **options) -> str:
    return " ".join(t for t in SpanishFrontend(**options).analyze(text).tokens if t != "<edge>")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sin dado", "s i n d ˈa ð o"),
        ("el dado", "e l d ˈa ð o"),
        ("la bota", "l a β ˈo t a"),
        ("¡Bien! ¡Gol!", "¡ b j ˈe n ! ¡ ɡ ˈo l !"),
        ("algo", "ˈa l ɣ o"),
        ("ambos", "ˈa m b o s"),
        ("tengo", "t ˈe n ɡ o"),
        ("desde", "d ˈe s ð e"),
        ("abril", "a β ɾ ˈi l"),
        ("sí, dale", "s ˈi , d ˈa l e"),
    ],
)
def test_b_d_g_are_stops_after_a_pause_a_nasal_and_d_after_l(text, said):
    assert tokens(text, approximants=True) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("un vaso", "u m b ˈa s o"),
        ("enfermo", "e ɱ f ˈe ɾ m o"),
        ("tengo", "t ˈe ŋ ɡ o"),
        ("ancho", "ˈa ɲ tʃ o"),
        ("pan, vino", "p ˈa n , b ˈi n o"),
        ("nuevo", "n w ˈe b o"),
        ("canto", "k ˈa n t o"),
    ],
)
def test_nasals_take_the_place_of_what_follows_and_pauses_stop_it(text, said):
    heard = tokens(text, nasal_place=True)
    assert heard.replace("ˈu m", "u m") == said


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("none", "l a s ˈo s t ɾ a s ˈe s t a s"),
        ("light", "l a s ˈo h t ɾ a s ˈe h t a s"),
        ("full", "l a h ˈo h t ɾ a h ˈe h t a h"),
    ],
)
def test_aspiration_has_three_degrees(level, said):
    assert tokens("las ostras estas", aspiration=level) == said


def test_s_at_the_start_of_a_syllable_is_never_aspirated_nor_voiced():
    options = {"aspiration": "full", "s_voicing": True}
    assert tokens("Sí, siesta casa", **options) == "s ˈi , s j ˈe h t a k ˈa s a"


def test_s_is_voiced_before_voiced_consonants_only():
    assert tokens("mismo desde isla esto", s_voicing=True) == "m ˈi z m o d e z d e ˈi z l a ˈe s t o"


def test_without_linking_each_word_is_said_as_if_alone():
    assert tokens("la bota", approximants=True, linking=False) == "l a b ˈo t a"
    assert tokens("los dados", s_voicing=True, linking=False) == "l o s d ˈa d o s"


def test_synalepha_is_off_by_default_and_never_empties_a_word():
    assert tokens("mi amigo") == "m i a m ˈi ɡ o"
    assert tokens("mi amigo", synalepha=True) == "m j a m ˈi ɡ o"
    assert tokens("la amiga", synalepha=True) == "l a m ˈi ɡ a"
    analysis = SpanishFrontend(synalepha=True).analyze("Voy a amar a Ana y a Inés; ¿o o u?")
    assert all(word.phonemes for word in analysis.words)


def test_hie_and_hue_are_options():
    assert tokens("hielo") == "j ˈe l o" and tokens("hielo", hie="ʝ") == "ʝ ˈe l o"
    assert tokens("deshielo", hie="ʝ") == "d e s ʝ ˈe l o" and tokens("ahijado", hie="ʝ") == tokens("ahijado")
    assert tokens("hueso") == "w ˈe s o" and tokens("hueso", hue="ɡw") == "ɡ w ˈe s o"


def test_every_token_of_every_option_is_in_the_table_whose_start_never_moves():
    plain = SpanishFrontend().symbols.symbols
    text = "Los dos bancos, un fósforo, el ángel ancho; mi amiga en Francia come un hielo."
    full = {"approximants": True, "nasal_place": True, "s_voicing": True, "aspiration": "light", "synalepha": True}
    for options in (full, {**full, "aspiration": "none"}, {"synalepha": True}):
        frontend = SpanishFrontend(**options)
        frontend.symbols.ids(frontend.analyze(text).tokens)
        assert frontend.symbols.symbols[: len(plain)] == plain
    assert SpanishFrontend(synalepha=True).symbols.symbols == plain


def test_options_at_their_default_leave_the_fingerprint_as_it_was():
    assert set(SpanishFrontend().fingerprint().options) == {"dialect", "locale", "fricative", "lleismo", "spaces"}
    assert SpanishFrontend(aspiration="full").fingerprint().options["aspiration"] == "full"
