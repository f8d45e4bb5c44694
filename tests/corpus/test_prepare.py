"""prepare on a tiny corpus: what it writes, what it skips, what it redoes, what it does when stopped."""

import errno
import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from ttskit.corpus import PreparedCorpus, check, prepare
from ttskit.errors import CorpusError, PluginError, UsageError


def kinds(problems):
    return {(p.id, p.kind) for p in problems}


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def add(corpus, id, text, audio=None, rate=8000, **options):
    if audio is not None:
        soundfile.write(corpus / "wavs" / f"{id}.wav", audio, rate, **options)
    with (corpus / "metadata.csv").open("a", encoding="utf-8") as file:
        file.write(f"{id}|{text}\n")


def test_what_is_prepared(corpus, tmp_path, recipe, registry):
    report = prepare(corpus, tmp_path / "out", recipe(validation=2, test=2), registry=registry)
    assert report.utterances == {"train": 8, "validation": 2, "test": 2} and not report.problems
    assert (report.audio_made, report.features_made) == (12, 12)
    ready = PreparedCorpus.open(tmp_path / "out")
    assert ready.speakers.names == ("ana",) and [u.id for u in ready.utterances] == [f"u{i:02}" for i in range(12)]
    u = ready.utterance("u04")
    assert u.text == "qué lindo día" and u.tokens[:4] == ("<edge>", "q", "u", "é") and u.source == "wavs/u04.wav"
    assert 0.05 < u.trim_start_s < 0.15 and 0.05 < u.trim_end_s < 0.15
    assert abs(u.trim_start_s + u.trim_end_s + u.samples / 8000 - 1.2) < 1e-6  # reversible
    audio, features = ready.audio(u), ready.features(u)
    assert audio.shape == (u.samples,) and features.mel.shape == (80, u.frames) and features.pitch_hz.shape == (u.frames,)
    from ttskit.audio.loudness import speech_level_dbfs

    assert abs(speech_level_dbfs(audio, 8000) + 23) < 0.3
    voiced = features.pitch_hz[features.pitch_hz > 0]
    assert len(voiced) > 0.6 * u.frames and abs(np.median(voiced) - 140) < 1
    pooled = np.concatenate([f[f > 0] for v in ready.split("train") for f in [ready.features(v).pitch_hz]])
    stats = ready.pitch["ana"]
    assert abs(stats.mean_hz - pooled.mean()) < 0.01 and abs(stats.std_hz - pooled.std(ddof=1)) < 0.01
    assert ready.context().pitch == ready.pitch and ready.frontend_instance(registry).fingerprint() == ready.frontend


def test_every_bad_recording_is_skipped_with_its_reason(corpus, tmp_path, recipe, registry, tone):
    (corpus / "wavs" / "zero.wav").write_bytes(b"")
    add(corpus, "zero", "longitud cero")
    add(corpus, "lost", "no existe")
    add(corpus, "still", "silencio digital", np.zeros(8000, np.float32))
    add(corpus, "faint", "casi silencio", np.random.default_rng(0).normal(0, 1e-5, 8000), subtype="FLOAT")
    add(corpus, "nan", "con agujeros", np.where(np.arange(8000) == 99, np.nan, tone()[:8000]), subtype="FLOAT")
    add(corpus, "cut", "cortada", tone())
    whole = (corpus / "wavs" / "cut.wav").read_bytes()
    (corpus / "wavs" / "cut.wav").write_bytes(whole[: len(whole) // 2])
    soundfile.write(corpus / "wavs" / "cut3.mp3", tone(seconds=3.0), 8000)
    whole = (corpus / "wavs" / "cut3.mp3").read_bytes()
    (corpus / "wavs" / "cut3.mp3").write_bytes(whole[: len(whole) // 2])
    add(corpus, "cut3", "cortada también")
    (corpus / "wavs" / "noise.wav").write_bytes(b"RIFF nothing of the kind")
    add(corpus, "noise", "no es audio")
    add(corpus, "mute", "  ", tone())
    add(corpus, "stop", "...", tone())
    add(corpus, "digits", "tengo 2 gatos", tone())
    add(corpus, "short", "sí", tone(seconds=0.02))
    add(corpus, "long", "muy largo", tone(seconds=4.0))
    add(corpus, "u03", "otra vez", None)
    add(corpus, "../../etc/passwd", "afuera", None)
    settings = recipe(min_s=0.3, max_s=3.0)
    report = prepare(corpus, tmp_path / "out", settings, registry=registry)
    assert sum(report.utterances.values()) == 12
    expected = {
        ("zero", "empty"),
        ("lost", "missing"),
        ("still", "silent"),
        ("faint", "silent"),
        ("nan", "nan"),
        ("cut", "truncated"),
        ("cut3", "truncated"),
        ("noise", "unreadable"),
        ("mute", "no text"),
        ("stop", "no text"),
        ("digits", "unknown symbols"),
        ("short", "too short"),
        ("long", "too long"),
        ("u03", "duplicate id"),
        ("metadata.csv:27", "outside"),
    }
    assert kinds(report.problems) == expected
    lines = [json.loads(line) for line in (tmp_path / "out" / "problems.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {(p["id"], p["kind"]) for p in lines} == expected and all(p["reason"] and p["skipped"] for p in lines)
    assert "'2' at 6" in next(p["reason"] for p in lines if p["id"] == "digits")
    before = files(corpus)
    looked = check(corpus, settings, registry=registry)  # the dry run finds the same and writes nothing
    assert kinds(looked.problems) == expected and (looked.found, looked.usable, looked.blocked) == (25, 12, "")
    assert files(corpus) == before


def test_unknown_symbols_may_be_kept_with_a_warning(corpus, tmp_path, recipe, registry, tone):
    add(corpus, "digits", "tengo 2 gatos", tone())
    report = prepare(corpus, tmp_path / "out", recipe(unknown_symbols="warn"), registry=registry)
    (problem,) = report.problems
    assert problem.kind == "unknown symbols" and not problem.skipped
    assert "2" not in PreparedCorpus.open(tmp_path / "out").utterance("digits").tokens


def test_8_khz_asked_to_be_22050_is_allowed_and_warned(corpus, tmp_path, recipe, registry):
    report = prepare(corpus, tmp_path / "out", recipe(mel="nvidia-22050"), registry=registry)
    (problem,) = report.problems
    assert (
        problem.kind == "low rate"
        and not problem.skipped
        and "12 recordings have 8000 Hz, 22050 Hz is asked for" in problem.reason
    )
    ready = PreparedCorpus.open(tmp_path / "out")
    assert len(ready.utterances) == 12 and len(ready.audio(ready.utterances[0])) == ready.utterances[0].samples


def test_missing_corpus_nothing_usable_and_unknown_reader(corpus, tmp_path, recipe, registry):
    with pytest.raises(CorpusError, match="there is no corpus at"):
        prepare(tmp_path / "nowhere", tmp_path / "out", recipe(), registry=registry)
    with pytest.raises(PluginError, match="unknown corpus reader 'lj'"):
        prepare(corpus, tmp_path / "out", recipe(), reader="lj", registry=registry)
    for wav in (corpus / "wavs").iterdir():
        wav.unlink()
    with pytest.raises(CorpusError, match="no usable utterance") as error:
        prepare(corpus, tmp_path / "out", recipe(), registry=registry)
    assert "12 × missing" in error.value.why and "u00" in error.value.why
    assert check(corpus, recipe(), registry=registry).blocked == "no usable utterance"


def test_two_runs_give_the_same_files_and_more_processes_too(corpus, tmp_path, recipe, registry):
    prepare(corpus, tmp_path / "a", recipe(), registry=registry)
    prepare(corpus, tmp_path / "b", recipe(), registry=registry, jobs=2)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_a_rerun_does_only_what_is_missing_or_depends_on_a_change(corpus, tmp_path, recipe, registry, tone):
    out = tmp_path / "out"

    def made(**settings):
        report = prepare(corpus, out, recipe(**{"pitch_range_hz": (90, 400), **settings}), registry=registry)
        return report.audio_made, report.features_made

    assert made() == (12, 12)
    before = files(out)
    assert made() == (0, 0) and files(out) == before
    (out / "audio" / "u02.flac").unlink()
    (out / "features" / PreparedCorpus.open(out).mel.hash() / "u05.npz").write_bytes(b"PK cut short")
    assert made() == (1, 1) and files(out) == before
    soundfile.write(corpus / "wavs" / "u07.wav", tone(200, 1.0), 8000)  # another recording under the old name
    assert made() == (1, 1)
    add(corpus, "new", "una más", tone())
    assert made() == (1, 1)
    assert made(max_s=19.0) == (0, 0)
    assert made(seed=2) == (0, 0)
    assert made(pitch_range_hz=None) == (0, 13)
    assert made(level_dbfs=-20) == (13, 13)
    assert made(level_dbfs=-20, mel="nvidia-22050") == (13, 13)


def test_interrupted_work_is_kept_and_the_rest_is_done_later(corpus, tmp_path, recipe, registry, monkeypatch):
    import ttskit.corpus.preparation as preparation

    whole = tmp_path / "whole"
    prepare(corpus, whole, recipe(), registry=registry)
    out, count, real = tmp_path / "out", 0, preparation.prepare_features

    def stops_after_five(job):
        nonlocal count
        count += 1
        if count > 5:
            raise KeyboardInterrupt
        return real(job)

    monkeypatch.setattr(preparation, "prepare_features", stops_after_five)
    with pytest.raises(KeyboardInterrupt):
        prepare(corpus, out, recipe(), registry=registry)
    with pytest.raises(CorpusError, match="is not a prepared corpus"):
        PreparedCorpus.open(out)
    monkeypatch.setattr(preparation, "prepare_features", real)
    report = prepare(corpus, out, recipe(), registry=registry)
    assert (report.audio_made, report.features_made) == (0, 7)
    assert files(out) == files(whole)


def test_a_changed_setting_retires_the_old_corpus_until_it_is_done(corpus, tmp_path, recipe, registry, monkeypatch):
    out = tmp_path / "out"
    prepare(corpus, out, recipe(), registry=registry)
    monkeypatch.setattr("ttskit.corpus.preparation.prepare_features", lambda job: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        prepare(corpus, out, recipe(level_dbfs=-20), registry=registry)
    with pytest.raises(CorpusError, match="is not a prepared corpus"):
        PreparedCorpus.open(out)


def test_full_disk_is_said_and_what_is_done_stays(corpus, tmp_path, recipe, registry, monkeypatch):
    import ttskit.corpus.storage as storage

    real, count = storage.Path.replace, 0

    def full(self, target):
        nonlocal count
        count += 1
        if count > 7:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(storage.Path, "replace", full)
    out = tmp_path / "out"
    with pytest.raises(CorpusError, match="the disk is full") as error:
        prepare(corpus, out, recipe(), registry=registry)
    assert "run the same command again" in error.value.fix
    monkeypatch.setattr(storage.Path, "replace", real)
    assert not list(out.rglob("*.tmp*"))
    assert prepare(corpus, out, recipe(), registry=registry).audio_made == 9  # three were whole: audio and its record


def test_reference_times_are_shifted_by_the_trim(corpus, tmp_path, recipe, registry):
    text = ["<edge>", "q", "u", "é", " ", "l", "i", "n", "d", "o", " ", "d", "í", "a", "<edge>"]
    times = [0.0, *np.linspace(0.2, 1.0, 14), 1.2]
    (corpus / "alignments").mkdir()
    (corpus / "alignments" / "u04.json").write_text(json.dumps({"tokens": text, "times_s": times}), encoding="utf-8")
    (corpus / "alignments" / "u05.json").write_text(json.dumps({"tokens": ["x"], "times_s": [0, 1]}), encoding="utf-8")
    (corpus / "alignments" / "u06.json").write_text("{", encoding="utf-8")
    report = prepare(corpus, tmp_path / "out", recipe(), registry=registry)
    assert kinds(report.problems) == {("u05", "reference times"), ("u06", "reference times")}
    assert not any(p.skipped for p in report.problems)
    ready = PreparedCorpus.open(tmp_path / "out")
    u = ready.utterance("u04")
    found = ready.reference_times(u)
    np.testing.assert_allclose(found[1:-1], np.array(times[1:-1]) - u.trim_start_s, atol=1e-5)
    assert found[0] == 0 and abs(found[-1] - u.samples / 8000) < 1e-5
    durations = ready.alignment(u, "reference")
    edges = np.concatenate([[0], np.cumsum(durations)])
    assert durations.sum() == u.frames
    assert np.abs(edges[1:-1] * 0.012 - found[1:-1]).max() <= 0.012  # boundaries fall on whole frames
    assert ready.reference_times(ready.utterance("u05")) is None


def test_alignments_are_kept_and_checked(corpus, tmp_path, recipe, registry):
    prepare(corpus, tmp_path / "out", recipe(), registry=registry)
    ready = PreparedCorpus.open(tmp_path / "out")
    u = ready.utterances[0]
    durations = [1] * (len(u.tokens) - 1) + [u.frames - len(u.tokens) + 1]
    ready.write_alignment("mine", u, durations)
    assert ready.alignment(u, "mine").tolist() == durations and ready.alignment(u, "mine").dtype == np.int64
    with pytest.raises(CorpusError, match="does not fit"):
        ready.write_alignment("mine", u, durations[:-1])
    with pytest.raises(CorpusError, match="has no alignment 'other'") as error:
        ready.alignment(u, "other")
    assert "mine" in error.value.why
    assert "--from RUN --name other" in error.value.fix
    with pytest.raises(CorpusError, match="was made for other tokens"):
        ready.alignment(replace(u, tokens=("a",) * len(u.tokens)), "mine")


@pytest.mark.parametrize("name", ["../../outside", "/etc", "a/b", "..", "", "reference"])
def test_an_alignment_lies_in_its_own_folder_of_the_corpus(corpus, tmp_path, recipe, registry, name):
    prepare(corpus, tmp_path / "out", recipe(), registry=registry)
    ready = PreparedCorpus.open(tmp_path / "out")
    u = ready.utterances[0]
    before = files(tmp_path)
    with pytest.raises(UsageError, match="alignment"):
        ready.write_alignment(name, u, [1] * (len(u.tokens) - 1) + [u.frames - len(u.tokens) + 1])
    assert files(tmp_path) == before


def test_damaged_and_foreign_folders_are_named(corpus, tmp_path, recipe, registry):
    out = tmp_path / "out"
    with pytest.raises(CorpusError, match="is not a prepared corpus"):
        PreparedCorpus.open(corpus)
    prepare(corpus, out, recipe(), registry=registry)
    ready = PreparedCorpus.open(out)
    path = ready.features_path("u00")
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(CorpusError, match=r"u00\.npz is missing or damaged"):
        ready.features(ready.utterance("u00"))
    (out / "audio" / "u01.flac").write_bytes(b"no flac")
    with pytest.raises(CorpusError, match=r"u01\.flac is missing or damaged"):
        ready.audio(ready.utterance("u01"))
    info = json.loads((out / "corpus.json").read_text(encoding="utf-8"))
    (out / "corpus.json").write_text(json.dumps({**info, "format": 99}), encoding="utf-8")
    with pytest.raises(CorpusError, match="another version") as error:
        PreparedCorpus.open(out)
    assert "format 99, this ttskit reads 1" in error.value.why
    (out / "corpus.json").write_text("{", encoding="utf-8")
    with pytest.raises(CorpusError, match="is damaged"):
        PreparedCorpus.open(out)


def test_another_speaker_with_too_few_texts_stops_with_a_clear_error(tmp_path, recipe, registry, tone):
    for name, count in (("ana", 5), ("beto", 2)):
        (tmp_path / "two" / name).mkdir(parents=True)
        for i in range(count):
            soundfile.write(tmp_path / "two" / name / f"{i}.wav", tone(150), 8000)
            (tmp_path / "two" / name / f"{i}.txt").write_text("abcdefg"[i] * 4 + " " + "hijklmn"[i] * 3, encoding="utf-8")
    with pytest.raises(CorpusError, match="speaker 'beto' has too few"):
        prepare(tmp_path / "two", tmp_path / "out", recipe(), registry=registry)
    assert "beto" in check(tmp_path / "two", recipe(), registry=registry).blocked
    report = prepare(tmp_path / "two", tmp_path / "out", recipe(), speaker="ana", registry=registry)
    assert set(report.seconds) == {"ana"} and report.audio_made == 0
