"""The walk through a parallel model: what its eight cards show, against computation by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from ttskit_explain.lesson import Failed
from ttskit_explain.page import render
from ttskit_explain.sections import walk as section
from ttskit_explain.sections import walk_joint, walk_prosody, walk_states
from ttskit_explain.sections.walk_route import Walk, hz_of, projection_of, share_within, token_of_frames
from ttskit_explain.texts import LANGUAGES


@pytest.fixture
def subject(lesson):
    return lesson.first("parallel")


@pytest.fixture
def walk(lesson, subject) -> Walk:
    return Walk(lesson, subject)


def spec_of(card, key=None):
    return next(one.spec for one in card.figures if key is None or one.key == key)


def arrays(monkeypatch):
    """What goes onto the sheet stays an array, so that tests can look at it."""
    monkeypatch.setattr("ttskit_explain.sheet.Sheet.array", lambda self, values: np.asarray(values))


def positions(length: int, channels: int) -> np.ndarray:
    """Sines, then cosines, of place × 10000^(−2i/H) (Vaswani et al. 2017, section 3.5, the halves one after the other)."""
    angles = np.arange(length)[:, None] / 10000.0 ** (2 * np.arange(channels // 2) / channels)[None]
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def test_the_eight_cards_stand_in_order_and_then_the_other_run(lesson):
    keys = [card.key for card in section.build(lesson)]
    middle = ["walk.embedding", "walk.joint", "walk.encoder", "walk.pitch", "walk.duration", "walk.decoder", "walk.projection"]
    assert keys == ["walk.way", *middle, "walk.mel", "walk.others"]


def test_frames_of_the_tokens_are_all_frames_of_the_mel(walk):
    assert walk.frames.sum() == walk.spectrogram.mel.shape[2] == int(walk.spectrogram.lengths[0])
    owners = token_of_frames(np.array([2, 0, 3]))
    assert owners.tolist() == [0, 0, 2, 2, 2]


def test_what_is_repeated_is_each_tokens_state_and_positions_are_what_was_added(walk):
    steps = {step.key: step for step in walk.explanation.steps}
    states = steps["fastpitch.encoder.1"]["out"] + steps["fastpitch.pitch"]["adds"]
    if "fastpitch.energy" in steps:
        states = states + steps["fastpitch.energy"]["adds"]
    by_hand = np.concatenate([np.repeat(states[i : i + 1], n, axis=0) for i, n in enumerate(walk.frames)])
    assert walk.later[0].key == "walk.repeated"
    assert np.allclose(walk.later[0].values, by_hand, atol=1e-5)
    waves = positions(len(by_hand), by_hand.shape[1])
    assert np.allclose(steps["fastpitch.duration"]["regulated"], by_hand + waves, atol=1e-4)
    assert np.allclose(walk.later[1].values, by_hand + waves, atol=1e-4)
    assert [one.key for one in walk.later[1:]] == ["fastpitch.decoder.positions", "fastpitch.decoder.1"]


def test_the_share_of_difference_within_groups_by_hand():
    states = np.array([[0.0], [2.0], [10.0], [12.0], [99.0]])
    # means 1 and 11, of all four 6: (1 + 1 + 1 + 1) / (36 + 16 + 16 + 36); the fifth is alone and says nothing
    assert share_within(states, ["a", "a", "b", "b", "c"]) == pytest.approx(4 / 104)
    assert share_within(np.array([[1.0], [1.0], [3.0], [3.0]]), list("aabb")) == 0
    assert share_within(np.array([[1.0], [3.0], [1.0], [3.0]]), list("aabb")) == 1
    assert share_within(states, list("abcde")) is None
    assert share_within(np.ones((4, 2)), list("aabb")) is None


def test_equal_symbols_and_copies_begin_equal_and_end_apart(walk, monkeypatch):
    arrays(monkeypatch)
    first, second = walk_states.encoder(walk), walk_states.decoder(walk)
    for card in (first, second):
        shares = spec_of(card)["shares"]
        assert shares[0] == pytest.approx(0, abs=1e-9)
        assert all(0 < share < 1 for share in shares[1:])
        assert card.values["first"] == 0 and card.values["last"] == round(100 * shares[-1], 1)
    symbol, times = first.values["symbol"], first.values["times"]
    assert walk.labels.count(symbol) == times > 1
    columns = spec_of(first)["stages"][0]["values"][:, [i for i, one in enumerate(walk.labels) if one == symbol]]
    assert (columns == columns[:, :1]).all()


def test_the_contour_is_in_hz_of_the_speakers_statistics(walk):
    context = walk.subject.model.context
    (statistics,) = context.pitch.values()
    normalised = walk.subject.infer().pitch[0].numpy()
    by_hand = statistics.mean_hz + statistics.std_hz * normalised
    assert walk.plain["contour"] == pytest.approx(by_hand, abs=2e-3)
    assert hz_of(np.array([0.0, -1.0]), statistics).tolist() == [statistics.mean_hz, statistics.mean_hz - statistics.std_hz]


def test_the_knobs_of_pitch_do_to_the_contour_what_they_say(walk):
    spec = spec_of(walk_prosody.pitch(walk))
    plain = np.array(spec["variants"][0]["contour"])
    assert (plain > 21).all()  # above the lowest frequency to which a shift is held
    by = {(one["knob"], one["value"]): np.array(one["contour"]) for one in spec["variants"]}
    for semitones in (-4, -2, 2, 4):
        assert by["shift", semitones] == pytest.approx(plain * 2 ** (semitones / 12), rel=1e-4)
    mean = spec["mean"]
    assert by["range", 0] == pytest.approx(np.full(len(plain), mean), abs=0.01)
    assert by["range", 2] == pytest.approx(mean + 2 * (plain - mean), abs=0.05)
    assert by["range", -1] == pytest.approx(mean - (plain - mean), abs=0.05)
    raised = [key for key in by if key[0] == "word"]
    assert len(raised) == walk_prosody.MOST_WORDS
    for key in raised:
        inside = np.array([owner == key[1] for owner in walk.subject.token_words])
        assert by[key][inside] == pytest.approx(plain[inside] * 2 ** (4 / 12), rel=1e-4)
        assert (by[key][~inside] == plain[~inside]).all()
    frames = {tuple(one["frames"]) for one in spec["variants"]}
    assert len(frames) == 1  # pitch leaves durations alone


def test_predicted_logarithms_become_frames_at_every_pace(walk):
    spec = spec_of(walk_prosody.duration(walk))
    options = walk.subject.model.options
    log = np.array(spec["log"])
    exact = np.clip(np.exp(log) - 1, options.min_duration, options.max_duration)
    for one in spec["variants"]:
        if one["knob"] in ("plain", "pace"):
            wanted = exact / one["value"]
            clear = np.abs(wanted % 1 - 0.5) > 1e-3  # the logarithms are written with four digits
            assert clear.sum() > len(log) / 2
            assert (np.floor(wanted + 0.5)[clear] == np.array(one["frames"])[clear]).all()
    paces = [one["value"] for one in spec["variants"] if one["knob"] == "pace"]
    assert sorted([1.0, *paces]) == list(walk_prosody.PACES)
    (held,) = (one for one in spec["variants"] if one["knob"] == "held")
    by_hand = walk.frames.copy()
    by_hand[spec["held"]] *= 3
    others = np.arange(len(by_hand)) != spec["held"]
    assert (np.array(held["frames"])[others] == by_hand[others]).all()
    assert held["frames"][spec["held"]] == by_hand[spec["held"]]
    assert walk.subject.tokens[spec["held"]].startswith("ˈ")


def test_frames_are_seconds_and_audio_is_as_long(walk):
    mel = walk.subject.model.context.mel
    card = walk_states.mel(walk)
    assert card.values["seconds"] == round(int(walk.frames.sum()) * mel.hop_samples / mel.sample_rate_hz, 2)
    assert spec_of(card)["audio"]["seconds"] == pytest.approx(card.values["seconds"], abs=0.1)


def test_a_column_is_the_sum_of_what_is_shown(walk, monkeypatch):
    arrays(monkeypatch)
    spec = spec_of(walk_states.projection(walk))
    mel = walk.spectrogram.mel[0].numpy()
    starts = np.cumsum([0, *walk.frames])
    for k, (owner, middle) in enumerate(zip(spec["owners"], spec["middles"], strict=True)):
        assert starts[owner] <= middle < starts[owner + 1]
        assert spec["columns"][k] == pytest.approx(mel[:, middle], abs=1e-4)
        assert spec["bias"] + spec["parts"][k].sum(1) == pytest.approx(spec["columns"][k], abs=1e-3)
    weights, _ = projection_of(walk.subject.model, walk.later[-1].values, mel)
    channel = spec["channels"][0, 3, 0]
    by_hand = weights[3] * walk.later[-1].values[spec["middles"][0]]
    assert channel == np.argmax(np.abs(by_hand))
    assert spec["parts"][0, 3, 0] == pytest.approx(by_hand[channel], abs=1e-5)
    assert projection_of(walk.subject.model, walk.later[-1].values + 1, mel) is None


def beta_binomial(n: int, size: int, t: int, frames: int) -> float:
    """P(n) under BetaBinomial(N − 1, t, T − t + 1), t from 1 (Shih et al. 2021)."""

    def log_beta(a: float, b: float) -> float:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    places = size - 1
    return math.comb(places, n) * math.exp(log_beta(n + t, places - n + frames - t + 1) - log_beta(t, frames - t + 1))


def test_by_ear_times_the_prior_is_the_soft_map_and_the_path_goes_forward(walk, monkeypatch):
    aligner = aligning(walk, monkeypatch)
    spec = spec_of(walk_joint.joint(walk))
    maps = {one["name"]: np.asarray(one["values"], np.float64).T for one in spec["layers"]}
    assert list(maps) == ["alone", "prior", "soft", "path"]
    frames, tokens = maps["soft"].shape
    assert maps["alone"].max() > 2 / tokens  # else the ear adds nothing, and any prior would do
    for name in maps:
        assert maps[name].sum(1) == pytest.approx(np.ones(frames), abs=1e-3)
    both = maps["alone"] * maps["prior"]
    assert both / both.sum(1, keepdims=True) == pytest.approx(maps["soft"], abs=1e-4)
    by_hand = np.array([[beta_binomial(n, tokens, t + 1, frames) for n in range(tokens)] for t in range(frames)])
    assert maps["prior"] == pytest.approx(by_hand / by_hand.sum(1, keepdims=True), abs=1e-3)
    owners = maps["path"].argmax(1)
    assert owners[0] == 0 and owners[-1] == tokens - 1 and set(np.diff(owners)) <= {0, 1}
    assert np.bincount(owners, minlength=tokens).tolist() == spec["hard"]
    told = aligner.durations(walk_joint._batch(walk, aligner))[0]
    assert spec["hard"] == told.tolist()


def aligning(walk, monkeypatch):
    """A FastPitch that learned its alignment in place of the lesson's aligner, with arrays that can be looked at."""
    import torch

    from ttskit_fastpitch.config import FastPitchOptions
    from ttskit_fastpitch.model import FastPitch

    arrays(monkeypatch)
    options = walk.subject.model.options.model_dump()
    torch.manual_seed(1)
    model = FastPitch(FastPitchOptions(**{**options, "alignment": "learned"}), walk.subject.model.context).eval()
    model.aligner.temperature = 20.0  # so that it hears differences without having learned any
    monkeypatch.setattr(walk, "explanation", without(walk.explanation, "soft"))
    loaded, voice = SimpleNamespace(name="fastpitch"), SimpleNamespace(acoustic=model)
    walk.lesson.aligner = SimpleNamespace(label="listener", loaded=loaded, voice=voice)
    return model


def without(explanation, key):
    steps = tuple(step for step in explanation.steps if key not in [tensor.key for tensor in step.tensors])
    return type(explanation)(explanation.spectrogram, steps, explanation.interventions)


def test_a_run_that_learned_to_align_shows_what_it_recorded(walk, monkeypatch):
    arrays(monkeypatch)
    card = walk_joint.joint(walk)
    recorded = walk.explanation["fastpitch.aligner"]
    layers = {one["name"]: one["values"] for one in spec_of(card)["layers"]}
    assert layers["soft"] == pytest.approx(recorded["soft"].T, abs=1e-5)
    assert spec_of(card)["hard"] == recorded["hard"].tolist()
    assert card.values["aligner"] == walk.subject.label


def test_an_aligner_counts_the_frames_on_which_it_agrees(walk, monkeypatch):
    aligning(walk, monkeypatch)
    card = walk_joint.joint(walk)
    path = np.repeat(np.arange(len(walk.frames)), spec_of(card)["hard"])
    own = np.repeat(np.arange(len(walk.frames)), walk.frames)
    assert card.values["agree"] == sum(int(a == b) for a, b in zip(path, own, strict=True))
    assert card.values["aligner"] == "listener" and not card.notes


def test_a_model_that_reads_while_it_speaks_aligns_by_where_it_looks(walk, monkeypatch):
    import torch

    arrays(monkeypatch)
    monkeypatch.setattr(walk, "explanation", without(walk.explanation, "soft"))
    reader = walk.lesson.aligner.voice.acoustic
    card = walk_joint.joint(walk)
    spec = spec_of(card)
    assert card.key == "walk.joint_path" and card.values["aligner"] == "tacotron2"
    assert [one["name"] for one in spec["layers"]] == ["attention", "path"]
    batch = walk_joint._batch(walk, reader)
    assert batch.mel is not None and torch.equal(batch.mel, walk.spectrogram.mel)
    with torch.no_grad():
        looked = reader(batch).alignment[0].numpy()
    assert spec["layers"][0]["values"] == pytest.approx(looked.T, abs=1e-6)
    assert spec["hard"] == reader.durations(batch)[0].tolist() and sum(spec["hard"]) == walk.frames.sum()


def test_an_aligner_that_cannot_listen_is_said_and_the_prior_is_shown(walk, monkeypatch):
    model = aligning(walk, monkeypatch)
    monkeypatch.setattr(type(model), "align", lambda *a, **k: 1 / 0)
    card = walk_joint.joint(walk)
    assert card.key == "walk.joint_given"
    assert "ZeroDivisionError" in str(card.notes[0].values["why"])
    assert [one["name"] for one in spec_of(card)["layers"]] == ["prior", "path"]
    assert spec_of(card)["hard"] == walk.frames.tolist()


def test_a_knob_that_fails_costs_its_card_alone(lesson, subject, monkeypatch):
    infer = type(subject).infer

    def failing(self, controls=None, *rest):
        if controls is not None and controls.asked() == ["pace"]:
            raise Failed("no pace today")
        return infer(self, controls, *rest)

    monkeypatch.setattr(type(subject), "infer", failing)
    cards = {card.key: card for card in section.walked(Walk(lesson, subject))}
    assert cards["walk.duration.failed"].notes[0].values == {"why": "no pace today"}
    assert "walk.pitch" in cards and "walk.mel" in cards
    assert "no pace today" in page(list(cards.values()))


def test_a_run_without_pitch_statistics_has_a_contour_in_deviations(lesson, subject, monkeypatch):
    subject.model.context = type(subject.model.context)(
        subject.model.context.mel, subject.model.context.symbols, subject.model.context.speakers
    )
    monkeypatch.setattr(subject.model, "controls", ("pitch_range", "pitch_values", "pace"))
    walk = Walk(lesson, subject)
    card = walk_prosody.pitch(walk)
    assert card.key == "walk.pitch_normalised" and spec_of(card)["unit"] == "deviations"
    assert walk.plain["contour"] == pytest.approx(subject.infer().pitch[0].numpy(), abs=1e-3)
    page([card])


def test_few_sentences_are_spoken(lesson, subject):
    section.walked(Walk(lesson, subject))
    assert 8 < len(list((lesson.sheet.folder / "audio").iterdir())) <= 14


def page(cards) -> str:
    """The page of these cards: every place of its texts is filled."""
    return render({"walk": cards}, first="es", languages=LANGUAGES, text="La luna.", runs=["one"])
