"""Word errors of transcriptions, with the Spanish of our frontend."""

from __future__ import annotations

import pytest

from ttskit.plugins import create_registry
from ttskit_listen.statistics.transcription import normaliser, word_errors


@pytest.fixture(scope="module")
def words():
    return normaliser(create_registry())


@pytest.mark.parametrize(
    ("said", "understood", "errors", "count"),
    [
        ("Tengo 3 gatos.", "tengo tres gatos", 0, 3),
        ("¿Vos tenés frío, José?", "vos tenes frio jose", 0, 4),  # case, punctuation and accents are no errors
        ("El año pasado", "el ano pasado", 1, 3),  # but "ñ" is a letter
        ("La casa es grande", "", 4, 4),
        ("La casa es grande", "la cosa es muy grande", 2, 4),
        ("El Dr. Pérez pagó 25 %", "el doctor perez pago veinticinco por ciento", 0, 7),
        ("", "algo", 1, 0),
        ("La casa", "!!! … 😀", 2, 2),
    ],
)
def test_errors_are_counted_over_words_as_they_are_spoken(words, said, understood, errors, count):
    assert word_errors(said, understood, words) == (errors, count)


def test_accents_count_if_asked_for():
    strict = normaliser(create_registry(), accents=True)
    assert word_errors("¿Vos tenés frío?", "vos tenes frio", strict) == (2, 3)
    assert word_errors("¿Vos tenés frío?", "vos tenés frío", strict) == (0, 3)
