"""The decoder step by step: what exists after each step, what it heard, where it looked, when it stops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ttskit.interfaces.acoustic import Spectrogram
from ttskit.interfaces.explanation import Axis, Explanation, Recorded, Step
from ttskit_explain import finding
from ttskit_explain.making import open_lesson
from ttskit_explain.sections import decoder
from ttskit_explain.steps import cumulative, masked_attention, spoken, stops_at, unmasked


@pytest.fixture
def transformer(run_of, registry, tmp_path):
    """A lesson of a FastPitch and a Transformer-TTS run, whose stop token, hardly trained, is kept from ending it at once."""
    runs = [run_of("fastpitch"), run_of("transformertts")]
    lesson = open_lesson(runs, "La luna verde.", tmp_path / "page", registry=registry)
    options = lesson.subjects[1].model.options
    options.stop_threshold, options.rest_frames, options.frames_per_token, options.frames_floor = 0.999, 0, 4.0, 0
    return lesson


def of(steps: int, each: int, kept: int, bands: int = 2) -> Explanation:
    """What a decoder of three tokens shows that made `steps` steps of `each` frames and kept `kept` of them."""
    frames, token = kept * each, Axis("token")
    mel = np.arange(bands * frames, dtype=np.float32).reshape(bands, frames)
    rows = np.random.default_rng(0).random((kept, 3)).astype(np.float32)
    rows /= rows.sum(1, keepdims=True)
    shown = (
        Step("its.gate", "", (Recorded("p", np.linspace(0, 1, steps).astype(np.float32), (Axis("step"),)),)),
        Step("its.energies", "", (Recorded("e", 5 - rows[np.arange(steps) % kept], (Axis("step"), token)),)),
        Step("its.look", "", (Recorded("a", rows.repeat(each, 0), (Axis("frame"), token)),)),
    )
    spectrogram = Spectrogram(torch.from_numpy(mel)[None], torch.tensor([frames]))
    return Explanation(spectrogram, shown)


@pytest.mark.parametrize(("steps", "each", "kept"), [(12, 1, 12), (12, 4, 12), (13, 4, 12), (9, 3, 8)])
def test_frames_are_counted_in_steps_also_where_the_step_that_stops_is_not_kept(steps, each, kept):
    told = spoken(of(steps, each, kept))
    assert (told.steps, told.frames_per_step) == (kept, each)
    assert [told.visible(k) for k in range(3)] == [each, 2 * each, 3 * each]
    assert told.visible(kept - 1) == told.mel.shape[1]
    assert told.stop is not None
    assert len(told.stop) == kept
    assert [look.weights.shape for look in told.looks] == [(kept, 3)]
    assert told.heard is None


def test_energies_are_no_weights():
    (look,) = spoken(of(12, 4, 12)).looks
    assert (look.layer, look.head) == (0, 0)
    assert look.weights.shape == (12, 3)
    np.testing.assert_allclose(look.weights.sum(1), 1, rtol=1e-6)


def test_a_model_that_shows_no_steps_is_read_frame_by_frame():
    whole = of(12, 4, 12)
    told = spoken(Explanation(whole.spectrogram, whole.steps[2:]))
    assert (told.steps, told.frames_per_step) == (48, 1)
    assert told.stop is None


def test_the_sum_of_what_was_looked_at_is_of_the_steps_before():
    weights = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    assert cumulative(weights).tolist() == [[0, 0], [1, 0], [1.5, 0.5]]


def test_it_stops_at_the_first_step_above_the_threshold():
    stop = np.array([0.1, 0.5, 0.2, 0.9])
    assert stops_at(stop, 0.5) == 4  # above, not at
    assert stops_at(stop, 0.49) == 2
    assert stops_at(stop, 0.9) is None


@pytest.mark.parametrize("kind", ["lesson", "transformer"])
def test_each_step_hears_the_last_frame_of_the_step_before(request, kind):
    subject = request.getfixturevalue(kind).first("autoregressive")
    told, each = spoken(subject.explanation), subject.model.reduction
    assert told.frames_per_step == each
    assert told.steps * each == int(subject.spectrogram.lengths[0])
    assert told.heard is not None
    assert told.steps > 1
    np.testing.assert_array_equal(told.heard[0], 0)
    lasts = told.mel[:, each - 1 :: each].T
    np.testing.assert_allclose(told.heard[1:], lasts[:-1], rtol=1e-4, atol=1e-5)
    for look in told.looks:
        assert look.weights.shape == (told.steps, len(subject.tokens))
        np.testing.assert_allclose(look.weights.sum(1), 1, rtol=1e-4)
    whole = subject.spectrogram.alignment[0].numpy()
    np.testing.assert_array_equal(told.looks[0].weights.repeat(each, 0), whole)


def test_the_stop_probability_ends_the_sentence_where_the_model_ended_it(lesson):
    subject = lesson.subjects[0]
    told, threshold = spoken(subject.explanation), decoder.threshold_of(subject)
    assert threshold == subject.model.options.stop_threshold
    ended, at = decoder.ending(subject), stops_at(told.stop, threshold)
    assert ended == {True: "stop", False: "limit"}[bool(subject.spectrogram.finished[0])]
    assert at == (told.steps if ended == "stop" else None)


def test_the_mask_leaves_a_triangle_of_what_the_same_queries_would_see(transformer):
    layers = masked_attention(transformer.subjects[1].explanation)
    assert len(layers) == len(transformer.subjects[1].model.decoder.blocks)
    assert masked_attention(transformer.subjects[0].explanation) == []
    for layer in layers:
        free = unmasked(layer.step)
        assert free is not None
        np.testing.assert_allclose(free.sum(-1), 1, rtol=1e-5)
        assert np.triu(free, 1).sum() > 0
        cut = np.tril(free)
        np.testing.assert_allclose(layer.values, cut / cut.sum(-1, keepdims=True), rtol=1e-3, atol=1e-6)


def test_cards_of_a_transformer_show_and_let_hear_the_mask(transformer):
    cards = {card.key: card for card in decoder.build(transformer)}
    assert list(cards) == ["decoder.steps", "decoder.stop", "decoder.mask"]
    subject = transformer.subjects[1]
    told = spoken(subject.explanation)
    run = cards["decoder.steps"].figures[0].spec["runs"][0]
    assert (run["label"], run["steps"], run["each"]) == ("transformertts", told.steps, told.frames_per_step)
    heads = {(one["layer"], one["head"]) for one in run["looks"]}
    assert heads == {
        (0, 0),
        *((l + 1, h + 1) for l, b in enumerate(subject.model.decoder.blocks) for h in range(b.reading.heads)),
    }
    assert (transformer.sheet.folder / run["audio"]["audio"]).is_file()
    heard = cards["decoder.mask"].figures[1].spec["variants"]
    assert [one["when"] for one in heard] == [{"mask": "on"}, {"mask": "off"}]
    assert heard[0]["audio"]["audio"] != heard[1]["audio"]["audio"]
    other = subject.explain({"decoder.mask": "off"}).spectrogram
    assert cards["decoder.mask"].values["without"] == int(other.lengths[0]) // told.frames_per_step
    stop = cards["decoder.stop"].figures[0].spec["runs"][0]
    assert {one["threshold"]: one["step"] for one in stop["ends"]}[0.5] == stops_at(told.stop, 0.5)


def test_cards_of_a_tacotron_show_and_let_hear_its_memory(lesson):
    cards = {card.key: card for card in decoder.build(lesson)}
    assert list(cards) == ["decoder.steps", "decoder.stop", "decoder.location"]
    told, heard = cards["decoder.location"].figures
    assert set(told.spec) == {"tokens", "now", "last", "all"}
    assert [one["when"] for one in heard.spec["variants"]] == [{"location": "on"}, {"location": "off"}]
    assert finding.text_attention(lesson.subjects[0].explanation)


def test_what_finds_no_end_is_cut_and_that_is_said(transformer, monkeypatch):
    subject = transformer.subjects[1]
    frames, long = int(subject.spectrogram.lengths[0]), subject.explanation
    short = Spectrogram(long.spectrogram.mel[:, :, : frames // 4], torch.tensor([frames // 4]))
    monkeypatch.setattr(type(subject), "spectrogram", short)
    notes, kept = [], []
    monkeypatch.setattr(transformer.sheet, "array", lambda values: kept.append(values.shape) or {})
    answers = {"on": replace(long, spectrogram=short), "off": long}
    figure = decoder._variants(transformer, subject, "decoder.mask", answers, "mask", notes)
    most = 2 * (frames // 4)
    bands = subject.model.context.mel.bands
    assert kept == [(bands, frames // 4), (bands, most), (len(subject.tokens), most)]
    mel = subject.model.context.mel
    frame_s = mel.hop_samples / mel.sample_rate_hz
    assert [(note.key, note.values) for note in notes] == [
        ("decoder.cut", {"seconds": pytest.approx(frames * frame_s), "shown": pytest.approx(most * frame_s)})
    ]
    assert figure.spec["variants"][1]["audio"]["seconds"] == pytest.approx(most * frame_s, abs=2 * frame_s)


def test_parallel_runs_have_no_decoder_that_hears_itself(run_of, registry, tmp_path):
    lesson = open_lesson([run_of("fastpitch")], "La luna verde.", tmp_path / "page", registry=registry)
    (card,) = decoder.build(lesson)
    assert (card.key, card.notes[0].values) == ("decoder.none", {"runs": "fastpitch"})
