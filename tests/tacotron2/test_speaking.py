"""Speaking: what is kept between sentences, graphs that fail, and precisions."""

from __future__ import annotations

import copy
import io

import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.interfaces import AcousticInput
from ttskit.testing import tiny_context
from ttskit_tacotron2.config import Tacotron2Options
from ttskit_tacotron2.fast.kept import Kept
from ttskit_tacotron2.fast.speaking import speaking
from ttskit_tacotron2.model import Tacotron2

SMALL = {
    "embedding_channels": 8,
    "encoder_channels": 12,
    "encoder_convolutions": 2,
    "prenet_channels": 8,
    "attention_lstm": 16,
    "decoder_lstm": 14,
    "attention_channels": 8,
    "location_channels": 3,
    "location_kernel": 5,
    "postnet_channels": 8,
    "postnet_convolutions": 3,
    "frames_per_token": 2.0,
    "frames_floor": 12,
}


def make(**options) -> Tacotron2:
    torch.manual_seed(1)
    return Tacotron2(Tacotron2Options(**{**SMALL, **options}), tiny_context(MelConfig(bands=6), ("ana",)))


def inputs_of(lengths: tuple[int, ...], row: int | None = None) -> AcousticInput:
    """Texts of these lengths; or one of them alone, without padding."""
    size = torch.tensor(lengths)
    tokens = torch.randint(1, 8, (len(lengths), max(lengths)), generator=torch.Generator().manual_seed(3))
    tokens = tokens * (torch.arange(max(lengths)) < size[:, None])
    if row is None:
        return AcousticInput(tokens, size)
    return AcousticInput(tokens[row : row + 1, : lengths[row]], size[row : row + 1])


def generators(seeds: list[int]) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def relative(ours, exact) -> float:
    return float((ours - exact).square().mean().sqrt() / exact.std())


def test_few_layouts_are_kept_and_graphs_do_not_drive_them_out():
    decoder, kept = make().decoder, Kept()
    for rows in (1, 2, 3, 4):
        assert kept.get(decoder, ("weights", rows), lambda rows=rows: rows, 3) == rows
        kept.get(decoder, ("graph", rows), lambda: "graph", 4)
    assert list(kept.values) == [("graph", 1), *((kind, rows) for rows in (2, 3, 4) for kind in ("weights", "graph"))]


def test_weights_of_inference_mode_are_followed():
    """A model made there has weights whose changes torch does not count."""
    with torch.inference_mode():
        model = make(stop_threshold=2.0).eval()
        before = model.infer(inputs_of((5,)), generators=generators([1])).mel
        for parameter in model.parameters():
            parameter.mul_(1.5)
        after = model.infer(inputs_of((5,)), generators=generators([1])).mel
    fresh = make(stop_threshold=2.0).eval()
    fresh.load_state_dict(model.state_dict())
    assert not torch.allclose(before, after)
    assert torch.equal(after, fresh.infer(inputs_of((5,)), generators=generators([1])).mel)


def test_a_graph_that_cannot_be_recorded_is_named_and_speech_goes_on(monkeypatch):
    model, inputs = make(stop_threshold=2.0).eval(), inputs_of((5,))
    exact = model.generate(inputs, generators([1]))

    def refuse(*_):
        raise RuntimeError("operation not permitted when stream is capturing")

    def recorded(*arguments):
        state = speaking(*arguments)
        monkeypatch.setattr(torch.cuda, "device", refuse)
        with pytest.warns(UserWarning, match="step by step.*not permitted"):
            state.record(True)
        return state

    monkeypatch.setattr("ttskit_tacotron2.fast.speaking.speaking", recorded)
    assert torch.equal(model.generate(inputs, generators([1])).frames, exact.frames)


def test_weights_laid_out_are_dropped_when_the_model_learns():
    model = make(stop_threshold=2.0).eval()
    before = model.infer(inputs_of((5,)), generators=generators([1])).mel
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05, fused=True)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    after = model.infer(inputs_of((5,)), generators=generators([1])).mel
    fresh = make(stop_threshold=2.0).eval()
    fresh.load_state_dict(model.state_dict())
    assert not torch.allclose(before, after)
    assert torch.equal(after, fresh.infer(inputs_of((5,)), generators=generators([1])).mel)


def test_weights_laid_out_stay_out_of_copies_and_files():
    model = make().eval()
    model.infer(inputs_of((5,)), generators=generators([1]))
    assert model.decoder.kept.values
    other = copy.deepcopy(model)
    assert not other.decoder.kept.values
    file = io.BytesIO()
    torch.save(model, file)
    assert model.train().decoder.kept.values == {}


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_precision_is_near_fp32_and_a_batch_still_equals_single_runs(precision):
    model = make(stop_threshold=2.0).eval()
    exact = model.infer(inputs_of((7, 5, 4)), generators=generators([1, 2, 3]))
    model.use_precision(precision)
    together = model.infer(inputs_of((7, 5, 4)), generators=generators([1, 2, 3]))
    assert torch.equal(together.lengths, exact.lengths)
    assert 0 < relative(together.mel, exact.mel) < (0.01 if precision == "fp16" else 0.1)
    for row, length in enumerate((7, 5, 4)):
        alone = model.infer(inputs_of((7, 5, 4), row), generators=generators([1 + row]))
        torch.testing.assert_close(together.row(row).mel, alone.mel, rtol=0, atol=1e-4)
        assert int(alone.lengths) == int(together.lengths[row]) and alone.alignment.shape[2] == length


def test_a_result_is_never_empty():
    """All rows stop at once and the frame that stops is not kept: none in the model's own count, one in what it gives."""
    model = make(stop_threshold=1e-9, keep_stop_frame=False, rest_frames=0, reduction=2).eval()
    assert model.generate(inputs_of((5, 3)), generators([1, 2])).steps.tolist() == [0, 0]
    result = model.infer(inputs_of((5, 3)), generators=generators([1, 2]))
    assert result.lengths.tolist() == [2, 2] and result.finished.all() and result.mel.shape[2] == 2
