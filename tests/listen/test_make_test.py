"""`ttskit listen make`, whole: from each source, of each kind, as files; nothing that is public says whose a sound is."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from made_sources import comparison, folders, natural, no_pages, speech, study, write

from ttskit.audio.loudness import loudness_lufs
from ttskit.errors import AudioError, InputError, TTSKitError, UsageError
from ttskit_listen.folder import TestFolder
from ttskit_listen.making.assembling import ListeningWishes, make_test
from ttskit_listen.plan import ANCHORS, CODE, KINDS, form_of

NAMES = re.compile(rb"zorzal|hornero|u00\d|natural|low-pass|gold|comparison", re.IGNORECASE)


@pytest.fixture(autouse=True)
def without_pages(monkeypatch):
    no_pages(monkeypatch.setattr)


@pytest.fixture(scope="module")
def compared(tmp_path_factory) -> Path:
    return comparison(tmp_path_factory.mktemp("made") / "comparison")


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    return comparison(tmp_path_factory.mktemp("made") / "small", 4, 0)


def wish(kind="cmos", **more) -> ListeningWishes:
    return ListeningWishes(kind, **{"listeners": 4, "made": "2026-11-28", **more})


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_of_each_kind_plan_key_design_and_sounds_fit_together(tmp_path, compared, kind):
    made = make_test((compared,), wish(kind, hard=0 if kind in ("mos", "mushra") else 2), tmp_path / "test")
    test = TestFolder(tmp_path / "test")
    plan, key, design = test.plan(), test.key(), test.design()
    assert (plan, key, design) == (made.plan, made.key, made.design)
    assert plan.id == key.id == design.id and plan.id.startswith(f"{kind}-")
    ids = [trial.id for form in plan.forms for trial in form.trials]
    assert len(ids) == len(set(ids)) and set(ids) == set(key.roles)
    used = {name for form in plan.forms for t in form.trials for name in (*t.sounds, t.reference) if name}
    assert used == set(key.sounds) == {p.stem for p in test.audio.glob("s*.flac")}
    loudness = []
    for name, said in key.sounds.items():
        audio, rate = soundfile.read(test.audio / f"{name}.flac")
        assert audio.ndim == 1 and rate == design.rate_hz and not audio[: round(design.lead_s * rate)].any()
        assert said.seconds == pytest.approx(len(audio) / rate - design.lead_s, abs=0.001)
        loudness.append(loudness_lufs(audio, rate))
        assert np.abs(audio).max() <= 10 ** (-0.9 / 20)
    assert np.allclose(loudness, design.lufs, atol=0.1)
    assert design.systems[0].name == "zorzal" and design.systems[0].runs == ("1", "2")
    assert (tmp_path / "test" / design.origin).resolve() == compared.resolve()
    if kind == "mushra":
        assert [one.name for one in design.systems[-2:]] == list(ANCHORS)
    assert plan.headphones == (1, 2, 3, 1, 2, 3) and plan.minutes > 2


def test_nothing_public_names_a_system_or_a_sentence(tmp_path, compared):
    for kind in ("cmos", "mushra", "transcribe"):
        make_test((compared,), wish(kind), tmp_path / kind)
        for name, content in files_of(tmp_path / kind / "public").items():
            assert not NAMES.search(name.encode())
            assert not NAMES.search(content), (kind, name)
        plan = (tmp_path / kind / "public" / "test.js").read_text(encoding="utf-8")
        assert ("oraci" in plan) == (kind != "transcribe"), "the text of a transcription is not shown"
        design = TestFolder(tmp_path / kind).design()
        assert str(tmp_path) not in json.dumps(design.model_dump(mode="json"))
        assert not any(system.name in plan for system in design.systems)


def test_names_and_codes_cannot_be_worked_out_from_what_is_public(tmp_path, small):
    first = make_test((small,), wish(), tmp_path / "a")
    assert all(re.fullmatch("s[a-z2-7]{12}", name) for name in first.key.sounds)
    other = make_test((small,), wish(seed=2), tmp_path / "b")
    assert not set(first.key.sounds) & set(other.key.sounds)
    ordered = [first.key.sounds[name].system for name in sorted(first.key.sounds)]
    assert sum(a != b for a, b in pairwise(ordered)) > 3, "in no order of systems"
    codes = [line.split(",")[0] for line in (tmp_path / "a" / "invitations.csv").read_text().splitlines()[1:]]
    assert len(codes) == 4 and all(CODE.fullmatch(code) for code in codes)
    assert [form_of(code, 4) for code in codes] == [0, 1, 2, 3]


def test_the_same_inputs_give_the_same_bytes_but_for_the_invitations(tmp_path, small):
    make_test((small,), wish("abx"), tmp_path / "x" / "a")
    make_test((small,), wish("abx"), tmp_path / "x" / "b")
    first, second = files_of(tmp_path / "x" / "a"), files_of(tmp_path / "x" / "b")
    assert first.pop("invitations.csv") != second.pop("invitations.csv")
    assert first == second


def test_the_id_is_a_hash_of_what_was_decided_but_not_of_the_day(tmp_path, small):
    def made(name, **more):
        return make_test((small,), wish(**more), tmp_path / name).plan.id

    first = made("a")
    assert made("b", made="2027-01-01") == first
    assert len({first, made("c", smallest=0.5), made("d", break_every=7), made("e", lead_s=0.3)}) == 4


def test_the_same_sound_twice_is_two_files_of_the_same_bytes(tmp_path, compared):
    made = make_test((compared,), wish(), tmp_path / "t")
    same = [t for f in made.plan.forms for t in f.trials if made.key.roles[t.id].role == "same"]
    assert same and all(t.sounds[0] != t.sounds[1] for t in same)
    for trial in same:
        one, other = (made.test.audio / f"{name}.flac" for name in trial.sounds)
        assert one.read_bytes() == other.read_bytes()


def test_gold_trials_have_a_dull_side_and_the_right_answer_is_the_other(tmp_path, compared):
    made = make_test((compared,), wish(), tmp_path / "t")
    golds = [t for f in made.plan.forms for t in f.trials if made.key.roles[t.id].role == "gold"]
    assert golds
    for trial in golds:
        treble = []
        for name in trial.sounds:
            audio, rate = soundfile.read(made.test.audio / f"{name}.flac")
            power = np.abs(np.fft.rfft(audio)) ** 2
            hz = np.fft.rfftfreq(len(audio), 1 / rate)
            treble.append(power[(hz > 1500) & (hz < 3000)].sum() / power[hz < 900].sum())
        second_is_good = made.key.roles[trial.id].right == ("1", "2", "3")
        assert (treble[1] > treble[0]) == second_is_good


def test_folders_of_other_rates_and_formats(tmp_path):
    places = folders(tmp_path / "f", {"ours": 2, "theirs": 0}, 6, {"ours": 16_000, "theirs": 44_100}, "flac")
    made = make_test(tuple(places), wish(natural=natural(tmp_path / "rec", 6)), tmp_path / "t")
    assert made.design.rate_hz == 44_100 and made.design.source == "folders" and made.design.names == ("ours", "theirs")
    assert any("resampled to 44100 Hz from 16000, 22050 Hz: natural, ours" in note for note in made.notes)
    assert {said.run for said in made.key.sounds.values() if said.system == "ours"} == {"run1", "run2"}
    assert {said.system for said in made.key.sounds.values() if said.anchor == "gold"} == {"natural"}
    assert all(not trial.text for form in made.plan.forms for trial in form.trials)


def test_a_study(tmp_path):
    made = make_test((study(tmp_path / "study"),), wish("mos"), tmp_path / "t")
    assert [(one.name, one.runs, one.natural) for one in made.design.systems] == [
        ("hornero", ("1", "2"), False),
        ("zorzal", ("1", "2"), False),
        ("natural", (), True),
    ]


def test_systems_that_are_named_in_their_order(tmp_path, compared):
    made = make_test((compared,), wish(systems=("natural", "hornero")), tmp_path / "t")
    assert [one.name for one in made.design.systems] == ["natural", "hornero"]
    assert {s.system for s in made.key.sounds.values()} == {"natural", "hornero"}
    assert made.design.asked["systems"] == "natural, hornero"
    made = make_test((compared,), wish("mos", systems=("hornero",)), tmp_path / "m")
    assert [one.name for one in made.design.systems] == ["hornero"]


def test_forms_are_shared_where_there_are_fewer(tmp_path, small):
    made = make_test((small,), wish(listeners=5, forms=2), tmp_path / "t")
    codes = [line.split(",")[0] for line in made.test.invitations.read_text().splitlines()[1:]]
    assert Counter(form_of(code, 2) for code in codes) == {0: 3, 1: 2}


@pytest.mark.parametrize(
    ("wishes", "error"),
    [
        (wish(systems=("zorzal",)), "too few systems"),
        (wish(systems=("zorzal", "gorrion")), "there is no system gorrion"),
        (wish(sentences=30), "not so many sentences"),
        (wish("mushra", hard=1), "not so many"),
        (wish(title={"es": "Zorzal contra el otro"}), "--title names the system zorzal"),
        (wish(words={"en": {"consent": "We compare hornero and others."}}), "--consent names the system hornero"),
    ],
)
def test_wishes_that_cannot_be(tmp_path, compared, wishes, error):
    with pytest.raises(TTSKitError, match=error) as caught:
        make_test((compared,), wishes, tmp_path / "t")
    assert caught.value.why and caught.value.fix
    assert not (tmp_path / "t").exists() and not list(tmp_path.glob(".*"))


def test_mushra_needs_recordings_and_one_folder_is_one_system(tmp_path):
    (place,) = folders(tmp_path / "f", {"ours": 0}, 6)
    for kind, error in (("mushra", "needs recordings"), ("cmos", "too few systems")):
        with pytest.raises(InputError, match=error):
            make_test((place,), wish(kind), tmp_path / "t")
    assert make_test((place,), wish("mos"), tmp_path / "t").design.systems[0].name == "ours"


def test_transcribe_needs_texts(tmp_path):
    places = tuple(folders(tmp_path / "f", {"a": 0, "b": 0}, 6))
    with pytest.raises(InputError, match="transcribe needs the texts") as caught:
        make_test(places, wish("transcribe"), tmp_path / "t")
    assert "--texts FILE" in caught.value.fix
    (tmp_path / "texts.tsv").write_text("".join(f"u00{i}\tOración {i}.\n" for i in range(5)), encoding="utf-8")
    made = make_test(places, wish("transcribe", texts=tmp_path / "texts.tsv", title={"es": "Prueba a ciegas"}), tmp_path / "t")
    assert {said.sentence for said in made.key.sounds.values()} == {f"u00{i}" for i in range(5)}
    assert any("1 sentences have no text, and are left out" in note for note in made.notes)


def bad_folders(tmp_path: Path) -> tuple[Path, ...]:
    places = folders(tmp_path / "f", {"ours": 0, "theirs": 0}, 9)
    write(places[0] / "u001.wav", np.zeros(8000))
    (places[1] / "u002.wav").write_bytes(b"RIFF and nothing else")
    write(places[1] / "u003.wav", speech(1, 40.0, 8000), 8000)
    return tuple(places)


def test_sounds_that_cannot_be_used_are_named_all_at_once_or_left_out_for_all(tmp_path):
    places = bad_folders(tmp_path)
    with pytest.raises(AudioError, match="3 of 18 sounds cannot be used") as caught:
        make_test(places, wish(), tmp_path / "t")
    for part in ("u001.wav", "silent", "u002.wav", "u003.wav", "too long"):
        assert part in caught.value.why
    assert "--skip-bad" in caught.value.fix and not (tmp_path / "t").exists()
    made = make_test(places, wish(skip_bad=True), tmp_path / "t")
    assert not {said.sentence for said in made.key.sounds.values()} & {"u001", "u002", "u003"}
    assert any("left out for all systems" in note for note in made.notes) and made.design.asked["skip_bad"] == "True"


def test_hard_sentences_that_nobody_asked_for_need_not_be_whole(tmp_path, compared):
    shutil.copytree(compared, tmp_path / "c")
    write(tmp_path / "c" / "audio" / "zorzal" / "hard_008.wav", np.zeros(8000))
    make_test((tmp_path / "c",), wish(), tmp_path / "t")
    with pytest.raises(AudioError, match=r"1 of .* sounds cannot be used"):
        make_test((tmp_path / "c",), wish(hard=2), tmp_path / "t")


def test_a_test_with_answers_is_never_replaced_and_others_are_whole_or_as_they_were(tmp_path, small, monkeypatch):
    out = tmp_path / "t"
    first = make_test((small,), wish(), out)
    second = make_test((small,), wish(seed=2), out)
    assert TestFolder(out).plan().id == second.plan.id != first.plan.id
    before = files_of(out)

    def broken(test):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ttskit_listen.pages.write_pages", broken)
    with pytest.raises((TTSKitError, OSError)):
        make_test((small,), wish(seed=3), out)
    assert files_of(out) == before and not list(tmp_path.glob(".t.*"))
    no_pages(monkeypatch.setattr)
    for path in (out / "answers" / "answers-00-abcd.json", out / "listen.sqlite", out / "report" / "index.html"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}", encoding="utf-8")
        with pytest.raises(UsageError, match="people have answered"):
            make_test((small,), wish(), out)
        path.unlink()
        if path.parent != out:
            path.parent.rmdir()
    (out / "answers").mkdir()
    make_test((small,), wish(), out)


def test_what_is_not_a_test_is_not_touched(tmp_path, small):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years", encoding="utf-8")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for place in ("mine", "file"):
        with pytest.raises(UsageError):
            make_test((small,), wish(), tmp_path / place)
    assert (tmp_path / "mine" / "thesis.txt").read_text(encoding="utf-8") == "years"
    (tmp_path / "empty").mkdir()
    make_test((small,), wish(), tmp_path / "empty")
    (tmp_path / "empty" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="holds something else"):
        make_test((small,), wish(), tmp_path / "empty")
