"""`ttskit explain`: what is asked for is what is made, and what was lost is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ttskit.cli import main
from ttskit_explain import making
from ttskit_explain.making import ExplainReport, open_lesson
from ttskit_explain.sections.walk_route import shown

SENTENCE = "La luna verde."


@pytest.fixture
def asked(monkeypatch):
    """What `explain` was called with by the command: positional arguments, then the others."""
    calls: list[tuple] = []

    def explain(*given, **more):
        calls.append((given, more))
        return ExplainReport(Path("clase/index.html"), 12, {"reading": 0.5}, [], {"clock": "it stopped"})

    monkeypatch.setattr(making, "explain", explain)
    return calls


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["explain", *words])
    return int(end.value.code or 0)


def test_every_option_reaches_what_makes_the_page(asked, capsys):
    options = ("--vocoder", "v", "--aligner", "a", "--speaker", "ana", "--lang", "es", "--seed", "7", "--device", "cuda:1")
    assert run("r1", "r2", SENTENCE, "-o", "clase", *options, "--only", "clock", "--only", "walk", "--json") == 0
    (given, more), found = asked[0], json.loads(capsys.readouterr().out)
    assert given == ((Path("r1"), Path("r2")), SENTENCE, Path("clase"))
    more.pop("console")
    wanted = {"vocoder": "v", "aligner": Path("a"), "speaker": "ana", "language": "es", "seed": 7, "device": "cuda:1"}
    assert more == {**wanted, "only": ("clock", "walk")}
    assert found["failed"] == {"clock": "it stopped"} and found["bytes"] == 12


@pytest.mark.parametrize("spoken", ["es", "en"])
def test_the_language_seen_first_is_the_readers_and_what_failed_is_said(spoken, asked, capsys, monkeypatch):
    import ttskit.messages

    monkeypatch.setattr(ttskit.messages, "language", lambda: spoken)
    assert run("r", SENTENCE, "-o", "clase") == 0
    assert asked[-1][1]["language"] == spoken
    assert "clock: it stopped" in capsys.readouterr().err


def test_the_aligner_is_the_one_named_or_a_run_that_aligns_unaided(runs, run_of, registry, tmp_path):
    alone = open_lesson(runs, SENTENCE, tmp_path, registry=registry)
    unaided = [one.label for one in alone.subjects if one.system.aligns and not one.system.given_durations]
    assert unaided == ["tacotron2", "fastpitch"] and alone.aligner is alone.subjects[0].system
    named = open_lesson(runs[:1], SENTENCE, tmp_path, aligner=run_of("fastpitch"), registry=registry).aligner
    assert named is not None and named.label == "fastpitch"


@pytest.mark.parametrize(("token", "short"), [("<edge>", "‖"), ("<", "<"), ("ˈaɪ̯", "ˈaɪ̯"), ("a", "a")])
def test_only_what_is_no_sound_is_drawn_as_an_edge(token, short):
    assert shown(token) == short
