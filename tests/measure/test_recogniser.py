"""The recogniser learns a corpus, hears padding alike, and is trained once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.config.comparison import RecogniserConfig
from ttskit.measure.phones import align_phones, expected_phones
from ttskit.measure.recogniser import load_or_train

SMALL = RecogniserConfig(channels=48, dilations=[1, 2, 1], max_epochs=30, batch=4, learning_rate=4e-3)


@pytest.fixture(scope="module")
def trained(prepared):
    torch.set_num_threads(1)
    before = torch.get_rng_state()
    model, facts = load_or_train(prepared, SMALL)
    assert torch.equal(before, torch.get_rng_state()), "training the judge must not disturb the caller's random numbers"
    return model, facts


def test_it_hears_what_was_said(prepared, trained):
    model, facts = trained
    test = prepared.split("test")
    heard = model.recognise([prepared.features(u).mel for u in test])
    expected = [expected_phones(u.tokens, u.token_words, prepared.symbols).phones for u in test]
    errors = sum(align_phones(e, h).errors for e, h in zip(expected, heard, strict=True))
    assert errors / sum(map(len, expected)) < 0.1
    assert facts["validation_phone_error_rate"] < 0.1 and not facts["cached"]


def test_alone_or_in_a_batch_it_hears_the_same(prepared, trained):
    mels = [prepared.features(u).mel for u in prepared.split("test")]
    assert trained[0].recognise(mels) == [trained[0].recognise([m])[0] for m in mels]


def test_a_missing_half_is_not_heard(prepared, trained):
    u = prepared.split("test")[0]
    mel = prepared.features(u).mel
    expected = expected_phones(u.tokens, u.token_words, prepared.symbols).phones
    half = trained[0].recognise([np.ascontiguousarray(mel[:, : mel.shape[1] // 2])])[0]
    assert abs(len(half) - len(expected) / 2) <= 2


def test_it_is_trained_once(prepared, trained):
    model, facts = load_or_train(prepared, SMALL)
    assert facts["cached"]
    mels = [prepared.features(u).mel for u in prepared.split("test")]
    assert model.recognise(mels) == trained[0].recognise(mels)
    assert not load_or_train(prepared, SMALL.model_copy(update={"max_epochs": 1}))[1]["cached"]


def test_a_damaged_cache_is_trained_anew(prepared, trained):
    config = SMALL.model_copy(update={"max_epochs": 1, "seed": 5})
    load_or_train(prepared, config)
    newest = max((prepared.folder / "recogniser").glob("*/model.safetensors"), key=lambda p: p.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[:100])
    assert not load_or_train(prepared, config)[1]["cached"]
    assert load_or_train(prepared, config)[1]["cached"]
