"""One clip at a time: when it is skipped, when it is done again, and what a corpus does without the features of one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import soundfile

from ttskit.config.corpus import CorpusConfig
from ttskit.corpus import PreparedCorpus, preparation, prepare
from ttskit.corpus.problems import Problem
from ttskit.corpus.work import AudioJob, prepare_audio

RATE = 8000


@pytest.fixture
def job(tmp_path, tone):
    """job(seconds, **settings of the corpus) -> what prepares a clip of so long a tone between two silences."""

    def make(seconds=1.0, folder=tmp_path / "out", **settings):
        source = tmp_path / f"{seconds}.wav"
        if not source.exists():
            soundfile.write(source, tone(150.0, seconds, RATE, quiet_s=0.5), RATE, subtype="FLOAT")
        return AudioJob("u", source, folder, RATE, CorpusConfig(**settings))

    return make


def test_a_clip_is_as_long_as_its_speech(job):
    """Planted: as long as the recording with the silence around it."""
    record = prepare_audio(job(1.0)).record
    assert record.samples == pytest.approx((1.0 + 2 * 0.08) * RATE, rel=0.06)  # the margin that is kept
    assert record.samples + (record.trim_start_s + record.trim_end_s) * RATE == pytest.approx(2 * RATE)
    assert soundfile.info(job().folder / "audio" / "u.flac").frames == record.samples
    assert prepare_audio(job(1.0, folder=None, trim=False)).record.samples == 2 * RATE


def test_limits_of_length_are_lengths_that_are_allowed(job):
    """Planted: a clip of exactly the longest length was too long."""
    for limits, kind in (
        ({"max_s": 2.0}, None),
        ({"max_s": 1.99}, "too long"),
        ({"min_s": 2.0}, None),
        ({"min_s": 2.01}, "too short"),
    ):
        result = prepare_audio(job(1.0, folder=None, trim=False, **limits))
        assert (result.problem.kind if result.problem else None) == kind and (result.record is None) == (kind is not None)


def test_a_clip_that_is_there_is_not_done_again_and_still_has_to_keep_to_the_limits(job):
    """Planted: what was stored under other limits was let through."""
    assert prepare_audio(job()).made and not prepare_audio(job()).made
    for limits, kind in (({"max_s": 1.0}, "too long"), ({"min_s": 1.5}, "too short"), ({"silent_below_dbfs": -20.0}, None)):
        result = prepare_audio(job(**limits))
        assert not result.made and (result.problem.kind if result.problem else None) == kind


def test_a_clip_that_was_cut_short_on_disk_or_made_otherwise_is_done_again(job):
    """Planted: taken as it was."""
    whole = prepare_audio(job()).record
    flac = job().folder / "audio" / "u.flac"
    data = flac.read_bytes()
    flac.write_bytes(data[: len(data) // 2])
    again = prepare_audio(job())
    assert again.made and again.record == whole and flac.read_bytes() == data
    assert prepare_audio(job(level_dbfs=-20.0)).made and prepare_audio(job()).made
    record = flac.with_suffix(".json")
    record.write_text(json.dumps({**json.loads(record.read_text(encoding="utf-8")), "key": "of another"}), encoding="utf-8")
    assert prepare_audio(job()).made


def test_an_utterance_without_features_is_no_part_of_the_corpus(corpus, tmp_path, recipe, registry, monkeypatch):
    """Planted: it stayed in, with no frames and no file to read them from."""
    real = preparation.prepare_features

    def some(job):
        if job.id == "u03":
            return replace(real(job), frames=0, problem=Problem("u03", "no features", "a test"))
        return real(job)

    monkeypatch.setattr(preparation, "prepare_features", some)
    report = prepare(corpus, tmp_path / "out", recipe(), registry=registry, jobs=1)
    assert [(p.id, p.kind) for p in report.problems] == [("u03", "no features")] and sum(report.utterances.values()) == 11
    ready = PreparedCorpus.open(tmp_path / "out")
    assert "u03" not in [u.id for u in ready.utterances] and all(u.frames for u in ready.utterances)
    assert ready.info["provenance"]["found"] == 12 and ready.info["provenance"]["used"] == 11
