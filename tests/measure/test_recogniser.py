"""The recogniser learns a corpus, hears padding alike, and is trained once, the same way on every machine."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

from ttskit.config import load_recipe
from ttskit.config.comparison import RecogniserConfig
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import CorpusError, UsageError
from ttskit.measure.phones import align_phones, expected_phones
from ttskit.measure.recogniser import load_or_train, training
from ttskit.runs import RunFolder

SMALL = RecogniserConfig(channels=64, dilations=[1], steps=400, validate_every=50, learning_rate=4e-3, most_calibration=79)
SHORT = RecogniserConfig(channels=16, dilations=[1, 2], steps=12, validate_every=4, batch=4)


@pytest.fixture(scope="module")
def trained(larger_prepared):
    torch.set_num_threads(1)
    before = torch.get_rng_state()
    found = load_or_train(larger_prepared, SMALL)
    assert torch.equal(before, torch.get_rng_state()), "training the judge must not disturb the caller's random numbers"
    return found


@pytest.fixture
def corpus(prepared, tmp_path):
    """A corpus of its own, without any recogniser yet."""
    shutil.copytree(prepared.folder, tmp_path / "corpus", ignore=shutil.ignore_patterns("recogniser"))
    return PreparedCorpus.open(tmp_path / "corpus")


def run_of(corpus) -> RunFolder:
    return RunFolder.open(next((corpus.folder / "recogniser").glob("*/run.json")).parent)


def equal(a, b) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_it_hears_what_was_said(larger_prepared, trained):
    test = larger_prepared.split("test")
    heard = trained.network.recognise([larger_prepared.features(u).mel for u in test])
    expected = [expected_phones(u.tokens, u.token_words, larger_prepared.symbols).phones for u in test]
    errors = sum(align_phones(e, h).errors for e, h in zip(expected, heard, strict=True))
    assert errors / sum(map(len, expected)) < 0.1
    assert trained.facts["validation_phone_error_rate"] < 0.1 and not trained.facts["cached"]
    assert trained.facts["natural_phone_error_rate"] < 0.15


def test_alone_or_in_a_batch_it_hears_the_same(larger_prepared, trained):
    mels = [larger_prepared.features(u).mel for u in larger_prepared.split("test")]
    assert trained.network.recognise(mels) == [trained.network.recognise([m])[0] for m in mels]


def test_a_missing_half_is_not_heard(larger_prepared, trained):
    u = larger_prepared.split("test")[0]
    mel = larger_prepared.features(u).mel
    expected = expected_phones(u.tokens, u.token_words, larger_prepared.symbols).phones
    half = trained.network.recognise([np.ascontiguousarray(mel[:, : mel.shape[1] // 2])])[0]
    assert abs(len(half) - len(expected) / 2) <= 2


def test_it_is_trained_once(larger_prepared, trained):
    again = load_or_train(
        larger_prepared, SMALL.model_copy(update={"max_natural_error": 0.5})
    )  # says when it is used, not what it is
    assert again.facts == {**trained.facts, "cached": True} and again.thresholds == trained.thresholds
    assert equal(again.network, trained.network)


@pytest.mark.parametrize("pace", ["busy", "fast"])
def test_a_judge_trained_on_a_busy_machine_is_the_same_judge(corpus, tmp_path, monkeypatch, pace):
    quiet = load_or_train(corpus, SHORT)
    shutil.rmtree(corpus.folder / "recogniser")
    clock, jump = iter(range(10**9)), 500.0 if pace == "busy" else 1e-9  # seconds that pass from one look to the next
    for name in ("perf_counter", "monotonic", "time"):
        monkeypatch.setattr(time, name, lambda: next(clock) * jump)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        other = load_or_train(corpus, SHORT)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert not other.facts["cached"] and other.facts["steps"] == SHORT.steps
    assert equal(quiet.network, other.network) and quiet.thresholds == other.thresholds
    assert {**quiet.facts, "seconds": 0} == {**other.facts, "seconds": 0}


def test_a_training_that_was_killed_goes_on_and_gives_the_same_judge(corpus):
    whole = load_or_train(corpus, SHORT)
    shutil.rmtree(corpus.folder / "recogniser")

    def dies(text: str) -> None:
        if "step 8 " in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_or_train(corpus, SHORT, dies)
    assert run_of(corpus).checkpoints and "recogniser" not in run_of(corpus).info
    told: list[str] = []
    resumed = load_or_train(corpus, SHORT, told.append)
    assert [t.split(",")[0] for t in told] == ["phone recogniser: step 8 of 12", "phone recogniser: step 12 of 12"]
    assert equal(whole.network, resumed.network) and whole.thresholds == resumed.thresholds


def test_a_judge_that_was_killed_before_it_was_calibrated_is_calibrated(corpus, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(training, "limits_of", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            load_or_train(corpus, SHORT)
    told: list[str] = []
    assert load_or_train(corpus, SHORT, told.append).thresholds.hole >= 3
    assert told == []  # nothing was trained again


def test_a_judge_of_an_earlier_format_is_trained_anew(corpus, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(training, "FORMAT", training.FORMAT - 1)
        load_or_train(corpus, SHORT)
    found = load_or_train(corpus, SHORT)
    assert not found.facts["cached"] and len(list((corpus.folder / "recogniser").glob("*/run.json"))) == 2
    # the files that the training by the clock left behind: no run, whatever the name of their folder
    folder = max((corpus.folder / "recogniser").glob("*/run.json"), key=lambda p: p.stat().st_mtime_ns).parent
    weights = next(folder.glob("checkpoints/*/model.safetensors")).read_bytes()
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "recogniser.json").write_text(json.dumps({"format": 1, "phones": found.network.phones}), encoding="utf-8")
    assert not load_or_train(corpus, SHORT).facts["cached"]


@pytest.mark.parametrize("file", ["model.safetensors", "run.json"])
def test_a_damaged_judge_is_trained_anew(corpus, file):
    first = load_or_train(corpus, SHORT)
    for damaged in run_of(corpus).path.rglob(file):
        damaged.write_bytes(damaged.read_bytes()[:100])
    second = load_or_train(corpus, SHORT)
    assert not second.facts["cached"] and equal(first.network, second.network)
    assert load_or_train(corpus, SHORT).facts["cached"]


def test_the_corpus_decides_on_the_judge_and_the_test_split_does_not(corpus):
    load_or_train(corpus, SHORT)
    for u in corpus.split("test"):
        corpus.features_path(u.id).unlink()
    assert load_or_train(PreparedCorpus.open(corpus.folder), SHORT).facts["cached"]
    u = corpus.split("validation")[0]
    with np.load(corpus.features_path(u.id)) as stored:
        content = dict(stored)
    np.savez(corpus.features_path(u.id), **{**content, "mel": content["mel"] + 0.1})
    assert not load_or_train(PreparedCorpus.open(corpus.folder), SHORT).facts["cached"]


def test_it_is_a_run_of_its_corpus_and_no_voice(corpus):
    load_or_train(corpus, SHORT)
    run = run_of(corpus)
    assert run.kind == "recogniser" and run.total_steps == SHORT.steps and run.info["seed"] == SHORT.seed
    assert [r["step"] for r in run.metrics("validation")] == [4, 8, 12]
    with pytest.raises(UsageError, match="not a voice"):
        run.load()


def test_on_a_disk_that_cannot_be_written_it_is_trained_and_not_kept(corpus):
    (corpus.folder / "recogniser").write_text("", encoding="utf-8")  # no folder can be made here
    found = load_or_train(corpus, SHORT)
    assert not found.facts["cached"] and found.facts["steps"] == SHORT.steps
    assert not load_or_train(corpus, SHORT).facts["cached"]


def test_two_that_want_the_same_judge_train_it_once(corpus):
    found, started = [], threading.Event()

    def first(text: str) -> None:
        started.set()

    threads = [threading.Thread(target=lambda: found.append(load_or_train(corpus, SHORT, first)))]
    threads.append(threading.Thread(target=lambda: (started.wait(30), found.append(load_or_train(corpus, SHORT)))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(f.facts["cached"] for f in found) == [False, True] and equal(found[0].network, found[1].network)


def test_a_corpus_without_training_speech_is_refused(corpus):
    corpus.utterances = corpus.split("test")
    with pytest.raises(CorpusError, match="no speech to train"):
        load_or_train(corpus, SHORT)


def test_it_can_be_trained_ahead_of_a_comparison(corpus):
    command = [sys.executable, "-m", "ttskit.measure.recogniser", str(corpus.folder), "tiny"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "step 2 of 2" in done.stderr and done.stdout == ""
    assert load_or_train(corpus, load_recipe("tiny").compare.recogniser).facts["cached"]


def test_recipes_that_trained_by_the_clock_still_open():
    old = {"channels": 24, "budget_s": 90.0, "max_epochs": 60, "patience": 8}
    assert RecogniserConfig.model_validate(old) == RecogniserConfig(channels=24)
