"""`compare` trains each of several recipes several times, on equal utterances, and speaks of the systems over their runs."""

from __future__ import annotations

import pytest

from ttskit.compare import compare

SMALL = {"limit": 2, "pictures": 1, "resamples": 200}


def test_several_trainings_of_recipes_are_systems_with_runs_on_equal_utterances(prepared, tmp_path):
    """Two systems of one plugin, two trainings each, as many utterances: the page speaks of models, of all their trainings."""
    recipe = tmp_path / "lstm.yaml"
    text = "extends: tiny\nmodel: fastpitch\nmodels:\n  fastpitch:\n    options: {block: lstm}\n"
    recipe.write_text(text + "    training: {max_utterances: 1}\n", encoding="utf-8")
    told = compare(
        models=["fastpitch", f"lstm={recipe}"],
        data=prepared.folder,
        recipe="tiny",
        utterances=12,
        train_seeds=2,
        out=tmp_path / "out",
        device="cpu",
        hard=False,
        **{**SMALL, "measurements": {"robustness": False, "speed": False, "control": False, "learned": False}},
    )
    content = told.content
    assert told.labels == ["fastpitch", "lstm"] and [s["runs"] for s in content["systems"]] == [
        ["fastpitch-1234", "fastpitch-1235"],
        ["lstm-1234", "lstm-1235"],
    ]
    read = {run["label"]: (run["cost"]["utterances"], run["cost"]["steps"], run["seed"]) for run in content["runs"]}
    assert all(abs(utterances - 12) <= 2 for utterances, _, _ in read.values())
    assert read["lstm-1234"][1] > read["fastpitch-1234"][1]  # one a step
    assert [seed for *_, seed in read.values()] == [1234, 1235] * 2
    mcd = next(row for row in content["summary"] if row["key"] == "mcd_db")
    value = mcd["values"]["lstm"]
    assert (value["runs"], value["count"], value["about"]) == (2, 2, "models") and list(value["by_run"]) == [
        "lstm-1234",
        "lstm-1235",
    ]
    stored = told.row("mcd_db")["values"]
    assert stored["lstm"]["value"] == pytest.approx(value["value"]) and "lstm-1235" in stored
    rows = told.observations("mcd_db")
    assert {(r["system"], r["training_seed"]) for r in rows if r["seed"] is not None} == {
        (system, seed) for system in told.labels for seed in (1234, 1235)
    }
    html = told.page.read_text(encoding="utf-8")
    assert "nothing here is about the models" not in html and "nothing here compares AR with NAR" in html
    assert html.count("<circle") >= 4 and "each training:" in html
