"""Which part of the day an hour with a. m. or p. m. belongs to, at the hours where it changes."""

from __future__ import annotations

import pytest

from ttskit_spanish.normalize.context import Context
from ttskit_spanish.normalize.times import read_time


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("12 a.m.", "doce de la noche"),
        ("1 a.m.", "una de la mañana"),
        ("11 a.m.", "once de la mañana"),
        ("12 p.m.", "doce del mediodía"),
        ("1 p.m.", "una de la tarde"),
        ("7 p.m.", "siete de la tarde"),
        ("8 p.m.", "ocho de la noche"),
        ("11:30 p.m.", "once treinta de la noche"),
    ],
)
def test_the_part_of_the_day_follows_the_hour(text, words):
    assert read_time(text, 0, Context(text, "es-AR"))[0] == words
