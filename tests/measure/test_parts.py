"""Attention against the truth, memory, text lengths, hard sentences."""

from __future__ import annotations

import numpy as np
import torch

from ttskit.config import CompareConfig
from ttskit.measure import metrics
from ttskit.measure.learned import attention_hits, held_out, median_baseline
from ttskit.measure.sentences import hard_sentences, list_of_hard_sentences, recorded_sentences
from ttskit.measure.speed import peak_memory, text_of_length
from ttskit.plugins import create_registry

CONFIG = CompareConfig(limit=3, resamples=200)


def exact_attention(prepared, u, shift):
    """Attention of frames (T, N) that lies `shift` tokens after the truth."""
    alignment = np.zeros((u.frames, len(u.tokens)), np.float32)
    owner = np.repeat(np.arange(len(u.tokens)), prepared.alignment(u, "reference"))
    alignment[np.arange(u.frames), np.clip(owner + shift, 0, len(u.tokens) - 1)] = 1.0
    return alignment


def test_attention_is_right_within_one_token(prepared):
    u = prepared.split("test")[0]
    frames = np.arange(u.frames)
    path, times = metrics.Path(frames, frames, 0.0), prepared.reference_times(u)
    share = {shift: attention_hits(exact_attention(prepared, u, shift), path, times, prepared).mean() for shift in (0, 1, 3)}
    assert share[0] == 1.0 and share[1] > 0.9
    assert share[3] < 0.2  # a perfect diagonal, three tokens late (at the end it can be no later)


def test_the_truth_follows_a_slower_voice(prepared):
    u = prepared.split("test")[0]
    slow = np.repeat(exact_attention(prepared, u, 0), 2, axis=0)
    path = metrics.Path(np.repeat(np.arange(u.frames), 2), np.arange(2 * u.frames), 0.0)
    assert attention_hits(slow, path, prepared.reference_times(u), prepared).all()
    ramp = np.zeros_like(slow)
    ramp[np.arange(len(ramp)), np.arange(len(ramp))[::-1] * len(u.tokens) // len(ramp)] = 1.0
    assert attention_hits(ramp, path, prepared.reference_times(u), prepared).mean() < 0.3


def test_the_median_is_what_knowing_nothing_costs(prepared):
    u = prepared.split("test")[0]
    train = np.concatenate([prepared.features(t).mel for t in prepared.split("train")], axis=1)
    expected = np.abs(prepared.features(u).mel - np.median(train, axis=1)[:, None]).mean()
    assert abs(median_baseline(prepared, [u]) - expected) < 1e-4


def test_peak_memory_is_what_was_allocated():
    def work():
        a = torch.empty(1_000_000)
        b = torch.empty(500_000)
        del a
        return b.sum()

    megabytes, _ = peak_memory(work, torch.device("cpu"))
    assert 6.0 <= megabytes <= 6.2


def test_texts_have_the_length_asked_for(prepared):
    for n in (10, 41, 200):
        tokens = text_of_length(prepared, n)
        assert len(tokens) == n and tokens[0] == tokens[-1] == prepared.symbols.boundary
        prepared.symbols.ids(tokens)


def test_hard_sentences_come_from_a_file_and_unreadable_lines_are_left_out(prepared, tmp_path):
    file = tmp_path / "hard.txt"
    file.write_text("\ufeffHola, mesa.\n\n☃☃☃\nUna luna verde.\n", encoding="utf-8")
    found = hard_sentences(prepared, CONFIG.model_copy(update={"hard_file": str(file)}), create_registry())
    assert [s.text for s in found] == ["Hola, mesa.", "Una luna verde."] and not any(s.recorded for s in found)
    assert len(hard_sentences(prepared, CONFIG, create_registry())) == 12


def test_what_is_asked_is_the_split_that_is_named_evenly_spread(prepared):
    registry = create_registry()
    for split in ("test", "validation"):
        ids = [u.id for u in prepared.split(split)]
        for limit, chosen in ((None, ids), (6, ids), (3, [ids[0], ids[2], ids[5]]), (1, ids[:1])):
            found = recorded_sentences(prepared, CompareConfig(split=split, limit=limit), registry)
            assert [s.id for s in found] == chosen and {(s.group, s.recorded) for s in found} == {(split, True)}
    lines = list_of_hard_sentences()
    hard = hard_sentences(prepared, CONFIG, registry)
    assert len(lines) > 12 and (hard[0].text, hard[-1].text) == (lines[0], lines[-1])


def test_what_models_learned_is_asked_of_sentences_that_none_was_trained_on(prepared):
    assert [u.id for u in held_out(prepared)] == [u.id for split in ("validation", "test") for u in prepared.split(split)]


def test_hard_sentences_are_spoken_by_the_speaker_of_the_most_speech(prepared):
    """Planted: by the one of the least, whom no model learned well."""
    from types import SimpleNamespace

    seconds = {"ana": 10.0, "beto": 30.0, "carla": 20.0}
    corpus = SimpleNamespace(
        frontend_instance=prepared.frontend_instance,
        symbols=prepared.symbols,
        speakers=SimpleNamespace(names=(*seconds, "dani")),
        info={"statistics": {**{n: {"seconds": s} for n, s in seconds.items()}, "dani": {}}},
    )
    found = hard_sentences(corpus, CONFIG.model_copy(update={"hard_limit": 3}), create_registry())
    assert [s.speaker for s in found] == ["beto"] * 3 and all(s.group == "hard" for s in found)
