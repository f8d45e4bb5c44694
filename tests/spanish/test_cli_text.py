"""`ttskit text`: explanations, options, the view of one sentence, and a stream that does not wait for its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from click.testing import CliRunner

from ttskit.cli.text import command

ENVIRONMENT = {**os.environ, "PYTHONUTF8": "1"}


def run(*arguments: str, text: str = ""):
    return CliRunner().invoke(command, list(arguments), input=text.encode("utf-8"))


def test_explain_prints_span_written_spoken_class_rule_and_alternatives():
    lines = run("normalize", "--explain", "El INDEC, «21»").stdout.splitlines()
    assert lines[0] == "el indec, veintiuno"
    assert "  3-8\tINDEC\tindec\tletters\tacronym read\ti ene de e ce" in lines
    assert "  10-11\t«\t(silent)\tsilent\tquotes" in lines
    assert [line.split("\t")[0].strip() for line in lines[1:]] == ["0-2", "3-8", "8-9", "10-11", "11-13", "13-14"]


def test_explain_lists_what_was_not_read():
    assert "  5-6\tж\t(not read)\tunknown" in run("normalize", "--explain", "hola ж").stdout.splitlines()


def test_any_option_of_the_frontend_may_be_given():
    assert run("normalize", "--option", "emoji=drop", "hola 🙂").stdout == "hola\n"
    arguments = ("--option", "annotations=true", "--option", "tags.risa=drop")
    assert run("normalize", *arguments, "<risa>jaja</risa> sí / no").stdout == "sí, no\n"


def test_an_option_without_a_value_says_what_is_expected():
    result = run("normalize", "--option", "emoji", "hola")
    assert result.exit_code != 0 and "KEY=VALUE" in str(result.exception)


def test_the_view_shows_class_syllables_phones_and_tokens():
    shown = run("show", "El 21, ж").stdout
    assert "vein-tiu-no" in shown and "number" in shown and "<edge> e l b e j n t j ˈu n o , <edge>" in shown
    assert "'ж' at 7" in shown and "\x1b[" not in shown


def test_lines_come_out_while_the_input_is_still_open():
    process = subprocess.Popen(
        [sys.executable, "-m", "ttskit", "text", "normalize"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT
    )
    try:
        for written, spoken in (("21 casas", "veintiuna casas"), ("", ""), ("1 kg", "un kilo")):
            process.stdin.write(f"{written}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline().decode("utf-8").rstrip("\r\n") == spoken
    finally:
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()
    assert process.returncode == 0


def test_odd_line_ends_and_separators_stay_inside_their_line():
    result = run("normalize", text="uno\x0bdos\u2028tres\x85cuatro\x0ccinco\nseis\n")
    assert len(result.stdout.split("\n")) == 3 and result.stdout.endswith("seis\n")


def test_json_lines_hold_readings():
    data = json.loads(run("normalize", "--json", "Av. Mitre").stdout)
    assert data["readings"][0]["rule"] == "abbreviation" and data["readings"][0]["span"] == [0, 3]
