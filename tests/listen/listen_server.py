"""A test served in a thread or in a process of its own, and a client that does what the page does."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttskit_listen.answers import AnswerFile
from ttskit_listen.folder import TestFolder
from ttskit_listen.plan import ListeningPlan, Trial, form_of
from ttskit_listen.serving.running import Options, Started, serve

__all__ = [
    "CODES",
    "NOW",
    "Client",
    "Reply",
    "Served",
    "answers_of",
    "header_of",
    "process",
    "response_of",
    "run_through",
    "served",
    "until",
    "with_pages",
]

NOW = "2026-11-28T12:00:00.000Z"
CODES = tuple(f"{number:02d}-abcdefgh{number:02d}" for number in range(8))


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Client:
    """One connection after the other to a server of this machine; `cookies` are kept as a browser keeps them."""

    def __init__(self, port: int, **headers: str) -> None:
        self.port, self.headers, self.cookies = port, headers, {}
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: bytes | str | None = None, headers: dict[str, str] | None = None) -> Reply:
        """One request; a connection that was kept is used again."""
        sent = {**self.headers, **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            self._connection.request(method, path, body, sent)
            response = self._connection.getresponse()
            content = response.read()
        except BaseException:
            self.close()
            raise
        if response.will_close:
            self.close()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    def send(self, method: str, name: str, content: Any) -> Reply:
        """JSON to the API."""
        return self.ask(method, f"/api/{name}", json.dumps(content), {"Content-Type": "application/json"})

    def begin(self, code: str, **more: str) -> Reply:
        return self.send("POST", "begin", {"listener": code, **more})

    def header(self, code: str, header: dict[str, Any]) -> Reply:
        return self.send("PUT", "header", {"listener": code, "header": header})

    def answer(self, code: str, answer: dict[str, Any]) -> Reply:
        return self.send("PUT", "answer", {"listener": code, "answer": answer})

    def end(self, code: str, ended: str = NOW) -> Reply:
        return self.send("POST", "end", {"listener": code, "ended": ended})

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, None, {name.replace("_", "-"): value for name, value in headers.items()})

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass
class Served:
    """A server that runs."""

    test: TestFolder
    plan: ListeningPlan
    started: Started

    @property
    def port(self) -> int:
        return self.started.address.port

    def client(self, **headers: str) -> Client:
        return Client(self.port, **headers)


def with_pages(test: TestFolder, codes: tuple[str, ...] = CODES[:4]) -> TestFolder:
    """Pages and invitations, as `make` writes them."""
    (test.public / "index.html").write_text("<!doctype html><title>pages</title>", encoding="utf-8")
    (test.public / "mode.js").write_text("ttskit.mode({});\n", encoding="utf-8")
    rows = [f"{code},https://example.org/index.html?listener={code}&lang=es,es" for code in codes]
    test.invitations.write_text("\n".join(["code,link,language", *rows]) + "\n", encoding="utf-8")
    return test


@contextmanager
def served(test: TestFolder, **options: Any) -> Iterator[Served]:
    """A server in a thread, at a port of its own."""
    begun, ready, failed = [], threading.Event(), []

    def run() -> None:
        try:
            serve(test.path, Options(port=0, **options), lambda started: (begun.append(started), ready.set()))
        except BaseException as error:
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(30)
    if failed or not begun:
        thread.join(30)
        raise failed[0] if failed else TimeoutError("the server does not start")
    try:
        yield Served(test, test.plan(), begun[0])
    finally:
        begun[0].stop()
        thread.join(30)
        assert not thread.is_alive()


def process(test: TestFolder, port: int, *more: str, log: Path | None = None) -> subprocess.Popen[bytes]:
    """`ttskit listen serve` in a process of its own; it is not waited for."""
    command = [sys.executable, "-m", "ttskit", "listen", "serve", str(test.path), "--port", str(port), *more]
    if log is None:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with log.open("ab") as out:
        return subprocess.Popen(command, stdout=out, stderr=out)


def header_of(plan: ListeningPlan, code: str, **changed: Any) -> dict[str, Any]:
    """A header that fits."""
    form = form_of(code, len(plan.forms))
    assert form is not None
    file = AnswerFile(
        test=plan.id,
        listener=code,
        form=form,
        language="es",
        began=NOW,
        consent=True,
        questions={one.name: next(iter(one.choices), "") for one in plan.questions},
    )
    plain = file.model_dump(mode="json", exclude={"answers"})
    return {**plain, **changed}


def response_of(plan: ListeningPlan, trial: Trial, number: int = 0) -> Any:
    """A response that fits."""
    return {
        "cmos": number % 7 - 3,
        "mos": number % 5 + 1,
        "ab": ("first", "second")[number % 2],
        "abx": ("first", "second")[number % 2],
        "mushra": [(number * 7 + index * 13) % 101 for index in range(len(trial.sounds))],
        "transcribe": f"oración número {number} con ñandú",
    }[plan.kind]


def answers_of(plan: ListeningPlan, code: str) -> list[dict[str, Any]]:
    """An answer to each trial of a listener's form, fields in the order of the page."""
    form = form_of(code, len(plan.forms))
    assert form is not None
    return [
        {
            "trial": trial.id,
            "response": response_of(plan, trial, number + sum(map(ord, code))),
            "plays": [1] * len(trial.sounds),
            "heard": len(trial.sounds),
            "rt_ms": 1500 + number,
            "at": NOW,
        }
        for number, trial in enumerate(plan.forms[form].trials)
    ]


def run_through(client: Client, plan: ListeningPlan, code: str) -> dict[str, Any]:
    """A listener from the beginning to the end; the file that a static page would have saved."""
    assert client.begin(code).status == 200
    header = header_of(plan, code)
    assert client.header(code, header).status == 200
    answers = answers_of(plan, code)
    for one in answers:
        assert client.answer(code, one).status == 200
    assert client.end(code).status == 200
    return {**header, "ended": NOW, "complete": True, "answers": answers}


def until(condition, seconds: float = 20.0) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "too late"
        time.sleep(0.02)
