"""`ttskit listen rehearse`: answers that say that nobody listened, in a folder of their own."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from made_test import made_test

from ttskit.errors import UsageError
from ttskit.reading import read_json
from ttskit_listen.answers import AnswerFile
from ttskit_listen.commands.rehearse import rehearse
from ttskit_listen.rehearsal import NOTE, rehearsed
from ttskit_listen.simulated import is_simulated


@pytest.fixture
def test(tmp_path):
    return made_test(tmp_path / "test", listeners=3, sounds=False)


def test_the_command_writes_marked_answers_and_says_what_was_planted(test, tmp_path):
    out = tmp_path / "rehearsal"
    words = [str(test.path), "--listeners", "5", "--careless", "2", "--leave", "1", "--difference", "0.8", "-o", str(out)]
    result = CliRunner().invoke(rehearse, [*words, "--json"], catch_exceptions=False)
    said = json.loads(result.stdout)
    assert said == {
        "folder": str(out),
        "files": 5,
        "systems": {"tacotron2": pytest.approx(2.8), "fastpitch": pytest.approx(3.6)},
    }
    files = [read_json(path, AnswerFile) for path in sorted(out.glob("*.json"))]
    assert len(files) == 5 and all(is_simulated(file.listener) for file in files)
    assert [path.name for path in sorted(out.glob("*.json"))] == [f"answers-{file.listener}.json" for file in files]
    assert sum(file.complete for file in files) == 4
    note = (out / NOTE).read_text(encoding="utf-8")
    assert "nobody listened" in note and "fastpitch: 3.60" in note and "careless: 2" in note
    plain = CliRunner().invoke(rehearse, words, catch_exceptions=False).stdout
    assert f"ttskit listen analyse {test.path} {out}" in plain and "nobody listened" in plain


def test_another_rehearsal_takes_the_place_of_the_first(test, tmp_path):
    out = tmp_path / "rehearsal"
    assert rehearsed(test, out).files == 3  # as many as the test plans
    first = {path.name for path in out.iterdir()}
    rehearsed(test, out, seed=2, listeners=2)
    second = {path.name for path in out.iterdir()}
    assert len(second) == 3 and first & second == {NOTE}


@pytest.mark.parametrize("place", ["answers", "answers/deep", "public", "public/audio", "report"])
def test_simulated_answers_are_never_put_among_those_of_people(test, place):
    before = sorted(test.path.rglob("*"))
    with pytest.raises(UsageError, match="belongs to the test itself"):
        rehearsed(test, test.path / place)
    assert sorted(test.path.rglob("*")) == before


def test_the_answers_folder_is_known_behind_a_link(test, tmp_path):
    test.answers.mkdir()
    try:
        (tmp_path / "elsewhere").symlink_to(test.answers, target_is_directory=True)
    except OSError:
        pytest.skip("this system lets nobody make links")
    with pytest.raises(UsageError, match="belongs to the test itself"):
        rehearsed(test, tmp_path / "elsewhere")


def test_a_folder_with_answers_of_people_is_left_as_it_is(test, tmp_path):
    out = tmp_path / "other"
    rehearsed(test, out)
    theirs = out / "answers-00-abcd1234.json"
    theirs.write_text("{}", encoding="utf-8")
    before = sorted(out.iterdir())
    with pytest.raises(UsageError, match="holds something else"):
        rehearsed(test, out, seed=2)
    assert sorted(out.iterdir()) == before
