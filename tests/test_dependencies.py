"""What is imported is declared: in the dependencies, or in an extra where only some people need it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN = {"ttskit", *(path.name for path in (ROOT / "plugins").iterdir() if path.is_dir())}
TOOLS = ("dev", "docs")  # extras that are run, not imported
EXTRAS = {name: reqs for name, reqs in PROJECT["optional-dependencies"].items() if name not in TOOLS}
NOT_IMPORTED = {"tensorboard"}  # by torch.utils.tensorboard, which does not bring it
READ = {"silero-vad", "speechmos"}  # for the weights that lie in them; they are not imported

# Installed with --no-deps, in no extra: what a package declares and why it is done without.
NO_DEPS = {
    "distillmos": "torchaudio, to read files, and xls-r-sqa, for parts of a network built anew: its weights are read",
    "resemblyzer": "webrtcvad, which has no wheels (webrtcvad-wheels has), and typing, of Python 2: only its weights are read",
    "visqol-python": "libsvm-official, which has no wheels, for a mode that is not used: its other dependencies are ours",
    "xls-r-sqa": "transformers and torchaudio: only a test asks it, whether distillmos is built as there",
    "openai-whisper": "triton, for word times that are not asked for: only who has a checkpoint needs it",
}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def required(requirements: list[str]) -> set[str]:
    return {normal(re.match(r"[\w.-]+", text)[0]) for text in requirements}


def imported(source: str) -> dict[str, bool]:
    """Top-level names of what a module imports → whether it does so wherever it is imported itself."""
    tree = ast.parse(source)
    lazy: set[ast.AST] = set()
    for node in ast.walk(tree):
        waits = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Try))
        if waits or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            lazy.update(ast.walk(node))
    found: dict[str, bool] = {}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            names = [str(node.args[0].value)] if isinstance(node.args[0], ast.Constant) else []
        for name in names:
            top = name.partition(".")[0]
            found[top] = found.get(top, False) or node not in lazy
    return {name: always for name, always in found.items() if name not in sys.stdlib_module_names and name not in OWN}


def all_imports() -> dict[str, dict[str, bool]]:
    """Name → {file: whether always}."""
    found: dict[str, dict[str, bool]] = {}
    for folder in (ROOT / "ttskit", ROOT / "plugins"):
        for path in sorted(folder.rglob("*.py")):
            for name, always in imported(path.read_text(encoding="utf-8")).items():
                found.setdefault(name, {})[path.relative_to(ROOT).as_posix()] = always
    return found


IMPORTS = all_imports()
DISTRIBUTIONS = {
    "PIL": ["pillow"],
    "yaml": ["pyyaml"],
    "pesq": ["pesq"],
    "whisper": ["openai-whisper"],
    "espeakng_loader": ["espeakng-loader"],
}


def distributions(name: str) -> set[str]:
    return {normal(d) for d in DISTRIBUTIONS.get(name) or packages_distributions().get(name) or [name]}


@pytest.mark.parametrize("name", sorted(IMPORTS))
def test_what_is_imported_is_declared(name):
    wanted, where = distributions(name), IMPORTS[name]
    if wanted & required(PROJECT["dependencies"]):
        return
    if wanted & set(NO_DEPS):
        assert not [path for path, always in where.items() if always], f"{name} is imported where it may be missing"
        return
    extras = [extra for extra, reqs in EXTRAS.items() if wanted & required(reqs)]
    assert extras, f"{name} ({', '.join(sorted(wanted))}) is imported and not declared: {', '.join(where)}"
    plain = [path for path, always in where.items() if always]
    assert not plain, f"{name} is of the extra {extras[0]}; import it where it is used: {', '.join(plain)}"


def test_what_is_declared_is_imported():
    used = set().union(*map(distributions, IMPORTS))
    imported_by_us = [reqs for name, reqs in EXTRAS.items() if name != "test"]  # the suite's own tools aside
    declared = required([*PROJECT["dependencies"], *(r for reqs in imported_by_us for r in reqs)])
    assert declared - used - NOT_IMPORTED - READ == set()


def test_what_is_installed_without_its_dependencies_is_written_down_once():
    """The Makefile's list, the pinned versions, the documents and the message of a comparison name the same packages."""
    from ttskit_predictors.packages import INSTALL

    listed = re.search(r"^NO_DEPS = (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)[1].split()
    assert {normal(name) for name in listed} == set(NO_DEPS) - {"openai-whisper"}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert {normal(name) for name in listed} <= required([line for line in lines if line and not line.startswith("#")])
    users = [name for name in listed if normal(name) != "xls-r-sqa"]
    assert INSTALL.endswith(f"--no-deps {' '.join(users)}")
    for page in ("predictors.md", "predictores.md"):
        assert INSTALL.rpartition(" && ")[2] in (ROOT / "docs" / page).read_text(encoding="utf-8")
    extras = [req for reqs in PROJECT["optional-dependencies"].values() for req in reqs]
    assert not required(extras) & set(NO_DEPS), "what is installed without its dependencies cannot stand in an extra"


@pytest.mark.parametrize("name", sorted(READ))
def test_what_is_only_read_is_read(name):
    module = name.replace("-", "_")
    assert any(f'file_in("{module}"' in path.read_text(encoding="utf-8") for path in (ROOT / "plugins").rglob("*.py"))


def test_every_dependency_has_a_lower_bound_and_a_tested_version():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = required([line for line in lines if line and not line.startswith("#")])
    for requirement in [*PROJECT["dependencies"], *(r for reqs in PROJECT["optional-dependencies"].values() for r in reqs)]:
        if requirement.startswith("ttskit["):
            continue
        assert ">=" in requirement, f"{requirement} has no lower bound"
        assert required([requirement]) <= pins, f"{requirement} has no version in constraints.txt"


def test_an_undeclared_import_is_seen_wherever_it_stands():
    lines = (
        "import json, numpy.random",
        "from PIL.Image import open",
        "def f():",
        " import pesq, numpy",
        " import_module('scipy.io')",
    )
    code = "\n".join(lines)
    assert imported(code) == {"numpy": True, "PIL": True, "pesq": False, "scipy": False}
