"""The notebooks run from top to bottom, with fewer steps, and what they end cells with shows itself."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "docs" / "notebooks"
FEWER = {
    "voz.ipynb": {"SENTENCES": 24, "STEPS": 4},
    "ar-contra-nar.ipynb": {
        "SENTENCES": 24,
        "STEPS": {"tacotron2": 2, "fastpitch": 2},
        "LIMIT": 1,
        "SETTINGS": {
            "pictures": 1,
            "speed_lengths": [6, 12],
            "speed_repeats": 1,
            "control_limit": 0,
            "recogniser": {"channels": 8, "dilations": [1], "steps": 1},
        },
    },
}


def cells(name: str, kind: str = "code") -> list[dict]:
    notebook = json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def run(name: str, more: dict) -> list[object]:
    """Execute the code cells in one namespace, as a notebook does; the values that cells end with."""
    space: dict = {}
    shown = []
    for cell in cells(name):
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), space)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), name, "eval"), space))
        if "parameters" in cell["metadata"].get("tags", []):
            assert set(more) <= set(space), "parameters that the notebook does not have"
            space |= more
    return shown


_LONG = ("ar-contra-nar.ipynb",)  # trains and compares two models, as other tests do


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n in _LONG else n for n in sorted(p.name for p in NOTEBOOKS.glob("*.ipynb"))],
)
def test_a_notebook_runs(name, tmp_path, monkeypatch):
    pytest.importorskip("espeakng_loader")
    shown = run(name, {**FEWER[name], "FOLDER": str(tmp_path)})
    pages = [page for value in shown if hasattr(value, "_repr_html_") and (page := value._repr_html_())]
    if name == "voz.ipynb":
        assert len(pages) == 2 and all("data:audio/wav;base64," in page and "data:image/png" in page for page in pages)
        assert (tmp_path / "hola.wav").stat().st_size > 1000
    else:
        assert "<th>tacotron2</th>" in pages[0] and "mel-cepstral distortion" in pages[0]


@pytest.mark.parametrize("name", sorted(FEWER))
def test_a_notebook_is_kept_without_outputs(name):
    """Outputs are of one machine, and make every change unreadable."""
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells(name))


@pytest.mark.parametrize("name", sorted(FEWER))
def test_a_notebook_is_told_in_both_languages(name):
    first = "".join(cells(name, "markdown")[0]["source"])
    assert first.count("*") >= 4 and ("Python" in first or "modelos" in first)
