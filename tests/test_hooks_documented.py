"""Every hook has a heading with its real signature in both documents, an example there, and a test; if not, this fails."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from ttskit import hookspecs

CHECKOUT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("docs/plugins.md", "docs/plugins-espanol.md")
HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("ttskit_")}


def lacking(hooks: dict, documents: dict[str, str], tests: str) -> list[str]:
    """What is missing of each hook: its heading, its example, its test."""
    found = []
    for name, hook in hooks.items():
        signature = str(inspect.signature(hook)).replace("'", "")  # as it is read, not as it is kept
        heading = f"### `{name}{signature}`"
        for document, text in documents.items():
            _, _, section = text.partition(f"\n{heading}\n")
            if not section:
                found.append(f"{document} has no heading {heading}")
                continue
            section = re.split(r"^#{2,3} ", section, maxsplit=1, flags=re.MULTILINE)[0]
            if not re.search(rf"```python\n(?:(?!```).)*^def {name}\(", section, flags=re.DOTALL | re.MULTILINE):
                found.append(f"{document} has no example of {name}")
        if not re.search(rf"\b{name}\b", tests):
            found.append(f"no test uses {name}")
    return found


def read() -> tuple[dict[str, str], str]:
    documents = {name: (CHECKOUT / name).read_text(encoding="utf-8") for name in DOCUMENTS}
    files = (path for path in (CHECKOUT / "tests").rglob("test_*.py") if path != Path(__file__).resolve())
    return documents, "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_hook_is_documented_shown_and_tested():
    assert len(HOOKS) >= 11
    assert lacking(HOOKS, *read()) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_hook_is_documented_that_is_not_there(document):
    named = re.findall(r"^### `(ttskit_\w+)", (CHECKOUT / document).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert named == list(HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_what_is_taken_away_is_missed(name):
    """The test above can fail: of each hook by its name, its signature, its example and its test."""
    documents, tests = read()
    hook = {name: HOOKS[name]}
    for document, text in documents.items():
        without = {**documents, document: text.replace(f"### `{name}(", f"### `{name}(more, ")}
        assert any("no heading" in line and document in line for line in lacking(hook, without, tests))
        without = {**documents, document: text.replace(f"def {name}(", "def other(")}
        assert lacking(hook, without, tests) == [f"{document} has no example of {name}"]
    assert lacking(hook, documents, tests.replace(name, "other")) == [f"no test uses {name}"]


def test_a_new_hook_or_argument_is_missed():
    documents, tests = read()
    assert len(lacking({"ttskit_bakers": lambda: None}, documents, tests)) == 3
    assert len(lacking({"ttskit_step_ended": lambda run, step, values, rank: None}, documents, tests)) == 2
