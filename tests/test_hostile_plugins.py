"""Plugins that print, exit, raise and return nonsense cost themselves only; stdout and exit codes stay ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from fuzz_folders import make_run

from ttskit.cli.own_stdout import their_exit_code
from ttskit.errors import CheckpointError, TTSKitError
from ttskit.importing import import_checkpoint
from ttskit.plugins import GROUP, create_registry

HOOK = "from ttskit.hookspecs import hookimpl\nfrom ttskit.interfaces.descriptions import *\n"
GOOD = 'VocoderPlugin("warbler", "a test", "theirs:thing")'


def install(folder: Path, code: str, name: str = "theirs", version: str = "1.5") -> None:
    """A distribution with one module in a folder that is to be on the path."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {name}\n", encoding="utf-8")
    (folder / f"{name}.py").write_text(code, encoding="utf-8")


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    """`theirs(code)` → the registry with a plugin of that code."""
    monkeypatch.delenv("TTSKIT_PLUGINS", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("theirs", None)

    def make(code: str):
        install(tmp_path, HOOK + code)
        return create_registry()

    yield make
    sys.modules.pop("theirs", None)


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ('VocoderPlugin(["a"], "s", "theirs:x")', "its name must be a text of 1 to 80 printable characters"),
        ('VocoderPlugin({}, "s", "theirs:x")', "its name must be a text"),
        ('VocoderPlugin(None, "s", "theirs:x")', "vocoder None is left out: its name must be a text"),
        ('VocoderPlugin(3, "s", "theirs:x")', "its name must be a text"),
        ('VocoderPlugin("", "s", "theirs:x")', "its name must be a text of 1"),
        ('VocoderPlugin("a" * 1_000_000, "s", "theirs:x")', "its name must be a text of 1 to 80"),
        ('VocoderPlugin("\\x1b[2Ja", "s", "theirs:x")', "printable"),
        ('VocoderPlugin(" griffinlim", "s", "theirs:x")', "begins or ends with a space"),
        ('VocoderPlugin("a", None, "theirs:x")', "its summary must be one line of text, got None"),
        ('VocoderPlugin("a", "two\\nlines", "theirs:x")', "its summary must be one line"),
        ('VocoderPlugin("a", "s" * 10_000, "theirs:x")', "its summary must be one line"),
        ('VocoderPlugin("a", "s", 7)', "its factory must be one line of text, got 7"),
        ('VocoderPlugin("a", "s", "theirs:x", options=[])', "its options must be one line of text"),
        ('VocoderPlugin("a", "s", "theirs:x", facts=None)', "its facts must be a mapping of names, got None"),
        ('VocoderPlugin("a", "s", "theirs:x", facts={1: 2})', "its facts must be a mapping of names"),
        ('VocoderPlugin("a", "s", "theirs:x", facts={"place": "first"})', "its place must be a number, got 'first'"),
        ('VocoderPlugin("a", "s", "theirs:x", facts={"place": float("nan")})', "its place must be a number, got nan"),
        ('VocoderPlugin("a", "s", "theirs:x", facts={"precisions": "fp32"})', "its precisions must be a list of names"),
    ],
)
def test_a_description_that_cannot_be_used_costs_itself_only(theirs, description, said):
    registry = theirs(f"@hookimpl\ndef ttskit_vocoders():\n    return [{description}, {GOOD}]\n")
    found = [p for p in registry.problems if p.origin.entry_point == "theirs"]
    assert len(found) == 1 and said in found[0].cause and str(found[0].origin) == "theirs 1.5" and len(str(found[0])) < 300
    assert {"warbler", "griffinlim"} <= set(registry.all("vocoder"))


@pytest.mark.parametrize(
    "code",
    [
        "class Odd(BaseException):\n    def __str__(self):\n        raise ValueError\nraise Odd\n",
        "class Odd(BaseException):\n    pass\nraise Odd('x' * 1_000_000)\n",
        "@hookimpl\ndef ttskit_vocoders():\n    raise SystemExit(0)\n",
        "@hookimpl\ndef ttskit_vocoders():\n    return None\n",
        "@hookimpl\ndef ttskit_vocoders():\n    return (x for x in [])\n",
        "raise GeneratorExit\n",
    ],
)
def test_whatever_a_plugin_raises_or_returns_it_is_named(theirs, code):
    registry = theirs(code)
    found = [p for p in registry.problems if p.origin.entry_point == "theirs"]
    assert len(found) == 1 and "theirs 1.5" in str(found[0]) and len(found[0].cause) < 2_000
    assert "griffinlim" in registry.all("vocoder")


IMPORTER = (
    "{body}\n@hookimpl\ndef ttskit_importers():\n"
    "    return [ImporterPlugin('aaa', 'their files', 'theirs:thing', facts={{'suffixes': []}})]\n"
)


@pytest.mark.parametrize(
    "fault", ["raise ValueError('odd')", "import sys; sys.exit(0)", "raise BaseException('odd')", "print('hello')"]
)
def test_an_importer_that_fails_to_look_leaves_the_others(theirs, fault, tmp_path, capsys):
    body = f"class Thing:\n    def recognises(self, path):\n        {fault}\n"
    body += "    def __call__(self, path, run):\n        pass\nthing = Thing()"
    registry = theirs(IMPORTER.format(body=body))
    torch.save({"x": torch.zeros(3)}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="not a checkpoint that ttskit can import") as caught:
        import_checkpoint(tmp_path / "a.pt", tmp_path / "run", registry=registry)
    assert ("importer 'aaa'" in caught.value.why and "theirs 1.5" in caught.value.why) == ("print" not in fault)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("work", "said"),
    [
        ("raise ValueError('odd')", "plugin 'theirs' (theirs 1.5): ValueError: odd"),
        ("import sys; sys.exit(7)", "SystemExit: 7"),
        ("raise BaseException", "BaseException"),
        ("return 3", "it returned int, not an ImportReport of texts"),
        ("r = ImportReport(); r.rows.append(5); return r", "not an ImportReport of texts"),
    ],
)
def test_an_importer_that_fails_is_named_and_leaves_nothing(theirs, work, said, tmp_path, capsys):
    body = (
        "from ttskit.importing import ImportReport\nclass Thing:\n    def recognises(self, path):\n        return True\n"
        f"    def __call__(self, path, run):\n        run.mkdir(exist_ok=True); print('noise')\n        {work}\nthing = Thing()"
    )
    registry = theirs(IMPORTER.format(body=body))
    (tmp_path / "a.pt").write_bytes(b"x")
    with pytest.raises(TTSKitError) as caught:
        import_checkpoint(tmp_path / "a.pt", tmp_path / "run", registry=registry)
    assert caught.value.what == "importer 'aaa' failed" and said in caught.value.why and caught.value.exit_code == 1
    assert not (tmp_path / "run").exists() and "noise" not in capsys.readouterr().out


LOUD = (
    "import ctypes, os, sys\n"
    "def noise(where):\n"
    "    print('printed', where)\n"
    "    sys.__stdout__.write('dunder ' + where + '\\n'); sys.__stdout__.flush()\n"
    "    os.write(1, b'written ' + where.encode() + b'\\n')\n"
    "    if os.name == 'posix':\n"
    "        libc = ctypes.CDLL(None); libc.puts(b'from C ' + where.encode()); libc.fflush(None)\n"
    "noise('at import')\n"
    "@hookimpl\ndef ttskit_vocoders():\n    noise('in a hook')\n    return [VocoderPlugin('loud', 's', 'theirs:noise')]\n"
    "@hookimpl\ndef ttskit_commands():\n"
    "    return [CommandPlugin('leave', 's', 'theirs:leave'), CommandPlugin('none', 's', 'theirs:noise')]\n"
    "import click\n"
    "@click.command()\n@click.argument('code')\ndef leave(code):\n"
    "    click.echo('a result')\n    sys.exit(int(code) if code.isdecimal() else code)\n"
)


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """`command(words…)` → the finished process of `ttskit` with a loud plugin."""
    folder = tmp_path_factory.mktemp("loud")
    install(folder, HOOK + LOUD)
    environment = {k: v for k, v in os.environ.items() if k != "TTSKIT_PLUGINS"} | {"PYTHONIOENCODING": "utf-8"}
    environment["PYTHONPATH"] = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])

    def run(*words: str) -> subprocess.CompletedProcess:
        given = [sys.executable, "-m", "ttskit", *words]
        return subprocess.run(given, env=environment, capture_output=True, text=True, encoding="utf-8", cwd=folder)

    return run


def test_a_plugin_that_prints_by_any_door_is_not_in_the_json(command):
    done = command("plugins", "list", "--json")
    assert done.returncode == 0 and any(row["name"] == "loud" for row in json.loads(done.stdout)["plugins"])
    for where in ("at import", "in a hook"):
        assert f"printed {where}" in done.stderr and f"dunder {where}" in done.stderr and f"written {where}" in done.stderr
        assert os.name != "posix" or f"from C {where}" in done.stderr


def test_results_are_nothing_else(command):
    done = command("text", "normalize", "son 3")
    assert done.returncode == 0 and done.stdout.strip() == "son tres"


@pytest.mark.parametrize(("code", "ours"), [("0", 0), ("2", 2), ("77", 1), ("goodbye", 1)])
def test_exit_codes_stay_ours(command, code, ours):
    done = command("leave", code)
    assert done.returncode == ours and done.stdout == "a result\n"
    assert ("goodbye" in done.stderr) == (code == "goodbye")


def test_a_command_that_is_none_is_named(command):
    done = command("none")
    assert done.returncode == 2 and "command 'none' of theirs 1.5 cannot be loaded" in done.stderr
    assert "function, not a click.Command" in done.stderr and "Traceback" not in done.stderr


def test_our_codes():
    assert [their_exit_code(code) for code in (None, 0, 1, 2, 3, -1, "x", True, 2.0)] == [0, 0, 1, 2, 1, 1, 1, 1, 1]


CHATTY = (
    "import ctypes, os, sys\nimport torch\nfrom ttskit.interfaces import Vocoder\n"
    "def noise(where):\n"
    "    if 'QUIET' not in os.environ:\n"
    "        print('printed', where, flush=True); sys.stdout.write('written ' + where)\n"
    "        os.write(1, b'file 1 ' + where.encode())\n"
    "class Chatty(Vocoder):\n"
    "    def __init__(self, options, mel):\n"
    "        super().__init__()\n        self.mel = mel\n        noise('building')\n"
    "    def infer(self, mel):\n"
    "        noise('speaking')\n        return torch.full((len(mel), mel.shape[2] * self.mel.hop_samples), 0.25)\n"
    "@hookimpl\ndef ttskit_vocoders():\n    return [VocoderPlugin('chatty', 's', 'theirs:Chatty')]\n"
)


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    """`voice(words…)` → bytes on standard output and text on standard error of a voice whose vocoder prints; or `QUIET` one."""
    folder = tmp_path_factory.mktemp("chatty")
    install(folder, HOOK + CHATTY)
    make_run(folder / "run")
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {k: v for k, v in os.environ.items() if k not in ("TTSKIT_PLUGINS", "QUIET")}
    environment |= {"PYTHONIOENCODING": "utf-8", "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}

    def run(*words: str, **more: str) -> tuple[bytes, str]:
        given = ["synthesize", "sea esa", "--voice", "run", "--speaker", "ana", "--vocoder", "chatty", *words]
        done = subprocess.run(
            [sys.executable, "-m", "ttskit", *given], env=environment | more, capture_output=True, cwd=folder, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr.decode("utf-8")

    return run


@pytest.mark.parametrize("words", [pytest.param(("--raw",), marks=pytest.mark.slow), (), ("--stream", "--raw")])
def test_what_a_model_prints_while_it_speaks_is_not_in_the_sound(voice, words):
    sound, said = voice("-o", "-", *words)
    assert all(f"{door} {where}" in said for door in ("printed", "written", "file 1") for where in ("building", "speaking"))
    samples = sound if "--raw" in words else sound[44:]
    assert len(samples) > 64 and len({samples[i : i + 2] for i in range(0, len(samples), 2)}) <= 3  # of one value, dithered
    assert sound == voice("-o", "-", *words, QUIET="1")[0]


def test_what_a_model_prints_while_it_speaks_is_not_in_the_json(voice):
    answer, said = voice("--json")
    assert [row["path"] for row in json.loads(answer)] == ["out.wav"] and "printed speaking" in said
