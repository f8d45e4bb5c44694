"""What the system refuses is told with the file, the reason, the figures behind it, and what to do."""

from __future__ import annotations

import errno
import os
import pickle
from pathlib import Path

import pytest

from ttskit.cli import _run, cli
from ttskit.disk import explain, explained, full_disk_behind, space_left
from ttskit.errors import AudioError, CorpusError, TrainingError

REASONS = {
    "ENOSPC": ("the disk is full", "are left on the disk of", "free some space"),
    "EDQUOT": ("your quota of this disk is used up", "are left on the disk of", "ask for more"),
    "EFBIG": ("the file would be too large", "FAT32", "another disk"),
    "EROFS": ("the file system is read-only", "nothing can be written below", "another place"),
    "EACCES": ("permission denied", "", "permissions"),
    "EPERM": ("permission denied", "", "permissions"),
    "ENAMETOOLONG": ("the file name is too long", "bytes", "shorter name"),
    "EMFILE": ("too many open files", "", "close other programs"),
    "ENFILE": ("too many open files", "", "close other programs"),
    "EIO": ("the disk does not work", "input/output error", "check the disk"),
    "ENOENT": ("no such file or folder", "is there, what lies below it is not", ""),
    "ENOTDIR": ("a file is where a folder should be", "", "another place"),
    "EEXIST": ("a file is where a folder should be", "", "another place"),
    "EISDIR": ("it is a folder", "", "another name"),
    "ENOMEM": ("the memory is full", "", "close other programs"),
}
REASONS = {name: reason for name, reason in REASONS.items() if hasattr(errno, name)}


def refusal(name, path=None):
    number = getattr(errno, name)
    return OSError(number, os.strerror(number), *([str(path)] if path else []))


@pytest.mark.parametrize("name", REASONS)
@pytest.mark.parametrize("named", [True, False], ids=["the error names it", "a write does not"])
def test_the_three_parts(name, named, tmp_path):
    path = tmp_path / "a" / "b.wav"
    what, why, fix = REASONS[name]
    with pytest.raises(AudioError) as caught, explain(AudioError, path, "the first is kept", "go on"):
        raise refusal(name, path if named else None)
    error = caught.value
    assert error.what == f"{what}: cannot write {path}" and why in error.why and fix in error.fix
    assert error.why.splitlines()[-1] == "the first is kept" and error.fix.endswith("go on")
    assert os.strerror(getattr(errno, name)) not in str(error) or name == "EISDIR" or what.lower() in error.what.lower()
    assert isinstance(error.__cause__, OSError) and str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("name", REASONS)
def test_at_the_command_line(name, tmp_path, monkeypatch, capsys):
    """Wherever nobody else told it."""

    def refused(*_, **__):
        raise refusal(name, tmp_path / "x.wav")

    monkeypatch.setattr(cli, "main", refused)
    assert _run([], debug=False) == 1
    shown = capsys.readouterr().err
    assert f"error: {REASONS[name][0]}: {tmp_path / 'x.wav'}\n" in shown and "fix: " in shown and "[Errno" not in shown


def test_a_reason_that_is_not_known_is_the_systems(tmp_path):
    error = explained(OSError(errno.EXDEV, os.strerror(errno.EXDEV)), tmp_path)
    assert error.what == f"{os.strerror(errno.EXDEV)}: cannot write {tmp_path}" and error.fix == "run the same command again"


@pytest.mark.parametrize("named", [None, 3, b"a\xff", "a", Path("b")])
def test_whatever_an_error_names(named):
    assert explained(OSError(errno.ENOSPC, "x", named) if named is not None else OSError("x")).what


def test_a_reader_that_left_is_no_fault():
    with pytest.raises(BrokenPipeError), explain(AudioError, "standard output"):
        raise BrokenPipeError


def test_a_stream_has_no_place_on_a_disk():
    assert explained(refusal("ENOSPC"), "standard output").why == ""


def test_how_much_is_left(tmp_path):
    assert f"on the disk of {tmp_path}" in space_left(tmp_path / "not" / "there") and " of " in space_left(tmp_path)
    assert space_left("") == ""


def test_the_length_of_a_name_in_bytes(tmp_path):
    error = explained(refusal("ENAMETOOLONG"), tmp_path / ("ñ" * 200 + ".wav"))
    assert "the name has 404 bytes, a file system takes 255" in error.why


@pytest.mark.parametrize("kind", [CorpusError, TrainingError])
def test_a_full_disk_is_found_behind_an_error(kind, tmp_path):
    with pytest.raises(kind) as caught, explain(kind, tmp_path):
        raise refusal("ENOSPC")
    try:
        raise RuntimeError("a measurement failed") from caught.value
    except RuntimeError as error:
        assert full_disk_behind(error).errno == errno.ENOSPC
    assert full_disk_behind(refusal("EACCES")) is None and full_disk_behind(None) is None
