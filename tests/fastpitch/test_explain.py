"""What FastPitch shows of a sentence is what it spoke, and what is changed on the way changes what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.errors import InputError
from ttskit.interfaces import AcousticInput
from ttskit.nn import sinusoidal_positions
from ttskit.testing import tiny_batch, tiny_context
from ttskit_fastpitch.config import FastPitchOptions
from ttskit_fastpitch.model import FastPitch

_STACK = {"layers": 2, "heads": 2, "head_channels": 8, "filter_channels": 32}


def _model(block: str = "transformer", speakers: tuple[str, ...] = ("ana",), **stack: object) -> FastPitch:
    torch.manual_seed(3)
    small = {"filter_channels": 16}
    options = FastPitchOptions(
        channels=16,
        encoder=_STACK | stack,
        decoder=_STACK | stack,
        duration_predictor=small,
        pitch_predictor=small,
        block=block,
    )
    model = FastPitch(options, tiny_context(speakers=speakers)).eval()
    torch.nn.init.constant_(model.duration_predictor.out.bias, 1.5)  # some frames for each token
    return model


@pytest.fixture(scope="module")
def one() -> AcousticInput:
    batch = tiny_batch(tiny_context(), lengths=(9,))
    return AcousticInput(batch.tokens, batch.token_lengths, torch.zeros(1, dtype=torch.int64))


@pytest.mark.parametrize("block", ["transformer", "lstm"])
def test_the_spectrogram_is_that_of_infer_bit_for_bit(one: AcousticInput, block: str) -> None:
    model = _model(block)
    spoken, explained = model.infer(one), model.explain(one)
    assert torch.equal(spoken.mel, explained.spectrogram.mel)
    assert torch.equal(spoken.durations, explained.spectrogram.durations)
    np.testing.assert_array_equal(explained["fastpitch.projection"]["mel"], spoken.mel[0])


def test_eight_steps_in_their_order(one: AcousticInput) -> None:
    keys = [step.key.removeprefix("fastpitch.") for step in _model().explain(one).steps]
    assert keys == [
        *("embedding", "encoder.positions", "encoder.1", "encoder.2", "pitch", "energy", "duration"),
        *("decoder.positions", "decoder.1", "decoder.2", "projection", "aligner"),
    ]


def test_numbers_of_each_step_fit_together(one: AcousticInput) -> None:
    model = _model()
    found = model.explain(one)
    vectors = found["fastpitch.embedding"]["vectors"]
    np.testing.assert_array_equal(vectors, model.embedding.weight.detach()[one.tokens[0]])
    positions = found["fastpitch.encoder.positions"]
    np.testing.assert_array_equal(positions["positions"], sinusoidal_positions(9, 16))
    np.testing.assert_allclose(positions["sum"], vectors + positions["positions"], rtol=1e-6)
    layer = found["fastpitch.encoder.1"]
    weights = layer["weights"]
    assert weights.shape == (2, 9, 9)
    np.testing.assert_allclose(weights.sum(-1), 1.0, rtol=1e-5)
    norm = model.encoder.blocks[0].attention.norm
    stream = norm(torch.from_numpy(layer["in"] + layer["attention_adds"])).detach()
    np.testing.assert_allclose(layer["after_attention"], stream, atol=1e-5)
    frames = found["fastpitch.duration"]["frames"]
    assert frames.sum() == len(found["fastpitch.duration"]["regulated"]) == found.spectrogram.mel.shape[2]
    soft = found["fastpitch.aligner"]["soft"]
    assert soft.shape == (found.spectrogram.mel.shape[2], 9) and found["fastpitch.aligner"]["hard"].sum() == soft.shape[0]


def test_a_speakers_vector_stands_beside_the_symbols(one: AcousticInput) -> None:
    model = _model(speakers=("ana", "beto"))
    found = model.explain(one)
    voice = found["fastpitch.embedding"]["speaker"]
    np.testing.assert_allclose(voice, model.speaker_embedding.weight.detach()[0] * model.options.speaker.weight)
    positions = found["fastpitch.encoder.positions"]
    np.testing.assert_allclose(
        positions["sum"], found["fastpitch.embedding"]["vectors"] + positions["positions"] + voice, atol=1e-6
    )


def test_every_offered_change_changes_the_mel_and_is_undone(one: AcousticInput) -> None:
    model = _model()
    plain = model.infer(one).mel
    offered = model.interventions()
    assert [i.key for i in offered] == [
        f"{side}.{what}" for side in ("encoder", "decoder") for what in ("positions", "unscaled", "head_off")
    ]
    for intervention in offered:
        for choice in intervention.choices:
            changed = model.explain(one, changed={intervention.key: choice})
            assert changed.applied == {intervention.key: choice}
            mel = changed.spectrogram.mel
            assert mel.shape != plain.shape or not torch.equal(mel, plain), (intervention.key, choice)
    assert torch.equal(model.infer(one).mel, plain)


def test_what_the_changes_do(one: AcousticInput) -> None:
    model = _model()
    plain, layer = model.explain(one), "fastpitch.encoder.1"
    off = model.explain(one, changed={"encoder.head_off": "1.2"})[layer]
    width, out = 8, model.encoder.blocks[0].attention.out.weight.detach()
    v, weights = plain[layer]["v"], plain[layer]["weights"]
    np.testing.assert_allclose(off["attention_adds"], (weights[0] @ v[0]) @ out[:, :width].numpy().T, atol=1e-5)
    unscaled = model.explain(one, changed={"encoder.unscaled": "all layers"})[layer]
    scores = np.einsum("hqd,hkd->hqk", plain[layer]["q"], plain[layer]["k"])
    expected = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    np.testing.assert_allclose(unscaled["weights"], expected, rtol=1e-4)
    bare = model.explain(one, changed={"encoder.positions": "removed"})["fastpitch.encoder.positions"]
    np.testing.assert_allclose(bare["sum"], plain["fastpitch.embedding"]["vectors"], atol=1e-6)


def test_an_lstm_shows_gates_instead(one: AcousticInput) -> None:
    found = _model("lstm").explain(one)["fastpitch.encoder.1"]
    gates, cells = found["ahead_gates"], found["ahead_cells"]
    assert gates.shape[:2] == (9, 4)
    np.testing.assert_allclose(cells[1], gates[1, 1] * cells[0] + gates[1, 0] * gates[1, 2], rtol=1e-5)


def test_what_cannot_be_explained(one: AcousticInput) -> None:
    model = _model()
    two = tiny_batch(tiny_context(), lengths=(9, 6))
    with pytest.raises(InputError, match="one sentence"):
        model.explain(AcousticInput(two.tokens, two.token_lengths, two.speaker))
    with pytest.raises(InputError, match=r"no intervention 'encoder\.nothing'"):
        model.explain(one, changed={"encoder.nothing": 1})
    with pytest.raises(InputError, match=r"cannot be '9\.9'"):
        model.explain(one, changed={"encoder.head_off": "9.9"})


def test_a_model_without_positions_has_none_to_show_or_to_take_away(one: AcousticInput) -> None:
    model = _model(positions="none")
    found = model.explain(one)
    assert torch.equal(found.spectrogram.mel, model.infer(one).mel)
    assert [step.key for step in found.steps if "positions" in step.key] == []
    assert [key.key for key in model.interventions() if "positions" in key.key] == []
    np.testing.assert_array_equal(found["fastpitch.encoder.1"]["in"], found["fastpitch.embedding"]["vectors"])
