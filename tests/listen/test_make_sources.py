"""Comparisons, studies and folders as material; what is wrong with them is one clear error."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from made_sources import comparison, folders, natural, speech, study, write

from ttskit.errors import CheckpointError, InputError
from ttskit_listen.making.sources import open_sources


@pytest.fixture(scope="module")
def compared(tmp_path_factory) -> Path:
    return comparison(tmp_path_factory.mktemp("made") / "comparison")


def changed(folder: Path, compared: Path, change) -> Path:
    """A copy of results.json beside the same sounds, with something else in it."""
    folder.mkdir(exist_ok=True)
    content = json.loads((compared / "results.json").read_text(encoding="utf-8"))
    change(content)
    (folder / "results.json").write_text(json.dumps(content), encoding="utf-8")
    if not (folder / "audio").exists():
        import shutil

        shutil.copytree(compared / "audio", folder / "audio")
    return folder


def test_a_comparison_gives_systems_trainings_recordings_and_groups(compared):
    found = open_sources([compared])
    assert (found.source, found.names, found.origin) == ("comparison", ("comparison",), compared)
    assert found.runs == {"zorzal": ("1", "2"), "hornero": ("1", "2"), "natural": ("",)}
    assert len(found.sentences) == 12 and len(found.common(["zorzal", "hornero"])) == 12
    assert len(found.common(["zorzal", "natural"])) == 8
    assert {one.group for one in found.sentences.values()} == {"test", "hard"}
    assert found.sentences["u001"].speaker == "beto" and "número 1" in found.sentences["u001"].text
    one = found.sounds["hornero", "2", "u003"]
    assert one.source == "audio/hornero-2/u003.wav" and one.path.is_file() and one.seed == 0


def test_trainings_without_seeds_of_their_own_keep_their_labels(tmp_path, compared):
    def same_seed(content):
        for run in content["runs"]:
            run["seed"] = None if run["system"] == "zorzal" else 7

    found = open_sources([changed(tmp_path / "c", compared, same_seed)])
    assert found.runs["zorzal"] == ("zorzal", "zorzal-2") and found.runs["hornero"] == ("hornero", "hornero-2")


def test_of_several_seeds_of_synthesis_the_first(tmp_path, compared):
    def again(content):
        for sentence in content["sentences"]:
            sentence["samples"] += [sample | {"seed": 5, "audio": "audio/natural/u000.wav"} for sample in sentence["samples"]]

    found = open_sources([changed(tmp_path / "c", compared, again)])
    assert found.sounds["zorzal", "1", "u002"].source == "audio/zorzal/u002.wav"


def test_missing_sounds_leave_their_sentence_out_and_say_so(tmp_path, compared):
    folder = changed(tmp_path / "c", compared, lambda content: None)
    (folder / "audio" / "zorzal-2" / "u004.wav").unlink()
    found = open_sources([folder])
    assert "u004" not in found.common(["zorzal", "hornero"]) and "u003" in found.common(["zorzal", "hornero"])
    assert any("audio/zorzal-2/u004.wav" in note for note in found.notes)


def test_a_comparison_without_its_sounds(tmp_path, compared):
    (tmp_path / "results.json").write_bytes((compared / "results.json").read_bytes())
    with pytest.raises(InputError, match="has no sound of a system") as caught:
        open_sources([tmp_path])
    assert "copy its audio folders" in caught.value.fix


@pytest.mark.parametrize("name", ["../secret.wav", "/etc/passwd", "audio/../../secret.wav", "a\0b"])
def test_sounds_outside_the_folder_are_refused(tmp_path, compared, name):
    write(tmp_path / "secret.wav", speech(1))

    def outside(content):
        content["sentences"][0]["samples"][1]["audio"] = name

    with pytest.raises(InputError, match="names a sound outside its folder"):
        open_sources([changed(tmp_path / "c", compared, outside)])


@pytest.mark.skipif(os.name == "nt", reason="links need a permission there")
def test_links_that_lead_outside_are_refused(tmp_path, compared):
    secret = write(tmp_path / "secret.wav", speech(1))
    folder = changed(tmp_path / "c", compared, lambda content: None)
    (folder / "audio" / "zorzal" / "u000.wav").unlink()
    (folder / "audio" / "zorzal" / "u000.wav").symlink_to(secret)
    with pytest.raises(InputError, match="outside its folder"):
        open_sources([folder])
    places = folders(tmp_path / "f", {"a": 0, "b": 2}, 2)
    (places[0] / "u009.wav").symlink_to(secret)
    with pytest.raises(InputError, match=r"u009\.wav is a link that leads outside"):
        open_sources(places[:1])
    (places[1] / "run3").symlink_to(compared / "audio" / "zorzal")
    with pytest.raises(InputError, match="run3 is a link that leads outside"):
        open_sources(places[1:])
    (places[0] / "u009.wav").unlink()
    (places[0] / "u009.wav").symlink_to(places[0] / "u000.wav")
    assert open_sources(places[:1]).runs == {"a": ("",)}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda c: c.update(format=2), "another version"),
        (lambda c: c.update(systems="none"), "missing or damaged"),
        (lambda c: c["sentences"][0]["samples"].append({"system": 3}), "missing or damaged"),
        (lambda c: c.pop("systems"), "missing or damaged"),
    ],
)
def test_damaged_comparisons(tmp_path, compared, change, error):
    with pytest.raises(CheckpointError, match=error):
        open_sources([changed(tmp_path / "c", compared, change)])


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b'{"format": 3}', b"[" * 100_000])
def test_what_is_no_results_file(tmp_path, content):
    (tmp_path / "results.json").write_bytes(content)
    with pytest.raises(CheckpointError):
        open_sources([tmp_path])


def test_a_study_gives_cells_as_systems_and_seeds_as_trainings(tmp_path):
    folder = study(tmp_path / "study")
    found = open_sources([folder])
    assert found.source == "study"
    assert found.runs == {"hornero": ("1", "2"), "zorzal": ("1", "2"), "natural": ("",)}
    assert found.sounds["zorzal", "2", "u003"].source == "cells/zorzal-all/2/spoken/audio/zorzal/u003.wav"
    assert len(found.common(["hornero", "zorzal", "natural"])) == 8


def test_two_cells_of_one_system_keep_the_cells_names(tmp_path):
    found = open_sources([study(tmp_path / "study", (1,), ("hornero-5min", "hornero-20min", "zorzal-all"))])
    assert set(found.runs) == {"hornero-5min", "hornero-20min", "zorzal", "natural"}


def test_what_a_study_has_not_spoken_yet_is_left_out_and_named(tmp_path):
    folder = study(tmp_path / "study", (1, 2, 3))
    (folder / "cells" / "zorzal-all" / "3" / "spoken" / "sentences.json").unlink()
    found = open_sources([folder])
    assert found.runs["zorzal"] == ("1", "2") and found.runs["hornero"] == ("1", "2", "3")
    assert any("zorzal-all/3" in note for note in found.notes)
    for path in folder.glob("cells/*/*/spoken/sentences.json"):
        path.unlink()
    with pytest.raises(InputError, match="has no sound of a system"):
        open_sources([folder])


def test_a_studys_report_is_not_the_study(tmp_path):
    folder = study(tmp_path / "study", (1,))
    (folder / "report").mkdir()
    (folder / "report" / "results.json").write_text('{"format": 1}', encoding="utf-8")
    with pytest.raises(InputError, match="is the report of a study"):
        open_sources([folder / "report"])
    (folder / "cells" / "zorzal-all" / "1" / "cell.json").write_text("{", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"cell\.json is missing or damaged"):
        open_sources([folder])


def test_folders_are_systems_and_folders_in_them_trainings(tmp_path):
    found = open_sources(folders(tmp_path, {"ours": 2, "theirs": 0}, 3))
    assert found.source == "folders" and found.origin == tmp_path.resolve()
    assert found.runs == {"ours": ("run1", "run2"), "theirs": ("",)}
    assert found.common(["ours", "theirs"]) == ["u000", "u001", "u002"]
    assert found.sounds["ours", "run2", "u001"].source == "ours/run2/u001.wav"


def test_recordings_of_a_folder_and_texts_of_a_table(tmp_path):
    places = folders(tmp_path, {"ours": 0}, 3)
    for name, content in (
        ("a.tsv", 'id\ttext\nu000\tDijo "hola, che".\nu001.wav\tDos.\n'),
        ("b.csv", 'u000,"Dijo ""hola, che""."\nu001,Dos.\n'),
        ("c.txt", 'u000|Dijo "hola, che".|hard|beto\nu001|Dos.|test|ana\n'),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")
        found = open_sources(places, tmp_path / name, natural(tmp_path / "recorded", 2))
        assert found.sentences["u000"].text == 'Dijo "hola, che".', name
        assert found.sentences["u001"].text == "Dos." and found.sentences["u002"].text == ""
        assert found.runs["natural"] == ("",) and found.sounds["natural", "", "u001"].source == "recorded/u001.flac"
        assert any("1 sentences have no text" in note for note in found.notes)
    assert (found.sentences["u000"].group, found.sentences["u000"].speaker) == ("hard", "beto")


def test_hostile_folders(tmp_path):
    places = folders(tmp_path / "f", {"ours": 0, "theirs": 0}, 2)
    (tmp_path / "empty").mkdir()
    (tmp_path / "other" / "ours").mkdir(parents=True)
    write(tmp_path / "other" / "ours" / "u000.wav", speech(1))
    (tmp_path / "notes.txt").write_text("nothing", encoding="utf-8")

    def error(*paths, **more) -> str:
        with pytest.raises(InputError) as caught:
            open_sources(list(paths), **more)
        assert caught.value.what and caught.value.why and caught.value.fix
        return caught.value.what

    assert "there is no audio in" in error(tmp_path / "empty")
    assert "nothing to listen to in" in error(tmp_path / "nowhere")
    assert "nothing to listen to in" in error(tmp_path / "notes.txt")
    assert "two folders are called ours" in error(places[0], tmp_path / "other" / "ours")
    assert "stands beside other sources" in error(places[0], comparison(tmp_path / "c", 2, 0))
    assert "names no sentence" in error(places[0], texts=tmp_path / "notes.txt")
    assert "is missing" in error(places[0], texts=tmp_path / "none.tsv")
    assert "no recordings in" in error(places[0], natural=tmp_path / "none")
    write(places[0] / "u000.flac", speech(1))
    assert "two files of" in error(places[0])
    write(places[1] / "run1" / "u000.wav", speech(1))
    assert "both sounds and trainings" in error(places[1])


def test_no_sentence_in_common_says_what_each_has(tmp_path):
    places = folders(tmp_path, {"ours": 0}, 2)
    write(tmp_path / "theirs" / "x1.wav", speech(1))
    found = open_sources([*places, tmp_path / "theirs"])
    with pytest.raises(InputError, match="no sentence in common") as caught:
        found.common(["ours", "theirs"])
    assert "ours: 2 (u000, u001)" in caught.value.why and "theirs: 1 (x1)" in caught.value.why
