"""The command line as a whole: cheap help, exit codes, messages without tracebacks, tables and JSON."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from ttskit import __version__
from ttskit.cli import _failed, _run, cli
from ttskit.cli.output import print_table, progress
from ttskit.errors import CorpusError, UsageError
from ttskit.interfaces.descriptions import CommandPlugin
from ttskit.plugins import create_registry

HEAVY = ("torch", "librosa", "numba", "matplotlib", "scipy", "pydantic", "rich", "yaml", "numpy", "soundfile")
COMMANDS = sorted(create_registry().all("command"))


def imported(arguments: list[str]) -> set[str]:
    """Heavy packages that a command line imports, tried in a fresh process."""
    program = (
        f"import sys\nfrom ttskit.cli import main\ntry:\n    main({arguments!r})\nexcept SystemExit as end:\n"
        f"    print('loaded', end.code, *[m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        check=True,
    )
    word, code, *modules = result.stderr.splitlines()[-1].split()
    assert (word, code) == ("loaded", "0"), result.stderr
    return set(modules)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["plugins", "--help"], ["doctor", "--help"]], ids=" ".join)
def test_help_imports_nothing_heavy(arguments):
    assert imported(arguments) == set()


def test_listing_plugins_imports_nothing_heavy():
    assert imported(["plugins", "list"]) == set()


def test_help_lists_every_command_with_its_summary_and_imports_none(capsys):
    assert _run(["--help"], debug=False) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, plugin in create_registry().all("command").items():
        assert f" {name} {plugin.summary}" in shown


def examples(text: str) -> list[str]:
    """The command lines that a help text shows."""
    lines = [line.strip().removeprefix("Example: ") for line in text.splitlines()]
    return [line for line in lines if line.startswith("ttskit ")]


def leaves(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        return [leaf for sub, child in command.commands.items() for leaf in leaves(child, f"{name} {sub}")]
    return [(name, command)]


def test_our_own_commands_stand_in_the_order_of_the_work():
    shown = CliRunner().invoke(cli, ["--help"]).output.split("Commands:")[1]
    names = [line.split()[0] for line in shown.splitlines() if line.strip()]
    wanted = "demo prepare check train import synthesize compare drift text align plugins doctor".split()
    assert [name for name in names if name in wanted] == wanted


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_shows_an_example_whose_options_exist(name):
    """Every example parses: its options exist and its values have the right type. Files need not be there."""
    for path, command in leaves(create_registry().get("command", name).load(), name):
        result = CliRunner().invoke(cli, [*path.split(), "--help"])
        assert result.exit_code == 0, result.output
        shown = [e for e in examples(result.output) if e.split()[1 : len(path.split()) + 1] == path.split()]
        assert shown, f"ttskit {path} --help shows no example"
        for example in shown:
            words = shlex.split(example.split("  #")[0].split(" | ")[0].split(" > ")[0].split(" < ")[0])
            try:
                command.make_context(path, words[len(path.split()) + 1 :])
            except click.BadParameter as error:
                assert "does not exist" in error.message, f"{example}: {error.message}"


@pytest.mark.parametrize("name", COMMANDS)
def test_whatever_prints_results_prints_them_as_json_too(name):
    for path, command in leaves(create_registry().get("command", name).load(), name):
        if path != "text show":  # a picture of one sentence; its data come from `text phonemize --json`
            assert "--json" in {option for parameter in command.params for option in parameter.opts}, path


def test_version():
    assert CliRunner().invoke(cli, ["--version"]).output == f"ttskit {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["trian"], 2, "did you mean 'train'?"),
        (["plugins", "show", "fastptch"], 2, "did you mean 'fastpitch'?"),
        (["plugins", "show"], 2, "Missing argument 'NAME'"),
        (["doctor", "--jsn"], 2, "No such option"),
        (["plugins", "list", "--kind", "x"], 2, "Invalid value for '--kind'"),
    ],
)
def test_wrong_usage_is_exit_code_2_with_the_nearest_name(arguments, code, message, capsys):
    assert _run(arguments, debug=False) == code
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def raising(error: BaseException, monkeypatch, debug: bool = False) -> int:
    """Exit code of a command that raises."""

    @click.command()
    def command() -> None:
        raise error

    monkeypatch.setattr(CommandPlugin, "load", lambda self: command)
    return _run(["doctor"], debug)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            CorpusError("no recordings in data", "metadata.csv has no lines", "add some"),
            1,
            "error: no recordings in data\n  metadata.csv has no lines\n  fix: add some\n",
        ),
        (UsageError("wrong", "", "right"), 2, "error: wrong\n  fix: right\n"),
        (KeyboardInterrupt(), 1, "error: stopped\n"),
        (OSError(28, "No space left on device", "x.wav"), 1, "error: the disk is full: x.wav\n"),
        (RuntimeError("shape\nof things"), 1, "error: internal error: RuntimeError: shape\n"),
    ],
)
def test_errors_are_told_in_parts_with_their_exit_code(error, code, message, monkeypatch, capsys):
    assert raising(error, monkeypatch) == code
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown


def test_debug_adds_the_traceback_wherever_it_stands(monkeypatch, capsys):
    assert raising(RuntimeError("deep"), monkeypatch, debug=True) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err
    command = [sys.executable, "-m", "ttskit", "plugins", "show", "nothing", "--debug"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "Traceback" in result.stderr


def test_a_command_that_cannot_be_imported_is_named(monkeypatch, capsys):
    def broken(self):
        raise ImportError("no module x")

    monkeypatch.setattr(CommandPlugin, "load", broken)
    assert _run(["doctor"], debug=False) == 2
    assert "command 'doctor' of ttskit" in capsys.readouterr().err


def test_spanish_and_ipa_survive_a_legacy_console():
    """A Windows console in cp1252 must not stop a message with phonemes."""
    program = "import sys; from ttskit.cli import _speak_utf8; _speak_utf8(); print('ʃ ñ →')"
    legacy = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, env=legacy)
    assert result.stdout.decode("utf-8").strip() == "ʃ ñ →"


def test_output_cut_by_head_is_no_error():
    command = [sys.executable, "-m", "ttskit", "plugins", "list"]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    writer.stdout.close()
    error = writer.stderr.read().decode()
    assert writer.wait() == 1
    assert error == ""


def test_plugins_show_gives_options_with_defaults_and_meaning():
    shown = json.loads(CliRunner().invoke(cli, ["plugins", "show", "fastpitch", "--json"]).output)
    channels = next(o for o in shown["options"] if o["option"] == "channels")
    assert (channels["type"], channels["default"]) == ("int", 384)
    assert channels["meaning"]
    nested = {o["option"]: o["default"] for o in shown["options"]}
    assert (nested["encoder.layers"], nested["aligner.prior.form"]) == (6, "exact")
    assert shown["facts"]["decoding"] == "parallel"
    text = CliRunner().invoke(cli, ["plugins", "show", "fastpitch"]).output
    assert "models.fastpitch.options" in text
    assert "channels" in text


def test_plugins_check_exits_with_1_if_a_check_fails(monkeypatch):
    import ttskit.testing
    from ttskit.testing.checks import CheckResult

    failed = [CheckResult("padding", False, "a mask is ignored")]
    monkeypatch.setattr(ttskit.testing, "check_plugin", lambda kind, name, registry: failed, raising=False)
    result = CliRunner().invoke(cli, ["plugins", "check", "griffinlim"])
    assert result.exit_code == 1
    assert "a mask is ignored" in result.output


def test_plugins_check_passes_on_a_built_in():
    results = json.loads(CliRunner().invoke(cli, ["plugins", "check", "spanish", "--json"]).output)
    assert results
    assert all(r["passed"] for r in results)


def test_doctor_tells_versions_devices_extras_and_disk():
    report = json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).output)
    assert report["packages"]["torch"]
    cpu = report["devices"][0]
    assert cpu["name"].startswith("cpu")
    assert cpu["precisions"] == ["fp32", "bf16"]
    assert cpu["chosen"] == "fp32"
    assert {e["extra"] for e in report["extras"]} >= {"demo", "intrusive", "tensorboard"}
    assert report["disk_free_gib"] > 0
    assert report["plugin_problems"] == []
    assert "extra demo" in CliRunner().invoke(cli, ["doctor"]).output


def test_a_table_in_a_pipe_is_plain_columns(capsys):
    print_table(("name", "frames"), [("ana", 12), ("beto [x]", None)])
    assert capsys.readouterr().out == "name      frames\nana       12\nbeto [x]\n"


def test_progress_without_a_terminal_is_plain_lines(capsys):
    with progress("reading", total=4, every_s=0.0) as advance:
        advance(2, note="ana")
    shown = capsys.readouterr().err.splitlines()
    assert shown[0].startswith("reading: 2/4 (")
    assert shown[0].endswith("s left) ana")
    assert shown[-1].startswith("reading: 2 done in")


def test_failed_without_fix_has_no_empty_lines(capsys):
    assert _failed("only this", 1, False) == 1
    assert capsys.readouterr().err == "error: only this\n"
