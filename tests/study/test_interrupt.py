"""Killed in any stage, a study goes on, and gives bit for bit what it would have given."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from ttskit.interfaces.measurement import RESYNTHESIS
from ttskit.runs.folder import RunFolder
from ttskit_study.spoken import read_observations
from ttskit_study.state import read_state
from ttskit_study.training import Bench, alignment_of, steps_done
from ttskit_study.working import fresh_for_retry, status_of


def kill_when(made, key: str, reached: Callable[[], bool]) -> None:
    """Start a worker on one training, and kill it where it has come so far."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    worker = subprocess.Popen([sys.executable, "-m", "ttskit_study.worker", str(made.out), key], env=environment)
    try:
        deadline = time.monotonic() + 300
        while not reached():
            assert worker.poll() is None and time.monotonic() < deadline, f"{key} ended before it could be killed"
            time.sleep(0.005)
    finally:
        worker.kill()
        worker.wait()


def restart(made, key: str) -> None:
    """Let one training be as if it had never begun."""
    place = made.job(key).place
    for part in (place.run, place.spoken):
        shutil.rmtree(part, ignore_errors=True)
    place.cost.unlink(missing_ok=True)
    place.state_file.unlink()


def numbers(made, key: str) -> list[tuple]:
    """What was measured, but for times."""
    rows = read_observations(made.job(key).place.observations)
    return [tuple(map(repr, row.values())) for row in rows if row["measurement"] != "training"]


def weights(made, key: str) -> dict:
    return {
        name: tensor.numpy().tobytes() for name, tensor in RunFolder.open(made.job(key).place.run).weights("last")[0].items()
    }


def test_the_whole_study_is_done_with_costs_and_numbers(done_once):
    for job in done_once.jobs():
        state = read_state(job.place)
        assert state.status == "done" and set(state.seconds) == set(job.stages) and state.warning == ""
    cost = json.loads(done_once.job("frames-all/1").place.cost.read_text(encoding="utf-8"))
    aligner = json.loads(done_once.job("aligners/all").place.cost.read_text(encoding="utf-8"))
    assert cost["utterances"] == 40 and cost["needs"]["utterances"] == aligner["utterances"] == 8
    assert cost["total"]["utterances"] == 48 and cost["total"]["multiply_adds"] == pytest.approx(
        cost["multiply_adds"] + aligner["multiply_adds"]
    )
    alone = json.loads(done_once.job("whole-all/1").place.cost.read_text(encoding="utf-8"))
    assert alone["needs"] is None and alone["total"]["frames"] == alone["frames"]
    rows = read_observations(done_once.job("whole-all/2").place.observations)
    mcd = [row for row in rows if row["measure"] == "mcd_db"]
    assert {row["system"] for row in mcd} == {"whole", RESYNTHESIS} and len(mcd) == 6
    assert {row["training_seed"] for row in mcd} == {2, None} and {row["measurement"] for row in rows} == {"quality", "timing"}
    sentences = json.loads(done_once.job("whole-all/2").place.sentences.read_text(encoding="utf-8"))
    audio = [sample["audio"] for sentence in sentences["sentences"] for sample in sentence["samples"]]
    assert len(audio) == 9 and all((done_once.job("whole-all/2").place.spoken / path).is_file() for path in audio)


def test_runs_of_a_system_differ_in_the_seed_and_only_in_it(done_once):
    assert weights(done_once, "whole-all/1") != weights(done_once, "whole-all/2")
    one, two = (RunFolder.open(done_once.job(f"whole-all/{seed}").place.run).recipe() for seed in (1, 2))
    assert (one.seed, two.seed) == (1, 2) and one.model_copy(update={"seed": 2}).model_dump() == two.model_dump()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.parametrize("key", [pytest.param("frames-all/1", marks=pytest.mark.slow), "whole-all/2"])
def test_killed_in_training_and_again_in_speaking_it_goes_on_to_the_same_weights_and_numbers(done, done_once, key):
    place = done.job(key).place
    restart(done, key)
    log = place.run / "metrics.jsonl"
    kill_when(done, key, lambda: log.exists() and log.read_text(encoding="utf-8").count("\n") > 5)
    assert status_of(done.job(key)).status == "interrupted" and status_of(done.job(key)).stage == "train"
    assert RunFolder.open(place.run).checkpoints and steps_done(place.run) < 20  # something to go on from, something to do
    half = place.folder / ".spoken" / "audio" / key.partition("-")[0]
    kill_when(done, key, lambda: half.is_dir() and any(half.iterdir()))
    assert read_state(place).stage == "speak" and not place.spoken.exists()
    assert weights(done, key) == weights(done_once, key)
    trained = (place.run / "metrics.jsonl").read_bytes()
    assert done.work() == []
    assert (place.run / "metrics.jsonl").read_bytes() == trained  # not trained again
    assert numbers(done, key) == numbers(done_once, key)
    for path in sorted(done_once.job(key).place.spoken.rglob("*.wav")):
        assert (place.spoken / path.relative_to(done_once.job(key).place.spoken)).read_bytes() == path.read_bytes()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_killed_in_aligning_it_aligns_anew(done, prepared):
    job = done.job("aligners/all")
    folder = prepared.folder / "alignments" / alignment_of(job.place, done.open().lock)
    before = {path.name: path.read_bytes() for path in folder.glob("u*.json")}
    restart(done, "aligners/all")
    first = next(iter(sorted(folder.glob("u*.json"))))
    first.unlink()
    kill_when(done, "aligners/all", first.exists)
    assert done.work() == []
    assert {path.name: path.read_bytes() for path in folder.glob("u*.json")} == before and len(before) == 30


def test_a_damaged_run_is_named_and_made_anew_with_retry(done, done_once):
    key = "whole-all/1"
    place = done.job(key).place
    (place.run / "run.json").write_text("{", encoding="utf-8")
    place.state_file.write_text(place.state_file.read_text(encoding="utf-8").replace('"done"', '"pending"'), encoding="utf-8")
    text = place.state_file.read_text(encoding="utf-8").replace('"stage": ""', '"stage": "train"')
    place.state_file.write_text(text, encoding="utf-8")
    assert done.work() == [key]
    assert "run.json" in status_of(done.job(key)).error
    assert [job.key for job in fresh_for_retry(done.jobs())] == [key]
    assert done.work() == [] and weights(done, key) == weights(done_once, key)


def test_a_primary_measure_that_cannot_be_had_is_a_warning(done):
    opened = done.open()
    bench = Bench(opened.resolved, opened.lock, done.registry, "cpu")
    bench.plan.primary["phone_error_rate_test"] = 2.0
    assert bench.do(done.job("whole-all/1"), "speak", None) == "not measured: phone_error_rate_test"
