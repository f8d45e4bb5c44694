"""Attention against the truth, memory, text lengths, third-party metrics, what counts as best."""

from __future__ import annotations

import numpy as np
import torch

from ttskit.compare.summary import _best, quality, third_party
from ttskit.config.comparison import CompareConfig
from ttskit.measure import metrics
from ttskit.measure.learned import attention_hits, median_baseline
from ttskit.measure.speech import NATURAL, Analyser, Sample, hard_items, natural_samples, recorded_items, score
from ttskit.measure.speed import peak_memory, text_of_length
from ttskit.measure.stats import Interval
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


def test_natural_speech_against_itself_scores_zero(prepared, tmp_path):
    registry = create_registry()
    analyse = Analyser(prepared, registry)
    items = recorded_items(prepared, CONFIG, registry)
    assert all(i.words and i.utterance for i in items)
    for sample in natural_samples(prepared, items, analyse, tmp_path):
        assert score(sample, sample, prepared, CONFIG) == []
        for key in ("mcd_db", "log_f0_rmse_semitones", "voicing_error", "duration_error_ms"):
            assert abs(sample.scores[key]) < 1e-4, key
        assert sample.scores["length_ratio"] == 1.0


def test_third_party_metrics_run_and_their_faults_stay_theirs(prepared, tmp_path):
    registry = create_registry()
    items = recorded_items(prepared, CONFIG, registry)
    natural = natural_samples(prepared, items, Analyser(prepared, registry), tmp_path)

    def broken(reference, synthetic, rate):
        raise RuntimeError("no licence")

    others = {"loud": lambda a, b, rate: float(np.abs(b).max() * rate), "broken": broken}
    samples, problems = [], []
    for n in natural:
        spoken = Sample(n.item, "voice", 0, n.audio[::-1].copy(), n.audio_mel, n.pitch_hz)
        problems += score(spoken, n, prepared, CONFIG, others)
        samples.append(spoken)
    assert len(problems) == 3 and "no licence" in problems[0]
    found = quality(samples, ["voice"], third_party({"loud": {"unit": "x", "better": "lower"}, "broken": {}}), CONFIG)
    assert list(found) == ["loud"] and found["loud"]["values"]["voice"].count == 3
    assert NATURAL not in found["loud"]["values"]


def test_hard_sentences_come_from_a_file_and_unreadable_lines_are_left_out(prepared, tmp_path):
    file = tmp_path / "hard.txt"
    file.write_text("\ufeffHola, mesa.\n\n☃☃☃\nUna luna verde.\n", encoding="utf-8")
    items = hard_items(prepared, CONFIG.model_copy(update={"hard_file": str(file)}), create_registry())
    assert [i.text for i in items] == ["Hola, mesa.", "Una luna verde."]
    assert len(hard_items(prepared, CONFIG, create_registry())) == 12


def test_best_means_clear_of_the_others():
    near = {"a": Interval(1.0, 0.8, 1.2, 9), "b": Interval(1.3, 1.1, 1.5, 9)}
    clear = {"a": Interval(1.0, 0.8, 1.05, 9), "b": Interval(1.3, 1.1, 1.5, 9)}
    assert _best(near, ["a", "b"], "lower") is None
    assert _best(clear, ["a", "b"], "lower") == "a" and _best(clear, ["a", "b"], "higher") == "b"
    assert _best(clear, ["a", "b"], "") is None
    assert _best({"a": 1.0, "b": 1.05}, ["a", "b"], "lower") is None and _best({"a": 1.0, "b": 2.0}, ["a", "b"], "lower") == "a"
