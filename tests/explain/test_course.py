"""The course of docs/class: its commands are real, alike in both languages, and its recipes are what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from ttskit.cli import main
from ttskit.config import load_recipe
from ttskit.testing import tiny_context

CHECKOUT = Path(__file__).resolve().parents[2]
CLASS = CHECKOUT / "docs" / "class"
PAIRS = {
    "index": "indice",
    "1-sequence-models": "1-modelos-de-secuencia",
    "2-transformer": "2-transformer-es",
    "3-fastpitch": "3-fastpitch-es",
    "4-ar-and-nar": "4-ar-y-nar",
}


def commands(name: str) -> list[list[str]]:
    text = (CLASS / f"{name}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines() if line.strip()]


TRAININGS = [(name, words) for name in PAIRS for words in commands(name) if words[:2] == ["ttskit", "train"]]
PAGES = [(name, words) for name in PAIRS for words in commands(name) if words[:2] == ["ttskit", "explain"]]


def options(words: list[str], name: str) -> list[str]:
    return [after for word, after in pairwise(words) if word == name]


def test_every_lesson_is_there_in_both_languages():
    assert {path.stem for path in CLASS.glob("*.md")} == {*PAIRS, *PAIRS.values()}
    assert len(TRAININGS) >= 10 and len(PAGES) >= 10


@pytest.mark.parametrize("name", PAIRS)
def test_both_languages_give_the_same_commands_and_links(name):
    assert commands(name) == commands(PAIRS[name])
    for other in (name, PAIRS[name]):
        text = (CLASS / f"{other}.md").read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            assert (CLASS / link).resolve().is_file(), (other, link)
        assert text.count("<details>") == text.count("</details>") > 0 or "ind" in other
        assert not re.search(r"^[A-Z]{4,}$", text, flags=re.MULTILINE), "a place left to fill"


@pytest.mark.parametrize(("name", "words"), TRAININGS, ids=[options(words, "--run")[0] for _, words in TRAININGS])
def test_a_training_of_the_course_builds_the_model_that_it_says(name, words, registry):
    changes = options(words, "--set")
    model = options(words, "--model")[0]
    recipe = load_recipe(options(words, "--recipe")[0], tuple(changes), registry=registry)
    made = registry.get("acoustic model", model).load()(recipe.options_for(model, registry), tiny_context(speakers=("ana",)))
    plain = load_recipe("class", registry=registry)
    training = recipe.training_for(model)
    assert training.steps == 300 and sum(p.numel() for p in made.parameters()) > 1e6
    assert training.alignment == (None if any("alignment=null" in one for one in changes) else "reference")
    if changes:
        assert recipe.options_for(model, registry) != plain.options_for(model, registry), "an exercise that changes nothing"


@pytest.mark.parametrize(("name", "words"), PAGES, ids=[f"{name}-{options(words, '-o')[0]}" for name, words in PAGES])
def test_a_page_of_the_course_is_of_runs_that_the_course_made(name, words):
    lesson = [one for one in commands(name) if one[:2] == ["ttskit", "train"]]
    made = {options(one, "--run")[0] for one in lesson}
    made |= {"demo/runs/tacotron2", "demo/runs/fastpitch", "demo/study/aligners/all/run"}
    used = [word for word in words if word.startswith(("class/", "demo/")) and word not in options(words, "-o")]
    assert used and set(used) <= made


@pytest.mark.parametrize(("name", "words"), [*TRAININGS[:1], *PAGES[:1]])
def test_a_command_of_the_course_is_understood(name, words, tmp_path, monkeypatch, capsys):
    """Run where nothing is: what is missing is the folder, and not an option."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(words[1:])
    assert end.value.code == 1, capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(6_000)
def test_the_course_can_be_followed_in_the_time_that_it_says(tmp_path, monkeypatch):
    """Every training and page, from the demo's corpus: each within twice the three minutes and 20 seconds of the documents."""
    pytest.importorskip("espeakng_loader", reason="the demo corpus needs the extra `demo`")
    from ttskit.corpus import prepare
    from ttskit_demo.corpus import make_corpus

    monkeypatch.chdir(tmp_path)
    prepare(make_corpus(Path("demo/corpus")), Path("demo/prepared"), load_recipe("demo"))
    made: set[str] = set()
    for _, words in TRAININGS:
        run = options(words, "--run")[0]
        if run not in made:
            seconds = taken([*words, "--yes"])
            made.add(run)
            assert seconds < 2 * 180, (run, seconds)
    for _, words in PAGES:
        if not any("demo/" in word for word in words):
            assert taken(words) < 2 * 20, words
            assert (tmp_path / options(words, "-o")[0] / "index.html").is_file()


def taken(words: list[str]) -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", *words], check=True, capture_output=True)
    return time.monotonic() - started
