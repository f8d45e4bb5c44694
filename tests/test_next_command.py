"""What makes something ends by naming the command that uses it, with the paths at hand; a hardly trained voice says so."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from ttskit.cli import _run
from ttskit.cli.advice import after_prepare, after_run, command_line
from ttskit.config import load_recipe, shipped_recipes
from ttskit.corpus.problems import Problem
from ttskit.corpus.screening import RECIPES_BY_RATE
from ttskit.runs.checkpoints import write_checkpoint
from ttskit.runs.folder import RunFolder
from ttskit.runs.maturity import undertrained
from ttskit.testing.builders import tiny_corpus

TINY = ("--recipe", "tiny", "--jobs", "1")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def following(capsys) -> list[str]:
    lines = capsys.readouterr().err.splitlines()
    return [line.split(": ", 1)[1] for line in lines if line.startswith(("next: ", "  or: "))]


def test_prepare_train_and_synthesize_name_each_other_and_run_as_named(here, capsys):
    tiny_corpus(here / "rec", utterances=8)
    assert _run(["prepare", "rec", "--out", "prepared/mi voz", "--speaker", "ana", *TINY], debug=False) == 0
    (train,) = following(capsys)
    assert train == 'ttskit train --recipe tiny --data "prepared/mi voz" --run "runs/mi voz"'
    assert _run(shlex.split(train)[1:], debug=False) == 0
    (speak,) = following(capsys)
    assert speak == 'ttskit synthesize "Hola, ¿cómo andás?" --voice "runs/mi voz" -o hola.wav'
    assert _run(shlex.split(speak)[1:], debug=False) == 0
    assert (here / "hola.wav").is_file()
    assert "runs/mi voz is undertrained (2 steps, all that were asked for)" in capsys.readouterr().err


def test_recordings_of_8_khz_are_told_the_recipe_for_them(here, capsys):
    tiny_corpus(here / "phone", utterances=8, rate_hz=8000)
    assert _run(["prepare", "phone", "--out", "prepared/ana", "--speaker", "ana", "--jobs", "1"], debug=False) == 0
    shown = capsys.readouterr()
    assert "made for them: --recipe telephone-8000" in shown.out
    again = next(line for line in shown.err.splitlines() if line.startswith("next: ")).removeprefix("next: ")
    assert again == "ttskit prepare phone --recipe telephone-8000 --out prepared/ana-8000 --speaker ana"
    assert _run([*shlex.split(again)[1:], "--jobs", "1"], debug=False) == 0
    shown = capsys.readouterr()
    assert "made for them" not in shown.out and "low rate" not in shown.out
    assert "ttskit train --recipe small --data prepared/ana-8000" in shown.err


def test_the_recipes_for_rates_are_shipped_and_have_them():
    for rate_hz, name in RECIPES_BY_RATE.items():
        assert name in shipped_recipes() and load_recipe(name).mel_config().sample_rate_hz == rate_hz


SMALL = "train --recipe small --data out --run runs/out"


def low(rate: int, name: str = "telephone-8000") -> Problem:
    return Problem("u1", "low rate", f"5 recordings have {rate} Hz; made for them: --recipe {name}", skipped=False)


@pytest.mark.parametrize(
    ("recipe", "overrides", "problems", "gpu", "commands"),
    [
        ("base", (), [], False, ["train --recipe small --data out --run runs/out"]),
        ("base", (), [], True, ["train --data out --run runs/out"]),
        ("small", (), [], True, ["train --recipe small --data out --run runs/out"]),
        ("finetune", (), [], False, ["train --recipe finetune --init-from RUN --data out --run runs/out"]),
        ("mine.yaml", (), [], False, ["train --recipe mine.yaml --data out --run runs/out"]),
        ("telephone-8000", (), [], False, ["train --recipe small --data out --run runs/out"]),
        ("telephone-8000", (), [], True, ["train --recipe telephone-8000 --data out --run runs/out"]),
        ("base", (), [low(8000)], False, ["prepare rec --recipe telephone-8000 --out out-8000", SMALL]),
        ("base", ("mel=nvidia-22050",), [low(8000)], False, ["train --recipe small --data out --run runs/out"]),
    ],
)
def test_after_prepare(recipe, overrides, problems, gpu, commands):
    made = after_prepare(Path("rec"), Path("out"), recipe, overrides, problems, gpu=gpu)
    assert made == [f"ttskit {command}" for command in commands]


def run_of(speakers=("ana",), kind="acoustic model"):
    context = type("Context", (), {"speakers": type("Table", (), {"names": speakers})()})()
    return type("Run", (), {"kind": kind, "context": context})()


def test_after_a_run():
    assert "--speaker" not in after_run(run_of(), Path("runs/x"))[0]
    assert "--speaker arf_05679 " in after_run(run_of(("arf_05679", "b")), Path("runs/x"))[0]
    fitted = after_run(run_of(kind="vocoder"), Path("runs/hg"), "runs/fp")[0]
    assert "--voice runs/fp --vocoder runs/hg" in fitted


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["a", "b c"], 'a "b c"'),
        (["ñandú.wav"], "ñandú.wav"),
        (["C:\\Users\\Ana\\voz"], "C:\\Users\\Ana\\voz"),
        (["a;b"], '"a;b"'),
        ([""], '""'),
        (['say "x"'], '"say \\"x\\""'),
    ],
)
def test_words_are_quoted_where_a_shell_would_read_them_otherwise(words, line):
    assert command_line(*words) == line


CONTEXT = {"mel": {}, "symbols": {"symbols": ["_", "a"], "pad": "_"}, "speakers": ["ana"], "pitch": {}}
BARE = {"format": 1, "kind": "acoustic model", "model": "fastpitch", "options": {}, "context": CONTEXT, "frontend": {}}


@pytest.fixture
def run(here):
    """A run of some model that is said to be trained for so many steps: facts of run.json, steps of its checkpoint, recipe."""
    import torch

    def make(step: int, total: int | None, planned: int | None = None, **facts) -> Path:
        folder = here / "runs" / "x"
        folder.mkdir(parents=True)
        info = {
            "format": 1,
            "kind": "acoustic model",
            "model": "fastpitch",
            "options": {},
            "context": CONTEXT,
            "frontend": {},
            **facts,
        }
        info |= {"steps": {"total": total}} if total is not None else {}
        (folder / "run.json").write_text(json.dumps(info), encoding="utf-8")
        if planned is not None:
            recipe = load_recipe("base", [f"models.fastpitch.training.steps={planned}"])
            (folder / "config.yaml").write_text(recipe.to_yaml(), encoding="utf-8")
        write_checkpoint(folder / "checkpoints", step, {"w": torch.zeros(1)})
        return Path("runs/x")

    return make


@pytest.mark.parametrize(
    ("step", "total", "planned", "facts", "said"),
    [
        (60, 60, 50_000, {}, "60 of 50,000 planned steps"),
        (60, 60, None, {}, "60 steps, all that were asked for"),
        (199, 199, 199, {}, "199 steps, all that were asked for"),
        (4_999, 50_000, 50_000, {}, "4,999 of 50,000 planned steps"),
        (60, 60, 50_000, {"kind": "vocoder"}, "noise is to be expected of it"),
        (5_000, 50_000, 50_000, {}, ""),
        (1_200, 1_200, 1_200, {}, ""),  # the demo's
        (0, None, None, {}, ""),  # imported
        (60, 60, None, {"init_from": "runs/nemo"}, ""),  # could speak before
        (3, 60, None, {"init_from": "runs/nemo"}, "3 of 60 planned steps"),
    ],
)
def test_a_voice_of_sixty_steps_says_that_it_is_undertrained(step, total, planned, facts, said, run):
    text = undertrained(run(step, total, planned, **facts))
    assert (said in text) if said else text == ""
    if planned == 50_000 and total == 60 and said:
        assert text.endswith("go on with: ttskit train --resume --run runs/x --steps 50000")
    if said:
        assert "no fault of the text" in text


def test_a_run_without_a_checkpoint_is_left_to_who_loads_it(here):
    (here / "x").mkdir()
    info = {
        "format": 1,
        "kind": "acoustic model",
        "model": "m",
        "options": {},
        "context": CONTEXT,
        "frontend": {},
        "steps": {"total": 9},
    }
    (here / "x" / "run.json").write_text(json.dumps(info), encoding="utf-8")
    assert undertrained("x") == ""
    assert RunFolder.open("x").total_steps == 9
