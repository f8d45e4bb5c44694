"""A rank that loses another says which one and how to go on, in words of its own."""

import os
import socket
import subprocess
import sys

import pytest

from ttskit.runs import RunFolder
from ttskit.runs.lock import LOCK
from ttskit.training import lost
from ttskit.training.lost import Member, RankLost, naming_lost, own_member

BATCH = ("training.max_utterances=4", "training.checkpoint_every=2")
STEPS, DIES_AT = 6, 4  # after the checkpoint of step 2 or 4

# The command itself, but one rank is killed as the system kills: without a word, in the middle of a step.
CHILD = """
import os, signal, sys
import ttskit.training.loop as loop
from ttskit.cli import main

if __name__ == "__main__":
    victim, how, calls, real = int(sys.argv[1]), sys.argv[2], [], loop.run_step

    def run_step(*arguments):
        calls.append(1)
        if len(calls) == DIES_AT and int(os.environ["RANK"]) == victim:
            if how == "killed":
                os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            raise MemoryError("no more on this machine")
        return real(*arguments)

    loop.run_step = run_step
    main(sys.argv[3:])
""".replace("DIES_AT", str(DIES_AT))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run_two(elsewhere, tmp_path, victim, how):
    """Two processes that meet by themselves, as a cluster's scheduler starts them: (code, stderr) of each."""
    (tmp_path / "child.py").write_text(CHILD, encoding="utf-8")
    arguments = elsewhere.arguments("fastpitch", tmp_path / "run", "--steps", str(STEPS), overrides=BATCH)
    meeting = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, str(tmp_path / "child.py"), str(victim), how, *arguments],
            env={**os.environ, **meeting, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        for rank in range(2)
    ]
    said = [p.communicate(timeout=400)[1] for p in processes]
    return [(p.returncode, text, p.pid) for p, text in zip(processes, said, strict=True)]


@pytest.mark.parametrize("victim", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_a_killed_rank_is_named_by_the_other_which_says_how_to_go_on(victim, elsewhere, tmp_path, trained, losses_of):
    results = run_two(elsewhere, tmp_path, victim, "killed")
    assert results[victim][0] < 0 or os.name == "nt"
    code, shown, _ = results[1 - victim]
    run = tmp_path / "run"
    assert code == 1, shown
    assert f"error: rank {victim} of 2 is gone: the training of {run} has stopped" in shown
    assert f"rank {victim} (process {results[victim][2]} on " in shown and "killed, most often because the memory" in shown
    assert "the last checkpoint is step_00000002" in shown and f"ttskit train --resume --run {run}" in shown
    assert not any(word in shown.lower() for word in ("gloo", "traceback", "connection closed", "internal error", "pair.cc"))
    assert (run / LOCK).exists() == (victim == 0)  # of the first, who was killed; taken over by whoever resumes
    resumed = trained(steps=None, resume=True, overrides=BATCH)
    assert sorted(losses_of(resumed.path)) == list(range(1, STEPS + 1))


@pytest.mark.slow
def test_a_rank_that_fails_with_words_of_its_own(elsewhere, tmp_path):
    results = run_two(elsewhere, tmp_path, 1, "raises")
    assert "MemoryError" in results[1][1]
    assert "error: rank 1 of 2 is gone" in results[0][1] and "what it said last tells why" in results[0][1]


@pytest.mark.slow
def test_under_torchrun(elsewhere, tmp_path):
    (tmp_path / "child.py").write_text(CHILD, encoding="utf-8")
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--")
    arguments = elsewhere.arguments("fastpitch", tmp_path / "run", "--steps", str(STEPS), overrides=BATCH)
    result = elsewhere.run(str(tmp_path / "child.py"), "1", "killed", *arguments, launcher=launcher)
    assert result.code != 0
    assert "error: rank 1 of 2 is gone" in result.err and "--resume" in result.err and "[0] Connection" not in result.err
    assert RunFolder.open(tmp_path / "run").checkpoints[-1].step == 2


MEMBERS = (own_member(0), Member(1, "elsewhere", 7, None), Member(2, own_member(2).host, 2**22 + 9, None))
GLOO = "[../third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer [10.0.0.7]:11"


@pytest.fixture
def roll_call(monkeypatch):
    """roll_call(1, …): ranks that answer."""

    def call(*ranks):
        class Store:
            def set(self, key, value):
                assert key == "ttskit/lost/0"

            def check(self, keys):
                return keys[0] in [f"ttskit/lost/{rank}" for rank in ranks]

        monkeypatch.setattr(lost, "_store", Store)
        monkeypatch.setattr(lost, "_ROLL_CALL_S", 0.3)

    return call


@pytest.mark.parametrize(
    ("answering", "said"),
    [
        ((1,), "rank 2 of 3 is gone"),
        ((2,), "rank 1 of 3 is gone"),  # on another machine: it does not answer
        ((), "rank 2 of 3 is gone"),  # dead for certain; of the other one nothing is known yet
        ((1, 2), "the connection of 3 processes is broken"),
    ],
)
def test_who_is_gone(answering, said, roll_call):
    roll_call(*answering)
    with pytest.raises(RankLost, match=said) as error, naming_lost(MEMBERS, 0):
        raise RuntimeError(GLOO)
    assert "gloo" not in str(error.value) and "start it again" in error.value.fix


@pytest.mark.parametrize("text", ["shape '[3]' is invalid", "CUDA out of memory", "mat1 and mat2 shapes cannot be multiplied"])
def test_other_errors_stay_what_they_are(text, roll_call):
    roll_call(1, 2)
    with pytest.raises(RuntimeError, match="^" + text.split("[")[0].split("'")[0]), naming_lost(MEMBERS, 0):
        raise RuntimeError(text)
    with pytest.raises(RuntimeError, match=r"pair\.cc"), naming_lost((), 0):  # a process alone loses nobody
        raise RuntimeError(GLOO)
