"""`ttskit listen make` as typed: options reach the plan and the design, what is wrong with them is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_sources import comparison, folders, no_pages

from ttskit.cli import main
from ttskit.errors import TTSKitError
from ttskit_listen import calculator
from ttskit_listen.folder import TestFolder
from ttskit_listen.making.questions import closing_questions, first_questions
from ttskit_listen.making.wording import completion_of, rules_of, titles_of, words_of

PROLIFIC = "https://app.prolific.com/submissions/complete?cc=C1ABC"


@pytest.fixture(autouse=True)
def without_pages(monkeypatch):
    no_pages(monkeypatch.setattr)


@pytest.fixture(scope="module")
def compared(tmp_path_factory) -> Path:
    return comparison(tmp_path_factory.mktemp("made") / "comparison")


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["listen", "make", *map(str, words)])
    return int(end.value.code or 0)


def test_every_option_reaches_the_test(tmp_path, compared, capsys):
    (tmp_path / "consent.txt").write_text("Acepto, señor.", encoding="utf-8")
    (tmp_path / "texts.tsv").write_text("u000\tOtro texto.\n", encoding="utf-8")
    options = {
        "--kind": "ab", "--listeners": 6, "--sentences": 5, "--hard": 2, "--practice": 1, "--checks": 0.2, "--attention": 1,
        "--repeats": 1, "--break-every": 4, "--institution": "Laboratorio", "--contact": "lab@example.org", "--lead": 0.5,
        "--lufs": -26, "--seed": 9, "--smallest": 0.1, "--address": "https://example.org/oir/", "--prolific": "C1ABC",
        "--consent": f"es={tmp_path / 'consent.txt'}", "--title": "es=Voces", "--longest": 20,
        "--texts": tmp_path / "texts.tsv",
    }  # fmt: skip
    words = [part for option in options.items() for part in option]
    rules = ("--rule", "least_gold=0.5", "--rule", "headphones=true")
    assert run(compared, "-o", tmp_path / "t", *words, *rules, "--none", "--no-headphones", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    plan, design = TestFolder(tmp_path / "t").plan(), TestFolder(tmp_path / "t").design()
    assert found["id"] == plan.id
    assert found["trials"] == {"practice": 1, "scored": 7, "same": 1, "gold": 1, "attention": 1, "repeat": 1}
    assert sum(found["trials"].values()) == len(plan.forms[0].trials) == design.trials == 12
    assert (plan.kind, plan.allow_none, plan.headphones, plan.break_every, plan.lead_s) == ("ab", True, (), 4, 0.5)
    assert plan.title == {"es": "Voces", "en": "Listening test"} and plan.completion.url == PROLIFIC
    assert plan.words["es"] == {"institution": "Laboratorio", "contact": "lab@example.org", "consent": "Acepto, señor."}
    assert "consent" not in plan.words["en"]
    assert (design.listeners, design.forms, design.seed, design.smallest, design.lufs) == (6, 6, 9, 0.1, -26.0)
    assert design.rules.least_gold == 0.5 and design.rules.headphones and design.rules.most_same == 1.0
    line = TestFolder(tmp_path / "t").invitations.read_text(encoding="utf-8").splitlines()[1]
    code = line.partition(",")[0]
    assert line == f"{code},https://example.org/oir/index.html?listener={code}&lang=es,es"
    assert {q.name for q in plan.questions} == {"variety", "age", "device", "hearing"}
    assert next(iter(plan.questions[0].choices)) == "rioplatense" and [q.name for q in plan.closing] == ["comment"]


def test_the_summary_says_what_there_is_and_what_comes_next(tmp_path, compared, capsys, monkeypatch):
    monkeypatch.setattr(calculator, "smallest", lambda spreads, listeners, sentences, runs: 0.1 * runs + sentences / 100)
    assert run(compared, "-o", tmp_path / "t", "--sentences", 8, "--smallest", 0.1, "--listeners", 4) == 0
    shown = capsys.readouterr()
    assert "zorzal" in shown.out and "8 sentences, 14 trials for each listener, of which 8 count" in shown.out
    assert "shows a difference of 0.28" in shown.out and "more trainings and sentences" in shown.out
    assert f"ttskit listen serve {tmp_path / 't'}" in shown.err


def test_a_command_that_cannot_be_done_says_what_to_do(tmp_path, capsys):
    (place,) = folders(tmp_path / "f", {"ours": 0}, 3)
    assert run(place, "-o", tmp_path / "t") == 1
    shown = capsys.readouterr().err
    assert "too few systems" in shown and "fix:" in shown and not (tmp_path / "t").exists()
    assert run(place, "--kind", "mos", "-o", tmp_path / "t", "--rule", "least=1") == 2
    assert "rules are least_answered" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda p: rules_of(["least_gold=2"]), "least_gold cannot be 2"),
        (lambda p: rules_of(["least_gold"]), "no such rule"),
        (lambda p: completion_of("a b", ""), "cannot be a completion code"),
        (lambda p: completion_of("A", "B"), "two completion codes"),
        (lambda p: completion_of("", "x&cc=y"), "cannot be a completion code"),
        (lambda p: titles_of(["fr=Voix"], ("es", "en")), "language without pages: fr"),
        (lambda p: words_of(("es",), "", "", [f"es={p / 'none.txt'}"]), "is missing"),
        (lambda p: words_of(("es",), "", "", [str(p / "empty.txt")]), "cannot be the consent"),
    ],
)
def test_options_that_cannot_be(tmp_path, call, error):
    (tmp_path / "empty.txt").write_text(" \n", encoding="utf-8")
    with pytest.raises(TTSKitError, match=error) as caught:
        call(tmp_path)
    assert caught.value.why and caught.value.fix


def test_titles_for_one_language_or_for_all():
    assert titles_of(["Voces"], ("es", "en")) == {"es": "Voces", "en": "Voces"}
    assert titles_of(["en=Voices", "es=¿a=b?"], ("es", "en")) == {"es": "¿a=b?", "en": "Voices"}
    assert completion_of("C1", "").model_dump() == {"code": "C1", "url": ""}


def test_questions_are_in_both_languages():
    for question in (*first_questions(), *closing_questions()):
        labels = [question.title, *question.choices.values()]
        assert all(set(label) == {"es", "en"} and all(label.values()) for label in labels), question.name
        assert (question.kind == "choice") == bool(question.choices)
