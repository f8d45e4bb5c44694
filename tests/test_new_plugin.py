"""`ttskit plugins new`: what it writes installs with pip, conforms, and does its work; bad names touch nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ttskit.cli import cli
from ttskit.cli.plugins import _SCAFFOLDS
from ttskit.errors import PluginError
from ttskit.testing import tiny_corpus
from ttskit.testing.scaffold import SCAFFOLDS, new_plugin

KINDS = {kind: f"bird_{kind.replace('-', '_')}" for kind in SCAFFOLDS}
MODELS = ("acoustic-model", "vocoder")  # whose checks take seconds each
# Until the kit has the checks of measurements, the tests of ours ask for them in vain.
CHECKED = list(SCAFFOLDS)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """One distribution of each kind, written by the command and installed by pip into `installed`."""
    folder = tmp_path_factory.mktemp("birds")
    for kind, name in KINDS.items():
        result = CliRunner().invoke(cli, ["plugins", "new", name, "--kind", kind, "--out", str(folder)])
        assert result.exit_code == 0, result.output
        assert (folder / f"ttskit-{name.replace('_', '-')}" / "README.md").is_file()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-build-isolation", "--no-deps"]
    projects = [folder / f"ttskit-{name.replace('_', '-')}" for name in KINDS.values()]
    done = subprocess.run(
        [*pip, "--no-index", "--target", folder / "installed", *projects], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def python(folder: Path, *arguments, cwd: Path) -> str:
    """`python -m …` in a process of its own, with what was installed on the path; what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "installed"), "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    environment.pop("TTSKIT_PLUGINS", None)
    command = [sys.executable, "-m", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def plugin_name(kind: str) -> str:
    return KINDS[kind].replace("_", "-") if kind == "command" else KINDS[kind]


def test_the_command_offers_what_can_be_written():
    assert tuple(SCAFFOLDS) == _SCAFFOLDS


def test_each_is_found_under_its_kind(written):
    found = json.loads(python(written, "ttskit", "plugins", "list", "--json", cwd=written))
    assert not found["problems"]
    listed = {(p["kind"], p["name"]) for p in found["plugins"] if p["distribution"].startswith("ttskit-bird")}
    assert listed == {(scaffold.kind, plugin_name(kind)) for kind, scaffold in SCAFFOLDS.items()}


@pytest.mark.slow
def test_their_own_tests_pass(written):
    """All in one process; each runs the conformance kit."""
    folders = [written / f"ttskit-{KINDS[kind].replace('_', '-')}" / "tests" for kind in CHECKED]
    out = python(written, "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", written, *folders, cwd=written)
    assert int(out.split(" passed")[0].split()[-1]) > 60


@pytest.mark.parametrize("kind", [pytest.param(k, marks=pytest.mark.slow) if k in MODELS else k for k in CHECKED])
def test_each_passes_plugins_check(written, kind):
    rows = json.loads(python(written, "ttskit", "plugins", "check", plugin_name(kind), "--json", cwd=written))
    assert rows and all(row["passed"] for row in rows)


def test_they_do_their_work(written, tmp_path):
    """A corpus read by the reader and the frontend, both models trained on it for a step, and a voice that speaks."""
    tiny_corpus(tmp_path / "recordings", utterances=6)
    rows = [line.split("|") for line in (tmp_path / "recordings" / "metadata.csv").read_text(encoding="utf-8").splitlines()]
    table = "\n".join(f"wavs/{row[0]}.wav\tana\t{row[-1]}" for row in rows)
    (tmp_path / "recordings" / "texts.tsv").write_text(table, encoding="utf-8")
    recipe = ("--recipe", "tiny", "--set", f"frontend.name={KINDS['frontend']}", "--set", "frontend.options={}")

    def run(*arguments) -> str:
        return python(written, "ttskit", *arguments, cwd=tmp_path)

    run("prepare", "recordings", *recipe, "--reader", KINDS["reader"], "--out", "prepared", "--jobs", 1)
    corpus = json.loads((tmp_path / "prepared" / "corpus.json").read_text(encoding="utf-8"))
    assert corpus["frontend"]["name"] == KINDS["frontend"] and corpus["speakers"] == ["ana"]
    for kind in MODELS:
        options = ("--set", f"models.{KINDS[kind]}.options={{channels: 16, layers: 1}}")
        run("train", *recipe, *options, "--model", KINDS[kind], "--data", "prepared", "--run", f"runs/{kind}", "--steps", 1)
    run("synthesize", "hola", "--voice", "runs/acoustic-model", "--vocoder", "runs/vocoder", "--pace", 1.2, "-o", "hola.wav")
    assert (tmp_path / "hola.wav").stat().st_size > 1000
    counts = run(plugin_name("command"), "la", "--json")
    assert json.loads(counts)["l"] == 1


@pytest.mark.parametrize("name", ["", "2birds", "Bird", "a-bird", "_bird", "class", "pájaro", "../bird"])
def test_a_name_that_is_no_packages_is_refused(tmp_path, name):
    with pytest.raises(PluginError, match="cannot be the name of a plugin"):
        new_plugin(name, "metric", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "kind", "what"),
    [
        ("fastpitch", "acoustic-model", "the acoustic model 'fastpitch' exists already"),
        ("prepare", "command", "the command 'prepare' exists already"),
        ("griffinlim", "metric", "there is a package ttskit_griffinlim already"),
        ("bird", "bird", "unknown kind 'bird'"),
    ],
)
def test_a_taken_name_or_an_unknown_kind_is_refused(tmp_path, name, kind, what):
    with pytest.raises(PluginError) as caught:
        new_plugin(name, kind, tmp_path)
    assert caught.value.what == what
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_not_touched(tmp_path):
    (tmp_path / "ttskit-bird").mkdir()
    (tmp_path / "ttskit-bird" / "mine.txt").write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(cli, ["plugins", "new", "bird", "--kind", "metric", "--out", str(tmp_path)])
    assert result.exit_code != 0
    assert [p.name for p in tmp_path.rglob("*")] == ["ttskit-bird", "mine.txt"]


def test_nothing_is_left_of_a_distribution_that_could_not_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr("ttskit.testing.scaffold._contents", lambda name, kind: {"a.txt": "a", "b.txt": None})
    with pytest.raises(TypeError):
        new_plugin("bird", "metric", tmp_path)
    assert list(tmp_path.iterdir()) == []
