"""The clock: times of frames on a clock that the test moves, and what a mistake, chance and hard sentences do."""

from __future__ import annotations

import base64
import json
import math
import re
from importlib.resources import files

import numpy as np
import pytest
import torch

from ttskit.interfaces.acoustic import Spectrogram
from ttskit.nn import log_mel_silence
from ttskit_explain import disturbed
from ttskit_explain.disturbed import mistakes, steps_of, takes
from ttskit_explain.faults import AlignmentFault, faults_of
from ttskit_explain.lesson import Failed
from ttskit_explain.making import open_lesson
from ttskit_explain.racing import race, said
from ttskit_explain.sections import clock
from ttskit_explain.spread import distances_db, with_silent_frame
from ttskit_explain.texts import LANGUAGES, PageTexts, equations


class Clock:
    """Seconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def job(self, seconds, value):
        def work():
            self.now += seconds
            return value

        return work


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch):
    """Variants that a slow machine would leave out."""
    monkeypatch.setattr(disturbed, "_RUN_S", 1e9)


def kept(lesson, reference) -> np.ndarray:
    """What `Sheet.array` kept under a reference."""
    one = lesson.sheet._arrays[reference["array"]]
    kind = {"f2": "<f2", "i4": "<i4"}[one["type"]]
    return np.frombuffer(base64.b64decode(one["base64"]), kind).reshape(one["shape"]).astype(np.float64)


# -- times


def test_a_run_that_streams_has_times_of_its_chunks_and_another_one_those_of_its_end(lesson, monkeypatch):
    now, (streaming, whole) = Clock(), lesson.subjects

    def stream(inputs, controls=None, generators=None):
        count = int(inputs.lengths[0])
        for _ in range(3):
            now.now += 0.010 * count
            yield torch.zeros(1, 40, 2)
        return None

    def infer(inputs, controls=None, generators=None):
        now.now += 0.007
        return Spectrogram(torch.zeros(1, 40, 5), torch.tensor([5]))

    for one in lesson.subjects:
        assert one.spectrogram is not None and len(one.audio(one.spectrogram))
        monkeypatch.setattr(type(one.voice), "waveform", lambda self, row, seed: now.job(0.2, np.zeros(9))())
    monkeypatch.setattr(streaming.model, "infer_stream", stream)
    monkeypatch.setattr(whole.model, "infer", infer)
    found = race(lesson, 1e9, now)
    first, second = found.runners
    each = 10.0 * len(streaming.tokens)
    np.testing.assert_allclose(first.arrivals(), [[each, 2], [2 * each, 4], [3 * each, 6]])
    np.testing.assert_allclose(second.arrivals(), [[7.0, 5]])
    assert (first.streams, second.streams) == (True, False)
    assert first.vocoder_s == pytest.approx(0.2) and found.rounds == 5
    tokens = {one.words: len(said(streaming, one.text).tokens) for one in found.lengths if one.times != 1}
    assert len(tokens) >= 3
    for words, count in tokens.items():  # a longer text waits longer, by as much as its tokens take
        assert first.lengths[words][-1] == pytest.approx(0.03 * count)
        assert second.lengths[words][-1] == pytest.approx(0.007)


# -- distances and mistakes


def test_a_distance_is_in_decibels_of_the_mels_own_logarithm(lesson):
    mel = lesson.subjects[0].voice.mel
    one = Spectrogram(torch.zeros(1, 4, 3), torch.tensor([3]))
    values = torch.zeros(1, 4, 5)
    values[0, :, 1] = math.log(10.0)
    values[0, 0, 2] = math.log(10.0)
    other = Spectrogram(values, torch.tensor([5]))
    np.testing.assert_allclose(distances_db(one, other, mel), [0.0, 20.0, 10.0], rtol=1e-6)  # √(20² / 4 bands)
    power = type(mel)(**{**mel.to_json(), "magnitude_power": 2.0})
    np.testing.assert_allclose(distances_db(one, other, power), [0.0, 10.0, 5.0], rtol=1e-6)


def test_a_silent_frame_changes_nothing_else(lesson):
    mel, before = lesson.subjects[1].voice.mel, lesson.subjects[1].spectrogram
    after = with_silent_frame(before, 4, mel)
    distance = distances_db(after, before, mel)
    assert distance[4] > 1.0 and np.count_nonzero(distance) == 1
    assert torch.all(after.mel[0, :, 4] == np.float32(log_mel_silence(mel)))


def test_a_mistake_goes_on_in_the_autoregressive_run_and_stays_in_the_parallel_one(lesson):
    notes = []
    recurrent, parallel = mistakes(lesson, notes)
    assert notes == [] and (recurrent["decoding"], parallel["decoding"]) == ("autoregressive", "parallel")
    model = lesson.subjects[0].model
    reach = model.options.postnet_convolutions * (model.options.postnet_kernel // 2)  # what the postnet sees ahead
    for place in recurrent["places"]:
        distance = kept(lesson, place["distance"])
        assert not distance[: max(0, place["frame"] - reach)].any()
        assert place["others"] >= np.count_nonzero(distance[place["frame"] + 1 :])  # kept in float16, the smallest are lost
        assert place["most"] == pytest.approx(distance[place["frame"] + 1 :].max(), abs=0.02)
    assert max(place["others"] for place in recurrent["places"]) > 10  # at one step the tiny prenet drops all that it heard
    end_s = (parallel["frames"] - 1) * parallel["frame_s"]  # where the parallel run is over before, its last frame
    moments = [min(place["at_s"], end_s) for place in recurrent["places"]]
    assert [place["at_s"] for place in parallel["places"]] == pytest.approx(moments, abs=0.02)
    for place in parallel["places"]:
        distance = kept(lesson, place["distance"])
        assert np.flatnonzero(distance).tolist() == [place["frame"]]
        assert (place["others"], place["most"]) == (0, 0.0)


def test_places_of_mistakes_are_frames_of_the_steps_that_were_told(lesson):
    subject = lesson.subjects[0]
    steps = steps_of(subject.explanation)
    frames = int(subject.spectrogram.lengths[0])
    assert steps is not None and frames % steps == 0 and frames // steps == subject.model.reduction
    (recurrent, _) = mistakes(lesson, [])
    choices = {(choice - 1) * subject.model.reduction for choice in (2, 5, 10, 20, 40)}
    assert {place["frame"] for place in recurrent["places"]} <= choices
    assert steps_of(lesson.subjects[1].explanation) is None


# -- chance


def test_takes_of_the_parallel_run_are_equal_and_said_to_be(lesson):
    found = takes(lesson, lesson.subjects[1])
    assert [one["same"] for one in found["takes"]] == [False, True, True, True, True]
    assert [one["seed"] for one in found["takes"]] == [0, 1, 2, 3, 4]
    assert "audio" not in found["takes"][1]


def test_a_take_that_differs_is_kept_with_its_distance(lesson, monkeypatch):
    subject = lesson.subjects[1]
    first = subject.spectrogram
    louder = Spectrogram(first.mel + math.log(10.0), first.lengths, first.alignment, first.durations)
    monkeypatch.setattr(subject, "infer", lambda seed: louder if seed == 3 else first)
    found = takes(lesson, subject)["takes"]
    assert [one["same"] for one in found] == [False, True, True, False, True]
    assert found[3]["mean_db"] == pytest.approx(20.0, abs=0.01)
    assert found[0]["mean_db"] == 0.0


def test_words_of_a_take_are_where_its_alignment_has_them(lesson, monkeypatch):
    subject = lesson.subjects[1]
    at = [index for index, word in enumerate(subject.token_words) if word == 1]  # "luna"
    alignment = torch.zeros(1, 6, len(subject.tokens))
    alignment[0, 0, 0] = alignment[0, 5, 0] = 1.0
    alignment[0, 1:5, at[0]] = 1.0
    spoken = Spectrogram(subject.spectrogram.mel[:, :, :6], torch.tensor([6]), alignment)
    monkeypatch.setattr(subject, "infer", lambda seed: spoken)
    frame_s = subject.voice.mel.hop_samples / subject.voice.mel.sample_rate_hz
    assert takes(lesson, subject)["takes"][0]["words"] == [[1, "luna", round(frame_s, 3), round(5 * frame_s, 3)]]


# -- faults of an alignment


def stairs(at, tokens) -> np.ndarray:
    """(T, N) all attention on one token a frame."""
    return np.eye(tokens)[at]


WORDS = (None, 0, 0, 1, 1, 2, 2, None)


def test_a_clean_staircase_has_no_fault():
    assert faults_of(stairs([0, 1, 1, 2, 3, 3, 4, 5, 6, 7], 8), WORDS, True) == []


def test_planted_faults_are_found_where_they_are():
    assert faults_of(stairs([0, 1, 2, 2, 5, 6, 7], 8), WORDS, True) == [AlignmentFault("skipped", 1, (3, 4))]
    assert faults_of(stairs([0, 1, 2, 3, 3, 5, 6, 7], 8), WORDS, True) == [AlignmentFault("passed", 1, (4, 4))]
    again = faults_of(stairs([0, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6, 7], 8), WORDS, True)
    assert again == [AlignmentFault("repeated", 0, (1, 2), 6)]
    endless = faults_of(stairs([0, 1, 2, 3, 4, 5, 6, 6, 6, 6], 8), WORDS, False)
    assert endless == [AlignmentFault("endless", 2, (6, 6), 9)]


def test_a_fault_is_told_with_its_word_and_token():
    told = AlignmentFault("skipped", 1, (3, 4)).to_json(["la", "luna", "verde"], ["<", "l", "a", "l", "u", "n", "a", ">"])
    assert told == {"kind": "skipped", "word": "luna", "token": "l", "tokens": [3, 4], "frame": None}


# -- the section


@pytest.fixture
def cards(lesson):
    return {card.key: card for card in clock.build(lesson)}


def test_the_section_has_its_cards_and_every_word_in_both_languages(cards):
    assert list(cards) == ["clock.order", "clock.race", "clock.lengths", "clock.mistake", "clock.chance", "clock.hard"]
    for language in LANGUAGES:
        texts = PageTexts(language)
        assert texts.get("sections", "clock")
        for card in cards.values():
            entry = texts.get("cards", card.key)
            for part in ("title", "text", "try"):
                assert texts.fill(entry[part], card.values)
            if "more" in entry:
                texts.paragraphs(entry["more"], card.values)
            for note in card.notes:
                texts.fill(texts.get("notes", note.key), note.values)
            assert all(texts.get("captions", figure.key) for figure in card.figures)
    assert set(cards["clock.order"].equations) <= set(equations())
    json.dumps([figure.spec for card in cards.values() for figure in card.figures], allow_nan=False)


def test_the_script_finds_its_words_in_both_languages():
    script = files("ttskit_explain").joinpath("script", "clock.js").read_text(encoding="utf-8")
    used = set(re.findall(r"""say\(["'](clock_\w+)["']""", script))
    used |= {f"clock_fault_{kind}" for kind in ("skipped", "passed", "repeated", "endless")}
    used |= {f"clock_{name}" for name in ("autoregressive", "parallel", "yours", *clock.HARD)}
    assert len(used) > 50
    for language in LANGUAGES:
        words = set(PageTexts(language).parts["words"])
        assert not used - words
    ours = [{key for key in PageTexts(one).parts["words"] if key.startswith("clock_")} for one in LANGUAGES]
    assert ours[0] == ours[1]


def test_hard_sentences_stand_beside_the_readers(lesson, cards):
    sentences = cards["clock.hard"].figures[0].spec["sentences"]
    assert [one["name"] for one in sentences] == ["yours", "long", "repeated", "unseen"]
    tokens = {one["name"]: len(one["runs"][1]["tokens"]) + len(one["runs"][1]["unknown"]) for one in sentences}
    assert tokens["long"] > 40 and sentences[0]["text"] == lesson.text
    assert said(lesson.subjects[0], clock.HARD["repeated"]).words == ("no",) * 5
    for one in sentences:
        for run in one["runs"]:
            alignment = kept(lesson, run["alignment"])
            assert alignment.shape[0] == len(run["tokens"])
            assert alignment.sum(0) == pytest.approx(np.ones(alignment.shape[1]), abs=0.01)


def test_an_endless_sentence_is_marked_and_only_its_beginning_heard(lesson):
    subject = lesson.subjects[0]
    frames, tokens = 900, len(subject.tokens)
    alignment = torch.zeros(1, frames, tokens)
    alignment[:, :, 2] = 1.0
    spoken = Spectrogram(torch.zeros(1, 40, frames), torch.tensor([frames]), alignment, finished=torch.tensor([False]))
    found = clock._gone_through(lesson, subject, clock._own(subject), spoken, "endless")
    assert not found["finished"] and found["cut"] and found["faults"][-1]["kind"] == "endless"
    assert found["seconds"] == pytest.approx(900 * 96 / 8000) and found["audio"]["seconds"] == pytest.approx(3.0, abs=0.1)


def test_a_model_that_gives_no_alignment_has_its_audio(lesson):
    subject = lesson.subjects[1]
    spoken = Spectrogram(subject.spectrogram.mel, subject.spectrogram.lengths)
    found = clock._gone_through(lesson, subject, clock._own(subject), spoken, "bare")
    assert (found["alignment"], found["faults"], found["finished"]) == (None, [], True) and found["audio"]["seconds"] > 0.1


def test_one_run_alone_says_what_another_would_add(run_of, registry, tmp_path):
    lesson = open_lesson([run_of("fastpitch")], "La luna verde.", tmp_path / "one", registry=registry)
    cards = {card.key: card for card in clock.build(lesson)}
    assert [note.key for note in cards["clock.mistake"].notes] == ["clock.no_autoregressive"]
    (run,) = cards["clock.mistake"].figures[0].spec["runs"]
    assert len(run["places"]) == 3 and all(place["others"] == 0 for place in run["places"])
    assert "clock.no_autoregressive" in [note.key for note in cards["clock.race"].notes]


def test_a_run_that_fails_costs_its_own_part_only(lesson, monkeypatch):
    broken = lesson.subjects[0]

    def fail(*arguments, **names):
        raise RuntimeError("no such luck")

    monkeypatch.setattr(broken.model, "infer", fail)
    monkeypatch.setattr(broken.model, "infer_stream", fail)
    cards = {card.key: card for card in clock.build(lesson)}
    for key in ("clock.race", "clock.mistake", "clock.chance", "clock.hard"):
        why = [str(note.values["why"]) for note in cards[key].notes if note.key == "failed"]
        assert why and "no such luck" in why[0], key
    assert [run["label"] for run in cards["clock.race"].figures[0].spec["runs"]] == [lesson.subjects[1].label]
    assert [run["label"] for run in cards["clock.chance"].figures[0].spec["runs"]] == [lesson.subjects[1].label]


def test_a_stream_without_frames_is_a_failure_of_its_run(lesson, monkeypatch):
    monkeypatch.setattr(lesson.subjects[0].model, "infer_stream", lambda *arguments, **names: iter(()))
    found = race(lesson, 0.1)
    assert [runner.subject.label for runner in found.runners] == [lesson.subjects[1].label]
    assert "no frames" in str(found.notes[0].values["why"])


def test_a_text_without_a_known_symbol_is_refused(lesson):
    class Mute:
        def __contains__(self, token):
            return False

    subject = lesson.subjects[0]
    subject.model.context = type("Context", (), {"symbols": Mute()})()
    with pytest.raises(Failed, match="no symbol"):
        said(subject, "hola")
