"""What is public is listed: each module of the core has an `__all__`, and what is not in it begins with an underscore."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

import ttskit
from ttskit.errors import TTSKitError

ROOT = Path(ttskit.__file__).parent
PLUGINS = Path(__file__).parents[1] / "plugins"
STILL_TWO: dict[str, int] = {}
# Still without a list; to be taken out as they get one.
TO_DO: tuple[str, ...] = ()
MODULES = [p for p in sorted(ROOT.rglob("*.py")) if not p.relative_to(ROOT).as_posix().startswith((*TO_DO, "__main__"))]


def defined(tree: ast.Module) -> set[str]:
    """Names that a module makes itself at its top level, its imports not counted."""
    found: set[str] = set()
    for node in ast.walk(ast.Module([n for n in tree.body if not isinstance(n, (ast.ClassDef, ast.FunctionDef))], [])):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    inner = {
        n.id
        for part in ast.walk(tree)
        if isinstance(part, ast.comprehension)
        for n in ast.walk(part.target)
        if isinstance(n, ast.Name)
    }
    found -= inner
    return found | {n.name for n in tree.body if isinstance(n, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))}


def listed(tree: ast.Module) -> list[str] | None:
    """What stands in `__all__`; None without one. Computed lists are taken from the module itself."""
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets):
                try:
                    return list(ast.literal_eval(node.value))
                except ValueError:
                    return []
    return None


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_module_lists_what_is_public(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    public = {name for name in defined(tree) if not name.startswith("_")}
    names = listed(tree)
    if names is None:
        assert not public, f"{path.name} has no __all__; it would be {sorted(public)}"
        return
    assert len(names) == len(set(names))
    assert public <= set(names), f"in __all__, or with an underscore: {sorted(public - set(names))}"
    imported = {a.asname or a.name for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assert set(names) <= public | imported, f"in __all__ and not there: {sorted(set(names) - public - imported)}"


@pytest.mark.parametrize("name", ["ttskit", "ttskit.interfaces"])
def test_what_is_resolved_on_first_use_is_there(name):
    module = __import__(name, fromlist=["__all__"])
    assert [n for n in module.__all__ if not hasattr(module, n)] == []


def test_what_is_left_to_do_is_still_to_do():
    """An entry whose every module has its list is done, and leaves the list of what is to do."""
    for entry in TO_DO:
        paths = [p for p in ROOT.rglob("*.py") if p.relative_to(ROOT).as_posix().startswith(entry)]
        assert any(listed(ast.parse(p.read_text(encoding="utf-8"))) is None for p in paths), f"take {entry!r} out of TO_DO"


def classes() -> Counter[str]:
    """How many classes of each name there are in the core and its plugins, at any depth."""
    paths = [*ROOT.rglob("*.py"), *PLUGINS.rglob("*.py")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    return Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def test_no_two_classes_have_one_name():
    assert {name: count for name, count in classes().items() if count > 1} == STILL_TWO


def test_what_the_lists_are_compared_with():
    tree = ast.parse(
        "import a\nX = [i for i in (1,)]\n_y, Z = 1, 2\nclass C:\n    w = 1\ndef f():\n    v = 1\nif X:\n    U: int = 3\n"
    )
    assert defined(tree) == {"X", "_y", "Z", "C", "f", "U"} and listed(tree) is None
    assert listed(ast.parse("__all__ = ['a']")) == ["a"]


def test_the_public_function_can_be_called_after_its_package_was_imported():
    """Seen in a notebook: `import ttskit.compare` puts the package where the function was, and `ttskit.compare(…)` failed."""
    import ttskit
    import ttskit.compare.experiment

    with pytest.raises(TTSKitError):
        ttskit.compare([], out="nowhere", data=None)
    assert callable(ttskit.compare) and ttskit.compare.compare is ttskit.compare.experiment.compare
