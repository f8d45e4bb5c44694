"""An import killed at any change of its files is simply given again, and makes the same run."""

from __future__ import annotations

import errno
import os

import pytest
import torch

from ttskit.errors import CheckpointError, UsageError
from ttskit.importing import import_checkpoint
from ttskit.runs import RunFolder
from ttskit.runs import files as run_files
from ttskit.runs.files import TEMPORARY
from ttskit.runs.lock import LOCK
from ttskit.runs.starting import UNFINISHED
from ttskit.testing.kills import KILLED, killed_at

fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed in a fork of this one")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def content(run):
    return {p.relative_to(run).as_posix(): p.read_bytes() for p in sorted(run.rglob("*")) if p.is_file()}


@fork
@pytest.mark.parametrize(
    ("existed", "every"),
    [(False, 2), pytest.param(False, 1, marks=pytest.mark.slow), pytest.param(True, 1, marks=pytest.mark.slow)],
    ids=["every second", "every one", "every one, into an empty folder"],
)
def test_an_import_killed_at_each_of_its_changes_is_given_again(existed, every, make_archive, tmp_path):
    path, run = make_archive(), tmp_path / "run"
    changes = killed_at(1000, lambda: import_checkpoint(path, tmp_path / "counted"), tmp_path / "counted")
    whole = content(import_checkpoint(path, tmp_path / "whole").run.path)
    assert changes >= 24
    for event in range(0, changes, every):
        if existed:
            run.mkdir()
        assert killed_at(event, lambda: import_checkpoint(path, run), run) == KILLED
        # of the last steps some leave a run that is whole already: then it is one, and nothing is to be given again
        if (run / "run.json").is_file() and not (run / UNFINISHED).exists():
            assert RunFolder.open(run).info["imported"]
        else:
            import_checkpoint(path, run)
        kept = {name: data for name, data in content(run).items() if name != LOCK}
        assert kept == whole, event
        for file in sorted(run.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        run.rmdir()


@fork
def test_a_folder_with_ones_own_files_is_not_taken_for_an_interrupted_import(make_archive, tmp_path):
    path, run = make_archive(), tmp_path / "run"
    assert killed_at(9, lambda: import_checkpoint(path, run), run) == KILLED
    (run / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"thesis\.txt"):
        import_checkpoint(path, run)
    assert (run / "thesis.txt").read_text(encoding="utf-8") == "mine"
    (run / "thesis.txt").unlink()
    import_checkpoint(path, run)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EDQUOT, errno.EROFS, errno.EMFILE])
@pytest.mark.parametrize("writes", [0, 1, 3])
def test_a_full_disk_during_an_import_says_so_and_leaves_nothing(number, writes, make_archive, tmp_path, monkeypatch):
    real, count = run_files.write_bytes, 0

    def full(path, data):
        nonlocal count
        count += 1
        if count > writes:
            raise OSError(number, os.strerror(number))
        real(path, data)

    monkeypatch.setattr(run_files, "write_bytes", full)
    path, run = make_archive(), tmp_path / "run"
    with pytest.raises(CheckpointError) as error:
        import_checkpoint(path, run)
    assert str(run) in error.value.what and "nothing is left of the import" in error.value.why
    assert "run the same import again" in error.value.fix and "--resume" not in str(error.value)
    if number == errno.ENOSPC:
        assert "the disk is full" in error.value.what and "are left on the disk of" in error.value.why
    assert not run.exists() and not list(tmp_path.rglob(f"{TEMPORARY}*"))
    monkeypatch.undo()
    import_checkpoint(path, run)
