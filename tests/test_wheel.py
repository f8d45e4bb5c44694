"""The wheel: built, installed in a clean folder, and used from there with nothing of the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from ttskit.config import shipped_recipes
from ttskit.testing import tiny_corpus

CHECKOUT = Path(__file__).resolve().parents[1]
PLUGINS = sorted(p.name for p in (CHECKOUT / "plugins").iterdir() if p.name.startswith("ttskit_"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(CHECKOUT)]
    result = subprocess.run(build, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return next(out.glob("ttskit-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(folder), str(wheel)], check=True, capture_output=True)
    return folder


def python(installed: Path, cwd: Path, *arguments: object) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    environment.pop("TTSKIT_PLUGINS", None)
    result = subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_it_holds_every_file_of_the_packages_and_the_recipes(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(["git", "ls-files", "ttskit", "plugins", "recipes"], cwd=CHECKOUT, capture_output=True, text=True)
    if tracked.returncode != 0:
        pytest.skip("not a git checkout: no list of files to compare with")
    homes = {"ttskit/": "ttskit/", "plugins/": "", "recipes/": "ttskit/recipes/"}
    expected = {homes[f"{top}/"] + rest for top, _, rest in (line.partition("/") for line in tracked.stdout.splitlines())}
    assert expected - held == set()
    assert not [name for name in held if name.startswith(("tests/", "benchmarks/"))]


def test_type_checkers_of_others_read_its_annotations(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    assert [name for name in ("ttskit", *PLUGINS) if f"{name}/py.typed" not in held] == []


def test_the_source_distribution_holds_what_its_documents_and_tests_name(tmp_path):
    build = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path), str(CHECKOUT)]
    result = subprocess.run(build, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    with tarfile.open(next(tmp_path.glob("ttskit-*.tar.gz"))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    folders = ("docs/*.md", "benchmarks/*.*", "recipes/*.yaml", "tests/**/*.py")
    wanted = {path.relative_to(CHECKOUT).as_posix() for pattern in folders for path in CHECKOUT.glob(pattern) if path.is_file()}
    assert len(wanted) > 50
    assert wanted | {".ci/run", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile"} <= held


def test_it_names_its_license_extras_and_script(wheel):
    archive = zipfile.ZipFile(wheel)
    info = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA")).removesuffix("METADATA")
    metadata = archive.read(info + "METADATA").decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert "Requires-Python: >=3.11" in metadata
    for extra in ("demo", "intrusive", "tensorboard", "test", "dev"):
        assert f"Provides-Extra: {extra}" in metadata
    points = archive.read(info + "entry_points.txt").decode()
    assert "ttskit = ttskit.cli:main" in points
    assert all(f"= {plugin}" in points for plugin in PLUGINS)
    assert info + "licenses/LICENSE" in archive.namelist()


def test_everything_comes_from_the_installed_folder(installed, tmp_path):
    program = """if True:
        import json, sys
        from ttskit.config import shipped_recipes
        from ttskit.plugins import create_registry
        registry = create_registry()
        for plugin, _ in registry.found.values():
            plugin.load_options()
        files = [module.__file__ for name, module in sys.modules.items() if name.startswith("ttskit") and module.__file__]
        recipes = {name: str(path) for name, path in shipped_recipes().items()}
        print(json.dumps([files, recipes, [problem.cause for problem in registry.problems]]))
    """
    files, recipes, problems = json.loads(python(installed, tmp_path, "-c", program))
    assert problems == []
    assert len(files) > 10
    assert [f for f in files if not Path(f).is_relative_to(installed)] == []
    assert set(recipes) == set(shipped_recipes())
    assert all(Path(path).is_relative_to(installed / "ttskit" / "recipes") for path in recipes.values())


def test_it_prepares_a_corpus_and_trains_one_step_from_a_shipped_recipe(installed, tmp_path):
    tiny_corpus(tmp_path / "recordings", utterances=6)
    cli = ("-m", "ttskit")
    python(installed, tmp_path, *cli, "prepare", "recordings", "--recipe", "tiny", "--out", "prepared", "--jobs", 1)
    python(installed, tmp_path, *cli, "train", "--recipe", "tiny", "--data", "prepared", "--run", "run", "--steps", 1)
    lines = (tmp_path / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert max(json.loads(line)["step"] for line in lines) >= 1
    assert list((tmp_path / "run" / "checkpoints").glob("step_*/model.safetensors"))
