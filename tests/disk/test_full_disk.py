"""A disk that is really full: each command says the file, the reason, what is left and what to do, and leaves no half file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from ttskit.cli import _run
from ttskit.testing import tiny_corpus

WORDS = "la casa grande del barrio viejo tiene ventanas verdes y puertas altas. "


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def said(shown, path):
    """The three parts are there, about this file."""
    assert "error: the disk is full: cannot write " in shown and str(path) in shown
    assert "left on the disk of" in shown and "free some space" in shown
    assert "Traceback" not in shown and "internal error" not in shown and "No space left" not in shown


def test_sound_into_a_file(voice, small_disk, capsys):
    place = small_disk(64)
    (place / "earlier.wav").write_bytes(b"kept")
    assert _run(["synthesize", WORDS, "--voice", str(voice), "-o", str(place / "a.wav")], debug=False) == 1
    said(capsys.readouterr().err, place / "a.wav")
    assert files(place) == ["earlier.wav"]


def test_sound_line_by_line_keeps_what_is_spoken(voice, small_disk, tmp_path, capsys):
    place = small_disk(300)
    (tmp_path / "lines.txt").write_text("hola che\n" * 2 + WORDS * 6, encoding="utf-8")
    line = f"synthesize --voice {voice} --file {tmp_path / 'lines.txt'} -o {place / 'out'}"
    assert _run(line.split(), debug=False) == 1
    said(capsys.readouterr().err, place / "out" / "0003.wav")
    assert files(place) == ["out/0001.wav", "out/0002.wav"]
    assert all(soundfile.info(place / name).frames for name in files(place))


def test_a_stream_keeps_what_was_heard_and_says_how_much(voice, small_disk, capsys):
    place = small_disk(128)
    assert _run(["synthesize", WORDS * 3, "--voice", str(voice), "--stream", "-o", str(place / "a.wav")], debug=False) == 1
    shown = capsys.readouterr().err
    said(shown, place / "a.wav")
    assert "s of sound were written before" in shown
    heard = soundfile.info(place / "a.wav")
    assert heard.frames == (128 * 1024 - 44) // 2  # a whole WAV up to there


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_sound_into_standard_output(voice, tmp_path):
    command = [sys.executable, "-m", "ttskit", "synthesize", "hola", "--voice", str(voice), "-o", "-"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert done.returncode == 1 and "the disk is full: cannot write standard output" in done.stderr
    assert "Exception ignored" not in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("words", ["plugins list", "plugins list --json", "--help", "text normalize hola"])
def test_results_into_a_full_disk(words, tmp_path):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ttskit", *words.split()], stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path
        )
    assert done.returncode == 1 and done.stderr.startswith("error: the disk is full")
    assert not any(word in done.stderr for word in ("Exception ignored", "Traceback", "internal error", "[Errno"))


def test_preparing(small_disk, tmp_path, capsys):
    place = small_disk(40)
    tiny_corpus(tmp_path / "recordings", utterances=8)
    line = f"prepare {tmp_path / 'recordings'} --out {place / 'out'} --recipe tiny --jobs"
    for jobs in ("1", "2"):
        assert _run([*line.split(), jobs], debug=False) == 1
        shown = capsys.readouterr().err
        said(shown, place / "out")
        assert "what is complete is kept" in shown
        assert files(place) and not [name for name in files(place) if ".tmp" in name]


def test_training(small_disk, tmp_path, capsys):
    tiny_corpus(tmp_path / "recordings", utterances=8)
    arguments = ["prepare", str(tmp_path / "recordings"), "--out", str(tmp_path / "data"), "--recipe", "tiny", "--jobs", "1"]
    assert _run(arguments, debug=False) == 0
    place = small_disk(700)
    line = f"train --recipe tiny --data {tmp_path / 'data'} --run {place / 'run'} --steps 6 --device cpu"
    sets = ("training.checkpoint_every=1", "training.keep_last=9", "training.samples=0", "training.validate_every=100")
    capsys.readouterr()
    assert _run([*line.split(), *(a for s in sets for a in ("--set", s))], debug=False) == 1
    shown = capsys.readouterr().err
    said(shown, place / "run")
    steps = sorted(p.name for p in (place / "run" / "checkpoints").iterdir())
    assert steps and f"the last good checkpoint is {steps[-1]}" in shown and "continue with --resume" in shown
    assert not [name for name in files(place) if ".tmp" in name or name.endswith("lock.json")]


def test_comparing(voice, small_disk, tmp_path, capsys):
    tiny_corpus(tmp_path / "recordings", utterances=8)
    line = f"prepare {tmp_path / 'recordings'} --out {tmp_path / 'data'} --recipe tiny --jobs 1 --speaker ana --set"
    assert _run([*line.split(), "mel={bands: 20}"], debug=False) == 0
    place = small_disk(40)
    capsys.readouterr()
    other = shutil.copytree(voice, tmp_path / "other")
    line = f"compare {voice} {other} --data {tmp_path / 'data'} --out {place / 'out'} --device cpu"
    assert _run(line.split(), debug=False) == 1
    shown = capsys.readouterr().err
    said(shown, place / "out")
    assert not [name for name in files(place) if ".tmp" in name or ".sounds" in name]


REFUSED = {
    "permission denied": lambda p: p / "closed" / "a.wav",
    "the file name is too long": lambda p: p / ("n" * 300 + ".wav"),
    "a file is where a folder should be": lambda p: p / "file" / "a.wav",
    "it is a folder": lambda p: p / "folder",
}


@pytest.mark.parametrize("reason", REFUSED)
def test_other_refusals_are_told_alike(reason, voice, tmp_path, capsys):
    (tmp_path / "closed").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "closed").chmod(0o500)
    if reason == "permission denied" and (not hasattr(os, "geteuid") or os.geteuid() == 0):
        pytest.skip("this user may write everywhere")
    place = REFUSED[reason](tmp_path)
    for command in (["synthesize", "hola", "--voice", str(voice), "-o", str(place)],):
        assert _run(command, debug=False) == 1
        shown = capsys.readouterr().err
        assert (
            f"error: {reason}: " in shown.replace("cannot write ", "")
            and str(place) in shown
            and "fix: " in shown
            and "Traceback" not in shown
        )
    assert files(tmp_path) == ["file"]
