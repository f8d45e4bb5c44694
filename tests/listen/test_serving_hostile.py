"""Clients that mean harm: too much, too slow, too often, out of form; and what is kept of anyone's address: nothing."""

from __future__ import annotations

import json
import logging
import socket
import time
from contextlib import suppress
from functools import partial

import pytest
from listen_server import CODES, NOW, answers_of, header_of, run_through, served, until, with_pages
from made_test import made_test

from ttskit_listen.serving import api, bodies, patience
from ttskit_listen.serving import running as running_module
from ttskit_listen.serving.limits import LIMIT_BYTES, Bucket, RateLimits
from ttskit_listen.serving.site import Site

CODE = CODES[0]
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with served(with_pages(made_test(tmp_path_factory.mktemp("hostile") / "test", sounds=False))) as found:
        yield found


def raw(port: int, data: bytes, wait_s: float = 10.0) -> bytes:
    """Bytes sent as they are; all that comes back until the server hangs up or says nothing more."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as connection:
        got = b""
        with suppress(ConnectionResetError, BrokenPipeError):
            connection.sendall(data)
        try:
            while chunk := connection.recv(65536):
                got += chunk
        except (TimeoutError, ConnectionResetError):  # hung up on while still sending
            pass
        return got


BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b'{"listener": 1}',
    b'{"listener": null}',
    b'{"listener": ["00-abcdefgh00"]}',
    b'{"listener": {"$ne": ""}}',
    b'{"listener": "00-abcdefgh00", "admin": true}',
    b'{"listener": "' + b"x" * 65 + b'"}',
    b'{"listener": "\\ud800"}',
    b'{"listener": "\xff\xfe"}',
    b'{"listener": NaN}',
    b'{"listener": 1e999}',
    b"[" * 20_000,
    b'{"a":' * 10_000,
    b"\xef\xbb\xbf" * 4,
    b"\x00" * 100,
    b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>&y;</x>",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize(("method", "path"), [("POST", "begin"), ("PUT", "header"), ("PUT", "answer"), ("POST", "end")])
def test_a_body_that_is_none(running, method, path, body):
    refused = running.client().ask(method, f"/api/{path}", body, JSON)
    assert refused.status == 400 and set(refused.json) == {"error"}


def test_only_json_is_taken(running):
    """What a form of a stranger's page can send without being asked first."""
    body = json.dumps({"listener": CODE})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/json5"):
        assert running.client().ask("POST", "/api/begin", body, {"Content-Type": kind} if kind else {}).status == 415
    assert running.client().ask("POST", "/api/begin", body, {"Content-Type": "application/json; charset=utf-8"}).status == 200
    asked = running.client().ask("OPTIONS", "/api/begin", None, {"Origin": "http://evil.example"})
    assert asked.status == 405 and not any(name.startswith("access-control") for name in asked.headers)


def test_other_methods_are_refused(running):
    for method, path in (
        ("GET", "begin"),
        ("PUT", "begin"),
        ("POST", "header"),
        ("POST", "answer"),
        ("DELETE", "answer"),
        ("PUT", "end"),
    ):
        assert running.client().ask(method, f"/api/{path}", b"{}", JSON).status in (404, 405)
    for method in ("POST", "PUT", "DELETE", "TRACE", "CONNECT"):
        assert running.client().ask(method, "/index.html", b"", {}).status in (400, 405)


def test_too_long_a_body_with_and_without_a_length(running):
    long = json.dumps({"listener": CODE, "more": "x" * LIMIT_BYTES}).encode()
    for path in ("begin", "end"):
        assert running.client().ask("POST", f"/api/{path}", long, JSON).status == 413
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (long[i : i + 4096] for i in range(0, len(long), 4096)))
    head = (
        b"POST /api/begin HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert raw(running.port, head + chunks + b"0\r\n\r\n").startswith(b"HTTP/1.1 413")
    named = (
        b"POST /api/begin HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
    )
    assert raw(running.port, named + b"x" * 1000).startswith(b"HTTP/1.1 413")
    endless = head + b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    flood = endless + (b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * 40
    with suppress(ConnectionResetError, BrokenPipeError):  # hung up on while still sending
        assert raw(running.port, flood)[:12] in (b"HTTP/1.1 413", b"")
    assert running.client().begin(CODE).status == 200


def test_the_longest_answer_that_is_allowed_fits(tmp_path):
    with served(with_pages(made_test(tmp_path / "test", "transcribe", sounds=False))) as running:
        client, plan = running.client(), running.plan
        client.begin(CODE)
        client.header(CODE, header_of(plan, CODE))
        longest = {**answers_of(plan, CODE)[1], "response": "ñ\u0000\U0001f600" * 666 + "xx"}
        assert client.answer(CODE, longest).status == 200
        assert client.begin(CODE).json["file"]["answers"] == [longest]


def test_a_body_that_comes_too_slowly(running, monkeypatch):
    monkeypatch.setattr(bodies, "LATE_S", 0.3)
    head = b"POST /api/begin HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n"
    began = time.monotonic()
    reply = raw(running.port, head + b'{"listener"')
    assert reply.startswith(b"HTTP/1.1 503") and b"too slowly" in reply and time.monotonic() - began < 8


def test_a_head_that_comes_too_slowly(tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "LATE_S", 0.5)
    monkeypatch.setattr(patience.protocol, "__defaults__", (0.5,))
    with served(with_pages(made_test(tmp_path / "test", sounds=False))) as running:
        for sent in ([], [b"GET / HTTP/1.1\r\nHost: local"], [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET / HT"]):
            with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
                for part in sent:
                    connection.sendall(part)
                    time.sleep(0.2)
                began = time.monotonic()
                try:
                    while connection.recv(65536):
                        pass
                except ConnectionResetError:
                    pass
                assert time.monotonic() - began < 8  # the server hung up
        # Bytes that trickle in do not put it off.
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
            began = time.monotonic()
            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                while time.monotonic() - began < 8:
                    connection.sendall(b"G")
                    time.sleep(0.05)
        client = running.client()
        assert client.begin(CODE).status == 200
        time.sleep(1)
        assert client.begin(CODE).status == 200  # a connection at rest between two requests is no slow one


def test_slow_ones_do_not_keep_others_waiting(running):
    head = b"POST /api/begin HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n"
    held = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(60)]
    for number, connection in enumerate(held):
        connection.sendall(head if number % 2 else head[:20])
    began = time.monotonic()
    assert running.client().begin(CODE).status == 200 and time.monotonic() - began < 5
    for connection in held:
        connection.close()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"POST /api/end HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/begin HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    ],
    ids=range(8),
)
def test_requests_out_of_form(running, request_bytes):
    reply = raw(running.port, request_bytes, 1.0)
    assert not reply or reply[9:12] in (b"400", b"404", b"413", b"415", b"431")
    assert running.client().get("/").status == 200


def test_header_injection_stays_in_its_place(running):
    for path in ("/experimenter?lang=es%0d%0aSet-Cookie:%20x=y", "/?listener=%0d%0aX-Evil:%201", "/%0d%0aX-Evil:%201"):
        found = running.client().get(path)
        assert "x-evil" not in found.headers and "x=y" not in found.headers.get("set-cookie", "")


def test_one_listener_cannot_ask_without_end():
    now = [0.0]
    guard = RateLimits(lambda: now[0])
    guard.good(CODE)
    assert sum(guard.admits(CODE) for _ in range(1000)) == 300
    guard.good(CODES[1])
    assert guard.admits(CODES[1])  # another is not touched
    now[0] = 10.0
    assert sum(guard.admits(CODE) for _ in range(1000)) == 150


def test_guesses_are_limited_and_those_who_listen_are_not(running):
    now = [0.0]
    guard = RateLimits(lambda: now[0])
    guard.good(CODE)
    tried = 0
    while guard.admits(f"00-guess{tried:05d}"):
        guard.wrong()
        tried += 1
    assert tried < 100 and not guard.admits(CODES[1]) and guard.admits(CODE)
    now[0] = 60.0
    assert guard.admits(CODES[1])
    bucket = Bucket(2, 1, lambda: now[0])
    assert [bucket.take() for _ in range(3)] == [True, True, False]


def test_a_flood_of_guesses_is_told_to_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(api, "_WRONG_S", 0.0)  # as if many guessed at once
    monkeypatch.setattr(running_module, "Site", partial(Site, guard=RateLimits(lambda: 0.0)))
    with served(with_pages(made_test(tmp_path / "test", sounds=False))) as running:
        client = running.client()
        assert client.begin(CODE).status == 200
        statuses = []
        while 429 not in statuses and len(statuses) < 100:
            statuses.append(client.begin(f"00-guess{len(statuses):05d}").status)
        assert set(statuses) == {401, 429} and client.begin(CODE).status == 200
        assert client.begin("00-another").headers["retry-after"] == "1"


def test_a_wrong_code_takes_as_long_as_another_wrong_code(running):
    client, took = running.client(), {}
    for code in ("not-a-code", "00-nobodyhere", CODES[1][:-1] + "x"):
        began = time.monotonic()
        assert client.begin(code).status == 401
        took[code] = time.monotonic() - began
    assert min(took.values()) >= 0.1


def test_no_address_is_kept_or_said(tmp_path, caplog, capfd):
    """The client comes from an address that nothing else has, and fails in every way that might be noted."""
    caplog.set_level(logging.DEBUG)
    test = with_pages(made_test(tmp_path / "test", sounds=False))
    with served(test, host="0.0.0.0") as running:
        with socket.socket() as probe:
            try:
                probe.bind(("127.66.77.88", 0))
            except OSError:
                pytest.skip("this system has one loopback address only")
        for request in (b"nonsense\r\n\r\n", b"GET /experimenter HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", running.port), 5, ("127.66.77.88", 0)) as connection:
                connection.sendall(request)
                while connection.recv(65536):
                    pass
        body = json.dumps({"listener": CODE}).encode()
        head = b"POST /api/begin HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += b"X-Forwarded-For: 127.66.77.88\r\n"
        with socket.create_connection(("127.0.0.1", running.port), 5, ("127.66.77.88", 0)) as connection:
            connection.sendall(head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        run_through(running.client(), running.plan, CODES[1])
    said = "".join(capfd.readouterr()) + caplog.text
    assert "127.66.77.88" not in said and "X-Forwarded" not in said
    for path in test.path.rglob("*"):
        if path.is_file():
            assert b"127.66.77.88" not in path.read_bytes(), path.name


def test_a_fault_of_ours_is_told_without_its_inside(running, monkeypatch, caplog):
    from ttskit_listen.serving.store import Store

    def broken(self, code):
        raise RuntimeError("the inside of the server")

    monkeypatch.setattr(Store, "begin", broken)
    reply = running.client().begin(CODE)
    assert reply.status == 500 and "inside" not in reply.text
    until(lambda: "a request failed: RuntimeError" in caplog.text)  # it is noted after it was answered
    monkeypatch.undo()
    assert running.client().begin(CODE).json["listener"] == CODE and NOW
