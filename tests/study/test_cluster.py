"""Trainings given to a cluster: submitit's executor on this machine, and clusters that are not there or refuse."""

from __future__ import annotations

import pickle

import pytest

from ttskit.errors import TTSKitError, UsageError
from ttskit_study.cluster import CellTask, options_of, submit
from ttskit_study.layout import StudyFolder
from ttskit_study.running import run_study
from ttskit_study.working import status_of

submitit = pytest.importorskip("submitit")


def asked(planned, cluster: str, options=()) -> list[str]:
    return submit(StudyFolder(planned.out), planned.jobs(), cluster, options, 1, False, lambda text: None)


def sbatch(folder, monkeypatch, script: str) -> None:
    """A cluster's commands in front of the PATH."""
    folder.mkdir()
    for name, text in (("sbatch", script), ("srun", "exit 1")):  # submitit looks for the other one first
        command = folder / name
        command.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        command.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_a_training_on_submitits_own_executor_is_done_and_seen(planned):
    run_study(planned.out, only=["whole-all/1"], cluster="local", options=["timeout_min=10"])
    assert status_of(planned.job("whole-all/1")).status == "done"
    assert planned.job("whole-all/1").place.observations.is_file()


def test_what_is_cut_off_is_begun_again_the_same(planned):
    task = pickle.loads(pickle.dumps(CellTask()))
    again = task.checkpoint(str(planned.out), "whole-all/1")
    assert isinstance(again.function, CellTask) and again.args == (str(planned.out), "whole-all/1")


def test_without_sbatch_it_is_said_at_once(planned, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TTSKitError, match="SLURM is not here") as error:
        asked(planned, "slurm")
    assert "sbatch" in error.value.why and "ttskit study cells" in error.value.fix


def test_a_cluster_that_refuses_is_quoted(planned, monkeypatch, tmp_path):
    sbatch(tmp_path / "bin", monkeypatch, 'echo "sbatch: error: invalid partition specified: gpux" >&2; exit 1')
    with pytest.raises(TTSKitError, match="the cluster took no job") as error:
        asked(planned, "slurm", ["slurm_partition=gpux"])
    assert "invalid partition specified: gpux" in error.value.why


def test_cells_wait_for_the_aligners_and_one_array_holds_them(planned, monkeypatch, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    script = f'n=$(ls {kept} | wc -l); cp "$1" {kept}/$n.sh; echo "Submitted batch job 70$n"'
    sbatch(tmp_path / "bin", monkeypatch, script)
    numbers = asked(planned, "slurm", ["slurm_partition=gpu", "timeout_min=240"])
    aligners, cells = ((kept / f"{n}.sh").read_text(encoding="utf-8") for n in (0, 1))
    assert numbers == ["700", "701_0", "701_1", "701_2", "701_3"]
    assert "--partition=gpu" in cells and "--time=240" in cells and "--array=0-3" in cells
    assert "--dependency=afterany:700" in cells and "dependency" not in aligners


def test_options_are_pairs():
    assert options_of(["timeout_min=240", "slurm_partition=gpu"]) == {"timeout_min": 240, "slurm_partition": "gpu"}
    with pytest.raises(UsageError, match="--job nonsense"):
        options_of(["nonsense"])


def test_an_option_that_submitit_does_not_know_is_wrong_usage(planned):
    with pytest.raises(UsageError, match="cannot be described so") as error:
        asked(planned, "local", ["nonsense=1"])
    assert "nonsense" in error.value.why


def test_options_of_jobs_need_a_cluster(planned):
    with pytest.raises(UsageError, match="--job is for a cluster"):
        run_study(planned.out, options=["timeout_min=1"])
