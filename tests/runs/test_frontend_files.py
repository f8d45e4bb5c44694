"""A frontend's files travel with the run, and are named from its folder."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from ttskit.errors import CheckpointError
from ttskit.interfaces.frontend import FrontendFingerprint
from ttskit.runs.frontend_files import found_files, keep_files


@pytest.fixture
def fingerprint(tmp_path):
    (tmp_path / "words.dict").write_text("HOLA  ˈola\n", encoding="utf-8")
    options = {"dictionary": str(tmp_path / "words.dict"), "case": "upper"}
    return FrontendFingerprint("reader", "1", options, "abc", ("dictionary",))


def test_kept_found_and_moved(fingerprint, tmp_path):
    kept = keep_files(fingerprint, tmp_path / "run")
    assert kept.options == {"dictionary": "frontend/words.dict", "case": "upper"}
    assert FrontendFingerprint.from_json(kept.to_json()) == kept
    (tmp_path / "words.dict").unlink()
    shutil.move(tmp_path / "run", tmp_path / "moved")
    found = found_files(kept, tmp_path / "moved")
    assert (tmp_path / "moved" / "frontend" / "words.dict").samefile(found.options["dictionary"])
    assert keep_files(found, tmp_path / "moved") == kept  # its own file is left where it is
    again = keep_files(found, tmp_path / "next")  # a run that starts from this one
    assert again == kept and (tmp_path / "next" / "frontend" / "words.dict").read_text(encoding="utf-8") == "HOLA  ˈola\n"


def test_where_a_file_lies_is_no_difference(fingerprint):
    moved = replace(fingerprint, options={**fingerprint.options, "dictionary": "elsewhere/words.dict"})
    assert fingerprint.differences(moved) == []
    assert fingerprint.differences(replace(moved, lexicon_hash="def")) == ["lexicon_hash: abc → def"]


def test_lost_files_and_files_outside(fingerprint, tmp_path):
    kept = keep_files(fingerprint, tmp_path / "run")
    (tmp_path / "run" / "frontend" / "words.dict").unlink()
    with pytest.raises(CheckpointError, match="has lost its frontend's dictionary"):
        found_files(kept, tmp_path / "run")
    with pytest.raises(CheckpointError, match="has lost its frontend's dictionary"):
        found_files(replace(kept, options={"dictionary": "../words.dict"}), tmp_path / "run")
    (tmp_path / "words.dict").unlink()
    with pytest.raises(CheckpointError, match="has lost its dictionary"):
        keep_files(fingerprint, tmp_path / "other")


def test_frontends_without_files_are_as_before(tmp_path):
    plain = FrontendFingerprint("spanish", "1", {"dialect": "castilian"})
    assert keep_files(plain, tmp_path) == found_files(plain, tmp_path) == plain
    assert "files" not in plain.to_json() and not (tmp_path / "frontend").exists()
