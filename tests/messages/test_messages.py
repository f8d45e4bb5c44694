"""Messages in Spanish: the catalogue is complete, whole and true to the code; the edges translate; the library does not."""

from __future__ import annotations

import string
import subprocess
import sys
from pathlib import Path

import polib
import pytest
import update
from message_collection import collect, collect_click, collect_pydantic, collect_template

from ttskit.cli import main
from ttskit.errors import CorpusError
from ttskit.messages import LANGUAGES, Catalogue, language, translated

OTHERS = [name for name in LANGUAGES if name != "en"]


def _written(folder: Path, code: str) -> list[str]:
    package = folder / "package"
    package.mkdir(parents=True)
    (package / "module.py").write_text(code, encoding="utf-8")
    return list(collect(folder, ["package"]))


@pytest.mark.parametrize("name", OTHERS)
def test_every_message_of_the_code_is_translated(name):
    catalogue = {entry.msgid: entry.msgstr for entry in polib.pofile(str(update.path_of(name)))}
    missing = [f"{places[0]}: {template!r}" for template, places in collect(update.ROOT).items() if not catalogue.get(template)]
    assert not missing, f"{len(missing)} without a translation (make messages adds them):\n" + "\n".join(missing[:20])


@pytest.mark.parametrize("name", OTHERS)
def test_no_translation_is_left_of_a_message_that_is_gone(name):
    known = {*collect(update.ROOT), *collect_click(), *collect_pydantic()}
    gone = [entry.msgid for entry in polib.pofile(str(update.path_of(name))) if entry.msgid not in known]
    gone = [text for text in gone if text not in _of_any_click(name)]
    assert not gone, "make messages takes these out:\n" + "\n".join(gone[:20])


def _of_any_click(name: str) -> set[str]:
    """click's own, which change with its version."""
    return {e.msgid for e in polib.pofile(str(update.path_of(name))) if e.occurrences and e.occurrences[0][0] == "click"}


@pytest.mark.parametrize("name", OTHERS)
def test_the_compiled_catalogue_is_that_of_the_translators(name):
    path = update.path_of(name)
    assert path.with_suffix(".mo").read_bytes() == polib.pofile(str(path)).to_binary(), "make messages compiles it"


@pytest.mark.parametrize("name", OTHERS)
def test_a_translation_has_only_the_places_of_its_template(name):
    for entry in polib.pofile(str(update.path_of(name))):
        if entry.occurrences[0][0] == "click" or "%(" in entry.msgid:
            continue
        places = {field for _, field, _, _ in string.Formatter().parse(entry.msgid)}
        assert {field for _, field, _, _ in string.Formatter().parse(entry.msgstr)} <= places | {None}, entry.msgid


@pytest.mark.parametrize("name", OTHERS)
def test_a_translation_keeps_commands_options_and_the_spaces_around_it(name):
    for entry in polib.pofile(str(update.path_of(name))):
        for edge in (str.lstrip, str.rstrip):
            assert len(entry.msgid) - len(edge(entry.msgid)) == len(entry.msgstr) - len(edge(entry.msgstr)), entry.msgid
        flags = {word.strip("[](),.:;`") for word in entry.msgid.split() if word.startswith("--") and len(word) > 3}
        lost = {flag for flag in flags if flag.partition("=")[0] not in entry.msgstr}
        assert not lost, f"{lost} of {entry.msgid!r}"


def test_every_kind_of_problem_of_a_corpus_is_known_to_translators():
    import re

    from ttskit.corpus.problems import KINDS

    used = set()
    for folder in ("corpus", "audio"):
        for path in (update.ROOT / "ttskit" / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            used |= set(re.findall(r'Problem\(\s*[^,()]+(?:\([^()]*\))?,\s*"([a-z ]+)"', text))
            used |= set(re.findall(r'_refused\(\s*"([a-z ]+)"', text))
    assert len(used) > 20
    assert used <= set(KINDS)


# What the collector sees as messages


@pytest.mark.parametrize(
    ("code", "template"),
    [
        ('raise CorpusError(f"{path} is silent")', "{path} is silent"),
        ('raise CorpusError("what", why=f"{len(clips)} clips")', "{n} clips"),
        ("note(f\"{a.b['key']!r} and {f(x):.2f}\")", "{key} and {f}"),
        ('note("one" if x else "two")', "two"),
        ("note(f\"{n} clip{'s' if n != 1 else ''}\")", "{n} clips"),
        ("note(f\"{n} clip{'s' if n != 1 else ''}\")", "{n} clip"),
        ('why = f"for {name}"\nraise CorpusError("what", why)', "for {name}"),
        ('def why():\n    return "a cause"\n\nraise CorpusError("what", why())', "a cause"),
        ('problems.append(f"line {n}: no text")', "line {n}: no text"),
        ('@click.command()\ndef f():\n    """What it does."""', "What it does."),
        ('click.option("--x", help="Short.")', "Short."),
        ('NAMES = {"a": "Word"}  # messages', "Word"),
        ('note("a brace { of text")', "a brace {{ of text"),
    ],
)
def test_what_is_a_message(tmp_path, code, template):
    assert template in _written(tmp_path, code)


@pytest.mark.parametrize(
    "code",
    [
        'x = "word"',
        '"""A docstring of a module."""',
        'def f():\n    """What it does, in some words."""',
        'raise ValueError("no")',
        'note("…")',
        'x = "three words here"  # no message',
    ],
)
def test_what_is_no_message(tmp_path, code):
    assert _written(tmp_path, code) == []


def test_templates_of_pages_are_collected():
    assert [m for _, m in collect_template("{% trans n=3 %}There are {{ n }} words.{% endtrans %}{{ _('Heard') }}")] == [
        "There are %(n)s words.",
        "Heard",
    ]


# Matching


@pytest.fixture
def spanish() -> Catalogue:
    return Catalogue(
        {
            "{path} is silent": "{path} está en silencio",
            "{a}: {b}": "{a}; {b}",
            "{path} is silent at the end": "al final {path} está en silencio",
            "cannot read {path}: {why}": "no se puede leer {path}: {why}",
            "no {{braces}}": "sin {{llaves}}",
            "fix": "qué hacer",
            "pair": "par",
        }
    )


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("clips/a b.wav is silent", "clips/a b.wav está en silencio"),
        ("x is silent at the end", "al final x está en silencio"),  # the template with more text of its own
        ("cannot read x: a.wav is silent", "no se puede leer x: a.wav está en silencio"),  # a message in a message
        ("cannot read pair: fix", "no se puede leer pair: fix"),  # names stay, even where they look like messages
        ("one: two", "one: two"),  # a template of nearly no letters fits nothing
        ("no {braces}", "sin {llaves}"),
        ("  fix\n", "  qué hacer\n"),
        ("unknown text\nx is silent", "unknown text\nx está en silencio"),
        ("{path} is {odd} is silent", "{path} is {odd} está en silencio"),  # braces in a value are no places
        ("", ""),
        ("17 %", "17 %"),
    ],
)
def test_a_finished_message_becomes_its_translation(spanish, message, shown):
    assert spanish.translated(message) == shown


def test_a_long_hostile_message_is_matched_in_time(spanish):
    import time

    started = time.process_time()
    spanish.translated("is silent " * 5_000)
    assert time.process_time() - started < 2


# Which language


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, "en"),
        ({"LANG": "es_AR.UTF-8"}, "es"),
        ({"LANG": "es_AR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "es_ES"}, "es"),
        ({"LANG": "es_AR.UTF-8", "TTSKIT_LANG": "en"}, "en"),
        ({"LANG": "en_US.UTF-8", "TTSKIT_LANG": "es"}, "es"),
        ({"LANGUAGE": "fr:es:en", "LANG": "fr_FR"}, "es"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"TTSKIT_LANG": "ES-ar"}, "es"),
        ({"LANG": "eso.UTF-8"}, "en"),
    ],
)
def test_the_language_is_the_environments(monkeypatch, environment, wanted):
    for name in ("TTSKIT_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == wanted


# The edges


@pytest.fixture
def in_spanish(monkeypatch):
    monkeypatch.setenv("TTSKIT_LANG", "es")
    monkeypatch.setenv("LANGUAGE", "es")


def _run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "ttskit", *arguments], capture_output=True, text=True, encoding="utf-8")


def test_an_error_is_shown_in_spanish_with_its_three_parts(in_spanish, tmp_path):
    done = _run("train", "--data", str(tmp_path / "nada"))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"error: {tmp_path / 'nada'} no es un corpus preparado",
        f"  no existe la carpeta {tmp_path / 'nada'}",
        f"  qué hacer: ttskit prepare CORPUS --out {tmp_path / 'nada'}",
    ]


def test_help_and_clicks_own_words_are_spanish(in_spanish):
    done = _run("train", "--help")
    assert "Uso: ttskit train" in done.stdout and "Entrena un modelo" in done.stdout and "Pasos que se entrenan." in done.stdout
    wrong = _run("train", "--stpes", "3")
    assert wrong.returncode == 2 and "No existe la opción" in wrong.stderr


def test_what_programs_read_is_not_translated(in_spanish):
    table, data = _run("plugins", "list"), _run("plugins", "list", "--json")
    assert "qué es" in table.stdout.splitlines()[0]
    assert '"acoustic model"' in data.stdout and "modelo acústico" not in data.stdout


def test_the_library_raises_english_whatever_the_language(in_spanish):
    assert str(CorpusError("x is missing")) == "x is missing"


def test_without_a_setting_the_command_line_is_english(monkeypatch):
    monkeypatch.setenv("TTSKIT_LANG", "en")
    assert "Train a model on a prepared corpus." in _run("train", "--help").stdout


def test_a_message_without_a_translation_is_shown_as_it_is(in_spanish):
    assert translated("of a third party: nothing known") == "of a third party: nothing known"


def test_commands_in_process_follow_the_language_too(in_spanish, capsys):
    with pytest.raises(SystemExit):
        main(["doctor", "--help"])
    assert "Dice qué tiene esta máquina" in capsys.readouterr().out
