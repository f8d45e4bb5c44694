"""Every plugin can be taken out: the core and the others go on as if it had never been."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
POINTS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]["ttskit.plugins"]
# In a process of its own: the plugin's module is not there, and no distribution offers it.
WITHOUT = """
import importlib.metadata, sys
gone = sys.argv.pop(1)
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == gone:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Gone())
real = importlib.metadata.entry_points
def others(**asked):
    return [e for e in real(**asked) if e.value.split(".")[0] != gone]
importlib.metadata.entry_points = others
from ttskit.cli import main
main()
"""


def run(gone: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess:
    """`ttskit ARGUMENTS` where the module `gone` is not installed."""
    environment = {k: v for k, v in os.environ.items() if k != "TTSKIT_PLUGINS"} | {"PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", WITHOUT, gone, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


@pytest.mark.parametrize("module", sorted(set(POINTS.values()) - {"ttskit.builtin"}))
def test_a_plugin_is_taken_out_without_a_trace(module, tmp_path):
    listed = run(module, "plugins", "list", "--json", folder=tmp_path)
    assert listed.returncode == 0, listed.stderr
    shown = json.loads(listed.stdout)
    assert not shown["problems"] and all(module not in json.dumps(row) for row in shown["plugins"])
    shown = run(module, "--help", folder=tmp_path)
    assert shown.returncode == 0 and "train" in shown.stdout and "Left out" not in shown.stdout
    assert ("demo" in shown.stdout.split("Commands:")[1].split()) == (module != "ttskit_demo")


def test_the_demo_is_refused_like_any_command_that_is_not_there(tmp_path):
    asked = run("ttskit_demo", "demo", folder=tmp_path)
    assert asked.returncode == 2 and "unknown command 'demo'" in asked.stderr


def test_no_module_of_the_core_names_the_capability_plugins():
    capabilities = ("ttskit_demo",)
    named = [
        f"{path.relative_to(CHECKOUT)}: {name}"
        for path in (CHECKOUT / "ttskit").rglob("*.py")
        for name in capabilities
        if name in path.read_text(encoding="utf-8")
    ]
    assert named == []


def test_the_contract_of_the_layers_names_every_folder_of_the_core():
    """A new folder has to be given its place."""
    pyproject = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(c for c in pyproject["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    named = {name.strip() for layer in layers["layers"] for name in layer.split("|")}
    here = {p.stem for p in (CHECKOUT / "ttskit").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert named == here - {"__init__", "__main__", "recipes"} and layers["exhaustive"]


def test_training_imports_no_comparison():
    for path in (CHECKOUT / "ttskit" / "training").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "ttskit.compare" not in text and "ttskit.measure import" not in text, path
