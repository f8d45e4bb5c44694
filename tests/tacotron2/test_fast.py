"""What runs is what is written: the kernels of `fast/` against the decoder's step, values and gradients.

In double precision both must agree to rounding, so that no fault can hide in it; in single precision the kernels may be as
far from the double-precision truth as the equations themselves are.
"""

from __future__ import annotations

import copy
import inspect

import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.interfaces import AcousticInput, TrainState
from ttskit.nn import AttentionKeys, dropout_factors, duration_attention, length_mask, log_beta_binomial_prior
from ttskit.testing import tiny_batch, tiny_context
from ttskit.testing.numerics import rounding_bound
from ttskit_tacotron2.config import Tacotron2Options
from ttskit_tacotron2.decoder import Decoder
from ttskit_tacotron2.fast import speaking, training
from ttskit_tacotron2.model import Tacotron2

BANDS = 6
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
    "stop_threshold": 0.498,
}
VARIANTS = {
    "as published": {},
    "one LSTM": {"decoder_lstms": 1, "reduction": 2},
    "a schedule": {"reduction": 2, "reduction_schedule": [[3, 0.5]], "prenet_input": "last"},
}
CONTEXT = tiny_context(MelConfig(bands=BANDS), ("ana", "beto"))
LENGTHS = torch.tensor([7, 5, 4])


def make(**options) -> Tacotron2:
    torch.manual_seed(1)
    model = Tacotron2(Tacotron2Options(**{**SMALL, **options}), CONTEXT)
    with torch.no_grad():  # spread attention and gates, so that a term left out is seen
        for name, parameter in model.decoder.named_parameters():
            if "attention." in name or "gate" in name:
                parameter.mul_(2.0)
    return model


def seeds() -> list[torch.Generator]:
    return [torch.Generator().manual_seed(row) for row in range(3)]


def leaves_of(decoder: Decoder, memory: torch.Tensor) -> list[torch.Tensor]:
    return [memory, *decoder.parameters()]


def taught(decoder: Decoder, teach, memory: torch.Tensor, aids: bool):
    """A pass with everything that can stand around a step, or nothing; and its gradients under a fixed random loss."""
    steps, random = 9, torch.Generator().manual_seed(5)
    mask = length_mask(LENGTHS, memory.shape[1]) if aids else None
    texts = decoder.attention.keys(memory, mask)
    wide = BANDS * (1 if decoder.options.prenet_input == "last" else decoder.reduction)
    previous = torch.randn(3, steps, wide, generator=random).to(memory)
    torch.manual_seed(3)
    more = ()
    if aids:
        options = decoder.options
        factors = dropout_factors((3, steps, options.prenet_layers, options.prenet_channels), 0.5, memory)
        durations = torch.tensor([[1, 2, 1, 1, 2, 1, 1], [2, 2, 1, 3, 1, 0, 0], [3, 2, 2, 2, 0, 0, 0]])
        prior = log_beta_binomial_prior(LENGTHS, torch.tensor([steps] * 3), (steps, memory.shape[1])).to(memory)
        more = factors, duration_attention(durations, steps).to(memory), 0.3, prior
    done = teach(texts, previous, *(more or (None,)))
    energies = torch.log_softmax(done.energies, 2)
    if mask is not None:
        energies = energies.masked_fill(~mask[:, None], 0.0)
    values = (done.frames, done.gate, energies, done.weights)
    loss = sum((value * torch.randn(value.shape, generator=random).to(memory)).sum() for value in values)
    return values, torch.autograd.grad(loss, leaves_of(decoder, memory))


@pytest.mark.parametrize("aids", [True, False], ids=["aids", "bare"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_training_is_the_step_looped_values_and_gradients(variant: str, aids: bool):
    decoder = make(**VARIANTS[variant]).decoder.double().train(aids)  # with the aids go all dropouts
    memory = torch.randn(3, 7, 12, generator=torch.Generator().manual_seed(2)).double()
    if aids:
        memory = memory * length_mask(LENGTHS)[:, :, None]
    memory.requires_grad_()
    read, slopes = taught(decoder, decoder.teach, memory, aids)
    fast, fast_slopes = taught(decoder, lambda *given: training.teach(decoder, *given), memory, aids)
    for one, other in zip((*read, *slopes), (*fast, *fast_slopes), strict=True):
        assert float(one.detach().abs().max()) > 0
        torch.testing.assert_close(other, one, rtol=1e-9, atol=1e-11)


def apart(ours, truth) -> float:
    return max(float((a.double() - b).abs().max() / b.abs().max()) for a, b in zip(ours, truth, strict=True))


@pytest.mark.parametrize("variant", VARIANTS)
def test_training_in_single_precision_is_as_near_the_truth_as_the_equations(variant: str):
    decoder = make(**VARIANTS[variant]).decoder.eval()
    exact = copy.deepcopy(decoder).double()
    memory = torch.randn(3, 7, 12, generator=torch.Generator().manual_seed(2))

    def run(decoder, teach, memory):
        values, slopes = taught(decoder, teach, memory.requires_grad_(), False)
        return [value.detach() for value in (*values, *slopes)]

    truth = run(exact, exact.teach, memory.double())
    read = apart(run(decoder, decoder.teach, memory.clone()), truth)
    fast = apart(run(decoder, lambda *given: training.teach(decoder, *given), memory.clone()), truth)
    assert fast < 4 * max(read, 2**-23)  # both are rounding in another order


@pytest.mark.parametrize("monotonic", ["none", "window", "forward"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_speaking_is_the_step_looped(variant: str, monotonic: str):
    """In double precision: the same steps, stops and attention, with seeded dropout, rows of different lengths."""
    model = make(**VARIANTS[variant], monotonic=monotonic).double().eval()
    batch = tiny_batch(CONTEXT, tuple(LENGTHS.tolist()))
    inputs = AcousticInput(batch.tokens, batch.token_lengths, batch.speaker)
    with torch.inference_mode():
        texts = model.encode(inputs.tokens, inputs.lengths, inputs.speaker)
        read = model.decoder.speak(texts, inputs.lengths, seeds())
        fast = speaking.speak(model.decoder, texts, inputs.lengths, seeds())
    assert torch.equal(fast.steps, read.steps) and torch.equal(fast.finished, read.finished)
    for name in ("frames", "gate", "weights"):
        torch.testing.assert_close(getattr(fast, name), getattr(read, name), rtol=0, atol=1e-10)


def rounded(weight: torch.Tensor, precision: str, splits: tuple[int, ...] = ()) -> torch.Tensor:
    """A weight as `precision` holds it: fp16, or int8 with a scale per output channel and part of the input."""
    if precision == "fp16":
        return weight.half().to(weight)
    parts = weight.tensor_split(splits, 1)
    scales = [part.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127 for part in parts]
    return torch.cat([(part / scale).round() * scale for part, scale in zip(parts, scales, strict=True)], 1)


def with_rounded_weights(decoder: Decoder, precision: str) -> Decoder:
    """The readable decoder in double precision, its recurrent weights rounded as `weights.py` says."""
    decoder = copy.deepcopy(decoder).double()
    if precision == "fp32":
        return decoder
    width = decoder.options.prenet_channels
    with torch.no_grad():
        for lstm, splits in ((decoder.attention_lstm, (width,)), (decoder.decoder_lstm, ())):
            ih, hidden = lstm.weight_ih, lstm.weight_hh.shape[1]
            # laid out as the kernel sees it: [prenet | hidden, context], and [hidden, context, own hidden]
            cut = splits[0] if splits else ih.shape[1]
            whole = torch.cat([ih[:, :cut], lstm.weight_hh, ih[:, cut:]], 1)
            whole = rounded(whole, precision, splits)
            ih.copy_(torch.cat([whole[:, :cut], whole[:, cut + hidden :]], 1))
            lstm.weight_hh.copy_(whole[:, cut : cut + hidden])
    return decoder


# What is left beside rounded weights is the rounding of the LSTMs' inputs: to 2⁻¹¹ of each in fp16, and of sums; to 1/63 of a
# row's largest in int8 (FBGEMM, on older processors, leaves a bit out). The frames may be off by a few of these.
# fp32 has rounding alone, which the equations in fp32 have as well.
LEFT = {"fp32": 0.0, "fp16": 4 * 2**-11, "int8": 4 / 63}


@pytest.mark.parametrize("precision", LEFT)
@pytest.mark.parametrize("rows", [1, 3, 6])
def test_speaking_in_each_precision_is_the_step_with_weights_of_that_precision(precision: str, rows: int):
    model = make(stop_threshold=2.0, rest_frames=0).eval()
    batch = tiny_batch(CONTEXT, (9, 7, 6, 5, 4, 3)[:rows])

    def noise() -> list[torch.Generator]:
        return [torch.Generator().manual_seed(row) for row in range(rows)]

    with torch.inference_mode():
        texts = model.encode(batch.tokens, batch.token_lengths, batch.speaker)
        double = AttentionKeys(texts.memory.double(), texts.keys.double(), texts.padding)
        read = with_rounded_weights(model.decoder, precision).speak(double, batch.token_lengths, noise())
        fast = speaking.speak(model.decoder, texts, batch.token_lengths, noise(), precision)
        equations = with_rounded_weights(model.decoder, precision).float().speak(texts, batch.token_lengths, noise())
    assert torch.equal(fast.steps, read.steps)
    few = precision != "fp16" or rows <= 4  # beyond, fp16 has fp32's products of the rounded weights
    for part in (lambda said: torch.cat([said.frames, said.gate[:, :, None]], 2), lambda said: said.weights):
        truth = part(read)
        off, single = (float((part(said) - truth).norm() / truth.norm()) for said in (fast, equations))
        assert off < (LEFT[precision] if LEFT[precision] and few else max(4 * single, 2**-21))


@pytest.mark.parametrize("options", [{}, {"reduction": 2, "frame_dropout": 0.3, "frame_dropout_with": "own"}])
def test_a_whole_training_step_is_the_same_read_and_fast(options: dict):
    """Losses and gradients of the model, dropout and all: both ways draw the same noise."""
    batch, found = tiny_batch(CONTEXT), {}
    for fast in (False, True):
        model = make(**options).train()
        model.fast = fast
        torch.manual_seed(4)

        def optimize(_, losses, fast=fast, model=model):
            losses.total.backward()
            means = {name: term.mean.detach() for name, term in losses.terms.items()}
            found[fast] = means | {name: p.grad for name, p in model.named_parameters()}

        model.training_step(batch, TrainState(5, 0, 10), optimize)
    assert found[False].keys() == found[True].keys()
    largest = max(float(value.abs().max()) for value in found[False].values())
    for name, value in found[False].items():
        # A gradient that is nearly nothing is left over of sums of the others' size, and is as exact as they are.
        near = max(2e-5 * float(value.abs().max()), rounding_bound(largest, 16))
        torch.testing.assert_close(found[True][name], value, rtol=0, atol=near, msg=name)


def test_the_model_speaks_alike_either_way(monkeypatch):
    """`fast = False` goes through the equations, from text to mel, in single precision."""
    model, batch = make(reduction=2).eval(), tiny_batch(CONTEXT)
    inputs = AcousticInput(batch.tokens, batch.token_lengths, batch.speaker)
    fast = model.infer(inputs, generators=seeds())
    monkeypatch.setattr(speaking, "speak", None)
    model.fast = False
    read = model.infer(inputs, generators=seeds())
    assert torch.equal(fast.lengths, read.lengths) and torch.equal(fast.finished, read.finished)
    torch.testing.assert_close(fast.mel, read.mel, rtol=0, atol=1e-4)  # the conformance kit's bound for sums in another order


def test_teach_and_speak_are_called_alike():
    """The fast ones take what the readable ones take, in the same order; speaking a precision besides."""
    for fast, read in ((training.teach, Decoder.teach), (speaking.speak, Decoder.speak)):
        names = list(inspect.signature(read).parameters)[1:]
        assert list(inspect.signature(fast).parameters)[1 : len(names) + 1] == names


def test_a_step_reads_in_some_forty_lines():
    """Shen et al. 2018, section 2.2, on one page."""
    assert len(inspect.getsource(Decoder.step).splitlines()) <= 45
