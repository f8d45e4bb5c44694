"""`ttskit new`: from recordings to a commented recipe and three commands that work when they are typed."""

from __future__ import annotations

import io
import json
import shlex

import pytest
from click.testing import CliRunner

from ttskit.cli import _run, new
from ttskit.cli.new_recipe import Plan, recipe_text
from ttskit.cli.survey import Machine, Recordings, look_at_machine
from ttskit.config import load_recipe
from ttskit.plugins import create_registry
from ttskit.testing.builders import tiny_corpus

GPU = Machine("NVIDIA T4", 16.0, 8, 64.0)
LAPTOP = Machine("", None, 4, 16.0)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answered(capsys, *words: str) -> dict:
    assert _run(["new", *words, "--json"], debug=False) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_the_three_commands_it_prints_work_one_after_the_other(here, capsys):
    tiny_corpus(here / "mis grabaciones", utterances=10)
    assert _run(["new", "mis grabaciones", "--speaker", "Ana Díaz", "--machine", "cpu", "--time", "1s"], debug=False) == 0
    commands = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in commands] == ["prepare", "train", "synthesize"]
    for line in commands:
        words = shlex.split(line)
        assert words[0] == "ttskit"
        extra = ["--jobs", "1"] if words[1] == "prepare" else []
        assert _run([*words[1:], *extra], debug=False) == 0, capsys.readouterr().err
    assert (here / "Ana-Díaz.wav").stat().st_size > 1000
    error = capsys.readouterr().err
    assert "runs/Ana-Díaz is undertrained" in error  # a second of training


def test_every_line_of_the_recipe_is_said_why_and_it_loads(here, capsys):
    tiny_corpus(here / "rec", utterances=10)
    made = answered(capsys, "rec", "--speaker", "ana", "--time", "45m", "-o", "mine.yaml")
    text = (here / made["recipe"]).read_text(encoding="utf-8")
    bare = [line for line in text.splitlines() if "#" not in line]
    assert all(line.endswith(":") or "name:" in line for line in bare), bare
    assert [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")] == made["commands"]
    recipe = load_recipe(here / "mine.yaml")
    training = recipe.training_for(recipe.model)
    assert (training.budget_s, training.steps, training.device) == (2700.0, None, "cpu")


def test_nothing_is_overwritten(here, capsys):
    tiny_corpus(here / "rec", utterances=8)
    (here / "ana.yaml").write_text("mine\n", encoding="utf-8")
    assert _run(["new", "rec", "--speaker", "ana"], debug=False) == 2
    error = capsys.readouterr().err
    assert "ana.yaml is there already" in error and "-o ana-2.yaml" in error
    assert (here / "ana.yaml").read_text(encoding="utf-8") == "mine\n"


def listed(here, rows: str):
    tiny_corpus(here / "rec", utterances=8)
    folder = here / "rec"
    texts = [line.split("|") for line in (folder / "metadata.csv").read_text(encoding="utf-8").splitlines()]
    (folder / "metadata.csv").unlink()
    wavs = sorted((folder / "wavs").iterdir())
    lines = [rows.format(path=f"wavs/{wav.name}", text=columns[1]) for wav, columns in zip(wavs, texts, strict=True)]
    (folder / "textos.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def two(here):
    tiny_corpus(here / "rec", 6, ("ana", "beto"))


# What is found: how the corpus is made, words of the command, what the answer must hold.
FOUND = [
    ("eight kilohertz", lambda f: tiny_corpus(f / "rec", 8, rate_hz=8000), ["rec"], "mel: telephone-8000", ["--speaker rec"]),
    ("forty-eight kilohertz", lambda f: tiny_corpus(f / "rec", 4, rate_hz=48000), ["rec"], "mel: nvidia-22050", []),
    (
        "a list",
        lambda f: listed(f, "{path}|{text}"),
        ["rec", "--list", "rec/textos.txt", "--speaker", "eva"],
        "extends: small",
        ["prepare rec/textos.txt", "--speaker eva", "runs/eva"],
    ),
    ("a list that names its one speaker", lambda f: listed(f, "{path}|eva|{text}"), ["rec"], "voice eva", ["--speaker eva"]),
    (
        "two speakers, all of them",
        lambda f: tiny_corpus(f / "rec", 6, ("ana", "beto")),
        ["rec"],
        "voice rec",
        ["--voice runs/rec --speaker "],
    ),
    (
        "two speakers, one of them",
        lambda f: tiny_corpus(f / "rec", 6, ("ana", "beto")),
        ["rec", "--speaker", "beto"],
        "voice beto",
        ["--speaker beto --out prepared/beto", "--voice runs/beto -o beto.wav"],
    ),
    (
        "a machine with a GPU, another one than this",
        lambda f: tiny_corpus(f / "rec", 8),
        ["rec", "--machine", "gpu"],
        "extends: base",
        [],
    ),
]


@pytest.mark.parametrize(("make", "words", "recipe", "commands"), [row[1:] for row in FOUND], ids=[row[0] for row in FOUND])
def test_defaults_come_from_what_is_found(make, words, recipe, commands, here, capsys):
    make(here)
    made = answered(capsys, *words)
    text = (here / made["recipe"]).read_text(encoding="utf-8")
    assert recipe in text
    for part in commands:
        assert any(part in line for line in made["commands"]), made["commands"]
    load_recipe(here / made["recipe"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nobody can be asked here"),
        (["nowhere"], "there is no corpus at nowhere"),
        (["empty"], "empty is empty"),
        (["two", "--speaker", "carla"], "there are: "),
        (["two", "--time", "soon"], "the training time cannot be read"),
        (["two", "--time", "-1h"], "the training time cannot be read"),
        (["two", "--machine", "toaster"], "Invalid value for '--machine'"),
        (["two", "--list", "other/textos.txt"], "does not lie in two"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(words, message, here, capsys):
    tiny_corpus(here / "two", utterances=4, speakers=("ana", "beto"))
    (here / "empty").mkdir()
    assert _run(["new", *words], debug=False) in (1, 2)
    assert message in " ".join(capsys.readouterr().err.split())
    assert not list(here.glob("*.yaml"))


def test_a_name_that_the_list_does_not_have_is_said_before_a_recipe_is_written(here, capsys):
    listed(here, "{path}|eva|{text}")
    assert _run(["new", "rec", "--speaker", "ana"], debug=False) == 2
    assert "no speaker 'ana'" in capsys.readouterr().err and not list(here.glob("*.yaml"))


def test_in_a_terminal_each_answer_is_asked_for_and_what_was_found_is_proposed(here, monkeypatch):
    tiny_corpus(here / "rec", utterances=8)
    monkeypatch.setattr(new.sys, "stdin", io.StringIO(), raising=False)
    asked = []
    answers = iter(["rec", "eva", "cpu", "soon", "20m", "eva.yaml"])

    def prompt(question, default=None, type=None, err=False):
        asked.append((question, default))
        return next(answers)

    monkeypatch.setattr(new.click, "prompt", prompt)
    monkeypatch.setattr(new.sys.stdin, "isatty", lambda: True, raising=False)
    assert _run(["new"], debug=False) == 0
    assert [default for _, default in asked] == [
        "recordings",
        "rec",
        "gpu" if look_at_machine().gpu else "cpu",
        "1h",
        "1h",
        "eva.yaml",
    ]
    assert load_recipe(here / "eva.yaml").training_for("fastpitch").budget_s == 1200.0


def plan(**changes) -> Plan:
    from pathlib import Path

    own = Recordings(Path("rec"), "ljspeech", {"ana": 200}, {"ana": 1200.0}, {44100: 200}, 0, 0)
    facts = {
        "recordings": own,
        "speaker": "ana",
        "gpu": False,
        "machine": LAPTOP,
        "time": "1h",
        "recipe": Path("ana.yaml"),
        "name": "ana",
    }
    return Plan(**{**facts, **changes})


@pytest.mark.parametrize(
    ("changes", "there", "not_there"),
    [
        ({}, "extends: small", "max_utterances"),
        ({"gpu": True, "machine": GPU}, "extends: base", "max_utterances"),
        (
            {"gpu": True, "machine": Machine("GTX 1050", 4.0, 4, 16.0)},
            "max_utterances: 4  # in a batch: there are 4.0 GiB",
            "cpu",
        ),
        ({"machine": Machine("", None, 2, 2.0)}, "max_utterances: 4  # in a batch: there are 2.0 GiB", "auto  #"),
        ({"machine": Machine("", None, 2, None)}, "device: cpu", "max_utterances"),
        ({}, "docs/fine-tuning.md", "validation: 1"),  # twenty minutes, two hundred sentences
    ],
)
def test_the_recipe_fits_machine_and_recordings(changes, there, not_there, tmp_path):
    text = recipe_text(plan(**changes), create_registry())
    assert there in text and not_there not in text
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    load_recipe(tmp_path / "x.yaml")


@pytest.mark.parametrize("name", ["a\nmodel: evil", "a\u2028seed: 1", "a\x85seed: 1", "a\x1b[31m", "a # b", "a: {b"])
def test_a_strange_name_stays_in_its_comment(name, tmp_path):
    from pathlib import Path

    own = Recordings(Path(name), "list", {name: 100}, {name: 4000.0}, {22050: 100}, 0, 0)
    text = recipe_text(plan(recordings=own, speaker=name, name=name), create_registry())
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8", newline="\n")
    read = load_recipe(tmp_path / "x.yaml")
    assert (read.seed, read.model) == (1234, "fastpitch") and "\x1b" not in text


def test_help_names_every_answer():
    shown = CliRunner().invoke(new.command, ["--help"]).output
    assert all(option in shown for option in ("--list", "--speaker", "--machine", "--time", "--out", "--yes"))
