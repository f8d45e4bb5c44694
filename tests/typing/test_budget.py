"""The count of type errors only falls; where plugins are written against there are none, and what is loaded has a type."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("ttskit_type_budget", Path(__file__).with_name("budget.py"))
budget = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(budget)

MYPY = """ttskit/training/loop.py:3: error: Something  [misc]
ttskit/training/loop.py:3: note: because
ttskit\\training\\data.py:9:4: error: Something  [misc]
ttskit/symbols.py:1: error: Something  [misc]
plugins/ttskit_x/fast/a.py:1: error: Something  [misc]
"""


def test_errors_are_counted_by_folder():
    assert budget.counted(MYPY.splitlines()) == {"ttskit/training": 2, "ttskit": 1, "plugins/ttskit_x": 1}


def test_a_count_that_rises_fails_and_one_that_falls_is_told():
    found = {"a": 3, "b": 1, "c": 1}
    assert budget.verdict(found, {"a": 3, "b": 2, "c": 1, "d": 1}) == (
        [],
        ["b: 1 errors, allowed 2", "d: 0 errors, allowed 1"],
    )
    assert budget.verdict(found, {"a": 2, "b": 1})[0] == ["a: 3 errors, allowed 2", "c: 1 errors, allowed 0"]


def test_counts_are_lowered_and_never_raised():
    text = f'x = 1\n\n{budget.TABLE}\n"a" = 2\n"b" = 5\n"c" = 1\n\n[tool.z]\ny = 1\n'
    lower = budget.lowered(text, {"a": 9, "b": 3})
    assert tomllib.loads(lower)["tool"] == {"ttskit": {"mypy-budget": {"a": 2, "b": 3}}, "z": {"y": 1}}
    assert budget.lowered(lower, {"a": 9, "b": 3}) == lower


def test_what_plugins_are_written_against_may_have_no_error():
    allowed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ttskit"]["mypy-budget"]
    assert not {"ttskit/interfaces", "ttskit/nn"} & set(allowed)


AUTHOR = """
from ttskit.hookspecs import hookimpl
from ttskit.interfaces import AcousticModelPlugin, Frontend, FrontendPlugin, VocoderPlugin
from ttskit.nn import length_mask


@hookimpl
def ttskit_frontends() -> list[FrontendPlugin]:
    return [FrontendPlugin("mine", "reads", "mine:Mine")]


reveal_type(FrontendPlugin("mine", "", "x:Y").load()(dialect="rioplatense"))
reveal_type(VocoderPlugin("mine", "", "x:Y").load())
reveal_type(length_mask)
wrong: int = AcousticModelPlugin("mine", "", "x:Y").load()
"""


def test_an_authors_type_checker_knows_what_a_plugin_loads(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "mine.py").write_text(AUTHOR, encoding="utf-8")
    arguments = ["--strict", "--follow-imports=silent", "--cache-dir", str(tmp_path / "cache"), "mine.py"]
    done = subprocess.run([sys.executable, "-m", "mypy", *arguments], cwd=tmp_path, capture_output=True, text=True)
    said = [line.partition(": ")[2] for line in done.stdout.splitlines() if line.startswith("mine.py")]
    assert len(said) == 4, done.stdout + done.stderr
    assert 'type is "ttskit.interfaces.frontend.Frontend"' in said[0] and "VocoderFactory" in said[1]
    assert "Any" not in said[2] and 'has type "AcousticModelFactory", variable has type "int"' in said[3]


def test_what_is_resolved_on_first_use_is_written_twice_alike():
    """Once for Python and once for type checkers."""
    import ast

    for path, names in ((ROOT / "ttskit/interfaces/__init__.py", "ttskit.interfaces"), (ROOT / "ttskit/__init__.py", "ttskit")):
        module = __import__(names, fromlist=["_HOME"])
        tree = ast.parse(path.read_text(encoding="utf-8"))
        (block,) = [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
        seen = {a.asname: (n.module, a.name) for n in block.body if isinstance(n, ast.ImportFrom) for a in n.names}
        home = {name: place if "." in place else f"ttskit.interfaces.{place}" for name, place in module._HOME.items()}
        assert seen == {name: (place, name) for name, place in home.items()}
