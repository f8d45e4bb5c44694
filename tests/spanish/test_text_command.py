"""`ttskit text` in a pipe."""

from __future__ import annotations

import json

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
