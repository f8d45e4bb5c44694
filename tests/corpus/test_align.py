"""`ttskit align` from files: on the recording's clock or the prepared one, with what cannot be used told and left out."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from ttskit.cli import _run
from ttskit.config import load_recipe
from ttskit.corpus import prepare
from ttskit.corpus.batches import AcousticBatches
from ttskit.corpus.prepared import PreparedCorpus, durations_from_times
from ttskit.corpus.textgrid import TimedLabel, read_textgrid, write_textgrid
from ttskit.errors import CorpusError, InputError, UsageError
from ttskit.plugins import create_registry
from ttskit.runs.align import align
from ttskit.testing import tiny_corpus
from ttskit.training import train

EXTERNAL = ("models.fastpitch.options.alignment=external", "training.samples=0")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Twelve made-up utterances, prepared with the Spanish frontend and the recipe `tiny`."""
    folder = tmp_path_factory.mktemp("align")
    source = tiny_corpus(folder / "source", utterances=12)
    for wav in sorted((source / "wavs").glob("*.wav"))[:6]:  # half a second to trim away
        audio, rate = soundfile.read(wav, dtype="int16")
        soundfile.write(wav, np.concatenate([np.zeros(rate // 2, np.int16), audio]), rate, subtype="PCM_16")
    prepare(source, folder / "prepared", load_recipe("tiny"), jobs=1)
    return folder / "prepared"


def even_times(corpus: PreparedCorpus, utterance, offset: float = 0.0) -> np.ndarray:
    return offset + np.linspace(0, utterance.samples / corpus.mel.sample_rate_hz, len(utterance.tokens) + 1)


def write_phones(folder, corpus: PreparedCorpus, utterance, offset: float, end: float) -> None:
    """A file as MFA would write it: no intervals for silent tokens but empty ones."""
    times = even_times(corpus, utterance, offset)
    silent = corpus.symbols.silent
    phones = [TimedLabel(a, b, "" if t in silent else t) for a, b, t in zip(times, times[1:], utterance.tokens, strict=False)]
    write_textgrid(folder / f"{utterance.id}.TextGrid", {"phones": phones}, end)


def test_both_clocks_give_the_same_frames(prepared, tmp_path):
    corpus = PreparedCorpus.open(prepared)
    for u in corpus.utterances:
        length = u.samples / corpus.mel.sample_rate_hz
        write_phones(tmp_path / "recording", corpus, u, u.trim_start_s, u.trim_start_s + length + u.trim_end_s)
        write_phones(tmp_path / "audio", corpus, u, 0.0, length)
    assert sum(u.trim_start_s > 0.3 for u in corpus.utterances) == 6
    for name in ("recording", "audio"):
        report = align(prepared, tmp_path / name, name=name, pictures=1)
        assert report.utterances == len(corpus.utterances) and report.problems == ()
    for u in corpus.utterances:
        one, other = (corpus.alignment(u, name) for name in ("recording", "audio"))
        wanted = durations_from_times(even_times(corpus, u), corpus.mel, u.frames)
        sounds = np.array([t not in corpus.symbols.silent for t in u.tokens])
        assert np.abs(one - other).max() <= 1 and np.abs(one - wanted)[sounds].max() <= 1
    place = prepared / "alignments" / "audio"
    assert len(list((place / "textgrid").glob("*.TextGrid"))) == len(corpus.utterances)
    assert len(list((place / "pictures").glob("*.png"))) == 1 and not (place / "problems.jsonl").exists()


def test_what_is_written_can_be_read_back(prepared, tmp_path):
    corpus = PreparedCorpus.open(prepared)
    for u in corpus.utterances:
        write_phones(tmp_path, corpus, u, 0.0, u.samples / corpus.mel.sample_rate_hz)
    align(prepared, tmp_path, name="first")
    tiers = read_textgrid(prepared / "alignments" / "first" / "textgrid" / f"{corpus.utterances[0].id}.TextGrid")
    assert list(tiers) == ["words", "phones", "tokens"]
    assert [w.label for w in tiers["words"] if w.label] == corpus.utterances[0].normalized.split()
    align(prepared, prepared / "alignments" / "first" / "textgrid", name="second", textgrid=False)
    for u in corpus.utterances:
        sounds = np.array([t not in corpus.symbols.silent for t in u.tokens])
        assert np.abs(corpus.alignment(u, "first") - corpus.alignment(u, "second"))[sounds].max() <= 1


def test_labels_are_heard_as_the_frontend_of_the_corpus_hears_them(prepared, tmp_path):
    """Labels of another alphabet, with open vowels and soft consonants; who knows no Spanish takes them for other sounds."""
    corpus = PreparedCorpus.open(prepared)
    theirs = {
        "ˈe": "ɛ",
        "e": "ɛ",
        "ˈo": "ɔ",
        "o": "ɔ",
        "b": "B",
        "d": "ð",
        "ɡ": "ɣ",
        "ɲ": "J",
        "ɾ": "r",
        "r": "rr",
        "s": "z",
        "ʃ": "Z",
    }
    for u in corpus.utterances:
        labelled = replace(u, tokens=tuple(theirs.get(t, t) for t in u.tokens))
        write_phones(tmp_path, corpus, labelled, 0.0, u.samples / corpus.mel.sample_rate_hz)
    registry = create_registry()
    report = align(prepared, tmp_path, name="sampa", textgrid=False, registry=registry)
    assert report.utterances == len(corpus.utterances) and report.problems == ()
    plugin, origin = registry.found["frontend", "spanish"]
    registry.found["frontend", "spanish"] = (replace(plugin, facts={"language": "es"}), origin)
    deaf = align(prepared, tmp_path, name="deaf", textgrid=False, registry=registry)
    assert len({p.id for p in deaf.problems if p.kind in ("poor match", "does not match")}) > len(corpus.utterances) / 2


def test_what_cannot_be_used_is_told_and_left_out_of_training(prepared, tmp_path, capsys):
    corpus = PreparedCorpus.open(prepared)
    training = corpus.split("train")
    missing, other, long, broken = training[:4]
    for u in corpus.utterances:
        length = u.samples / corpus.mel.sample_rate_hz
        if u is not missing:
            write_phones(tmp_path / "files", corpus, u, 0.0, length + (5.0 if u is long else 0.0))
    write_textgrid(
        tmp_path / "files" / f"{other.id}.TextGrid",
        {"phones": [TimedLabel(0, other.samples / corpus.mel.sample_rate_hz, "x")]},
        9.0,
    )
    (tmp_path / "files" / f"{broken.id}.TextGrid").write_text("junk", encoding="utf-8")
    assert _run(["align", str(prepared), "--from", str(tmp_path / "files"), "--name", "mfa", "--json"], debug=False) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["utterances"] == len(corpus.utterances) - 4 and report["boundary_error_ms"] is None
    kinds = {p["id"]: (p["kind"], p["reason"]) for p in report["problems"]}
    assert kinds[missing.id][0] == "no file" and kinds[broken.id][0] == "cannot be read"
    assert kinds[other.id][0] == "does not match" and "another recording" in kinds[long.id][1]
    lines = (prepared / "alignments" / "mfa" / "problems.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
    batches = AcousticBatches(corpus, "train", ("durations",), 4000, 4, 0, alignment="mfa")
    assert batches.left_out == sorted(u.id for u in (missing, other, long, broken))
    seen = {id for group in batches.epoch(0) for id in group}
    assert seen == {u.id for u in training} - set(batches.left_out)
    recipe = load_recipe("tiny", (*EXTERNAL, "training.alignment=mfa"))
    run = train(recipe, model="fastpitch", data=prepared, run=tmp_path / "run", steps=2)
    assert run.checkpoints[-1].step == 2


def test_wrong_calls(prepared, tmp_path):
    corpus = PreparedCorpus.open(prepared)
    with pytest.raises(CorpusError, match="has no alignment 'nothing'"):
        AcousticBatches(corpus, "train", ("durations",), 4000, 4, 0, alignment="nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no alignments in"):
        align(prepared, tmp_path / "empty", name="x")
    (tmp_path / "empty" / "stranger.json").write_text('{"phones": []}', encoding="utf-8")
    with pytest.raises(CorpusError, match="nothing could be aligned") as caught:
        align(prepared, tmp_path / "empty", name="x")
    assert "no file" in caught.value.why


def test_a_tacotron_2_is_a_teacher(prepared, tmp_path):
    """Its attention gives durations for a FastPitch without an aligner; that one then has none to give."""
    recipe = load_recipe("tiny", ("training.samples=0",))
    teacher = train(recipe, model="tacotron2", data=prepared, run=tmp_path / "teacher", steps=1)
    report = align(prepared, teacher.path, name="teacher", pictures=1)
    corpus = PreparedCorpus.open(prepared)
    assert report.utterances == len(corpus.utterances)
    tiny = load_recipe("tiny", (*EXTERNAL, "training.alignment=teacher"))
    student = train(tiny, model="fastpitch", data=prepared, run=tmp_path / "student", steps=1)
    with pytest.raises(InputError, match="has no aligner"):
        align(prepared, student.path, name="again")


@pytest.mark.parametrize(("recipe", "alignment"), [("fastpitch-external", "mfa"), ("fastpitch-teacher", "tacotron2")])
def test_recipes_choose_where_durations_come_from(recipe, alignment):
    loaded = load_recipe(recipe)
    assert loaded.options_for("fastpitch", create_registry()).alignment == "external"
    assert loaded.training_for("fastpitch").alignment == alignment
