"""What the pages are made of: vendored libraries with their hashes, words in two languages, tones of the headphone check."""

from __future__ import annotations

import hashlib
import json
import re
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import soundfile
from made_test import made_test

from ttskit.audio.loudness import loudness_lufs
from ttskit.errors import InputError
from ttskit_listen.folder import TestFolder
from ttskit_listen.making.headphones import write_headphone_sounds
from ttskit_listen.pages import page_words, write_pages
from ttskit_listen.plan import KINDS, ListeningPlan

PLUGIN = Path(__file__).resolve().parents[2] / "plugins" / "ttskit_listen"
VENDOR = PLUGIN / "vendor"


def test_vendored_files_have_their_hashes_and_licences():
    listed = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))
    assert {one["file"] for one in listed} == {path.name for path in VENDOR.iterdir() if path.suffix == ".js"}
    for one in listed:
        data = (VENDOR / one["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == one["sha256"], one["file"]
        assert one["licence"] == "MIT" and one["integrity"].startswith("sha512-") and re.fullmatch(r"[\d.]+", one["version"])
        # a page under `script-src 'self'` could not run it
        assert not re.search(rb"\beval\(|\bnew Function\(", data), one["file"]
    assert {path.stem for path in (VENDOR / "licences").iterdir()} >= {"jspsych", "auto-bind", "detect-browser", "seedrandom"}
    for path in (VENDOR / "licences").iterdir():
        assert re.search(r"Copyright .*\d{4}|Copyright \(c\)", path.read_text(encoding="utf-8")), path.name


def test_nothing_is_vendored_that_no_page_uses():
    scripts = "".join(path.read_text(encoding="utf-8") for path in sorted((PLUGIN / "script").iterdir()))
    for path in VENDOR.glob("*.js"):
        name = re.match(r"var (\w+)\s*=", path.read_text(encoding="utf-8").lstrip())
        assert name is not None and name[1] in scripts, path.name


def test_pages_are_written_beside_the_plan_and_leave_it_and_the_sounds_alone(tmp_path):
    test = made_test(tmp_path)

    def state() -> dict[str, bytes]:
        return {str(path.relative_to(tmp_path)): path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}

    before = state()
    write_pages(test)
    after = state()
    assert {name: after[name] for name in before} == before
    new = {name.removeprefix("public/") for name in set(after) - set(before)}
    assert {"index.html", "mode.js", "words.js", "listen.js", "listen.css", "vendor/jspsych.min.js"} <= new
    assert {name for name in new if name.startswith("vendor/")} == {
        f"vendor/{path.relative_to(VENDOR).as_posix()}" for path in VENDOR.rglob("*") if path.is_file()
    }
    write_pages(test)
    assert state() == after
    assert after["public/mode.js"] == b"ttskit.mode({});\n"
    page = after["public/index.html"].decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)", page) and not re.search(r"\son\w+=|https?://", page)
    for name in re.findall(r'(?:src|href)="([^":]+)"', page):
        assert (test.public / name).is_file(), name


def test_without_a_plan_there_are_no_pages(tmp_path):
    with pytest.raises(InputError, match="no listening test"):
        write_pages(TestFolder(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_both_languages_have_the_same_keys_and_places():
    words = page_words()
    assert set(words["es"]) == set(words["en"])
    for key, text in words["en"].items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", words["es"][key])), key
        assert text.count("**") == words["es"][key].count("**") and text.count("**") % 2 == 0, key
    for kind in KINDS:
        assert f"instructions.{kind}" in words["es"] and f"question.{kind}" in words["es"]


def test_words_that_scripts_name_are_there():
    script = "".join(path.read_text(encoding="utf-8") for path in sorted((PLUGIN / "script").iterdir()))
    keys = set(re.findall(r"""(?:span|block|label|button|say)\(\s*"([\w.-]+)\"""", script))
    known = set(page_words()["en"]) | {"title"}
    kinded = {key.rsplit(".", 1)[0] for key in known}
    assert len(keys) > 40 and keys - known - kinded == set()


def test_the_softest_of_three_tones_is_the_one_that_is_named(tmp_path):
    right = write_headphone_sounds(tmp_path, seed=4)
    kinds = []
    for number, softest in enumerate(right, 1):
        wave, rate = soundfile.read(tmp_path / f"hp_{number}.flac")
        assert rate == 44_100 and wave.shape == (4 * rate, 2)
        tones = [wave[round(1.5 * rate * i) : round(1.5 * rate * i) + rate] for i in range(3)]
        rms = np.array([np.sqrt(np.mean(tone[rate // 4 : 3 * rate // 4, 0] ** 2)) for tone in tones])
        assert 1 + int(np.argmin(rms)) == softest
        np.testing.assert_allclose(20 * np.log10(np.sort(rms) / rms.max()), [-6, 0, 0], atol=0.02)
        opposite = [bool(np.allclose(tone[:, 0], -tone[:, 1])) for tone in tones]
        assert sum(opposite) == 1 and not opposite[softest - 1]
        kinds.append((softest, opposite.index(True) + 1))
        for tone in tones:
            spectrum = np.abs(np.fft.rfft(tone[:, 0] * np.hanning(rate)))
            assert int(np.argmax(spectrum)) == 200 and abs(tone[0, 0]) < 1e-4 and abs(tone[-1, 0]) < 1e-4
        assert not wave[round(1.05 * rate) : round(1.45 * rate)].any()
    # over loudspeakers the one in opposite phase would be named, so no answer may be right in both
    assert sorted(kinds) == sorted((a, b) for a, b in permutations((1, 2, 3), 2))


def test_the_order_of_the_tones_is_drawn_by_the_seed(tmp_path):
    drawn = [write_headphone_sounds(tmp_path / str(seed), seed=seed) for seed in range(6)]
    assert len(set(drawn)) > 1 and drawn[3] == write_headphone_sounds(tmp_path / "again", seed=3)
    assert (tmp_path / "3/hp_1.flac").read_bytes() == (tmp_path / "again/hp_1.flac").read_bytes()
    assert all(sorted(one) == [1, 1, 2, 2, 3, 3] for one in drawn)


def test_the_tones_are_not_louder_than_a_test(tmp_path):
    write_headphone_sounds(tmp_path)
    wave, rate = soundfile.read(tmp_path / "hp_1.flac")
    assert -30 < loudness_lufs(wave[:, 0], rate) < -20


def test_old_plans_have_no_limit_of_plays(tmp_path):
    content = made_test(tmp_path).plan().model_dump(mode="json")
    del content["plays"]
    assert ListeningPlan.model_validate(content).plays == 0
