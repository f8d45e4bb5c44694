"""What Tacotron 2 shows of a sentence is what it spoke, and what is changed on the way changes what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.interfaces import AcousticInput, Explanation
from ttskit.testing import tiny_batch, tiny_context
from ttskit_tacotron2.config import Tacotron2Options
from ttskit_tacotron2.model import Tacotron2

_SMALL = {
    **{"embedding_channels": 16, "encoder_channels": 16, "prenet_channels": 8, "attention_lstm": 16, "decoder_lstm": 12},
    **{"attention_channels": 8, "location_channels": 4, "postnet_channels": 8, "frames_per_token": 6, "stop_threshold": 0.999},
}


def _model(**options: object) -> Tacotron2:
    torch.manual_seed(5)
    return Tacotron2(Tacotron2Options(**{**_SMALL, **options}), tiny_context()).eval()


@pytest.fixture(scope="module")
def one() -> AcousticInput:
    batch = tiny_batch(tiny_context(), lengths=(9,))
    return AcousticInput(batch.tokens, batch.token_lengths, batch.speaker)


def _explained(model: Tacotron2, one: AcousticInput, **changed: str | int | float) -> Explanation:
    changes = {key.replace("__", "."): choice for key, choice in changed.items()}
    return model.explain(one, None, [torch.Generator().manual_seed(0)], changes)


def test_the_spectrogram_is_that_of_infer_bit_for_bit(one: AcousticInput) -> None:
    model = _model()
    found = _explained(model, one)
    assert model.fast  # as it was
    near = model.infer(one, None, [torch.Generator().manual_seed(0)])
    torch.testing.assert_close(found.spectrogram.mel, near.mel, rtol=0, atol=1e-4)
    model.fast = False
    spoken = model.infer(one, None, [torch.Generator().manual_seed(0)])
    assert torch.equal(found.spectrogram.mel, spoken.mel) and torch.equal(found.spectrogram.alignment, spoken.alignment)


@pytest.mark.parametrize("lstms", [1, 2])
def test_numbers_of_each_step_fit_together(one: AcousticInput, lstms: int) -> None:
    model = _model(decoder_lstms=lstms, reduction=2)
    found = _explained(model, one)
    keys = [step.key.removeprefix("tacotron2.") for step in found.steps]
    cells = ["attention_lstm", "decoder_lstm"][:lstms]
    assert keys == ["embedding", "convolutions", "encoder", "prenet", "attention", *cells, "stop", "postnet"]
    attention = found["tacotron2.attention"]
    energies = attention["energies"]
    weights = np.exp(energies - energies.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    np.testing.assert_allclose(np.repeat(weights, 2, 0)[: len(attention["weights"])], attention["weights"], rtol=1e-4)
    lstm = found["tacotron2.attention_lstm"]
    gates, cell = lstm["gates"], lstm["cells"]
    np.testing.assert_allclose(cell[1], gates[1, 1] * cell[0] + gates[1, 0] * gates[1, 2], rtol=1e-5)
    np.testing.assert_allclose(lstm["hidden"], gates[:, 3] * np.tanh(cell), atol=1e-5)
    heard = found["tacotron2.prenet"]["heard"]
    assert not heard[0].any()  # before the first frame there is none
    frames = found["tacotron2.postnet"]["before"].T  # two a step; the second is what the next step hears
    np.testing.assert_allclose(heard[1], frames[1], atol=1e-6)
    memory = found["tacotron2.encoder"]["memory"]
    ahead = found["tacotron2.encoder"]
    np.testing.assert_allclose(memory[:, :8], ahead["ahead_gates"][:, 3] * np.tanh(ahead["ahead_cells"]), atol=1e-5)


def test_every_offered_change_changes_the_mel_and_is_undone(one: AcousticInput) -> None:
    model = _model()
    plain = _explained(model, one).spectrogram.mel
    for intervention in model.interventions():
        for choice in intervention.choices:
            mel = _explained(model, one, **{intervention.key: choice}).spectrogram.mel
            assert mel.shape != plain.shape or not torch.equal(mel, plain), (intervention.key, choice)
    assert torch.equal(_explained(model, one).spectrogram.mel, plain)


def test_a_wrong_frame_changes_what_comes_after_it_only(one: AcousticInput) -> None:
    model = _model(postnet_convolutions=1)
    plain, wrong = _explained(model, one), _explained(model, one, decoder__wrong_frame=10)
    before, after = plain["tacotron2.postnet"]["before"], wrong["tacotron2.postnet"]["before"]
    np.testing.assert_array_equal(after[:, :9], before[:, :9])
    assert not np.allclose(after[:, 9:20], before[:, 9:20])
    assert (wrong["tacotron2.prenet"]["heard"][9] == np.float32(model.silence())).all()


def test_a_silent_direction_and_attention_without_location(one: AcousticInput) -> None:
    model = _model()
    memory = _explained(model, one, encoder__direction="back")["tacotron2.encoder"]["memory"]
    assert _explained(model, one)["tacotron2.encoder"]["memory"][:, 8:].any()
    assert memory[:, :8].any() and not memory[:, 8:].any()
    bare = _explained(model, one, decoder__location="off")
    assert bare.applied == {"decoder.location": "off"}
