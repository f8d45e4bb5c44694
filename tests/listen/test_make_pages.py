"""A test made with its real pages: whole, and none of its bytes says which system a sound is of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import soundfile
from made_sources import comparison

from ttskit_listen.making.assembling import ListeningWishes, Made, make_test

SECRET = re.compile(rb"zorzal|hornero|\bu00\d|hard_0|made_comparison", re.IGNORECASE)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Made:
    place = tmp_path_factory.mktemp("made")
    wishes = ListeningWishes("mushra", listeners=3, words={"es": {"contact": "lab@example.org"}})
    return make_test((comparison(place / "made_comparison", 4, 1),), wishes, place / "test")


def blocks(flac: bytes) -> dict[int, bytes]:
    """Metadata blocks of a FLAC file, by kind."""
    found, at, last = {}, 4, False
    while not last:
        last, kind, size = bool(flac[at] & 0x80), flac[at] & 0x7F, int.from_bytes(flac[at + 1 : at + 4], "big")
        found[kind] = flac[at + 4 : at + 4 + size]
        at += 4 + size
    return found


def test_no_byte_and_no_name_says_whose_a_sound_is(made):
    files = [path for path in made.test.public.rglob("*") if path.is_file()]
    assert {"index.html", "test.js", "listen.js", "words.js", "mode.js"} <= {path.name for path in files}
    for path in files:
        assert not SECRET.search(path.relative_to(made.test.public).as_posix().encode()), path
        assert not SECRET.search(path.read_bytes()), path
    assert SECRET.search(made.test.key_file.read_bytes()), "where it is, it would be found"
    assert not any(path.name in ("key.json", "design.json", "invitations.csv") for path in files)


def test_sounds_have_no_tags(made):
    for path in made.test.audio.glob("s*.flac"):
        found = blocks(path.read_bytes())
        assert set(found) <= {0, 1, 3, 4}, "stream, padding, seek table, comment"
        size = int.from_bytes(found[4][:4], "little")
        assert int.from_bytes(found[4][4 + size : 8 + size], "little") == 0, "no comment but the encoder's name"


def test_headphone_sounds_are_there_and_their_answers_in_the_plan(made):
    assert len(made.plan.headphones) == len(list(made.test.audio.glob("hp_*.flac"))) == 6
    assert all(soundfile.info(path).channels == 2 for path in made.test.audio.glob("hp_*.flac"))


def test_times_on_the_disk_follow_the_names_not_the_systems(made):
    paths: list[Path] = sorted(made.test.audio.glob("s*.flac"))
    assert [p.name for p in sorted(paths, key=lambda p: (p.stat().st_mtime_ns, p.name))] == [p.name for p in paths]
