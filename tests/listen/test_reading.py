"""Answer files: each counted once and whole, or not at all with a reason."""

from __future__ import annotations

import json
import zipfile

import pytest
from answering import answered, write_answers
from made_test import made_test

from ttskit.errors import InputError
from ttskit.reading import Misread
from ttskit_listen.answered.reading import misfit, parsed, read_answers
from ttskit_listen.answers import LIMIT_BYTES, AnswerFile
from ttskit_listen.plan import KINDS


@pytest.fixture(scope="module")
def test(tmp_path_factory):
    return made_test(tmp_path_factory.mktemp("reading") / "test", "cmos", sounds=False)


@pytest.fixture
def whole(test):
    """A fresh, whole file as plain data."""
    return answered(test.plan(), test.key(), 0)


def problems(test, tmp_path, *files):
    paths = []
    for number, file in enumerate(files):
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_bytes(file if isinstance(file, bytes) else json.dumps(file).encode())
    return read_answers(test, paths)


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_every_kind_count(kind, tmp_path):
    test = made_test(tmp_path, kind, sounds=False)
    write_answers(test)
    came = read_answers(test)
    assert len(came.files) == 4 and list(came.problems) == []


def _first(file, **fields):
    return {**file, "answers": [{**file["answers"][0], **fields}, *file["answers"][1:]]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: {**f, "test": "another"}, "of another test (another)"),
        (lambda f: {**f, "consent": False}, "did not agree"),
        (lambda f: {**f, "form": 1}, "form 1 is not the one of listener"),
        (lambda f: {**f, "listener": "01-abcdefgh"}, "form 0 is not the one of listener 01-abcdefgh"),
        (lambda f: _first(f, trial="01-000"), "form 0 has no trial 01-000"),
        (lambda f: _first(f, trial=f["answers"][1]["trial"]), "is answered twice"),
        (lambda f: _first(f, response=4), "the answer 4 is none that a test of kind cmos takes"),
        (lambda f: _first(f, response="first"), 'the answer "first" is none'),
        (lambda f: _first(f, response=[1, 2]), "the answer [1, 2] is none"),
        (lambda f: _first(f, response=1.5), "response"),
        (lambda f: _first(f, response=True), "response"),
        (lambda f: _first(f, response=10**400), "response"),
        (lambda f: _first(f, rt_ms=-1), "answers.0.rt_ms"),
        (lambda f: _first(f, at="yesterday"), "answers.0.at"),
        (lambda f: {**f, "questions": {"variety": "<script>"}}, "cannot be chosen as variety"),
        (lambda f: {**f, "more": 1}, "more"),
        (lambda f: {k: v for k, v in f.items() if k != "began"}, "began is missing"),
        (lambda f: json.dumps(f).replace('"form": 0', '"form": 0, "form": 0').encode(), "a key stands twice"),
        (lambda f: json.dumps(f).replace('"response": 0', '"response": NaN').encode(), "NaN is not a number"),
        (lambda f: json.dumps(f)[:-9].encode(), "not whole JSON"),
        (lambda f: b"[" * 200_000, "too deeply"),
        (lambda f: b"\xff\xfe", "not UTF-8"),
        (lambda f: b"", "not whole JSON"),
        (lambda f: b" " * (LIMIT_BYTES + 1), "more than 4 MiB"),
    ],
)
def test_what_does_not_fit_is_one_line_and_no_answer(change, said, test, whole, tmp_path):
    if said.startswith("NaN"):
        whole["answers"][0]["response"] = 0
    came = problems(test, tmp_path, change(whole))
    assert not came.files
    assert len(came.problems) == 1 and came.problems[0].startswith("0.json: ") and said in came.problems[0]


def test_mushra_needs_a_score_for_each_sound(tmp_path):
    test = made_test(tmp_path, "mushra", sounds=False)
    plan = test.plan()
    file = answered(plan, test.key(), 0)
    assert misfit(plan, AnswerFile.model_validate_json(json.dumps(file))) == ""
    file["answers"][1]["response"] = [1, 2]
    assert "2 scores for 3 sounds" in misfit(plan, AnswerFile.model_validate_json(json.dumps(file)))


def test_no_preference_counts_only_where_it_was_offered(tmp_path):
    test = made_test(tmp_path, "ab", sounds=False)
    plan, file = test.plan(), answered(test.plan(), test.key(), 0)
    file["answers"][1]["response"] = "none"
    read = AnswerFile.model_validate_json(json.dumps(file))
    assert '"none" is none that a test of kind ab takes' in misfit(plan, read)
    assert misfit(plan.model_copy(update={"allow_none": True}), read) == ""


def test_a_file_that_came_twice_counts_once(test, whole, tmp_path):
    came = problems(test, tmp_path, whole, whole)
    assert len(came.files) == 1 and not came.problems


def test_of_a_beginning_and_its_end_the_longer_counts(test, whole, tmp_path):
    short = {**whole, "answers": whole["answers"][:3], "ended": "", "complete": False, "questions": {}}
    for files in ((short, whole), (whole, short)):
        came = problems(test, tmp_path, *files)
        assert [len(file.answers) for file in came.files] == [len(whole["answers"])] and not came.problems


@pytest.mark.parametrize("change", [{"response": -3}, {"rt_ms": 1}])
def test_files_that_contradict_each_other_both_go(change, test, whole, tmp_path):
    other = _first({**whole, "answers": whole["answers"][:4]}, **change)
    came = problems(test, tmp_path, whole, other)
    assert not came.files
    assert came.problems == [
        f"0.json, 1.json: they contradict each other about listener {whole['listener']}: none of them is counted"
    ]


def test_a_folder_an_archive_and_a_file_named_twice(test, tmp_path):
    plan, key = test.plan(), test.key()
    files = [answered(plan, key, form) for form in range(3)]
    folder = tmp_path / "sent"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(files[0]))
    with zipfile.ZipFile(folder / "b.zip", "w") as archive:
        archive.writestr("../../etc/x.json", json.dumps(files[1]))
        archive.writestr("__MACOSX/._x.json", b"\0")
        archive.writestr("readme.txt", b"hello")
        archive.writestr("broken.json", b"{")
    (tmp_path / "c.json").write_text(json.dumps(files[2]))
    came = read_answers(test, [folder, tmp_path / "c.json", tmp_path / "c.json"])
    assert [file.form for file in came.files] == [0, 1, 2]
    assert len(came.problems) == 1 and came.problems[0].startswith("b.zip: broken.json: it cannot be read")
    assert not (tmp_path.parent / "etc").exists()


def test_an_archive_that_would_unpack_to_much_is_not_read(test, tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"{number}.json", b" " * (2 << 20))
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 and no more")
    came = read_answers(test, [tmp_path])
    assert not came.files and len(came.problems) == 2
    assert "would unpack to 5 files with 10485760 bytes" in came.problems[0] and "cannot be opened" in came.problems[1]


def test_a_member_whose_header_lies_is_read_no_further_than_the_limit(test, tmp_path):
    path = tmp_path / "lie.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.json", b"[" * 100)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 16 : at + 20] = b"\0\0\0\0"  # its checksum
    path.write_bytes(data)
    came = read_answers(test, [path])
    assert not came.files and "a.json: it cannot be unpacked" in came.problems[0]


def test_a_path_that_is_not_there_is_an_error(test, tmp_path):
    with pytest.raises(InputError, match=r"nothing\.json is not there"):
        read_answers(test, [tmp_path / "nothing.json"])


def test_a_name_steers_no_terminal(test, tmp_path):
    path = tmp_path / "a\x1b[31m.json"
    path.write_text("{")
    (line,) = read_answers(test, [path]).problems
    assert "\x1b" not in line and r"\x1b" in line


def test_lone_surrogates_are_refused():
    with pytest.raises(Misread):
        parsed(rb'{"test": "\ud800"}')
