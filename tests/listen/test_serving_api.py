"""What a listener's page asks the server, and what the server refuses: nothing that does not fit the plan is kept."""

from __future__ import annotations

import json

import pytest
from listen_server import CODES, NOW, answers_of, header_of, run_through, served, with_pages
from made_test import made_test

from ttskit_listen.plan import KINDS, Completion

CODE = CODES[0]
DONE = Completion(code="C0DE", url="https://example.org/complete?cc=C0DE")


@pytest.fixture(scope="module")
def cmos(tmp_path_factory):
    test = with_pages(made_test(tmp_path_factory.mktemp("cmos") / "test", sounds=False, completion=DONE))
    with served(test) as running:
        yield running


@pytest.mark.parametrize("kind", KINDS)
def test_a_listener_from_the_beginning_to_the_end(kind, tmp_path):
    test = with_pages(made_test(tmp_path / "test", kind, sounds=False, completion=DONE))
    with served(test) as running:
        client = running.client()
        saved = run_through(client, running.plan, CODE)
        assert client.end(CODE).json == {"completion": {"code": "C0DE", "url": DONE.url}}
        file = client.begin(CODE).json["file"]
    assert file == saved and list(file) == list(saved)  # the order of fields is that of the page


def test_the_way_back_goes_on_where_it_was(cmos):
    client, code, plan = cmos.client(), CODES[1], cmos.plan
    assert client.begin(code).json == {"listener": code, "file": None}
    assert client.header(code, header_of(plan, code)).status == 200
    answers = answers_of(plan, code)
    for one in answers[:3]:
        client.answer(code, one)
    back = cmos.client().begin(code).json["file"]  # another browser
    assert [one["trial"] for one in back["answers"]] == [one["trial"] for one in answers[:3]]
    assert not back["complete"] and back["ended"] == ""


def test_answers_stand_in_the_order_of_the_form_in_whatever_order_they_came(cmos):
    client, code, plan = cmos.client(), CODES[2], cmos.plan
    client.begin(code)
    client.header(code, header_of(plan, code))
    answers = answers_of(plan, code)
    for one in reversed(answers):
        assert client.answer(code, one).status == 200
    assert client.begin(code).json["file"]["answers"] == answers


def test_the_same_again_is_good_and_another_answer_is_not(cmos):
    client, plan = cmos.client(), cmos.plan
    client.begin(CODE)
    header, first = header_of(plan, CODE), answers_of(plan, CODE)[0]
    assert client.header(CODE, header).status == client.header(CODE, header).status == 200
    assert client.header(CODE, {**header, "language": "en"}).status == 200  # later wins until the end
    assert client.answer(CODE, first).status == client.answer(CODE, first).status == 200
    other = client.answer(CODE, {**first, "response": first["response"] % 3 - 2})
    assert other.status == 409 and "first answer stays" in other.json["error"]
    file = client.begin(CODE).json["file"]
    assert file["answers"] == [first] and file["language"] == "en"


def test_the_end_names_what_is_missing_and_practice_is_not(cmos):
    client, code, plan = cmos.client(), CODES[3], cmos.plan
    client.begin(code)
    client.header(code, header_of(plan, code))
    practice, *answers = answers_of(plan, code)
    client.answer(code, answers[0])
    refused = client.end(code)
    assert refused.status == 409
    assert refused.json["missing"] == [one["trial"] for one in answers[1:]] and "have not arrived" in refused.json["error"]
    for one in answers[1:]:
        client.answer(code, one)
    assert client.end(code).status == 200
    assert client.end(code, "2027-01-01T00:00:00Z").status == 200
    assert client.begin(code).json["file"]["ended"] == NOW  # the first time given stays
    assert client.header(code, header_of(plan, code)).status == 200  # the same again
    assert client.header(code, header_of(plan, code, language="en")).status == 409
    assert client.answer(code, practice).status == 200  # late, and not lost


def test_nothing_is_kept_before_the_consent(tmp_path):
    with served(with_pages(made_test(tmp_path / "test", sounds=False))) as running:
        client, plan = running.client(), running.plan
        client.begin(CODE)
        assert client.answer(CODE, answers_of(plan, CODE)[0]).status == 409
        assert client.header(CODE, header_of(plan, CODE, consent=False)).status == 400
        assert client.end(CODE).status == 409
        assert client.begin(CODE).json["file"] is None


@pytest.mark.parametrize("path", ["begin", "header", "answer", "end"])
def test_a_code_of_nobody(cmos, path):
    client, plan = cmos.client(), cmos.plan
    for code in ("00-nobodyhere", "1'; DROP TABLE listeners; --", "٠٠-abcdefgh", "x", " " + CODE):
        body = {"listener": code}
        if path == "header":
            body["header"] = header_of(plan, CODE, listener=code)
        elif path == "answer":
            body["answer"] = answers_of(plan, CODE)[0]
        elif path == "end":
            body["ended"] = NOW
        refused = client.send("POST" if path in ("begin", "end") else "PUT", path, body)
        assert refused.status == 401 and set(refused.json) == {"error"}, code
    assert client.begin("").status == 401  # by invitation only
    assert client.begin(CODE).status == 200


def header_changes(plan):
    return {
        "of another test": {"test": "another"},
        "of another listener": {"listener": CODES[1]},
        "of another form": {"form": 1},
        "format": {"format": 2},
        "language": {"language": "fr"},
        "language as a number": {"language": 3},
        "time": {"began": "yesterday"},
        "question": {"questions": {"name": "Ana"}},
        "choice": {"questions": {"variety": "martian"}},
        "required": {"questions": {"variety": ""}},
        "value": {"questions": {"variety": 1}},
        "headphones": {"headphones": {"answers": [1], "right": 1}},
        "more": {"ip": "192.0.2.1"},
        "answers": {"answers": []},
        "width": {"browser": {"name": "x", "mobile": 1, "width": 1, "height": 1}},
        "wide": {"browser": {"name": "x", "mobile": True, "width": -1, "height": 1}},
        "text": {"browser": {"name": "x" * 2001, "mobile": True, "width": 1, "height": 1}},
    }


@pytest.mark.parametrize("name", list(header_changes(None)))
def test_a_header_that_does_not_fit(cmos, name):
    client = cmos.client()
    client.begin(CODE)
    good = header_of(cmos.plan, CODE)
    before = client.begin(CODE).json
    refused = client.header(CODE, {**good, **header_changes(cmos.plan)[name]})
    assert refused.status == 400 and refused.json["error"]
    assert client.begin(CODE).json == before
    assert client.header(CODE, {**good, "questions": {"sound_errors": "s00001"}}).status == 200  # the page's own
    assert client.header(CODE, good).status == 200


WRONG = {
    "cmos": [4, -4, 1.0, 1.5, "1", True, None, [1], "first", {}],
    "ab": ["none", "third", 1, "", None, ["first"]],
    "abx": ["none", 0, "FIRST"],
    "mos": [0, 6, -1, 3.5, "3", True],
    "mushra": [50, [50], [50] * 4, [50, 50, 101], [50, -1, 50], [50, 50.5, 50], ["50", 50, 50], [True, 50, 50], "50"],
    "transcribe": [1, ["a"], "x" * 2001, None],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_response_that_does_not_fit(kind, tmp_path):
    with served(with_pages(made_test(tmp_path / "test", kind, sounds=False))) as running:
        client, plan = running.client(), running.plan
        client.begin(CODE)
        client.header(CODE, header_of(plan, CODE))
        good = answers_of(plan, CODE)[1]
        for response in WRONG[kind]:
            refused = client.answer(CODE, {**good, "response": response})
            assert refused.status == 400, response
        for changed in ({"plays": [1] * 5}, {"plays": []}, {"plays": ["1"] * len(good["plays"])}, {"heard": 9}, {"rt_ms": -1}):
            assert client.answer(CODE, {**good, **changed}).status == 400, changed
        for changed in ({"at": "2026-11-28"}, {"at": NOW + "\n"}, {"trial": "../../key"}, {"more": 1}, {"rt_ms": 1.5}):
            assert client.answer(CODE, {**good, **changed}).status == 400, changed
        assert client.begin(CODE).json["file"]["answers"] == []
        assert client.answer(CODE, good).status == 200


def test_a_trial_of_another_listener(cmos):
    client, plan = cmos.client(), cmos.plan
    client.begin(CODE)
    client.header(CODE, header_of(plan, CODE))
    theirs = answers_of(plan, CODES[1])[2]
    assert client.answer(CODE, theirs).status == 404
    assert client.answer(CODE, {**theirs, "trial": "nothing"}).status == 404


def test_no_preference_where_the_plan_allows_it(tmp_path):
    test = made_test(tmp_path / "test", "ab", sounds=False)
    plan = test.plan().model_copy(update={"allow_none": True})
    test.plan_file.write_text(test.plan_script(plan), encoding="utf-8")
    with served(with_pages(test)) as running:
        client = running.client()
        client.begin(CODE)
        client.header(CODE, header_of(plan, CODE))
        assert client.answer(CODE, {**answers_of(plan, CODE)[1], "response": "none"}).status == 200


def test_refusals_in_the_language_of_the_browser(cmos):
    client = cmos.client(**{"Accept-Language": "es-AR,es;q=0.9,en;q=0.5"})
    assert client.begin("00-nobodyhere").json == {"error": "Este código no se conoce acá; abrí el enlace tal como te llegó."}


def test_the_plan_goes_out_without_its_completion_code(cmos):
    script = cmos.client().get("/test.js").text
    assert "C0DE" in cmos.test.plan_file.read_text(encoding="utf-8") and "C0DE" not in script
    shown = json.loads(script[len("ttskit.plan(") : -3])
    assert shown["forms"] == json.loads(cmos.plan.model_dump_json())["forms"] and shown["completion"] == {"code": "", "url": ""}
    assert cmos.client().get("/mode.js").text == 'ttskit.mode({"server": true, "open": false});\n'


def test_what_is_handed_in_is_the_file_that_the_static_page_saves(tmp_path):
    """`JSON.stringify(file, null, 1)` and a line feed: compared with the same in Python, which writes it the same way."""
    from ttskit_listen.exporting import export_answers

    test = with_pages(made_test(tmp_path / "test", "transcribe", sounds=False))
    with served(test) as running:
        saved = [run_through(running.client(), running.plan, code) for code in CODES[:2]]
    written = export_answers(test)
    assert [path.name for path in written] == [f"answers-{code}.json" for code in CODES[:2]]
    for path, file in zip(written, saved, strict=True):
        assert path.read_text(encoding="utf-8") == json.dumps(file, ensure_ascii=False, indent=1) + "\n"
    before = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in export_answers(test)] == before
