"""`ttskit text` in a pipe."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner

from ttskit.cli.text import command


def run(*arguments: str, text: str = ""):
    return CliRunner().invoke(command, list(arguments), input=text.encode("utf-8"))


def test_arguments_are_lines():
    assert run("normalize", "21 casas", "1 kg").stdout == "veintiuna casas\nun kilo\n"


def test_phonemize_by_dialect_without_edges():
    assert run("phonemize", "--dialect", "castilian", "caza, ya").stdout == "k ˈa θ a , ʝ ˈa\n"


def test_lines_from_stdin_one_for_one():
    result = run("syllables", text="\ufeffcamión\r\n\nla casa\n")
    assert result.stdout == "ca-mión\t1\n\t\nla ca-sa\t- 0\n"


def test_unknown_characters_go_to_stderr():
    result = run("normalize", text="hola 🙂\n")
    assert result.stdout == "hola\n" and "'🙂' at 5" in result.stderr


def test_json_holds_the_analysis():
    data = json.loads(run("normalize", "--json", "Sr. Paz").stdout)
    assert data["normalized"] == "señor paz" and data["words"][0]["span"] == [0, 3]


def test_locale_and_recipe():
    assert run("normalize", "--locale", "es-US", "$1").stdout == "un dólar\n"
    assert run("normalize", "--recipe", "base", "$1").stdout == "un peso\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "mac_roman", "cp850", "utf-16", "utf-16-le"])
def test_stdin_is_read_whatever_its_encoding(encoding):
    result = CliRunner().invoke(command, ["normalize"], input="¿El niño?\nMañana, 2 pingüinos\n".encode(encoding))
    assert result.stdout == "¿el niño?\nmañana, dos pingüinos\n"
    assert ("note: standard input, line " in result.stderr) == (encoding not in ("utf-8", "utf-8-sig", "utf-16"))


def test_mojibake_in_a_pipe_is_read_with_a_word():
    result = run("normalize", text="hola\nmaÃ±ana\n")
    assert result.stdout == "hola\nmañana\n" and "line 2: one line was misread once" in result.stderr


def test_an_argument_in_another_encoding(monkeypatch):
    """On a system that says UTF-8, bytes of Windows-1252 come as surrogates."""
    from ttskit.cli.texts import argument

    assert argument("ma\udcf1ana") == ("mañana" if os.fsencode("\udcf1") == b"\xf1" else argument("ma\udcf1ana"))
    assert argument("mañana") == "mañana"


def test_rows_of_a_pipe_end_where_they_mean_it():
    assert run("normalize", text="uno\u2028dos\x85tres\n").stdout.count("\n") == 1
