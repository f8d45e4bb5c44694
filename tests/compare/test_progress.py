"""A comparison was silent for four minutes at "measuring speed": each stage says how much there is and how long it takes."""

from __future__ import annotations

import io
import re
from collections import Counter
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from rich.console import Console

import ttskit.progress
from ttskit.compare import compare
from ttskit.config import load_recipe
from ttskit.measure.control import _times_said, measure_control
from ttskit.plugins import create_registry
from ttskit.runs.align import align
from ttskit.synthesis import load_voice
from ttskit.training import train

SHORT = ("training.steps=2", "training.samples=0", "compare.speed_lengths=[5, 10, 20]")


@pytest.fixture(scope="module")
def pair(prepared, tmp_path_factory):
    """Two runs of the tiny recipe on the made-up corpus."""
    place, registry = tmp_path_factory.mktemp("runs"), create_registry()
    recipe = load_recipe("tiny", SHORT, registry)
    return [
        train(recipe, model=model, data=prepared, run=place / model, registry=registry).path
        for model in ("tacotron2", "fastpitch")
    ]


def test_every_stage_counts_to_its_total(pair, prepared, tmp_path, monkeypatch):
    """Lines "what: done/total, rate, time left"; the last of each says that all is done."""
    monkeypatch.setattr(ttskit.progress, "PLAIN_EVERY_S", 0.0)
    shown = Console(file=io.StringIO(), width=200)
    counted: Counter[str] = Counter()
    totals: dict[str, int] = {}
    real = ttskit.progress.progress

    @contextmanager
    def watched(console, title, total, every_s=0.0):
        totals[title] = total
        with real(console, title, total, 0.0) as advance:

            def count(count=1, note=""):
                counted[title] += count
                advance(count, note)

            yield count

    monkeypatch.setattr("ttskit.compare.experiment.progress", watched)
    fresh = load_recipe("tiny", [*SHORT, "compare.recogniser.seed=77"])  # no other test has trained this judge on the corpus
    compare(pair, data=prepared.folder, out=tmp_path / "page", recipe=fresh, console=shown)
    assert counted == totals and {"speaking", "quality", "what was learned", "speed", "control"} <= set(totals)
    assert totals["speed"] == 2 * (2 * (3 + 2) + 1)  # one round and one before it
    text = shown.file.getvalue()
    for title, total in totals.items():
        lines = re.findall(rf"^{title}: (\d+)/{total}, .*$", text, flags=re.MULTILINE)
        assert lines and int(lines[-1]) == total
    assert re.search(r"^speed: 1/22, .* left  tacotron2$", text, flags=re.MULTILINE)
    order = re.findall(r"^measuring, (\d+) of (\d+): ", text, flags=re.MULTILINE)
    assert [int(index) for index, _ in order] == list(range(1, int(order[0][1]) + 1))
    assert re.search(r"phone recogniser: step \d+ of \d+", text)


def test_control_knows_beforehand_how_often_a_sentence_is_said(pair, prepared):
    voice = load_voice(pair[1])
    said: list[None] = []
    sentences = [(u.text, u.speaker) for u in prepared.split("test")[:1]]
    measure_control(voice, sentences, lambda: said.append(None))
    assert len(said) == _times_said(voice) * len(sentences) > 10


def test_aligning_counts_utterances(pair, prepared, tmp_path):
    shown = Console(file=io.StringIO(), width=200)
    align(prepared.folder, pair[1], name="counted", textgrid=False, console=shown)
    count = len(prepared.utterances)
    assert f"aligning: {count}/{count}, " in shown.file.getvalue()


def test_the_demo_says_which_stage_of_how_many_and_the_totals_of_trainings_at_work(tmp_path, monkeypatch):
    from ttskit_demo import processes, run

    console = Console(file=io.StringIO(), width=200)
    clock = run._StageClock(tmp_path / "stages.json", {"recipe": "demo", "sentences": None, "steps": None}, console)
    clock.run("report", lambda: None, "stage 6 of 7")
    assert console.file.getvalue().splitlines()[0] == "stage 6 of 7, report … (5 s on two fast cores)"
    now = [0.0]
    monkeypatch.setattr(processes, "time", SimpleNamespace(monotonic=lambda: now[0]))
    steps = {"fastpitch 1": 0, "tacotron2 1": 100, "fastpitch 2": 0}
    totals = {"fastpitch 1": 1200, "tacotron2 1": 700, "fastpitch 2": 1200}
    trainings = [processes.Watched(name, tmp_path / name, totals[name]) for name in steps]
    monkeypatch.setattr(processes.Watched, "progress", lambda self: (steps[self.name], 1.5))
    with processes._bars(trainings, console) as update:
        now[0] = 30.0
        steps |= {"fastpitch 1": 300, "tacotron2 1": 200}
        update()
    assert console.file.getvalue().splitlines()[-1] == (
        "fastpitch 1  step 300/1200  loss 1.500  2 min left | tacotron2 1  step 200/700  loss 1.500  2 min left"
    )
