"""What Transformer-TTS shows of a sentence is what it spoke, and what is changed on the way changes what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.interfaces import AcousticInput, Explanation
from ttskit.testing import tiny_batch, tiny_context
from ttskit_transformertts.config import TransformerTTSOptions
from ttskit_transformertts.model import TransformerTTS

_STACK = {"layers": 2, "heads": 2, "filter_channels": 16}
_SMALL = {
    **{"channels": 16, "encoder": _STACK, "decoder": _STACK, "embedding_channels": 16, "encoder_prenet_channels": 16},
    **{"prenet_channels": 8, "postnet_channels": 8, "frames_per_token": 4, "stop_threshold": 0.999, "end_token": True},
}


def _model(**options: object) -> TransformerTTS:
    torch.manual_seed(5)
    return TransformerTTS(TransformerTTSOptions(**{**_SMALL, **options}), tiny_context()).eval()


@pytest.fixture(scope="module")
def one() -> AcousticInput:
    batch = tiny_batch(tiny_context(), lengths=(9,))
    return AcousticInput(batch.tokens, batch.token_lengths, batch.speaker)


def _noise() -> list[torch.Generator]:
    return [torch.Generator().manual_seed(0)]


def _explained(model: TransformerTTS, one: AcousticInput, changed: dict[str, str | int] | None = None) -> Explanation:
    return model.explain(one, None, _noise(), changed)


@pytest.mark.parametrize("fast", [True, False])
def test_the_spectrogram_is_that_of_infer_bit_for_bit(one: AcousticInput, fast: bool) -> None:
    model = _model()
    model.fast = fast
    found, spoken = _explained(model, one), model.infer(one, None, _noise())
    assert torch.equal(found.spectrogram.mel, spoken.mel) and torch.equal(found.spectrogram.alignment, spoken.alignment)
    assert model.fast is fast


def test_kept_keys_and_values_show_what_reading_all_again_shows(one: AcousticInput) -> None:
    model = _model(reduction=2)
    kept = _explained(model, one)
    model.fast = False
    again = _explained(model, one)
    for a, b in zip(kept.steps, again.steps, strict=True):
        for x, y in zip(a.tensors, b.tensors, strict=True):
            np.testing.assert_allclose(x.values, y.values, atol=2e-4, err_msg=f"{a.key}.{x.key}")


def test_numbers_of_each_step_fit_together(one: AcousticInput) -> None:
    model = _model(reduction=2)
    found = _explained(model, one)
    steps = found.spectrogram.mel.shape[2] // 2
    block = found["transformertts.decoder.1"]
    weights, reads = block["weights"], block["reads"]
    assert weights.shape == (2, steps, steps) and reads.shape == (2, steps, 10)  # nine tokens and the end
    assert not np.triu(weights, 1).any()  # no step looks at a later one
    np.testing.assert_allclose(weights.sum(2), 1, rtol=1e-5)
    np.testing.assert_allclose(reads.sum(2), 1, rtol=1e-5)
    mixed = np.einsum("hqk,hkd->qhd", weights, block["v"]).reshape(steps, 16)
    out = model.decoder.blocks[0].attention.out
    np.testing.assert_allclose(
        block["attention_adds"], mixed @ out.weight.detach().numpy().T + out.bias.detach().numpy(), atol=1e-4
    )
    heard, before = found["transformertts.prenet"]["heard"], found["transformertts.postnet"]["before"]
    assert not heard[0].any()
    np.testing.assert_allclose(heard[1:], before.T[1::2][: steps - 1], atol=1e-6)
    places = found["transformertts.decoder.positions"]
    np.testing.assert_allclose(places["positions"][0, :4], [0, 1, 0, 1], atol=1e-6)  # sine and cosine of 0 take turns


def test_changes_change_the_mel_and_are_undone(one: AcousticInput) -> None:
    model = _model()
    plain = _explained(model, one).spectrogram.mel
    alphas = model.decoder.positions.alpha.item(), model.encoder.positions.alpha.item()
    for intervention in model.interventions():
        mel = _explained(model, one, {intervention.key: intervention.choices[0]}).spectrogram.mel
        assert mel.shape != plain.shape or not torch.equal(mel, plain), intervention.key
    assert torch.equal(_explained(model, one).spectrogram.mel, plain)
    assert (model.decoder.positions.alpha.item(), model.encoder.positions.alpha.item()) == alphas


def test_what_the_changes_do(one: AcousticInput) -> None:
    model = _model()
    unmasked = _explained(model, one, {"decoder.mask": "off"})["transformertts.decoder.1"]["weights"]
    assert np.triu(unmasked, 1).any()
    bare = _explained(model, one, {"decoder.positions": "removed"})["transformertts.decoder.positions"]
    assert not bare["positions"].any()
    plain = _explained(model, one)["transformertts.prenet"]["heard"]
    for fast in (True, False):
        model.fast = fast
        told = _explained(model, one, {"decoder.wrong_frame": 5})["transformertts.prenet"]["heard"]
        silence = (model.silence() - model.mel_mean) / model.mel_std
        np.testing.assert_allclose(told[4], silence)
        np.testing.assert_allclose(told[:4], plain[:4], atol=1e-4)
        assert not np.allclose(told[5], plain[5])
