"""From the mel to the waveform: what is shown is what the vocoder made, and its numbers are those worked out by hand."""

from __future__ import annotations

import base64
import json
import re
from importlib.resources import files

import numpy as np
import pytest
import torch

from ttskit.config import load_recipe
from ttskit.interfaces import Layer, ReceptiveField
from ttskit.nn import MultiPeriodDiscriminator, MultiScaleDiscriminator
from ttskit.training import train
from ttskit_explain import sections
from ttskit_explain.lesson import Failed
from ttskit_explain.making import open_lesson
from ttskit_explain.texts import PageTexts, equations
from ttskit_explain.vocoding import Place, cone, folded, loudest, open_vocoding, period_of, pooled

SENTENCE = "La luna verde."
# The tests' corpus: 8,000 Hz, a hop of 96 samples.
_FITTING = (
    "models.hifigan.options.upsample_rates=[8,6,2]",
    "models.hifigan.options.upsample_kernel_sizes=[16,12,4]",
)


@pytest.fixture(scope="session")
def neural(registry, prepared, tmp_path_factory):
    """A HiFi-GAN's run, trained for two steps."""
    recipe = load_recipe("tiny", ("training.samples=0", *_FITTING), registry=registry)
    folder = tmp_path_factory.mktemp("vocoder") / "hifigan"
    train(recipe, model="hifigan", data=prepared, run=folder, steps=2, registry=registry)
    return folder


@pytest.fixture
def spoken(runs, neural, registry, tmp_path):
    """The lesson with that vocoder."""
    return open_lesson(runs, SENTENCE, tmp_path / "page", vocoder=neural, registry=registry)


def build(lesson):
    return list(sections.build("vocoder", lesson))


def spec_of(cards, key):
    return next(figure.spec for card in cards for figure in card.figures if figure.key == key)


def values_of(lesson, reference):
    """An array as the page will have it."""
    found = lesson.sheet._arrays[reference["array"]]
    kind = "<i4" if found["type"] == "i4" else "<f2"
    return np.frombuffer(base64.b64decode(found["base64"]), kind).reshape(found["shape"])


def test_without_a_trained_one_the_structure_of_one_that_is_installed_is_shown_and_said_to_be_untrained(lesson):
    cards = {card.key: card for card in build(lesson)}
    assert list(cards) == [
        "vocoder.why",
        "vocoder.rounds",
        "vocoder.stages",
        "vocoder.field",
        "vocoder.fusion",
        "vocoder.judges",
    ]
    noted = {key: [note.key for note in card.notes] for key, card in cards.items()}
    assert noted["vocoder.stages"] == ["vocoder.structure_only"] and cards["vocoder.stages"].notes[0].values == {
        "name": "hifigan"
    }
    assert noted["vocoder.field"] == noted["vocoder.fusion"] == ["vocoder.structure_again"]
    levels = spec_of(cards.values(), "vocoder.upsampling")["levels"]
    assert [level["rate"] for level in levels] == [1, 8, 6, 2]
    np.testing.assert_allclose([level["hz"] for level in levels], [8000 / 96, 8000 / 12, 4000, 8000])
    frames = levels[0]["places"]
    assert [level["places"] for level in levels] == [frames * n for n in (1, 8, 48, 96)]
    assert [level["channels"] for level in levels[1:]] == [256, 128, 64]
    assert not any("signal" in level for level in levels)
    assert cards["vocoder.stages"].values["product"] == "8 · 6 · 2"
    # 7 frames; ×8 with kernel 16: 64, and 120 of the widest block; ×6 with kernel 12: 183 · 6 + 12, and 120; ×2 with
    # kernel 4: 1,229 · 2 + 4, and 120; and 6 at the end.
    assert cards["vocoder.field"].values["field_samples"] == 2588 and cards["vocoder.fusion"].values["widest"] == 121


def test_with_a_trained_one_its_own_signals_are_shown(spoken):
    cards = build(spoken)
    assert "vocoder.rounds" not in [card.key for card in cards]  # it searches in none
    by_key = {card.key: card for card in cards}
    assert by_key["vocoder.stages"].notes == () and [n.key for n in by_key["vocoder.field"].notes] == ["vocoder.remembers"]
    vocoding = open_vocoding(spoken, spoken.first("parallel"))
    spec = spec_of(cards, "vocoder.upsampling")
    first, places = spec["first"], 1
    for number, level in enumerate(spec["levels"][1:], 1):
        places *= level["rate"]
        whole = vocoding.explanation[f"hifigan.stage.{number}"]["fused"][:, first * places : (first + 8) * places]
        shown = values_of(spoken, level["signal"])
        assert whole.shape[0] == level["channels"] and shown.shape[1] == whole.shape[1]
        moving = whole[int(whole.std(1).argmax())]
        np.testing.assert_allclose(shown[0], moving, rtol=1e-3, atol=1e-6)
    hop = spec["hop"]
    np.testing.assert_allclose(
        values_of(spoken, spec["wave"]), vocoding.wave[first * hop : (first + 8) * hop], rtol=1e-3, atol=1e-6
    )


def test_the_mean_of_the_blocks_is_the_last_line(spoken):
    spec = spec_of(build(spoken), "vocoder.blocks")
    assert [[b["kernel"] for b in stage["blocks"]] for stage in spec["stages"]] == [[3, 5]] * 3
    for stage in spec["stages"]:
        *blocks, mean = values_of(spoken, stage["lines"]).astype(np.float32)
        np.testing.assert_allclose(mean, sum(blocks) / len(blocks), atol=2e-3 * np.abs(blocks).max())
    heard = [one["block"] for one in spec["variants"]]
    assert heard == ["", "1.1", "1.2"]
    assert len({(spoken.sheet.folder / one["audio"]["audio"]).read_bytes() for one in spec["variants"]}) == 3


def test_zoom_ends_with_one_period_around_the_loudest_vowel(lesson):
    card = build(lesson)[0]
    spec = spec_of([card], "vocoder.zoom")
    whole, *_, last = spec["windows"]
    wave = values_of(lesson, spec["wave"])
    assert whole == {"first": 0, "samples": len(wave)} and last["samples"] == card.values["period"]
    assert [one["samples"] for one in spec["windows"]] == sorted((one["samples"] for one in spec["windows"]), reverse=True)
    assert all(0 <= one["first"] <= len(wave) - one["samples"] for one in spec["windows"])
    assert card.values["f0"] == pytest.approx(8000 / last["samples"])


def test_the_loudest_vowel_is_chosen():
    level = np.array([9, 9, 1, 2, 2, 3, 5, 6, 5, 0, 8, 1], float)  # s s a a a m m o o o o .
    durations, vowels = [2, 3, 2, 4], {"a", "o"}
    assert loudest("samo", durations, level, vowels) == Place(9, "o")  # 4.75 on average, "a" 1.67, and "s" is no vowel
    assert loudest("samo", durations, level, {"a"}) == Place(3, "a")
    assert loudest("samo", durations, level, set()) == Place(0, "")
    assert loudest("samo", [2, 0, 2, 20], level, vowels) == Place(8, "o")  # cut off by the end of the sound


def test_a_vowel_of_the_sentence_is_looked_at(lesson):
    subject = lesson.first("parallel")
    vocoding = open_vocoding(lesson, subject)
    assert subject.model.context.symbols.features[vocoding.place.token]["type"] == "vowel"
    frames = subject.spectrogram.durations[0].int().tolist()
    said = [token for token, count in zip(subject.tokens, frames, strict=True) for _ in range(count)]
    assert said[vocoding.place.frame] == vocoding.place.token


def test_rounds_are_heard_and_their_distances_are_those_of_the_search(lesson):
    vocoder = lesson.first("parallel").voice.vocoder
    card = build(lesson)[1]
    spec = spec_of([card], "vocoder.distance")
    assert [one["rounds"] for one in spec["heard"]] == [0, 1, 4, 16, 60] and card.values["own"] == vocoder.options.iterations
    distance = values_of(lesson, spec["distance"])
    mel = lesson.first("parallel").spectrogram.row(0).mel
    own = vocoder.explain(mel, changed={"griffinlim.rounds": 60})["griffinlim.phase"]["distance"]
    np.testing.assert_allclose(distance, own, rtol=1e-3)
    assert card.values["start"] == pytest.approx(100 * own[0], rel=1e-5) and card.values["end"] == pytest.approx(
        100 * own[60], rel=1e-5
    )


def test_a_cone_by_hand():
    """Kernel 3, ×2 with kernel 4, kernel 3, ×2 with kernel 4, kernel 3; sample 5.

    It sees samples 4 … 6; those come from places ⌈(4 + 1 − 3) / 2⌉ = 1 … ⌊(6 + 1) / 2⌋ = 3 of the first stage, those see
    0 … 4, which come from frames ⌈(0 + 1 − 3) / 2⌉ = −1 … ⌊(4 + 1) / 2⌋ = 2, and those see −2 … 3.
    """
    field = ReceptiveField((Layer.same(3), Layer(4, 1, rate=2), Layer.same(3), Layer(4, 1, rate=2), Layer.same(3)))
    found = cone(field, 8)
    assert found.shape == (8, 3, 2)
    assert found[5].tolist() == [[-2, 3], [1, 3], [5, 5]]
    assert all(tuple(found[s, 0]) == field.frames_of(s) for s in range(8))
    assert (found[4:, 0] == found[:4, 0] + 1).all() and (found[4:, 1] == found[:4, 1] + 2).all()  # a frame later, the same


def test_folding_and_pooling_by_hand_and_as_the_discriminators_see_it():
    wave = np.arange(12, dtype=np.float32)
    assert folded(wave, 3).tolist() == [[0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8, 11]]
    assert folded(np.arange(7), 3).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert pooled(wave, 1).tolist() == wave.tolist()
    # Two zeros before: (0 + 0 + 0 + 1) / 4, (0 + 1 + 2 + 3) / 4, (2 + 3 + 4 + 5) / 4, …, (10 + 11 + 0 + 0) / 4.
    assert pooled(wave, 2).tolist() == [0.25, 1.5, 3.5, 5.5, 7.5, 9.5, 5.25]
    given = []
    judges = [*MultiPeriodDiscriminator(1 / 32, (3,)).discriminators, MultiScaleDiscriminator(1 / 32)]
    judges[0].convs[0].register_forward_pre_hook(lambda module, arguments: given.append(arguments[0][0, 0].T))
    for one in judges[1].discriminators:
        one.register_forward_pre_hook(lambda module, arguments: given.append(arguments[0][0, 0]))
    noise = torch.randn(600, generator=torch.Generator().manual_seed(0))
    for judge in judges:
        judge(noise[None, None])
    for seen, mine in zip(given, (folded(noise.numpy(), 3), *(pooled(noise.numpy(), f) for f in (1, 2, 4))), strict=True):
        np.testing.assert_array_equal(seen.detach().numpy(), mine)


@pytest.mark.parametrize("hz", [70, 105, 210, 300])
def test_one_period_of_a_voice(hz):
    t = np.arange(22050) / 22050
    voice = sum(np.cos(2 * np.pi * k * hz * t + k) / k for k in range(1, 12))
    assert period_of(voice, 11_000, 22050) == pytest.approx(22050 / hz, abs=1)


def test_a_vocoder_that_fails_costs_the_section_and_is_named(lesson, monkeypatch):
    vocoder = lesson.first("parallel").voice.vocoder
    monkeypatch.setattr(type(vocoder), "explain", lambda self, *given: 1 / 0)
    with pytest.raises(Failed, match="ZeroDivisionError"):
        build(lesson)


def test_every_word_of_its_pictures_and_every_value_of_its_texts_is_there(lesson, spoken):
    script = files("ttskit_explain").joinpath("script", "vocoder.js").read_text(encoding="utf-8")
    wanted = {f"vocoder_{word}" for word in re.findall(r"""(?<!ui\.)say\((?:[^"()]*\? )?"(\w+)\"""", script)}
    wanted |= {f"vocoder_{word}" for word in re.findall(r"""(?<!ui\.)say\([^"()]*\? "\w+" : "(\w+)\"""", script)}
    assert {"vocoder_time_s", "vocoder_time_ms", "vocoder_zoom_says", "vocoder_rounds"} <= wanted
    cards = {card.key: card for one in (lesson, spoken) for card in build(one)}
    for language in ("es", "en"):
        texts = PageTexts(language)
        assert wanted - set(texts.parts["words"]) == set()
        for key, card in cards.items():
            entry = texts.get("cards", key)
            assert texts.inline(entry["title"], card.values) and texts.inline(entry["try"], card.values)
            assert len(texts.paragraphs(entry["text"], card.values)) == 2 and (
                "more" not in entry or texts.paragraphs(entry["more"], card.values)
            )
            assert all(texts.inline(texts.get("notes", note.key), note.values) for note in card.notes)
            assert all(texts.inline(texts.get("captions", figure.key), card.values) for figure in card.figures)
            assert all(name in equations() for name in card.equations)
    json.dumps([figure.spec for card in cards.values() for figure in card.figures])
