"""`ttskit listen serve` as a person runs it: what it says, how it stops, and what stops it from starting."""

from __future__ import annotations

import json
import re
import signal
import socket
import ssl
import subprocess
import sys

import pytest
from click.testing import CliRunner
from listen_server import CODES, Client, process, run_through, served, with_pages
from made_test import made_test

from ttskit.errors import TTSKitError, UsageError
from ttskit_listen.commands.serve import serve as command
from ttskit_listen.serving import running
from ttskit_listen.serving.running import Options, invite, invited_codes, serve


@pytest.fixture
def test(tmp_path):
    return with_pages(made_test(tmp_path / "test", sounds=False))


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_it_says_where_it_is_and_stops_when_it_is_told(test, name):
    server = process(test, 0, "--json")
    said = json.loads(server.stdout.readline())
    assert said["codes"] == 4 and re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", said["password"])
    client = Client(said["port"])
    run_through(client, test.plan(), CODES[0])  # and the connection stays open
    server.send_signal(getattr(signal, name))
    out, err = server.communicate(timeout=30)
    assert server.returncode == 0 and out == b"" and b"Traceback" not in err
    assert b"ttskit listen export" in err
    assert not test.database.with_name("listen.sqlite-wal").exists()  # closed, and whole in one file
    with served(test) as again:
        assert again.client().begin(CODES[0]).json["file"]["complete"]


def test_a_port_that_is_taken(test):
    with served(test) as first, pytest.raises(TTSKitError) as told:
        serve(test.path, Options(port=first.port), lambda started: pytest.fail("started"))
    assert f"127.0.0.1:{first.port}" in told.value.what and "--port" in told.value.fix


def test_a_host_that_is_none_of_this_machine(test):
    with pytest.raises(TTSKitError, match=r"203\.0\.113\.7"):
        serve(test.path, Options(host="203.0.113.7", port=0), lambda started: None)


def test_the_socket_sends_at_once(test):
    listening = running._socket(Options(port=0))
    assert listening.proto == socket.IPPROTO_TCP  # else each answer waits 40 ms, see the comment there
    listening.close()


@pytest.mark.parametrize("missing", [["starlette"], ["uvicorn"], ["starlette", "uvicorn"]])
def test_packages_that_are_missing(test, monkeypatch, missing):
    monkeypatch.setattr(running, "find_spec", lambda name: None if name in missing else object())
    with pytest.raises(TTSKitError) as told:
        serve(test.path, Options(port=0), lambda started: None)
    assert told.value.fix == 'pip install "ttskit[listen]"' and told.value.why == ", ".join(missing)


def test_the_command_needs_no_extra_to_be_listed(tmp_path):
    code = (
        "import sys; sys.modules['starlette'] = sys.modules['uvicorn'] = None\n"
        "from ttskit_listen.command import command\n"
        "from ttskit_listen.serving import app, experimenter, running, patience\n"
        "command.main(['serve', '--help'])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert found.returncode == 0 and "--behind-proxy" in found.stdout, found.stderr


def test_more_invitations_are_good_at_once(test):
    with served(test) as found:
        result = CliRunner().invoke(command, [str(test.path), "--invite", "3", "--host-name", "a.org", "--port", "80"])
        links = result.stdout.split()
        assert [re.fullmatch(r"http://a\.org/\?listener=(\d\d)-[a-z2-9]{12}", link)[1] for link in links] == ["00", "01", "02"]
        for link in links:
            assert found.client().begin(link.partition("=")[2]).status == 200
    as_json = CliRunner().invoke(command, [str(test.path), "--invite", "1", "--json"])
    assert json.loads(as_json.stdout)["links"][0].startswith("http://127.0.0.1:8000/?listener=03-")
    assert len(invite(test.path, Options(), 2)) == 2


def test_an_open_test_gives_codes_until_it_is_full(test):
    with served(test, open=True, most=3) as found:
        client = found.client()
        assert client.get("/mode.js").text == 'ttskit.mode({"server": true, "open": true});\n'
        first = client.begin("", participant="5f0a").json["listener"]
        assert client.begin("", participant="5f0a").json["listener"] == first
        others = [client.begin("").json["listener"] for _ in range(2)]
        assert sorted(code[:2] for code in (first, *others)) == ["00", "01", "02"]
        full = client.begin("")
        assert full.status == 409 and "all the listeners" in full.json["error"]
        assert client.begin(first).status == client.begin(CODES[3]).status == 200
        assert b"5f0a" not in client.begin(first).body
        run_through(client, found.plan, first)
    from ttskit_listen.exporting import export_answers

    paths = export_answers(test)
    assert [path.name for path in paths] == [f"answers-{first}.json"]
    assert "5f0a" not in paths[0].read_text(encoding="utf-8")
    assert (test.path / "participants.csv").read_text(encoding="utf-8").splitlines() == [
        "participant,listener",
        f"5f0a,{first}",
    ]


def test_most_needs_open(test):
    result = CliRunner().invoke(command, [str(test.path), "--most", "3"])
    assert isinstance(result.exception, UsageError)


def test_codes_are_read_of_cells_and_of_links(test):
    lines = [
        "",
        "name;x",
        "=cmd,00-codeone",
        '"a, b",https://x.org/?lang=es&listener=01-codetwo#x',
        "00-codeone,no",
        "x-y,12345-abcdef",
    ]
    test.invitations.write_text("\n".join(lines), encoding="utf-8-sig")
    assert invited_codes(test) == ["00-codeone", "01-codetwo"]
    test.invitations.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TTSKitError, match=r"invitations\.csv"):
        invited_codes(test)
    test.invitations.unlink()
    assert invited_codes(test) == []


def test_a_folder_that_holds_no_test(tmp_path):
    with pytest.raises(TTSKitError):
        serve(tmp_path, Options(port=0), lambda started: None)
    assert not (tmp_path / "listen.sqlite").exists()


def test_tls(test, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_text("no certificate", encoding="utf-8")
    key.write_text("no key", encoding="utf-8")
    with pytest.raises(TTSKitError, match="TLS"):
        serve(test.path, Options(port=0, tls_cert=cert, tls_key=key), lambda started: None)
    subject = "/CN=localhost"
    make = f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {cert} -days 2 -subj {subject}".split()
    try:
        subprocess.run(make, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("openssl makes no certificate here")
    with served(test, tls_cert=cert, tls_key=key) as found:
        assert found.started.address.base.startswith("https://")
        trusted = ssl.create_default_context(cafile=str(cert))
        with (
            socket.create_connection(("127.0.0.1", found.port), timeout=10) as plain,
            trusted.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            secure.sendall(b"GET /experimenter HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            got = b""
            while chunk := secure.recv(65536):
                got += chunk
        assert got.startswith(b"HTTP/1.1 200") and b"Secure" in got.partition(b"\r\n\r\n")[0]
