"""Worker processes: who dies is replaced, who dies at once again and again ends the work, and what stops all is told."""

from __future__ import annotations

import os
import sys

import pytest

from ttskit.errors import TTSKitError
from ttskit_study import pool
from ttskit_study.layout import StudyFolder
from ttskit_study.worker import CANNOT_GO_ON


class Watching:
    """In place of the table in the terminal: counts how often it was looked at."""

    def __init__(self) -> None:
        self.looked = 0

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *what: object) -> None:
        pass

    def look(self, last: bool = False) -> None:
        self.looked += 1


def run(folder, monkeypatch, script: str) -> Watching:
    """One worker that does this; each of its lives leaves a letter in the file `lives`."""
    told = (
        f"import os, sys; open({str(folder / 'lives')!r}, 'a').write('x'); lives = os.path.getsize({str(folder / 'lives')!r})\n"
    )
    command = [sys.executable, "-c", told + script]
    log = folder / "workers" / "0.txt"
    monkeypatch.setattr(pool, "_worker", lambda *how: pool.Worker(0, command, dict(os.environ), log))
    monkeypatch.setattr(pool, "_LOOK_EVERY_S", 0.02)
    watch = Watching()
    pool.run_workers(StudyFolder(folder), [], [], 1, 1, [], watch)
    return watch


def test_a_worker_that_dies_is_replaced(tmp_path, monkeypatch):
    watch = run(tmp_path, monkeypatch, "os._exit(9 if lives == 1 else 0)")
    assert (tmp_path / "lives").read_text(encoding="utf-8") == "xx" and watch.looked > 1


def test_workers_that_end_as_soon_as_they_start_end_the_work_with_their_last_words(tmp_path, monkeypatch):
    with pytest.raises(TTSKitError, match="end as soon as they start") as error:
        run(tmp_path, monkeypatch, "sys.exit('no library of that name')")
    assert "no library of that name" in error.value.why and (tmp_path / "lives").read_text(encoding="utf-8") == "xxx"


def test_what_stops_every_worker_is_told_as_it_told_it(tmp_path, monkeypatch):
    script = f"print('the disk is full\\n  no space is left\\n  fix: make room', file=sys.stderr); sys.exit({CANNOT_GO_ON})"
    with pytest.raises(TTSKitError, match="the disk is full") as error:
        run(tmp_path, monkeypatch, script)
    assert error.value.fix == "make room" and (tmp_path / "lives").read_text(encoding="utf-8") == "x"
