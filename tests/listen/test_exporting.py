"""A test for webMUSHRA and for Prolific, and the answers of the server as files."""

from __future__ import annotations

import json
import re

import pytest
import soundfile
import yaml
from click.testing import CliRunner
from listen_server import CODES, run_through, served, with_pages
from made_test import SYSTEMS, made_test, tone

from ttskit.errors import CheckpointError, InputError, UsageError
from ttskit_listen.commands.export import export
from ttskit_listen.exporting import export_answers, export_prolific
from ttskit_listen.folder import TestFolder
from ttskit_listen.plan import Completion, SurveyQuestion
from ttskit_listen.serving.refusals import texts
from ttskit_listen.webmushra import PAGE_TYPES, config_of, export_webmushra


def configs(folder):
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((folder / "configs").glob("*.yaml"))]


@pytest.mark.parametrize("kind", list(PAGE_TYPES))
def test_a_configuration_for_each_form(kind, tmp_path):
    test = made_test(tmp_path / "test", kind)
    plan, folder = test.plan(), export_webmushra(test, "en")
    found = configs(folder)
    assert folder == test.path / "webmushra" and len(found) == len(plan.forms)
    for number, (config, form) in enumerate(zip(found, plan.forms, strict=True)):
        assert config["testId"] == f"made-{kind}-form{number:02d}" and config["remoteService"] == "service/write.php"
        welcome, *pages, finish = config["pages"]
        assert welcome["type"] == "generic" and finish["type"] == "finish" and finish["writeResults"] is True
        assert [page["id"] for page in pages] == [trial.id for trial in form.trials]
        assert {page["type"] for page in pages} == {PAGE_TYPES[kind]}
        assert pages[0]["name"] == "Practice" and pages[1]["name"] == f"1 of {len(pages) - 1}"
        for page in pages:
            paths = [*page["stimuli"].values(), *([page["reference"]] if "reference" in page else [])]
            infos = [soundfile.info(str(folder / path)) for path in paths]
            assert {info.format for info in infos} == {"WAV"} and len({info.frames for info in infos}) == 1
        assert finish["questionnaire"][0]["type"] == "likert" and finish["questionnaire"][0]["name"] == "variety"
    readme = (folder / "README.txt").read_text(encoding="utf-8")
    assert all(f"config=made-{kind}-form{number:02d}.yaml" in readme for number in range(len(plan.forms)))
    for path in folder.rglob("*"):
        if path.suffix in (".yaml", ".txt"):
            assert not any(system in path.read_text(encoding="utf-8") for system in SYSTEMS)  # blind as the test is


def test_the_reference_of_mushra_is_hidden_once(tmp_path):
    test = made_test(tmp_path / "test", "mushra")
    plan, key = test.plan(), test.key()
    for page, trial in zip(config_of(plan, key, 0, "es")["pages"][1:-1], plan.forms[0].trials, strict=True):
        assert page["reference"].endswith(f"/{trial.reference}.wav") and page["createAnchor35"] is False
        # webMUSHRA adds the reference to what is rated by itself.
        assert sorted(page["stimuli"]) == sorted(set(trial.sounds) - {trial.reference})
    # The same sound under another name is the reference as well.
    first = plan.forms[0].trials[0]
    other = "s99999"
    key.sounds[other] = key.sounds[first.reference]
    trial = first.model_copy(update={"sounds": tuple(other if one == first.reference else one for one in first.sounds)})
    again = plan.model_copy(update={"forms": (plan.forms[0].model_copy(update={"trials": (trial,)}),)})
    assert other not in config_of(again, key, 0, "es")["pages"][1]["stimuli"]


def test_x_is_the_reference_and_the_other_one_the_condition(tmp_path):
    test = made_test(tmp_path / "test", "abx")
    plan, key = test.plan(), test.key()
    for number in range(2):  # X is A in one form, and B in the other
        for page, trial in zip(config_of(plan, key, number, "en")["pages"][1:-1], plan.forms[number].trials, strict=True):
            a, b, x = trial.sounds
            assert page["reference"].endswith(f"/{x}.wav") and list(page["stimuli"]) == [b if x == a else a]


def test_mos_has_five_points_and_an_attention_trial_says_what_to_answer(tmp_path):
    test = made_test(tmp_path / "test", "mos")
    pages = config_of(test.plan(), test.key(), 0, "es")["pages"]
    assert [point["value"] for point in pages[1]["response"]] == [1, 2, 3, 4, 5]
    assert pages[1]["response"][4]["label"] == "5 Excelente" and pages[1]["mustPlayback"] == "ended"
    assert "elegí acá la respuesta 2." in pages[-2]["content"]


@pytest.mark.parametrize("kind", ["cmos", "ab", "transcribe"])
def test_a_kind_that_webmushra_has_no_page_for(kind, tmp_path):
    test = made_test(tmp_path / "test", kind, sounds=False)
    with pytest.raises(InputError, match=kind) as told:
        export_webmushra(test, "en")
    assert told.value.why and "mushra, abx, mos" in told.value.fix
    assert not (test.path / "webmushra").exists()


def test_sounds_that_share_a_page_get_one_length(tmp_path):
    test = made_test(tmp_path / "test", "mushra", listeners=1, sentences=2)
    trial = test.plan().forms[0].trials[1]
    tone(test.audio / f"{trial.sounds[0]}.flac", 300, seconds=0.5)
    folder = export_webmushra(test, "en", tmp_path / "out")
    resources = folder / "configs" / "resources" / "made-mushra"
    audio, _ = soundfile.read(str(resources / f"{trial.sounds[1]}.wav"))
    before, _ = soundfile.read(str(test.audio / f"{trial.sounds[1]}.flac"))
    assert len(audio) == 8000 and (audio[: len(before)] == before).all() and not audio[len(before) :].any()
    others = set(test.plan().forms[0].trials[2].sounds)
    assert {soundfile.info(str(resources / f"{name}.wav")).frames for name in others} == {4000}


def test_texts_are_no_html_and_survive_yaml(tmp_path):
    test = made_test(tmp_path / "test", "mos", sounds=False, listeners=1)
    plan = test.plan()
    evil = "<script>alert(1)</script> : - 'x' \"y\" #z\n- a: b"
    asked = (SurveyQuestion(name="what", kind="long", title={"es": evil}, required=False),)
    plan = plan.model_copy(update={"words": {"es": {"consent": evil}}, "closing": asked})
    text = yaml.safe_dump(config_of(plan, test.key(), 0, "es"), allow_unicode=True)
    config = yaml.safe_load(text)
    assert "<script" not in config["pages"][0]["content"] and "&lt;script&gt;" in config["pages"][0]["content"]
    question = config["pages"][-1]["questionnaire"][1]
    assert question == {"type": "long_text", "name": "what", "label": evil, "optional": True}


def test_prolific_gets_a_link_and_a_code(tmp_path):
    test = made_test(tmp_path / "test", sounds=False, completion=Completion(code="C1A2B3"))
    for language in ("es", "en"):
        text = export_prolific(test, "https://voces.example.org/escucha", language).read_text(encoding="utf-8")
        assert "https://voces.example.org/escucha/?PROLIFIC_PID={{%PROLIFIC_PID%}}\n" in text
        assert "C1A2B3" in text and "https://app.prolific.com/submissions/complete?cc=C1A2B3" in text
        assert "SESSION_ID" not in text and not re.search(r"{[a-z]+}", text)
    test = made_test(tmp_path / "other", sounds=False, completion=Completion(url="https://x.example/done"))
    assert "https://x.example/done" in export_prolific(test, "http://a.org", "en", tmp_path / "p.txt").read_text(
        encoding="utf-8"
    )
    for address in ("", "voces.example.org", "ftp://a.org", "https://a.org/?x=1"):
        with pytest.raises(UsageError, match="address"):
            export_prolific(test, address, "en")
    with pytest.raises(InputError, match="completion"):
        export_prolific(made_test(tmp_path / "none", sounds=False), "https://a.org", "en")


def test_both_languages_have_the_same_texts():
    es, en = texts("es", "export"), texts("en", "export")
    assert list(es["webmushra"]) == list(en["webmushra"])
    assert len(es["prolific"]["lines"]) == len(en["prolific"]["lines"])
    for ours, theirs in zip(es["prolific"]["lines"], en["prolific"]["lines"], strict=True):
        assert sorted(re.findall(r"{[a-z]+}", ours)) == sorted(re.findall(r"{[a-z]+}", theirs)), ours


def test_nothing_came_in(tmp_path):
    with pytest.raises(InputError, match="no answers"):
        export_answers(made_test(tmp_path / "test", sounds=False))
    with pytest.raises(InputError, match="no listening test"):
        export_answers(TestFolder(tmp_path))
    test = made_test(tmp_path / "other", sounds=False)
    test.database.write_bytes(b"x" * 5000)
    with pytest.raises(CheckpointError):
        export_answers(test)


def test_the_command(tmp_path):
    test = with_pages(made_test(tmp_path / "test", "mos", completion=Completion(code="X")))
    with served(test) as running:
        run_through(running.client(), running.plan, CODES[0])
        during = CliRunner().invoke(export, [str(test.path), "--to", "answers", "--json"])  # while the server runs
    assert json.loads(during.stdout) == [str(test.answers / f"answers-{CODES[0]}.json")]
    for arguments, there in (
        (["--to", "webmushra", "--lang", "es"], test.path / "webmushra" / "README.txt"),
        (["--to", "prolific", "--address", "https://a.org", "-o", str(tmp_path / "p.txt")], tmp_path / "p.txt"),
        (["--to", "answers"], test.answers),
    ):
        result = CliRunner().invoke(export, [str(test.path), *arguments])
        assert result.exit_code == 0 and there.exists() and str(there) in result.stdout, result.output
    refused = CliRunner().invoke(export, [str(test.path), "--to", "answers", "-o", "x"])
    assert isinstance(refused.exception, UsageError)
