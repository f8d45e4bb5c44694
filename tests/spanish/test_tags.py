"""Transcripts with annotation tags: kept, dropped or spoken by a table; / and // as pauses."""

from __future__ import annotations

import pytest

from ttskit.errors import ConfigError
from ttskit_spanish.frontend import SpanishFrontend


def read(text: str, **tags: str) -> str:
    return SpanishFrontend(annotations=True, tags=tags).normalize(text)


@pytest.mark.parametrize(
    ("tag", "text", "kept", "dropped", "spoken"),
    [
        ("filler", "y <filler>eeh</filler> fui", "y eeh fui", "y fui", "y eeh fui"),
        ("risa", "sí <risa>jaja</risa> dale", "sí jaja dale", "sí dale", "sí jaja dale"),
        ("extranjero", "hace <extranjero>standup</extranjero>", "hace standup", "hace", "hace standup"),
        ("alargamiento", '<alargamiento palabra="pero">perooo</alargamiento> no', "pero no", "no", "pero no"),
        ("mala_pronunciacion", 'el <mala_pronunciacion palabra="amor">amord</mala_pronunciacion>', "el amord", "el", "el amor"),
        ("entre_risas", "<entre_risas>me caí</entre_risas> ayer", "me caí ayer", "ayer", "me caí ayer"),
    ],
)
def test_each_tag_by_the_table(tag, text, kept, dropped, spoken):
    assert read(text) == read(text, **{tag: "keep"}) == kept
    assert read(text, **{tag: "drop"}) == dropped
    assert read(text, **{tag: "speak"}) == spoken


def test_tags_may_stand_inside_tags():
    text = "<entre_risas>dije <filler>eh</filler> que no</entre_risas> y <filler>mm</filler>"
    assert read(text, filler="drop") == "dije que no y"
    assert read(text, entre_risas="drop") == "y mm"


def test_the_word_meant_is_normalised_and_belongs_to_the_whole_tag():
    analysis = SpanishFrontend(annotations=True, tags={"alargamiento": "speak"}).analyze(
        'son <alargamiento palabra="21">veintiunooo</alargamiento>'
    )
    assert analysis.normalized == "son veintiuno"
    start, end = analysis.words[1].span
    assert analysis.text[start:end].startswith("<alargamiento") and end == len(analysis.text)


def test_slashes_are_short_and_long_pauses():
    assert read("hola / qué tal // bien") == "hola, qué tal… bien"
    frontend = SpanishFrontend(annotations=True, short_pause=";", long_pause=".")
    assert frontend.normalize("hola / qué tal // bien") == "hola; qué tal. bien"
    assert read("el 24/3 a 80 km/h") == "el veinticuatro de marzo a ochenta kilómetros por hora"


def test_a_tag_that_is_misspelt_or_left_open_is_reported_and_its_words_are_read():
    analysis = SpanishFrontend(annotations=True).analyze("<fller>eh</fller> y <risa>ja")
    assert analysis.normalized == "eh y ja"
    assert "".join(u.character for u in analysis.unknown) == "<fller></fller><risa>"


def test_tags_of_ones_own():
    assert read("bueno <tos>ejem</tos> sigo", tos="drop") == "bueno sigo"


def test_without_the_option_tags_are_not_read():
    assert "menor que" in SpanishFrontend().normalize("<risa>jaja</risa>")


def test_a_table_with_another_word_names_the_legal_ones():
    with pytest.raises(ConfigError) as caught:
        SpanishFrontend(annotations=True, tags={"risa": "borrar"})
    assert "drop" in str(caught.value) and "tags" in str(caught.value)
