"""Many listeners at once, and the server killed (SIGKILL) while they answer: what was acknowledged is there, once."""

from __future__ import annotations

import http.client
import json
import random
import signal
import socket
import statistics
import threading
import time

import pytest
from listen_server import Client, answers_of, header_of, process, with_pages
from made_test import made_test

from ttskit_listen.exporting import export_answers
from ttskit_listen.folder import TestFolder

_BROKEN = (OSError, http.client.HTTPException)


class ScreenedListener:
    """What the page does: one thing after the other, each again with a longer pause until it is answered; 4xx is final."""

    def __init__(self, port: int, plan, code: str, pause_s: float) -> None:
        self.client, self.plan, self.code, self.pause_s = Client(port), plan, code, pause_s
        self.acknowledged: list[dict] = []
        self.took_s: list[float] = []
        self.retries = 0
        self.refused: list[tuple[int, str]] = []

    def insist(self, method: str, name: str, body: dict):
        wait = 0.1
        while True:
            began = time.perf_counter()
            try:
                reply = self.client.send(method, name, body)
            except _BROKEN:
                reply = None
            if reply is not None and reply.status != 429 and reply.status < 500:
                self.took_s.append(time.perf_counter() - began)
                if reply.status >= 400:
                    self.refused.append((reply.status, reply.text))
                return reply
            self.retries += 1
            time.sleep(wait * random.uniform(0.75, 1.25))
            wait = min(2 * wait, 2.0)

    def run(self) -> None:
        code = self.code
        self.insist("POST", "begin", {"listener": code})
        header = header_of(self.plan, code)
        self.insist("PUT", "header", {"listener": code, "header": header})
        for answer in answers_of(self.plan, code):
            if self.insist("PUT", "answer", {"listener": code, "answer": answer}).status == 200:
                self.acknowledged.append(answer)
            time.sleep(random.uniform(0, 2 * self.pause_s))
        self.insist("POST", "end", {"listener": code, "ended": "2026-11-28T13:00:00.000Z"})
        self.client.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answering(port: int) -> bool:
    try:
        return Client(port).get("/mode.js").status == 200
    except _BROKEN:
        return False


def through_kills(test: TestFolder, codes: list[str], kills: int, pause_s: float, log) -> dict[str, float]:
    """All listeners at once, from end to end; the server is killed so many times in between. Says what was measured."""
    port, plan = free_port(), test.plan()
    listeners = [ScreenedListener(port, plan, code, pause_s) for code in codes]
    threads = [threading.Thread(target=one.run, daemon=True) for one in listeners]
    server = process(test, port, log=log)
    began, killed_at = time.perf_counter(), []
    try:
        for thread in threads:
            thread.start()
        total = sum(len(form.trials) for form in plan.forms) // len(plan.forms) * len(codes)
        for kill in range(kills):
            # In the middle of it: after another share of the answers.
            wanted = total * (kill + 0.5) / (kills + 1)
            while sum(len(one.acknowledged) for one in listeners) < wanted:
                time.sleep(0.005)
                assert server.poll() is None, "the server ended by itself"
            server.send_signal(signal.SIGKILL)
            server.wait()
            killed_at.append(sum(len(one.acknowledged) for one in listeners))
            server = process(test, port, log=log)
        for thread in threads:
            thread.join(600)
            assert not thread.is_alive()
        took = time.perf_counter() - began
    finally:
        server.terminate()
        assert server.wait(30) == 0
    assert [one.refused for one in listeners if one.refused] == []
    files = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in export_answers(test)}
    assert len(files) == len(codes)
    for one in listeners:
        file = files[f"answers-{one.code}.json"]
        assert file["answers"] == one.acknowledged == answers_of(plan, one.code)  # everyone's, once, as they were sent
        assert file["complete"]
    latencies = sorted(took_s for one in listeners for took_s in one.took_s)
    return {
        "listeners": len(codes),
        "kills": len(killed_at),
        "answers": sum(len(one.acknowledged) for one in listeners),
        "seconds": round(took, 1),
        "answers_each_s": round(sum(len(one.acknowledged) for one in listeners) / took, 1),
        "retries": sum(one.retries for one in listeners),
        "median_ms": round(1000 * statistics.median(latencies), 1),
        "p95_ms": round(1000 * latencies[int(0.95 * len(latencies))], 1),
        "p99_ms": round(1000 * latencies[int(0.99 * len(latencies))], 1),
    }


def made(folder, listeners: int, sentences: int) -> tuple[TestFolder, list[str]]:
    test = made_test(folder, sounds=False, listeners=8, sentences=sentences)
    codes = [f"{number % 8:02d}-listener{number:04d}" for number in range(listeners)]
    return with_pages(test, tuple(codes)), codes


def test_thirty_listeners_and_three_kills(tmp_path, record_property):
    test, codes = made(tmp_path / "test", 30, 8)
    found = through_kills(test, codes, 3, 0.02, tmp_path / "log.txt")
    assert found["kills"] == 3 and found["retries"] > 0, (tmp_path / "log.txt").read_text(encoding="utf-8")
    record_property("measured", found)


@pytest.mark.slow
def test_two_hundred_listeners_and_twenty_kills(tmp_path, record_property):
    test, codes = made(tmp_path / "test", 200, 24)
    found = through_kills(test, codes, 20, 0.2, tmp_path / "log.txt")
    assert found["kills"] == 20 and found["retries"] > 0
    record_property("measured", found)
    print(found)


@pytest.mark.slow
def test_two_hundred_listeners_without_a_pause(tmp_path, record_property):
    """How much it stands: everyone answers as fast as the server lets them."""
    test, codes = made(tmp_path / "test", 200, 24)
    found = through_kills(test, codes, 0, 0.0, tmp_path / "log.txt")
    record_property("measured", found)
    print(found)
