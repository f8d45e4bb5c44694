"""Workers: each training once, whoever dies is succeeded, what fails is told and the rest goes on."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import time

import pytest

from ttskit.errors import TTSKitError, UsageError
from ttskit.plugins import create_registry
from ttskit.runs.lock import RunLock
from ttskit_study.opening import open_study
from ttskit_study.state import MOST_ATTEMPTS, RunState, read_state, write_state
from ttskit_study.training import Bench
from ttskit_study.working import chosen, fresh_for_retry, speak_again, status_of, work


class Fake:
    """In place of a bench: notes what it is asked to do, and fails where it is told to."""

    def __init__(self, failing: dict[str, Exception] | None = None) -> None:
        self.failing, self.did = failing or {}, []

    def do(self, job, stage, console) -> str:
        self.did.append((job.key, stage))
        if job.key in self.failing:
            raise self.failing[job.key]
        if stage == "train":
            job.place.run.mkdir(exist_ok=True)
            job.place.cost.write_text("{}", encoding="utf-8")
        return ""


def go(made, bench, only=()) -> list[str]:
    return [job.key for job in work(chosen(made.jobs(), only), bench, wait=False)]


def test_everything_is_done_once_aligners_first_and_every_cell_before_the_next_seed(planned):
    bench = Fake()
    assert go(planned, bench) == []
    assert [key for key, stage in bench.did if stage == "train"] == [
        "aligners/all",
        "frames-all/1",
        "whole-all/1",
        "frames-all/2",
        "whole-all/2",
    ]
    assert [stage for key, stage in bench.did if key == "aligners/all"] == ["train", "align"]
    assert [stage for key, stage in bench.did if key == "whole-all/2"] == ["train", "speak"]
    assert {status_of(job).status for job in planned.jobs()} == {"done"}
    again = Fake()
    assert go(planned, again) == [] and again.did == []


def test_a_failing_system_is_told_and_the_rest_goes_on(planned):
    error = TTSKitError("the loss is not finite", "step 3", "lower the rate")
    assert go(planned, Fake({"whole-all/1": error})) == ["whole-all/1"]
    state = status_of(planned.job("whole-all/1"))
    assert state.status == "failed" and "not finite" in state.error and "lower the rate" in state.error
    assert status_of(planned.job("whole-all/2")).status == status_of(planned.job("frames-all/1")).status == "done"


def test_an_error_of_a_plugin_is_a_failure_with_its_traceback_in_the_log(planned):
    assert go(planned, Fake({"whole-all/1": ZeroDivisionError("by nought")})) == ["whole-all/1"]
    assert status_of(planned.job("whole-all/1")).error == "ZeroDivisionError: by nought"
    assert "Traceback" in planned.job("whole-all/1").place.log.read_text(encoding="utf-8")


def test_retry_tries_what_failed_and_nothing_else(planned):
    go(planned, Fake({"whole-all/1": TTSKitError("no", "", "")}))
    bench = Fake()
    assert go(planned, bench) == ["whole-all/1"] and bench.did == []  # not by itself
    assert [job.key for job in fresh_for_retry(planned.jobs())] == ["whole-all/1"]
    assert go(planned, bench) == [] and bench.did == [("whole-all/1", "train"), ("whole-all/1", "speak")]


def test_a_failed_aligner_fails_the_cells_that_need_it_with_its_reason(planned):
    failed = go(planned, Fake({"aligners/all": TTSKitError("nothing to align", "", "")}))
    assert failed == ["aligners/all", "frames-all/1", "frames-all/2"]
    assert "aligners/all failed: nothing to align" in status_of(planned.job("frames-all/1")).error
    assert status_of(planned.job("whole-all/1")).status == "done"
    assert len(fresh_for_retry(planned.jobs())) == 3
    assert go(planned, Fake()) == []


def test_only_one_cell_is_done_with_its_aligner(planned):
    bench = Fake()
    go(planned, bench, ["frames-all/2"])
    assert [key for key, _ in bench.did] == ["aligners/all"] * 2 + ["frames-all/2"] * 2
    with pytest.raises(UsageError, match="there is no cell 'frames-all/9'"):
        chosen(planned.jobs(), ["frames-all/9"])


def test_what_another_process_has_is_left_to_it(planned):
    job = planned.job("whole-all/1")
    script = (
        "import sys, time; from pathlib import Path; from ttskit.runs.lock import RunLock\n"
        "with RunLock(Path(sys.argv[1])):\n  print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", script, str(job.place.folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline().strip() == "held"
        bench = Fake()
        assert go(planned, bench) == []
        assert "whole-all/1" not in [key for key, _ in bench.did]
    finally:
        other.kill()
        other.wait()
    write_state(job.place, RunState("running", attempts=1))  # as that one would have left it
    assert status_of(job).status == "interrupted"
    assert go(planned, bench) == [] and status_of(job).status == "done"


def test_running_is_believed_while_its_process_holds_the_lock(planned):
    place = planned.job("whole-all/1").place
    with RunLock(place.folder):
        write_state(place, RunState("running"))
        assert read_state(place).status == "running"
    assert read_state(place).status == "interrupted"


def test_a_training_whose_process_ends_without_a_word_is_given_up_unless_it_came_further(planned):
    place = planned.job("whole-all/1").place
    write_state(place, RunState("running", attempts=MOST_ATTEMPTS))
    bench = Fake()
    assert go(planned, bench, ["whole-all/1"]) == ["whole-all/1"] and bench.did == []
    assert "without a word" in status_of(planned.job("whole-all/1")).error


def test_a_damaged_state_is_named_the_others_go_on_and_retry_makes_it_anew(planned):
    place = planned.job("whole-all/1").place
    place.state_file.write_text('{"status": "do', encoding="utf-8")
    assert go(planned, Fake()) == ["whole-all/1"]
    error = status_of(planned.job("whole-all/1")).error
    assert str(place.state_file) in error and "--only whole-all/1 --retry" in error
    fresh_for_retry(planned.jobs())
    assert go(planned, Fake()) == [] and status_of(planned.job("whole-all/1")).status == "done"


def test_a_full_disk_ends_the_work_and_fails_no_training(planned):
    full = OSError(errno.ENOSPC, "No space left on device", str(planned.out / "x"))
    with pytest.raises(TTSKitError, match="the disk is full"):
        go(planned, Fake({"whole-all/1": full}))
    assert status_of(planned.job("whole-all/1")).status == "interrupted"
    assert go(planned, Fake()) == []


def test_ctrl_c_leaves_a_training_to_go_on_with(planned):
    class Stopped(Fake):
        def do(self, job, stage, console) -> str:
            if job.key == "whole-all/1":
                raise KeyboardInterrupt
            return super().do(job, stage, console)

    with pytest.raises(KeyboardInterrupt):
        go(planned, Stopped())
    assert status_of(planned.job("whole-all/1")).status == "pending"


def test_what_is_planted_in_recordings_is_measured_once_and_speed_with_no_training(planned):
    """Seen: every training planted the same faults in the same recordings, one after the other."""
    registry = create_registry()
    opened = open_study(planned.out, registry)
    bench = Bench(opened.resolved, opened.lock, registry, "cpu")
    switched = {job.key: bench._speaking(job).measurements for job in planned.jobs() if not job.is_aligner}
    assert all(settings["speed"] is False for settings in switched.values())
    assert [key for key, settings in switched.items() if settings.get("faults", True)] == ["frames-all/1"]


def test_speaking_again_trains_nothing(planned):
    go(planned, Fake())
    assert len(speak_again(planned.jobs())) == 4
    bench = Fake()
    go(planned, bench)
    assert {stage for _, stage in bench.did} == {"speak"} and len(bench.did) == 4


def test_two_workers_at_once_do_nothing_twice(planned, monkeypatch):
    import threading

    bench, lock = Fake(), threading.Lock()
    counted: dict[tuple[str, str], int] = {}

    def slow(job, stage, console) -> str:
        with lock:
            counted[job.key, stage] = counted.get((job.key, stage), 0) + 1
        time.sleep(0.05)
        return ""

    bench.do = slow
    monkeypatch.setattr("ttskit_study.working._LOOK_AGAIN_S", 0.02)
    workers = [threading.Thread(target=work, args=(planned.jobs(), bench)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(counted) == 10 and set(counted.values()) == {1}
    assert json.loads(planned.job("whole-all/1").place.state_file.read_text(encoding="utf-8"))["status"] == "done"
