"""Speaking: what is kept between sentences, where rows end, and weights in fewer bytes."""

from __future__ import annotations

import copy
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.errors import UsageError
from ttskit.interfaces import AcousticInput
from ttskit.testing import tiny_context
from ttskit.testing.numerics import assert_as_near_as, rounding_bound
from ttskit_tacotron2 import weights
from ttskit_tacotron2.config import Tacotron2Options
from ttskit_tacotron2.model import Tacotron2
from ttskit_tacotron2.speaking import Kept, endings, speaking

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


def lost(precision: str, weight: torch.Tensor, x: torch.Tensor) -> float:
    """How far a product may be off (root mean square): in fewer bytes, twice what rounding to their levels makes of it.

    int8: errors are even within a step, of variance step² / 12; steps are a row's largest value over 127 for weights and
    over 63 for inputs. fp16: weights, inputs and the result, each by up to 2⁻¹¹ of itself, together about 2⁻¹¹.
    """
    weight, x = weight.double(), x.double()
    if precision == "fp32":
        return rounding_bound(x.abs() @ weight.abs().t(), x.shape[1] + 1)
    if precision == "fp16":
        return 2 * 2.0**-11 * float((x @ weight.t()).square().mean().sqrt())
    steps = (weight.abs().amax(1) / 127).square(), (x.abs().amax(1) / 63).square()
    variance = torch.outer(x.square().sum(1), steps[0]) + torch.outer(steps[1], weight.square().sum(1))
    return 2 * float((variance / 12).mean().sqrt())


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
@pytest.mark.parametrize("rows", [1, 3, 6])
def test_products_are_near_the_exact_one(precision, rows):
    torch.manual_seed(0)
    weight, bias, x = torch.randn(40, 56), torch.randn(40), torch.randn(rows, 56) * torch.rand(rows, 1).mul(5)
    x[-1] = 0.0  # before the first step the state is all zero
    out, exact = torch.empty(rows, 40), x.double() @ weight.double().t() + bias
    weights.product(weight, bias, precision, rows, (16,))(x, out)
    assert relative(out, exact) * float(exact.std()) <= lost(precision, weight, x)
    assert torch.allclose(out[-1], bias, atol=1e-3)


def test_int8_rows_do_not_depend_on_each_other():
    torch.manual_seed(0)
    weight, bias = torch.randn(40, 56), torch.zeros(40)
    x = torch.randn(5, 56) * torch.tensor([0.01, 1.0, 3.0, 100.0, 0.5])[:, None]
    run, together, alone = weights.product(weight, bias, "int8", 5), torch.empty(5, 40), torch.empty(1, 40)
    run(x, together)
    for row in range(5):
        run(x[row : row + 1], alone)
        torch.testing.assert_close(together[row : row + 1], alone, rtol=1e-6, atol=0)


def test_int8_without_quantised_tensors(monkeypatch):
    """Torch means to drop them: the other operator must then do."""
    torch.manual_seed(0)
    weight, bias, x, out = torch.randn(40, 56), torch.randn(40), torch.randn(3, 56), torch.empty(3, 40)
    try:
        weights._onednn(torch.ones(4, 4, dtype=torch.int8), torch.ones(4))(torch.ones(1, 4), torch.ones(1, 1))
    except (RuntimeError, AttributeError, NotImplementedError) as error:
        pytest.skip(f"this torch has no oneDNN int8 product: {error}")
    monkeypatch.setattr(weights, "_fbgemm", lambda *_: (_ for _ in ()).throw(RuntimeError("gone")))
    weights.product(weight, bias, "int8", 3)(x, out)
    exact = x @ weight.t() + bias
    assert relative(out, exact) * float(exact.std()) <= lost("int8", weight, x)


def test_int8_leaves_room_for_kernels_that_add_pairs_in_16_bits(monkeypatch):
    """Without AVX512-VNNI oneDNN's does so; inputs of eight bits were cut off there, and the product off by 7 %."""
    seen, real = [], getattr(getattr(torch.ops, "onednn", None), "qlinear_pointwise", None)
    if real is None:
        pytest.skip("this torch has no oneDNN int8 product")
    monkeypatch.setattr(torch.ops.onednn, "qlinear_pointwise", lambda x, *more: (seen.append(x), real(x, *more))[1])
    largest = torch.ones(2, 1)
    weights._onednn(torch.full((4, 4), 127, dtype=torch.int8), torch.ones(4))(torch.tensor([[1.0] * 4, [-1.0] * 4]), largest)
    assert 2 * 127 * int(seen[0].max()) < 2**15 and int(seen[0].min()) >= 1


def test_threads_share_int8_weights_and_nothing_else():
    torch.manual_seed(0)
    weight, bias = torch.randn(64, 512), torch.zeros(64)
    run, inputs = weights.product(weight, bias, "int8", 1), [torch.randn(1, 512) for _ in range(4)]

    def said(x: torch.Tensor) -> torch.Tensor:
        run(x, out := torch.empty(1, 64))
        return out

    alone = [said(x) for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(said, inputs * 200))
    assert all(torch.equal(out, alone[index % 4]) for index, out in enumerate(together))


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

    monkeypatch.setattr("ttskit_tacotron2.decoder.speaking", recorded)
    assert torch.equal(model.generate(inputs, generators([1])).frames, exact.frames)


def test_int8_where_there_is_none(monkeypatch):
    def none(*_):
        raise RuntimeError("no kernel")

    monkeypatch.setattr(weights, "_fbgemm", none)
    monkeypatch.setattr(weights, "_onednn", none)
    with pytest.raises(UsageError, match="int8 is not available"):
        weights.product(torch.ones(4, 4), torch.ones(4), "int8", 1)


def test_oneDNN_layout_is_not_needed(monkeypatch):
    torch.manual_seed(0)
    weight, bias, x, out = torch.randn(40, 56), torch.randn(40), torch.randn(6, 56), torch.empty(6, 40)
    monkeypatch.setattr(torch.ops, "mkldnn", object())
    weights.product(weight, bias, "fp32", 6)(x, out)
    assert_as_near_as(out, x @ weight.t() + bias, x.double() @ weight.double().t() + bias.double())


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


def gates(*steps: int, size: int = 10) -> torch.Tensor:
    """Logits that fire at one step of each row."""
    value = torch.full((len(steps), size), -9.0)
    for row, step in enumerate(steps):
        if step < size:
            value[row, step] = 9.0
    return value


def ends(logits, peaks, caps, keep=True, rest=4):
    options = Tacotron2Options(keep_stop_frame=keep)
    last = torch.full((len(logits),), 6)
    steps, finished, ended = endings(logits, peaks, torch.tensor(caps), last, rest, options)
    return steps.tolist(), finished.tolist(), ended.tolist()


def test_rows_end_by_their_gate_their_cap_or_not_yet():
    peaks = torch.zeros(4, 10, dtype=torch.long)
    assert ends(gates(3, 0, 99, 8), peaks, [9, 9, 5, 6]) == ([4, 1, 5, 6], [True, True, False, False], [3, 0, 4, 5])
    finished = [True, True, False, False]
    assert ends(gates(3, 0, 99, 8), peaks, [9, 9, 50, 6], keep=False) == ([3, 0, 50, 6], finished, [3, 0, 49, 5])


def test_a_result_is_never_empty():
    """All rows stop at once and the frame that stops is not kept: none in the model's own count, one in what it gives."""
    model = make(stop_threshold=1e-9, keep_stop_frame=False, rest_frames=0, reduction=2).eval()
    assert model.generate(inputs_of((5, 3)), generators([1, 2])).steps.tolist() == [0, 0]
    result = model.infer(inputs_of((5, 3)), generators=generators([1, 2]))
    assert result.lengths.tolist() == [2, 2] and result.finished.all() and result.mel.shape[2] == 2


def test_rows_end_after_resting_on_the_last_token_without_a_break():
    peaks = torch.tensor([[0, 6, 6, 6, 5, 6, 6, 6, 6, 6], [6] * 10])
    assert ends(gates(99, 99), peaks, [50, 50]) == ([9, 4], [True, True], [8, 3])
    assert ends(gates(99, 99), peaks, [50, 50], keep=False)[0] == [9, 4]  # nothing fired, so there is no frame to leave out
