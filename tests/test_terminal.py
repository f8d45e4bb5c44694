"""Characters that steer a terminal never reach it: from names of files, texts, speakers, options, plugins and errors."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import ttskit.cli
from ttskit.cli import _run, cli
from ttskit.cli.output import echo, note, print_json, print_table
from ttskit.errors import TTSKitError
from ttskit.interfaces.descriptions import CommandPlugin, MeasurementPlugin
from ttskit.plugins import Origin, PluginProblem, create_registry
from ttskit.terminal import console, plain, plain_json, plain_line
from ttskit.testing import tiny_corpus

# what each does to a terminal: colours, clears, renames the window, moves back over what was written, turns the writing around
HOSTILE = {
    "colour": "\x1b[31m",
    "clear": "\x1b[2J\x1b[H",
    "title": "\x1b]0;pwned\x07",
    "link": "\x1b]8;;http://example.org\x1b\\",
    "return": "good\rbad",
    "backspace": "a\b\b\bz",
    "c1": "\x9b31m",
    "c1 string": "\x90q\x9c",
    "nel": "a\x85b",
    "delete": "\x7f",
    "nul": "a\x00b",
    "form feed": "a\x0cb\x0b",
    "bell": "\x07",
    "override": "\u202etxt.exe",
    "isolate": "\u2066a\u2067b\u2069",
    "mark": "\u200fa\u061c",
    "separator": "a\u2028b\u2029",
    "shift out": "\x0e\x0f",
}
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
ON_DISK = {k: v for k, v in HOSTILE.items() if "\x00" not in v and "/" not in v}
files = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")


def clean(text):
    found = FORBIDDEN.search(text)
    assert not found, repr(text[max(0, found.start() - 40) : found.end() + 20])
    return text


@pytest.mark.parametrize("kind", HOSTILE)
def test_written_out_and_nothing_else_changed(kind):
    text = f"é ñ\t¿qué?\n{HOSTILE[kind]} ˈa 日本 🙂"
    shown = clean(plain(text))
    assert shown.startswith("é ñ\t¿qué?\n") and shown.endswith(" ˈa 日本 🙂")
    assert shown.encode("latin-1", "backslashreplace").decode("unicode_escape") == text  # nothing is lost
    assert "\n" not in plain_line(text) and "\t" not in plain_line(text)
    assert json.loads(clean(plain_json({text: [text]}))) == {text: [text]}


def test_bytes_of_a_name_that_are_no_text_can_be_shown(capsys):
    name = os.fsdecode(b"a\xff.wav") if sys.platform != "win32" else "a\udcff.wav"
    echo(name)
    print_json([name])
    note(name)
    print_table(["name"], [[name]])
    assert "a\\udcff.wav" in clean(capsys.readouterr().out)


@pytest.mark.parametrize("kind", HOSTILE)
def test_tables_notes_and_json(kind, capsys):
    bad = HOSTILE[kind]
    print_table(["name", "what"], [[bad, f"line\n{bad}"], ["b", None]], title=bad)
    print_json({bad: bad})
    echo(bad)
    note(bad)
    shown = capsys.readouterr()
    assert len(clean(shown.out + shown.err).splitlines()) == 3 + 3 + 1 + 1


@pytest.mark.parametrize("kind", HOSTILE)
def test_rich_consoles_keep_their_own_colours_only(kind):
    from rich.progress import Progress, TextColumn
    from rich.table import Table
    from rich.text import Text

    sink, bad = io.StringIO(), HOSTILE[kind]
    shown = console(stderr=False, file=sink, force_terminal=True, width=60, legacy_windows=False)
    shown.print(bad, markup=False)
    shown.print(f"[bold]x[/bold] {bad.replace('[', '(')}", soft_wrap=True)
    table = Table("a", title=Text(bad))
    table.add_row(Text(bad, "red"))
    shown.print(table)
    with Progress(TextColumn("{task.description}", markup=False), console=shown) as bar:
        bar.add_task(bad, total=1)
    text = sink.getvalue()
    assert "\x1b[1mx" in text or "\x1b[31m" in text  # its own
    own = re.sub(r"\x1b\[(\d{1,3}(;\d{1,3})*)?[mAK]|\x1b\[\?25[lh]|\r", "", text)
    for part in (bad, "\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e"):
        if part not in ("\x1b[31m",):
            assert part not in text or not FORBIDDEN.search(part)
    clean(own)


COMMANDS = [
    ("{}",),
    ("--{}",),
    ("plugins", "show", "{}"),
    ("plugins", "list", "--kind", "{}"),
    ("check", "nowhere{}"),
    ("prepare", "nowhere{}", "--out", "out"),
    ("prepare", ".", "--out", "out", "--recipe", "no{}"),
    ("prepare", ".", "--out", "out", "--set", "a{}=1"),
    ("prepare", ".", "--out", "out", "--reader", "a{}"),
    ("train", "--model", "no{}", "--data", "nowhere"),
    ("train", "--resume", "--run", "nowhere{}"),
    ("train", "--data", "nowhere{}"),
    ("import", "nowhere{}", "-o", "run"),
    ("synthesize", "hola", "--voice", "nowhere{}"),
    ("synthesize", "hola", "--voice", "nowhere", "--pace", "a{}"),
    ("compare", "nowhere{}", "nowhere", "--out", "out"),
    ("align", "nowhere{}", "--from", "a"),
    ("text", "show", "--", "hola {} che"),
    ("text", "normalize", "--", "hola {} che"),
    ("text", "phonemize", "--", "hola {} che"),
    ("text", "syllables", "--", "hola {} che"),
    ("--debug", "check", "nowhere{}"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: " ".join(c).replace("{}", "…"))
def test_commands(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    kinds = ["clear", "title", "return", "c1", "override", "delete"]
    for kind in kinds:
        words = [word.replace("{}", HOSTILE[kind]) for word in command]
        debug = words[0] == "--debug"
        _run(words[1:] if debug else words, debug=debug)
        shown = capsys.readouterr()
        assert clean(shown.out + shown.err).strip()
        assert "internal error" not in shown.err


@files
@pytest.mark.parametrize("kind", ON_DISK)
def test_a_corpus_of_such_names_and_texts(kind, tmp_path, capsys):
    bad = ON_DISK[kind]
    tiny_corpus(tmp_path / "a", utterances=2)
    lines = (tmp_path / "a" / "metadata.csv").read_text(encoding="utf-8").splitlines()
    place = tmp_path / f"corpus {bad}"
    (tmp_path / "a").rename(place)
    (place / "metadata.csv").write_text("\n".join([*lines, f"lost{bad}|hola{bad}"]) + "\n", encoding="utf-8", newline="")
    for more in ([], ["--json"], ["--speaker", f"ana{bad}"]):
        _run(["check", str(place), "--recipe", "tiny", "--jobs", "1", *more], debug=False)
        shown = capsys.readouterr()
        assert clean(shown.out + shown.err).strip() and "internal error" not in shown.err


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_a_plugin_says_of_itself(kind):
    bad = HOSTILE[kind]
    registry = create_registry()
    registry.found["measurement", "odd"] = (MeasurementPlugin("odd", f"summary {bad}", f"no.such:{bad}"), Origin(bad, bad, bad))
    registry.found["command", f"odd{bad}"] = (CommandPlugin(f"odd{bad}", f"summary {bad}", "no.such:a"), Origin(bad, bad, bad))
    registry.problems.append(PluginProblem(Origin(bad, bad, bad), f"cause {bad}"))
    for words in (["plugins", "list"], ["plugins", "list", "--json"], ["plugins", "show", "odd"], ["--help"]):
        result = CliRunner().invoke(cli, words, obj=registry)
        assert clean(result.output)


def test_errors_and_their_traces(monkeypatch, capsys):
    for error in (TTSKitError("a\x1b[2J", "b\u202e\nc\r", "d\x9b1m"), ValueError("e\x1b]0;x\x07"), OSError(2, "f", "g\x1b[H")):
        for debug in (False, True):

            def fails(*_, error=error, **__):
                raise error

            monkeypatch.setattr(ttskit.cli.cli, "main", fails)
            assert _run([], debug) == 1
            assert "error: " in clean(capsys.readouterr().err)


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_in_a_real_terminal_only_our_own_colours_arrive(tmp_path):
    import pty

    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ttskit", "check", "no\x1b[2J\x1b]0;x\x07where\u202e"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:  # Linux says so at the end
            break
        if not part:
            break
        shown += part
    os.close(leader)
    assert process.wait() == 1
    text = shown.decode("utf-8")
    assert "\x1b[31m" in text and "no\\x1b[2J\\x1b]0;x\\x07where\\u202e" in text
    clean(re.sub(r"\x1b\[[\d;]*m", "", text).replace("\r\n", "\n"))


def test_the_one_way_out_is_taken_by_every_command():
    """What is printed otherwise would pass by it."""
    direct = re.compile(r"click\.(echo|secho)\(|(?<![\w.])print\(|Console\(|std(out|err)\.write\(")
    for path in sorted(Path(ttskit.cli.__file__).parent.glob("*.py")):
        if path.name not in ("output.py", "__init__.py"):
            found = direct.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path.name}: {found[0]}; use ttskit.cli.output"
