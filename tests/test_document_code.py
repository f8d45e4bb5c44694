"""Python in the documents: every block compiles, what needs no run folder is run, and the example of each hook works."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ttskit.interfaces.descriptions import Plugin
from ttskit.plugins import KINDS, _descriptions

CHECKOUT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in (CHECKOUT / "docs").glob("*.md")))
MARK = "<!-- not run:"  # in the line before a block that cannot be run here, with the reason
# Blocks of documents that are read on their own show a voice that the reader has, or a package that the reader writes.
COMPILED_ONLY = ("README.md", "CONTRIBUTING.md")
EVENTS = ("ttskit_train_started", "ttskit_step_ended", "ttskit_checkpoint_saved")


def blocks(document: str) -> list[tuple[str, bool]]:
    """Python blocks of a document, and whether each is run."""
    text = (CHECKOUT / document).read_text(encoding="utf-8")
    pieces = re.split(r"^```python\n", text, flags=re.MULTILINE)
    assert len(pieces) - 1 == text.count("```python"), f"{document}: a block that does not start a line"
    found = []
    for before, after in pairwise(pieces):
        mark = before.rstrip("\n").rpartition("\n")[2].startswith(MARK)
        found.append((re.split(r"^```$", after, maxsplit=1, flags=re.MULTILINE)[0], document not in COMPILED_ONLY and not mark))
    return found


CODE = [(document, i, code, runs) for document in DOCUMENTS for i, (code, runs) in enumerate(blocks(document))]


@pytest.mark.parametrize(("document", "i", "code", "runs"), CODE, ids=[f"{d}-{i}" for d, i, _, _ in CODE])
def test_python_in_a_document(document, i, code, runs, monkeypatch):
    compiled = compile(code, f"{document}, block {i}", "exec")
    if runs:
        as_module(compiled, monkeypatch)


def test_blocks_that_are_not_run_say_so():
    assert {document for document, _, _, runs in CODE if not runs} >= {"docs/control.md", "docs/results.md"}
    assert sum(runs for _, _, _, runs in CODE) >= 24


def test_both_languages_show_the_same_examples():
    english, spanish = ([code for code, _ in blocks(f"docs/{name}.md")] for name in ("plugins", "plugins-espanol"))
    assert english[:-1] == spanish[:-1]  # the last one has a comment


def as_module(compiled, monkeypatch) -> ModuleType:
    module = ModuleType("my_plugin")
    monkeypatch.setitem(sys.modules, "my_plugin", module)
    exec(compiled, module.__dict__)
    return module


@pytest.fixture
def example(monkeypatch):
    """The module that shows a hook in docs/plugins.md."""

    def load(hook: str) -> ModuleType:
        (code,) = (code for code, _ in blocks("docs/plugins.md") if f"\ndef {hook}(" in code)
        return as_module(compile(code, hook, "exec"), monkeypatch)

    return load


def offered(module: ModuleType) -> Plugin:
    (plugin,) = _descriptions(module)
    return plugin


@pytest.mark.parametrize(
    "hook",
    [
        "ttskit_frontends",
        "ttskit_acoustic_models",
        "ttskit_vocoders",
        "ttskit_corpus_readers",
        "ttskit_pitch_extractors",
        "ttskit_importers",
        "ttskit_commands",
    ],
)
def test_the_example_of_a_hook_conforms(example, hook):
    from ttskit.testing.checks import run_checks
    from ttskit.testing.plugin import _described, _of_kind

    plugin = offered(example(hook))
    assert KINDS[plugin.kind][0] == hook
    _described(plugin)
    results = run_checks(_of_kind(plugin, None))
    assert results and [(r.name, r.message) for r in results if not r.passed] == []


def test_the_example_of_ttskit_measurements_scores(example):
    from ttskit.interfaces import Sample, Sentence, Sound

    metric = offered(example("ttskit_measurements")).load()()
    nothing = np.zeros((0, 0), np.float32)
    sentence = Sentence("u1", "test", "ay", ("a", "i"), (0, 0), ("ay",), "ana")
    sample = Sample(sentence, "a voice", 0, lambda: Sound(np.array([0.1, -0.5], np.float32), nothing, nothing))
    assert metric.score(sample, None) == pytest.approx(-6.02, abs=0.01)


def test_the_examples_of_events_take_part(example, tmp_path):
    from ttskit.plugins import create_registry

    manager = create_registry(only=set()).events
    for hook in EVENTS:
        manager.register(example(hook), name=hook)
    manager.hook.ttskit_train_started(run=tmp_path, config={"seed": 7})
    manager.hook.ttskit_step_ended(run=tmp_path, step=3, values={"mel": 0.5})
    manager.hook.ttskit_checkpoint_saved(run=tmp_path, step=3, path=tmp_path / "step_3")
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        "seed.txt": "7",
        "losses.csv": "3,mel,0.5\n",
        "newest.txt": "3 step_3",
    }


def test_every_document_is_in_the_sites_navigation():
    import yaml

    def pages(entry) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        return [page for part in (entry.values() if isinstance(entry, dict) else entry) for page in pages(part)]

    listed = pages(yaml.safe_load((CHECKOUT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    there = {path.relative_to(CHECKOUT / "docs").as_posix() for path in (CHECKOUT / "docs").rglob("*.md")}
    assert sorted(listed) == sorted(there)


def test_the_modules_of_the_sites_pages_exist():
    from importlib import import_module

    named = [
        name for page in (CHECKOUT / "docs/api").glob("*.md") for name in re.findall(r"^::: (\S+)$", page.read_text(), re.M)
    ]
    assert len(named) > 20
    for name in named:
        import_module(name)
