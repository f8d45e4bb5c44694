"""The experimenter's page: who gets in, what it shows, what its forms do, and that nobody else's forms do it."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile

import pytest
from listen_server import CODES, answers_of, header_of, run_through, served, with_pages
from made_test import made_test

from ttskit_listen.exporting import export_answers
from ttskit_listen.serving import passwords
from ttskit_listen.serving.experimenter import COOKIE
from ttskit_listen.serving.refusals import texts
from ttskit_listen.serving.tables import guarded

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    test = with_pages(made_test(tmp_path_factory.mktemp("experimenter") / "test", "transcribe", sounds=False))
    with served(test) as found:
        yield found


def token_of(text: str) -> str:
    return re.search(r'name="token" value="([^"]+)"', text)[1]


def post(client, path: str, **fields: str):
    from urllib.parse import urlencode

    return client.ask("POST", f"/experimenter/{path}", urlencode(fields), FORM)


def signed_in(running, language: str = "en"):
    client = running.client(**{"Accept-Language": language})
    token = token_of(client.get("/experimenter").text)
    reply = post(client, "sign-in", token=token, password=running.started.password)
    assert reply.status == 303, reply.text
    return client


def test_the_password_is_made_once_and_kept_as_a_hash(running):
    password = running.started.password
    assert re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", password)
    for path in running.test.path.glob("listen.sqlite*"):
        assert password.encode() not in path.read_bytes()
    with served(running.test) as again:
        assert again.started.password == ""
    kept = passwords.hashed("x")
    assert kept.startswith("scrypt$16384$8$1$") and passwords.right("x", kept) and not passwords.right("y", kept)
    assert kept != passwords.hashed("x") and not passwords.right("x", "") and not passwords.right("x", "scrypt$a$b$c$d$e")


def test_a_new_password_takes_the_place_of_the_old_one(tmp_path):
    test = with_pages(made_test(tmp_path / "test", sounds=False))
    with served(test) as first:
        old = first.started.password
    with served(test, new_password=True) as second:
        assert second.started.password not in ("", old)
        client = second.client()
        wrong = post(client, "sign-in", token=token_of(client.get("/experimenter").text), password=old)
        assert wrong.status == 403
        signed_in(second)


def test_without_the_password_nothing_is_shown_or_done(running):
    client = running.client()
    for path in ("answers.zip", "answers.csv", "participants.csv", "anything"):
        refused = client.get(f"/experimenter/{path}")
        assert refused.status == 403 and CODES[0] not in refused.text
    door = client.get("/experimenter")
    assert door.status == 200 and CODES[0] not in door.text and 'type="password"' in door.text
    for path in ("invite", "withdraw", "sign-out"):
        assert post(client, path, token=token_of(door.text), number="1", code=CODES[0]).status == 403
    client.cookies[COOKIE] = "forged"
    assert CODES[0] not in client.get("/experimenter").text


def test_the_cookie_is_the_browsers_alone(running):
    client = running.client()
    token = token_of(client.get("/experimenter").text)
    cookie = post(client, "sign-in", token=token, password=running.started.password).headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/experimenter", f"Max-Age={passwords.SESSION_S}"):
        assert part in cookie
    assert "Secure" not in cookie  # of plain http on this machine; see the proxy's test


def test_a_session_runs_out(monkeypatch):
    now = [0.0]
    sessions = passwords.Sessions(lambda: now[0])
    name = sessions.begin()
    assert sessions.good(name) and not sessions.good("") and not sessions.good(name + "x")
    now[0] = passwords.SESSION_S - 1
    assert sessions.good(name)
    now[0] = passwords.SESSION_S
    assert not sessions.good(name)
    other = sessions.begin()
    assert sessions.fits(other, sessions.token(other)) and not sessions.fits(other, sessions.token(name))
    assert not sessions.fits("", sessions.token("")) and not sessions.fits(other, "é")
    sessions.end(other)
    assert not sessions.good(other)


def test_attempts_are_limited(tmp_path):
    with served(with_pages(made_test(tmp_path / "test", sounds=False))) as running:
        client = running.client()
        token = token_of(client.get("/experimenter").text)
        statuses = [post(client, "sign-in", token=token, password=f"guess{number}").status for number in range(14)]
        assert statuses[:10] == [403] * 10 and 429 in statuses[10:]
        assert post(client, "sign-in", token=token, password=running.started.password).status == 429


def test_a_form_of_a_stranger_is_refused(running):
    client, other = signed_in(running), signed_in(running)
    theirs = token_of(other.get("/experimenter").text)
    before = client.get("/experimenter").text.count("<tr>")
    for token in ("", "x", theirs, "0" * 64):
        for path, fields in (("invite", {"number": "3"}), ("withdraw", {"code": CODES[0]}), ("sign-out", {})):
            assert post(client, path, token=token, **fields).status == 403
    visitor = running.client()
    visitor.get("/experimenter")
    assert post(visitor, "sign-in", token=theirs, password=running.started.password).status == 403
    assert client.get("/experimenter").text.count("<tr>") == before
    body = f"token={token_of(client.get('/experimenter').text)}&number=1"
    assert client.ask("POST", "/experimenter/invite", body, {"Content-Type": "text/plain"}).status == 415


def test_it_shows_how_far_everyone_is(running):
    run_through(running.client(), running.plan, CODES[0])
    client, code = running.client(), CODES[1]
    client.begin(code)
    client.header(code, header_of(running.plan, code))
    for one in answers_of(running.plan, code)[:3]:
        client.answer(code, one)
    page = signed_in(running).get("/experimenter?lang=en").text
    rows = {
        row[1]: row[0]
        for row in re.findall(r'(<th scope="row"><a href="[^"]*" rel="noreferrer">([^<]+)</a>.*?</tr>)', page, re.S)
    }
    total = len(running.plan.forms[0].trials) - 1
    assert f"{total}/{total}" in rows[CODES[0]] and "chip complete" in rows[CODES[0]]
    assert f"2/{total}" in rows[CODES[1]] and "chip begun" in rows[CODES[1]]  # practice is not counted
    assert "0/" in rows[CODES[2]] and "chip invited" in rows[CODES[2]] and "Withdraw" not in rows[CODES[2]]
    assert f"/?listener={CODES[2]}" in rows[CODES[2]]
    assert "1 of 4 planned listeners are complete; 2 have begun, 4 were invited." in page


def test_both_languages_have_the_same_words(running):
    es, en = texts("es"), texts("en")
    for part in ("refusals", "page"):
        assert list(es[part]) == list(en[part])
        for key, text in es[part].items():
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", en[part][key])), key
    client = signed_in(running)
    page = client.get("/experimenter?lang=es").text
    assert '<html lang="es">' in page and "Quienes escuchan" in page and "{" not in page.partition("</style>")[2]


def test_new_invitations_are_shown_once(tmp_path):
    test = with_pages(made_test(tmp_path / "test", sounds=False), CODES[:2])
    with served(test) as running:
        client = signed_in(running)
        for number in ("0", "501", "x", "-1", "", "1e3", "٣"):
            assert post(client, "invite", token=token_of(client.get("/experimenter").text), number=number).status == 400
        assert post(client, "invite", token=token_of(client.get("/experimenter").text), number="3", lang="en").status == 303
        page = client.get("/experimenter?lang=en").text
        links = re.findall(r"<code>([^<]+)</code>", page)
        assert len(links) == 3 and [re.search(r"listener=(\d\d)", link)[1] for link in links] == ["02", "03", "00"]
        assert "<code>" not in client.get("/experimenter").text
        code = links[0].partition("listener=")[2]
        assert running.client().begin(code).status == 200


def test_withdrawing_deletes_and_says_so(tmp_path):
    test = with_pages(made_test(tmp_path / "test", "transcribe", sounds=False))
    with served(test) as running:
        listener, code = running.client(), CODES[0]
        run_through(listener, running.plan, code)
        (exported,) = export_answers(test)
        client = signed_in(running)
        page = client.get("/experimenter").text
        assert post(client, "withdraw", token=token_of(page), code="../../key").status == 401
        assert test.key_file.is_file()
        assert post(client, "withdraw", token=token_of(page), code=code, lang="en").status == 303
        page = client.get("/experimenter?lang=en").text
        assert f"The answers of {code} were deleted." in page and "chip withdrawn" in page
        assert not exported.exists() and export_answers(test) == []
        assert listener.begin(code).status == 401
        assert (
            listener.answer(code, answers_of(running.plan, code)[0]).status == 401
        )  # nor does the page's journal bring it back
        for path in test.path.glob("listen.sqlite*"):
            assert "oración número".encode() not in path.read_bytes()
            assert b"oraci\\u00f3n" not in path.read_bytes(), path.name


def test_downloads_are_the_answers(running):
    saved = run_through(running.client(), running.plan, CODES[2])
    client = signed_in(running)
    archive = client.get("/experimenter/answers.zip")
    assert archive.body == client.get("/experimenter/answers.zip").body
    assert archive.headers["content-disposition"] == 'attachment; filename="made-transcribe-answers.zip"'
    with zipfile.ZipFile(io.BytesIO(archive.body)) as files:
        text = files.read(f"answers/answers-{CODES[2]}.json").decode()
    assert text == json.dumps(saved, ensure_ascii=False, indent=1) + "\n"
    rows = [
        row for row in csv.DictReader(io.StringIO(client.get("/experimenter/answers.csv").text)) if row["listener"] == CODES[2]
    ]
    assert [row["response"] for row in rows] == [one["response"] for one in saved["answers"]]
    assert rows[0]["plays"] == "1" and rows[0]["rt_ms"] == "1500"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text):
    assert guarded(text) == "'" + text and guarded("a" + text) == "a" + text and guarded(-1) == -1


def test_what_listeners_write_is_text_and_no_page(tmp_path):
    """Texts that would be a script, a formula or a command, from the listener's box to the experimenter's eyes."""
    evil = [
        "<script>alert(1)</script>",
        '=HYPERLINK("http://evil")',
        "'); DROP TABLE answers; --",
        "{{ 7 * 7 }}",
        "\u202etxt.exe",
    ]
    test = with_pages(made_test(tmp_path / "test", "transcribe", sounds=False), (*CODES[:4], "00-<b>no</b>", '00-"onload="x'))
    with served(test, open=True) as running:
        client, code, plan = running.client(), CODES[0], running.plan
        client.begin(code)
        client.header(code, header_of(plan, code, browser={"name": evil[0], "mobile": False, "width": 1, "height": 1}))
        answers = answers_of(plan, code)
        for one, text in zip(answers[1:], evil, strict=False):
            assert client.answer(code, {**one, "response": text}).status == 200
        assert client.begin("", participant="<script>").status == 400
        assert client.begin("", participant="=cmd").status == 400
        page = signed_in(running).get("/experimenter").text
        assert "<script" not in page and "alert(" not in page and "<b>no" not in page and "onload" not in page
        cells = [
            row["response"] for row in csv.DictReader(io.StringIO(signed_in(running).get("/experimenter/answers.csv").text))
        ]
        assert cells == [evil[0], "'" + evil[1], *evil[2:]]
        assert [one["response"] for one in client.begin(code).json["file"]["answers"]] == evil


def test_a_title_of_the_plan_is_text_on_the_page(tmp_path):
    test = made_test(tmp_path / "test", sounds=False)
    plan = test.plan().model_copy(update={"title": {"es": "<img src=x onerror=alert(1)>"}})
    test.plan_file.write_text(test.plan_script(plan), encoding="utf-8")
    with served(with_pages(test)) as running:
        assert "<img" not in running.client().get("/experimenter").text
