"""Workers of a killed `prepare` end with it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ttskit.liveness import PARENT, is_alive, started_at
from ttskit.testing import tiny_corpus

PATIENCE_S = 5.0  # what is promised
STARTING_S = 30.0  # of a process that is still being started, on a machine with much else to do
STARTS = 12  # times what a worker's imports took just now: a worker watches its parent once it has started, not before
MOST_S = 150.0  # less than joblib leaves workers idle
BUSY = """
import os, sys, time
from pathlib import Path
from ttskit.corpus.progress import run_all

def work(place):
    Path(place, str(os.getpid())).touch()
    WORK

if __name__ == "__main__":
    run_all(work, [sys.argv[1]] * 8, 2, None, "")
"""


def gone_within(pids, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(map(is_alive, pids)):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("work", ["time.sleep(60)", "while True: pass", "time.sleep(0.01)\n    while 1: hash(str(time))"])
def test_workers_of_a_killed_process_end_within_five_seconds(work, tmp_path):
    (tmp_path / "pids").mkdir()
    process = subprocess.Popen([sys.executable, "-c", BUSY.replace("WORK", work), str(tmp_path / "pids")])
    until = time.monotonic() + 60
    while len(list((tmp_path / "pids").iterdir())) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    pids = [int(p.name) for p in (tmp_path / "pids").iterdir()]
    assert len(pids) == 2 and all(map(is_alive, pids)) and process.pid not in pids
    process.kill()
    process.wait()
    assert gone_within(pids, PATIENCE_S)


def starting_s():
    """How long a worker's imports take on this machine, with what it has to do now."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", "import joblib, ttskit.corpus.work"], check=True)
    return time.monotonic() - begun


def children(parent):
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[1] == str(parent):
                found.append(int(folder.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="this system does not list processes in /proc")
@pytest.mark.parametrize("after_s", [0.0, 0.3, 1.0])
def test_a_killed_prepare_leaves_no_process(after_s, tmp_path):
    """Killed as soon as it has workers, and while they are at work."""
    tiny_corpus(tmp_path / "recordings", utterances=40)
    patience_s = min(MOST_S, max(PATIENCE_S if after_s >= 1 else STARTING_S, STARTS * starting_s()))
    arguments = ["prepare", "recordings", "--out", "out", "--recipe", "tiny", "--jobs", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ttskit", *arguments], cwd=tmp_path, stderr=subprocess.DEVNULL, env={**os.environ}
    )
    until, own = time.monotonic() + 60, []
    while len(own) < 3 and process.poll() is None and time.monotonic() < until:  # two workers, and who keeps their resources
        own = children(process.pid)
        time.sleep(0.01)
    assert own and process.poll() is None
    time.sleep(after_s)
    own = sorted({*own, *children(process.pid)})
    process.kill()
    process.wait()
    assert gone_within(own, patience_s)


def test_a_command_ends_with_the_process_that_its_environment_names(tmp_path):
    """As the trainings of a killed demo do."""
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    waits = (
        "import time, ttskit.cli as c; c.cli.main = lambda *a, **k: (print('at work', flush=True), time.sleep(60)); c.main([])"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", waits], stdout=subprocess.PIPE, text=True, env={**os.environ, PARENT: str(parent.pid)}
    )
    assert child.stdout.readline() == "at work\n" and child.poll() is None
    parent.kill()
    parent.wait()
    assert child.wait(timeout=STARTING_S) == 1


def test_who_lives():
    assert is_alive(os.getpid()) and is_alive(os.getpid(), started_at(os.getpid())) and not is_alive(0) and not is_alive(-5)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert not is_alive(process.pid)
