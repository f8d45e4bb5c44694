"""The table of planted faults cannot rot: every text stands where it is said to, and every test that must see it exists.

`make nightly-planted` plants them; here only the table and the runner are tried.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def load(name: str):
    spec = importlib.util.spec_from_file_location(f"planted_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


table = load("faults")
ROWS = [*table.faults(), *table.harmless()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_fault_can_be_planted(row):
    source = (ROOT / row.file).read_text(encoding="utf-8")
    assert source.count(row.old) == 1, f"mend tests/planted/faults.toml: {row.old!r} stands {source.count(row.old)} times"
    assert row.old != row.new
    compile(source.replace(row.old, row.new), row.file, "exec")  # a fault of the language would be seen by everything


@pytest.mark.parametrize("fault", table.faults(), ids=lambda fault: fault.name)
def test_every_test_that_must_see_a_fault_exists(fault):
    assert fault.tests
    for test in fault.tests:
        file, _, name = test.partition("::")
        code = (ROOT / file).read_text(encoding="utf-8")
        assert not name or re.search(rf"^def {re.escape(name)}\(", code, re.MULTILINE), f"{file} has no {name}"


def test_names_are_unique_and_there_are_enough_of_them():
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names)) and len(table.faults()) >= 37
    assert all(row.why for row in table.harmless())


def test_a_planted_fault_is_taken_back_whatever_happens(tmp_path):
    (tmp_path / "a.py").write_text("limit = 3\n", encoding="utf-8")
    fault = table.Fault("a limit", "a.py", "limit = 3", "limit = 4", ("test_a.py",))
    with pytest.raises(KeyboardInterrupt), table.planted(fault, tmp_path):
        assert (tmp_path / "a.py").read_text(encoding="utf-8") == "limit = 4\n"
        raise KeyboardInterrupt
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == "limit = 3\n"
    for twice in ("limit", "3", "nowhere"):
        old = replace(fault, old=twice)
        (tmp_path / "a.py").write_text("limit = 3\nlimit = 3\n", encoding="utf-8")
        with pytest.raises(ValueError, match=r"stands [02] times"), table.planted(old, tmp_path):
            pass


def test_the_runner_tells_a_fault_that_is_seen_from_one_that_is_not(tmp_path, monkeypatch):
    runner = load("run_planted")
    checkout = tmp_path / "checkout"
    (checkout / "ttskit" / "build").mkdir(parents=True)
    (checkout / ".venv").mkdir()
    (checkout / "build").mkdir()
    (checkout / "ttskit" / "build" / "__init__.py").write_text("LIMIT, OTHER = 3, 5\n", encoding="utf-8")
    (checkout / "ttskit" / "__init__.py").write_text("", encoding="utf-8")
    test = "from ttskit.build import LIMIT\n\n\ndef test_limit():\n    assert LIMIT == 3\n"
    (checkout / "test_limit.py").write_text(test, encoding="utf-8")
    copy = runner.copy_of(checkout, tmp_path / "copies")
    assert {p.name for p in copy.iterdir()} == {"ttskit", "test_limit.py"} and (copy / "ttskit" / "build").is_dir()
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    where = {"file": "ttskit/build/__init__.py", "tests": ("test_limit.py",)}
    seen, unseen = (table.Fault(name, old=old, new="7", **where) for name, old in (("a limit", "3"), ("another", "5")))
    said: list[str] = []
    assert runner.hunt([seen, unseen], copy, said.append) == [unseen]
    assert said[0].startswith("seen") and "test_limit" in said[0] and said[1].startswith("UNSEEN another")
    (copy / "test_limit.py").write_text(test.replace("== 3", "== 4"), encoding="utf-8")
    with pytest.raises(RuntimeError, match="do not pass without any fault"):
        runner.hunt([seen], copy, said.append)
