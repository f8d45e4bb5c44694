"""Distances, convolutions, schedules, LAMB and checkpoint names, against values worked out another way."""

from __future__ import annotations

import math

import pytest
import torch

from ttskit.errors import CheckpointError
from ttskit.interfaces import TrainState
from ttskit.nn import beta_binomial_prior, interpolated_beta_binomial_prior
from ttskit_fastpitch.aligner import prior_matrix, squared_distances
from ttskit_fastpitch.checkpoints import from_dle, from_nemo
from ttskit_fastpitch.config import FastPitchOptions, LossOptions, OptimizerOptions, PriorOptions
from ttskit_fastpitch.lamb import Lamb
from ttskit_fastpitch.layers import Conv
from ttskit_fastpitch.loss import binarization_weight
from ttskit_fastpitch.optimizer import schedule


def test_the_prior_is_of_the_form_that_the_options_name():
    tokens, frames = torch.tensor([7, 3]), torch.tensor([20, 31])
    exact = prior_matrix(tokens, frames, PriorOptions(support="dropped"), (40, 9))
    assert torch.equal(exact, beta_binomial_prior(tokens, frames, (40, 9), "dropped"))
    options = PriorOptions(form="interpolated", round_frames=8, round_tokens=4)
    expected = interpolated_beta_binomial_prior(tokens, frames, None, "full", round_frames=8, round_tokens=4)
    assert torch.equal(prior_matrix(tokens, frames, options), expected)


def test_distances_are_those_between_every_frame_and_token():
    a, b = (torch.randn(2, size, 3, dtype=torch.float64) for size in (4, 5))
    expected = (a[:, :, None] - b[:, None]).square().sum(3)
    torch.testing.assert_close(squared_distances(a, b), expected)


@pytest.mark.parametrize(("kernel", "length"), [(1, 7), (3, 7), (5, 7), (3, 1), (5, 1), (5, 2), (7, 2)])
def test_convolution_is_the_usual_one(kernel: int, length: int):
    layer, x = Conv(4, 6, kernel), torch.randn(2, length, 4, requires_grad=True)
    usual = torch.nn.functional.conv1d(x.transpose(1, 2), layer.weight, layer.bias, padding=kernel // 2).transpose(1, 2)
    torch.testing.assert_close(layer(x), usual, rtol=1e-5, atol=1e-5)
    gradient = torch.randn_like(usual)
    for ours, theirs in zip(
        torch.autograd.grad(layer(x), (x, layer.weight), gradient),
        torch.autograd.grad(usual, (x, layer.weight), gradient),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_published_learning_rate():
    factor = schedule(OptimizerOptions(schedule="noam", warmup=1000, learning_rate=0.1))
    assert factor(TrainState(999, 0, 5000)) == pytest.approx(1000**-0.5)
    assert factor(TrainState(99, 0, 5000)) == pytest.approx(100 / 1000**1.5)
    assert factor(TrainState(3999, 0, 5000)) == pytest.approx(4000**-0.5)
    cosine = schedule(OptimizerOptions(warmup=0.1, final_factor=0.1))
    assert cosine(TrainState(9, 0, 100)) == 1.0 and cosine(TrainState(99, 0, 100)) == pytest.approx(0.1)


def test_binarisation_ramp():
    by_epoch = LossOptions(binarization_unit="epochs", binarization_start=0, binarization_ramp=100)
    assert binarization_weight(by_epoch, TrainState(0, 29, 1)) == pytest.approx(0.3)
    by_progress = LossOptions(binarization_start=0.2, binarization_ramp=0.2, binarization=0.5)
    weights = [binarization_weight(by_progress, TrainState(step, 0, 10)) for step in (0, 2, 3, 4, 9)]
    assert weights == pytest.approx([0, 0, 0.25, 0.5, 0.5])


def test_lamb_first_step_by_hand():
    weight = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
    weight.grad = torch.tensor([0.1, -0.2])
    Lamb([weight], lr=0.01, eps=0.0, weight_decay=0.1).step()
    direction = torch.tensor([1.0 + 0.3, -1.0 + 0.4])  # bias-corrected moments of a first step give the sign
    expected = torch.tensor([3.0, 4.0]) - 0.01 * 5.0 / direction.norm() * direction
    torch.testing.assert_close(weight.detach(), expected)


def test_lamb_resumes_from_its_state():
    torch.manual_seed(0)
    runs = []
    for split in (False, True):
        weight = torch.nn.Parameter(torch.arange(1.0, 4.0))
        optimizer = Lamb([weight], lr=0.1)
        for step in range(4):
            if split and step == 2:
                saved = optimizer.state_dict()
                optimizer = Lamb([weight], lr=0.1)
                optimizer.load_state_dict(saved)
            weight.grad = weight.detach().sin() + step
            optimizer.step()
        runs.append(weight.detach().clone())
    assert torch.equal(*runs)


def test_checkpoint_names():
    one = torch.ones(1)
    taken = from_dle(
        {
            "module.encoder.word_emb.weight": one,
            "module.decoder.layers.3.pos_ff.CoreNet.2.bias": one,
            "module.attention.attn_proj.bias": one,
            "module.pitch_mean": one,
        }
    )
    assert set(taken.state) == {"embedding.weight", "decoder.blocks.3.feed_forward.contract.bias"}
    assert set(taken.ignored) == {"attention.attn_proj.bias", "pitch_mean"}
    twice = from_nemo(
        {
            "fastpitch.encoder.word_emb.weight": one,
            "aligner.key_proj.2.conv.bias": one,
            "fastpitch.aligner.key_proj.2.conv.bias": one,
            "preprocessor.featurizer.fb": one,
        }
    )
    assert set(twice.state) == {"embedding.weight", "aligner.key.1.bias"}
    with pytest.raises(CheckpointError, match="not a FastPitch checkpoint"):
        from_dle({"decoder.attention_rnn.weight_ih": one})


def test_options_are_checked():
    with pytest.raises(ValueError, match="odd"):
        FastPitchOptions(encoder={"kernel": 4})
    with pytest.raises(ValueError, match="as many sines"):
        FastPitchOptions(channels=33)
    with pytest.raises(ValueError, match="chanels"):
        FastPitchOptions(chanels=3)
    assert math.isclose(FastPitchOptions().loss.duration, 0.1)
