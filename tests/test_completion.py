"""Tab completes commands, options and choices in bash, zsh, fish and PowerShell, by the lines of docs/completion.md."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ttskit.interfaces.descriptions import CommandPlugin

DOCUMENT = Path(__file__).parents[1] / "docs" / "completion.md"
SHELLS = ("bash", "zsh", "fish", "powershell")


def asked(**environment: str) -> str:
    """What ttskit prints to a shell that asks by environment variables."""
    program = "import sys; from ttskit.cli import main; sys.argv = ['ttskit']; main()"
    env = {**os.environ, "PYTHONIOENCODING": "utf-8", **environment}
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, encoding="utf-8", env=env)
    assert "Traceback" not in result.stderr, result.stderr
    return result.stdout


def completed(shell: str, line: str) -> str:
    """Answer to a Tab at the end of a line."""
    words = line.split(" ")
    if shell == "powershell":
        known, cword = "\n".join(w for w in words if w), words[-1]
    elif shell == "fish":
        known, cword = line, words[-1]
    else:
        known, cword = line, str(len(words) - 1)
    return asked(_TTSKIT_COMPLETE=f"{shell}_complete", COMP_WORDS=known, COMP_CWORD=cword)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell_names_the_program_and_the_question(shell):
    script = asked(_TTSKIT_COMPLETE=f"{shell}_source")
    assert f"{shell}_complete" in script and "ttskit" in script and "_TTSKIT_COMPLETE" in script


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "there", "not_there"),
    [
        ("ttskit tr", ["train"], ["prepare"]),
        ("ttskit ", ["train", "prepare", "demo", "plugins"], ["--model"]),
        ("ttskit train --from", ["--from-acoustic"], ["--recipe"]),
        ("ttskit plugins ", ["list", "show", "check"], ["train"]),
        ("ttskit plugins list --kind voc", ["vocoder"], ["frontend"]),
        ("ttskit new --machine ", ["auto", "cpu", "gpu"], []),
    ],
)
def test_tab_completes(shell, line, there, not_there):
    # bash, fish: type,value; zsh: type, value and summary in lines of their own; PowerShell: value, tab, summary
    names = {part for row in completed(shell, line).splitlines() for part in re.split(r"[\t,]", row)}
    assert set(there) <= names, names
    assert not set(not_there) & names


def test_files_are_left_to_powershell():
    assert completed("powershell", "ttskit prepare rec").strip() == ""
    assert "file" in completed("bash", "ttskit synthesize x --file a")


def test_a_command_that_cannot_be_imported_stops_no_completion(monkeypatch):
    import click

    from ttskit.cli import cli

    def broken(self):
        raise ImportError("no module x")

    monkeypatch.setattr(CommandPlugin, "load", broken)
    items = cli.shell_complete(click.Context(cli), "tr")
    assert [item.value for item in items] == ["train"] and items[0].help


def test_the_documents_lines_are_those_that_are_tested():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert set(re.findall(r"(\w+)_source", text)) == set(SHELLS)


@pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="there is no bash here")
def test_the_documented_line_switches_it_on_in_bash(tmp_path):
    (line,) = re.findall(r"^eval .*bash_source.*$", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    program = tmp_path / "ttskit"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ttskit "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    asks = "COMP_WORDS=(ttskit plugins sh); COMP_CWORD=2; _ttskit_completion ttskit"
    script = "\n".join([line, "complete -p ttskit", asks, 'echo "${COMPREPLY[@]}"'])
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    result = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, encoding="utf-8", env=env)
    assert "_ttskit_completion ttskit" in result.stdout, result.stderr
    assert result.stdout.splitlines()[-1] == "show"
