"""What the server gives of the disk, and how: what was public when it started, in parts where a player asks for parts."""

from __future__ import annotations

import os
import socket
import sys

import pytest
from listen_server import CODES, served, with_pages
from made_test import made_test

from ttskit.errors import InputError, UsageError
from ttskit_listen.serving.app import HEADERS
from ttskit_listen.serving.files import public_files
from ttskit_listen.serving.running import Options, address_of
from ttskit_listen.serving.site import Address


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    test = with_pages(made_test(tmp_path_factory.mktemp("files") / "test", "mos", listeners=1, sentences=1))
    (test.public / ".hidden.js").write_text("secret", encoding="utf-8")
    (test.public / "notes.json").write_text("{}", encoding="utf-8")
    (test.public / ".git").mkdir()
    (test.public / ".git" / "config.txt").write_text("secret", encoding="utf-8")
    if sys.platform != "win32":
        (test.public / "key.js").symlink_to(test.key_file)
        (test.public / "up").symlink_to(test.path)
    with served(test) as found:
        yield found


@pytest.fixture
def client(running):
    return running.client()


def sound(running):
    return next(path for path in sorted(running.test.audio.iterdir()) if path.suffix == ".flac")


def test_the_pages_and_sounds_are_there(running, client):
    assert client.get("/").text == client.get("/index.html").text == client.get("/?listener=x&PROLIFIC_PID=y").text
    assert client.get("/").headers["content-type"] == "text/html; charset=utf-8"
    path = sound(running)
    found = client.get(f"/audio/{path.name}")
    assert found.body == path.read_bytes() and found.headers["content-type"] == "audio/flac"
    assert "max-age=3600" in found.headers["cache-control"] and client.get("/").headers["cache-control"] == "no-cache"


OUTSIDE = """
/key.json /design.json /listen.sqlite /invitations.csv /../key.json /..%2fkey.json /%2e%2e/key.json
/%2e%2e%2fkey.json /audio/../../key.json /audio/..%2f..%2fkey.json /audio/%2e%2e/%2e%2e/key.json
/..%5ckey.json /..%255ckey.json /%252e%252e/key.json /audio/..;/key.json //key.json /./key.json /.hidden.js
/.git/config.txt /key.js /up/key.json /up/listen.sqlite /notes.json /audio /audio/ /index.html/ /index.html%00
/index.html%00.js /INDEX.HTML /file:///etc/passwd /etc/passwd /api/../key.json /experimenter/../key.json
/experimenter/..%2f..%2fkey.json /api/begin/../../key.json /%c0%ae%c0%ae/key.json /..%c0%afkey.json
""".split()


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_else_is_reached(client, path):
    found = client.get(path)
    assert found.status in (400, 403, 404, 405), path
    assert b"secret" not in found.body and b"tacotron2" not in found.body


def test_links_and_hidden_files_are_not_even_known(running):
    known = set(public_files(running.test))
    assert {"index.html", "mode.js", "test.js"} <= known
    assert all(name in ("index.html", "mode.js", "test.js", "later.js") or name.startswith("audio/") for name in known)


def test_what_was_put_there_later_is_not_given(running, client):
    (running.test.public / "later.js").write_text("x", encoding="utf-8")
    assert client.get("/later.js").status == 404


def test_parts_of_a_sound(running, client):
    path = sound(running)
    data, address = path.read_bytes(), f"/audio/{path.name}"
    for asked, first, last in (
        ("bytes=0-1", 0, 1),
        ("bytes=10-", 10, len(data) - 1),
        ("bytes=-7", len(data) - 7, len(data) - 1),
    ):
        part = client.get(address, Range=asked)
        assert part.status == 206 and part.body == data[first : last + 1]
        assert part.headers["content-range"] == f"bytes {first}-{last}/{len(data)}"
    past = client.get(address, Range=f"bytes={len(data)}-")
    assert past.status == 416 and past.headers["content-range"] == f"bytes */{len(data)}"
    for asked in ("bytes=0-1,5-6", "bytes=5-1", "lines=1-2", "bytes=a-b", "bytes=-", "bytes=" + "0-1," * 3000):
        assert client.get(address, Range=asked).body == data
    assert client.get(address, Range="bytes=0-1", If_Range='"older"').body == data
    mark = client.get(address).headers["etag"]
    assert client.get(address, If_None_Match=mark).status == 304
    head = client.ask("HEAD", address)
    assert head.status == 200 and head.body == b"" and head.headers["content-length"] == str(len(data))


def test_every_answer_carries_the_headers_that_protect(client):
    for path in ("/", "/mode.js", "/nothing", "/experimenter", "/api/begin", "/experimenter/answers.zip"):
        found = client.get(path).headers
        assert {name: found.get(name) for name in HEADERS} == HEADERS, path
        assert "server" not in found
    policy = HEADERS["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe-eval" not in policy
    assert "script-src" not in policy and policy.count("unsafe-inline") == 1  # for styles alone


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "localhost.evil.example"])
def test_another_name_of_the_host_is_refused(client, host):
    refused = client.get("/", Host=host)
    assert refused.status == 400 and "--host-name" in refused.text


def test_names_and_numbers_that_are_ours(running, client):
    for host in ("localhost", f"localhost:{running.port}", "127.0.0.1:80", "[::1]:8000", socket.gethostname(), "192.0.2.7"):
        assert client.get("/", Host=host).status == 200, host
    with served(running.test, host_names=("voces.example.org",)) as named:
        assert named.client().get("/", Host="voces.example.org").status == 200
        assert named.started.address.base == f"http://voces.example.org:{named.port}/"


def test_behind_a_proxy_below_a_path(running):
    """Whether the proxy takes the prefix away or not; links and cookies have it."""
    with served(running.test, behind_proxy="https://voces.example.org/escucha/") as named:
        client = named.client(Host="voces.example.org")
        assert client.get("/escucha/").text == client.get("/escucha").text == client.get("/").text
        assert client.get("/escucha/mode.js").status == client.get("/mode.js").status == 200
        assert client.get("/escuchar/mode.js").status == 404
        assert named.started.address.link(CODES[0]) == f"https://voces.example.org/escucha/?listener={CODES[0]}"
        door = client.get("/escucha/experimenter")
        assert 'action="/escucha/experimenter/sign-in"' in door.text
        assert "Path=/escucha/experimenter" in door.headers["set-cookie"] and "Secure" in door.headers["set-cookie"]
        assert client.begin(CODES[0]).status == 200


def test_addresses():
    assert Address(host="0.0.0.0", port=80).base == f"http://{socket.gethostname()}/"
    assert Address("https", "::1", 8443).base == "https://[::1]:8443/"
    assert Address("https", "0.0.0.0", 443, ("a.org",)).base == "https://a.org/"
    assert address_of(Options(behind_proxy="/x", host_names=("a.org",))).base == "https://a.org/x/"
    assert address_of(Options(behind_proxy="http://a.org")).base == "http://a.org/"


@pytest.mark.parametrize(
    "options",
    [
        {"behind_proxy": "/x"},
        {"behind_proxy": "x y", "host_names": ("a.org",)},
        {"behind_proxy": "/../x", "host_names": ("a b",)},
        {"behind_proxy": "ftp://a.org/x"},
        {"host_names": ("a.org/x",)},
        {"host_names": ("a.org\r\nx: y",)},
        {"tls_cert": "cert.pem"},
    ],
)
def test_options_that_cannot_be(options):
    with pytest.raises(UsageError):
        address_of(Options(**options))


def test_a_test_without_pages(tmp_path):
    test = made_test(tmp_path / "test", sounds=False)
    with pytest.raises(InputError, match="no pages"):
        public_files(test)


@pytest.mark.skipif(sys.platform == "win32", reason="names of POSIX")
def test_a_pipe_or_device_is_no_file(tmp_path):
    test = with_pages(made_test(tmp_path / "test", sounds=False))
    os.mkfifo(test.public / "pipe.js")
    assert "pipe.js" not in public_files(test)
