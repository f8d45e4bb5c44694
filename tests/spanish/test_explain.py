"""What each stretch of text was taken for, by which rule, and what else it could be; options of uncertain classes."""

from __future__ import annotations

import pytest

from ttskit_spanish.frontend import SpanishFrontend


def reading(text: str, written: str, **options):
    return next(r for r in SpanishFrontend(**options).analyze(text).readings if r.text == written)


@pytest.mark.parametrize(
    ("text", "written", "token_class", "rule"),
    [
        ("el 24/3/1976", "24/3/1976", "date", "day/month/year"),
        ("el lunes 24/11", "24/11", "date", "day/month: after a weekday"),
        ("a las 10:30", "10:30", "time", "time"),
        ("a las 3 p. m., sí", "3 p. m.", "time", "hour with a. m. or p. m."),
        ("sale $ 1.500", "$ 1.500", "money", "sign or code before"),
        ("son 21 kg", "21 kg", "measure", "number with unit"),
        ("el 3er piso", "3er", "ordinal", "ordinal"),
        ("son 2/3", "2/3", "fraction", "fraction: a fraction that people measure with"),
        ("1/4 de final", "1/4", "fraction", "stage of a cup"),
        ("DNU 70/2023", "70/2023", "fraction", "file number"),
        ("siglo XX", "XX", "roman", "after a noun"),
        ("Luis XIV", "XIV", "roman", "ruler"),
        ("Av. Mitre", "Av.", "abbreviation", "abbreviation"),
        ("12 cuotas s/interés", "s/", "abbreviation", "letter and slash: without"),
        ("el INDEC", "INDEC", "letters", "acronym read"),
        ("el D.N.I. mío", "D.N.I.", "letters", "acronym with points"),
        ("a@b.com", "a@b.com", "electronic", "e-mail"),
        ("CUIT 20-30123456-3", "20-30123456-3", "telephone", "CUIT or CUIL"),
        ("hola, sí", ",", "mark", "punctuation"),
        ("«hola»", "«", "silent", "quotes"),
        ("a la casa", " ", "silent", "space"),
    ],
)
def test_class_and_rule(text, written, token_class, rule):
    found = reading(text, written)
    assert (found.token_class, found.rule) == (token_class, rule)


@pytest.mark.parametrize(
    ("text", "written", "other"),
    [
        ("a las 14:30", "14:30", "dos y media"),
        ("en 1984", "1984", "diecinueve ochenta y cuatro"),
        ("son 5/6", "5/6", "cinco de junio"),
        ("el INDEC", "INDEC", "i ene de e ce"),
        ("siglo XX", "XX", "equis equis"),
        ("pesa 72,45", "72,45", "setenta y dos coma cuatro cinco"),
    ],
)
def test_alternatives_are_given_and_differ_from_the_reading(text, written, other):
    found = reading(text, written)
    assert other in found.alternatives and found.spoken not in found.alternatives


def test_how_uncertain_classes_are_read():
    say = lambda text, **options: SpanishFrontend(**options).normalize(text)  # noqa: E731
    assert say("el INDEC y la UBA", acronyms="spelt") == "el i ene de e ce y la u be a"
    assert say("la OMS", acronyms="words") == "la oms"
    assert say("tomo VI", roman="never") == "tomo ve i"
    assert say("son 3/4", slash="date") == "son tres de abril"
    assert say("el lunes 24/11", slash="fraction") == "el lunes veinticuatro onceavos"
    assert say("a las 14:30 hs y a las 8:45", clock="colloquial") == "a las dos y media de la tarde y a las nueve menos cuarto"


def test_emoji_are_reported_named_or_dropped():
    text = "hola 👍🏽 chau 🇦🇷"
    assert len(SpanishFrontend().analyze(text).unknown) == 4
    assert SpanishFrontend(emoji="name").normalize(text) == "hola, pulgar arriba, chau, bandera de argentina,"
    dropped = SpanishFrontend(emoji="drop").analyze(text)
    assert dropped.normalized == "hola chau" and dropped.unknown == ()


def test_options_at_their_defaults_leave_the_fingerprint_of_earlier_runs():
    assert set(SpanishFrontend().options) == {"dialect", "locale", "fricative", "lleismo", "spaces"}
    assert SpanishFrontend(emoji="drop").options["emoji"] == "drop"
    assert SpanishFrontend(**SpanishFrontend(emoji="drop").options).fingerprint() == SpanishFrontend(emoji="drop").fingerprint()


def test_json_of_an_analysis_holds_the_readings():
    data = SpanishFrontend().analyze("Dr. Paz").to_json()
    assert data["readings"][0] == {
        "span": (0, 3),
        "text": "Dr.",
        "spoken": "doctor",
        "token_class": "abbreviation",
        "rule": "abbreviation",
        "alternatives": (),
    }
