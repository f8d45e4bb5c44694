"""A run has one training at a time; a lock of someone who is gone is taken over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from ttskit.errors import UsageError
from ttskit.runs import lock as locks
from ttskit.runs.files import TEMPORARY
from ttskit.runs.lock import LOCK, STALE_S, RunLock

HOLD = """
import sys, time
from pathlib import Path
from ttskit.runs.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of tmp_path."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def written(folder, **changes):
    """A lock as another process would have left it."""
    with RunLock(folder):
        content = json.loads((folder / LOCK).read_text(encoding="utf-8"))
    (folder / LOCK).write_text(json.dumps({**content, "token": "other", **changes}), encoding="utf-8")
    return folder / LOCK


def test_a_second_training_is_refused_with_number_machine_and_since_when(holder, tmp_path):
    with pytest.raises(UsageError, match="is being trained already") as error, RunLock(tmp_path):
        pass
    said = json.loads((tmp_path / LOCK).read_text(encoding="utf-8"))
    assert f"process {holder.pid} on {said['host']}, since {said['since']}" in error.value.why
    assert [p.name for p in tmp_path.iterdir()] == [LOCK]


def test_the_lock_of_a_killed_process_is_taken_over_at_once_and_said(holder, tmp_path):
    holder.kill()
    holder.wait()
    told = []
    with RunLock(tmp_path, told.append):
        assert json.loads((tmp_path / LOCK).read_text(encoding="utf-8"))["pid"] == os.getpid()
    assert len(told) == 1 and f"process {holder.pid}" in told[0] and "has ended" in told[0]
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_that_nobody_has_reaped_is_gone(holder, tmp_path):
    holder.kill()
    time.sleep(0.2)  # not waited for: a zombie, as under a shell's job control
    with RunLock(tmp_path):
        pass


def test_a_number_that_is_another_process_now_is_no_holder(tmp_path):
    written(tmp_path, pid=os.getppid(), started="1")  # lives, but did not start then
    if locks.started_at(os.getpid()) is None:
        pytest.skip("this system does not say when a process started")
    with RunLock(tmp_path):
        pass


@pytest.mark.parametrize(("silent_s", "taken"), [(1, False), (STALE_S - 30, False), (STALE_S + 30, True), (1e6, True)])
def test_a_lock_of_another_machine_counts_until_it_is_silent(silent_s, taken, tmp_path):
    path = written(tmp_path, host="node17", place="node17 boot", pid=1)
    then = time.time() - silent_s
    os.utime(path, (then, then))
    told = []
    if taken:
        with RunLock(tmp_path, told.append):
            pass
        assert "on node17" in told[0] and "has not been heard of" in told[0]
        return
    with pytest.raises(UsageError, match="is being trained") as error, RunLock(tmp_path, told.append):
        pass
    assert "on node17" in error.value.why and not told
    assert json.loads(path.read_text(encoding="utf-8"))["token"] == "other"


def test_the_holder_says_that_it_lives(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "BEAT_S", 0.05)
    with RunLock(tmp_path):
        os.utime(tmp_path / LOCK, (1, 1))
        for _ in range(100):
            time.sleep(0.05)
            if (tmp_path / LOCK).stat().st_mtime > 1:
                return
    pytest.fail("its lock was not touched")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"pid": "x"}', "\x00\xff", "[" * 100_000])
def test_a_damaged_lock_is_taken_over_when_it_is_old(content, tmp_path):
    (tmp_path / LOCK).write_bytes(content.encode("latin-1"))
    then = time.time() - 2 * STALE_S
    os.utime(tmp_path / LOCK, (then, then))
    with RunLock(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_without_links_the_lock_is_made_too(tmp_path, monkeypatch):
    def unknown(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locks.os, "link", unknown)
    with RunLock(tmp_path):
        with pytest.raises(UsageError, match=f"process {os.getpid()}"), RunLock(tmp_path):
            pass
        assert [p.name for p in tmp_path.iterdir()] == [LOCK]
    assert list(tmp_path.iterdir()) == []


def test_of_many_that_find_a_stale_lock_one_takes_it(tmp_path):
    for _ in range(20):
        written(tmp_path, pid=2**22 + 5)
        start, inside, most, refused = threading.Barrier(6), [0], [0], []

        def enter(start=start, inside=inside, most=most, refused=refused):
            start.wait()
            try:
                with RunLock(tmp_path):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    time.sleep(0.02)
                    inside[0] -= 1
            except UsageError as error:
                refused.append(error)

        threads = [threading.Thread(target=enter) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert most[0] == 1 and len(refused) <= 5
        assert not list(tmp_path.glob(f"{TEMPORARY}*"))


def test_a_lock_that_another_has_taken_over_is_left_to_it(tmp_path):
    with RunLock(tmp_path):
        (tmp_path / LOCK).write_text('{"token": "other"}', encoding="utf-8")
    assert (tmp_path / LOCK).exists()
