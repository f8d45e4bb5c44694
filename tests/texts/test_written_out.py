"""Letters that a program wrote out are taken back; what only looks so is left alone."""

from __future__ import annotations

import os

import pytest

from ttskit.errors import InputError
from ttskit.texts import decode_text, read_text
from ttskit.texts.escapes import written_out


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"Compr\xe9 pan", "Compré pan"),
        (r"\xbfMa\xf1ana?", "¿Mañana?"),
        (r"Compr\u00e9 \u201cpan\u201d", "Compré “pan”"),
        (r"ma\xc3\xb1ana", "mañana"),
        ("ma=C3=B1ana =E2=80=94 dijo", "mañana — dijo"),
        ("+AL8-Ma+APE-ana, compr+AOk pan", "¿Mañana, compré pan"),
        (r"Hola.\n", "Hola."),
        (r"Dijo chau\r\n", "Dijo chau"),
        (r"demo|Hola.\n|ana", "demo|Hola. |ana"),
    ],
)
def test_letters_written_out_are_taken_back(written, meant):
    assert written_out(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        r"C:\xampp\nuevo", r"C:\xe9cole", r"wavs\new\take.wav", r"el precio \x41", "x=C3 y", "y=C3=40", "+549 11 4321-0987",
        "+Amor y paz", "C++A", r"ma\n~ana", r"\\u00e9", "2+Abc", r"\u0041", "Plan +A", r"D:\tomas\uno",
    ],
)  # fmt: skip
def test_what_only_looks_so_is_left(text):
    assert written_out(text) == text


def test_in_json_escapes_are_the_rule():
    text = '{"text": "Ma\\u00f1ana.\\n"}'
    assert decode_text(text.encode()).text == text and not decode_text(text.encode()).notes


def test_a_single_word_of_a_mac_is_read_as_one():
    decoded = decode_text('name = "words"\ntext = "hola"\ntext = "ñandú"\n'.encode("mac-roman"))
    assert "ñandú" in decoded.text and decoded.notes


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_that_nobody_writes_to_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "lista.csv")
    with pytest.raises(InputError, match="is a pipe or a device"):
        read_text(tmp_path / "lista.csv")
