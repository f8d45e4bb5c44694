"""Alignment search, priors, schedules, LAMB and checkpoint names, against values worked out another way."""

from __future__ import annotations

import itertools
import math
from functools import partial

import pytest
import torch

from ttskit.errors import CheckpointError
from ttskit.interfaces import TrainState
from ttskit.nn import apply_dropout, forward_sum_loss, monotonic_durations, regulate, token_means, token_of_frame, whole_frames
from ttskit.nn.alignment import _search_torch
from ttskit_fastpitch.aligner import prior_matrix, squared_distances
from ttskit_fastpitch.checkpoints import from_dle, from_nemo
from ttskit_fastpitch.config import FastPitchOptions, LossOptions, OptimizerOptions, PriorOptions
from ttskit_fastpitch.lamb import Lamb
from ttskit_fastpitch.layers import Conv
from ttskit_fastpitch.loss import binarization_weight
from ttskit_fastpitch.optimizer import schedule


def every_path(tokens: int, frames: int):
    """All ways to give each token at least one frame."""
    for cuts in itertools.combinations(range(1, frames), tokens - 1):
        yield [b - a for a, b in itertools.pairwise((0, *cuts, frames))]


def score(logs: torch.Tensor, path: list[int]) -> torch.Tensor:
    """Sum of log scores (T, N) along a path of frames per token."""
    tokens = torch.repeat_interleave(torch.arange(len(path)), torch.tensor(path))
    return logs[torch.arange(len(tokens)), tokens].sum()


def test_search_finds_the_best_of_all_paths():
    scores = torch.randn(5, 9, 5, generator=torch.Generator().manual_seed(0))
    tokens, frames = torch.tensor([5, 4, 3, 1, 2]), torch.tensor([9, 9, 7, 4, 2])
    padded = scores.masked_fill(torch.arange(5)[None, None] >= tokens[:, None, None], float("-inf"))
    found = monotonic_durations(padded, tokens, frames)
    for row, (n, t) in enumerate(zip(tokens.tolist(), frames.tolist(), strict=True)):
        best = max(every_path(n, t), key=partial(score, scores[row]))
        assert found[row].tolist() == best + [0] * (5 - n)


def test_search_is_the_same_on_both_backends():
    scores = torch.randn(4, 30, 11, generator=torch.Generator().manual_seed(1)).round()  # rounded: many ties
    tokens, frames = torch.tensor([11, 9, 4, 1]), torch.tensor([30, 28, 30, 12])
    path = _search_torch(scores, tokens, frames, False, False)
    real = torch.arange(30)[None] < frames[:, None]
    counts = torch.zeros(4, 11, dtype=torch.int64).scatter_add_(1, path, real.long())
    assert torch.equal(counts, monotonic_durations(scores, tokens, frames))


def test_fewer_frames_than_tokens_still_sums_to_the_frames():
    durations = monotonic_durations(torch.zeros(1, 3, 5), torch.tensor([5]), torch.tensor([3]))
    assert int(durations.sum()) == 3


def test_forward_sum_is_the_sum_over_all_paths():
    scores = torch.randn(1, 6, 3, generator=torch.Generator().manual_seed(2))
    # With a very unlikely blank only the paths without it count.
    value = forward_sum_loss(scores, torch.tensor([3]), torch.tensor([6]), blank=-60.0)
    logs = scores.log_softmax(2)[0]
    sums = [score(logs, path) for path in every_path(3, 6)]
    assert float(value) == pytest.approx(-float(torch.stack(sums).logsumexp(0)) / 3, rel=1e-5)


@pytest.mark.parametrize("form", ["exact", "interpolated"])
def test_a_prior_in_a_batch_is_the_prior_alone(form: str):
    options = PriorOptions(form=form)
    batch = prior_matrix(torch.tensor([7, 3, 1]), torch.tensor([20, 31, 1]), options, (40, 9))
    for row, (n, t) in enumerate(((7, 20), (3, 31), (1, 1))):
        alone = prior_matrix(torch.tensor([n]), torch.tensor([t]), options)
        torch.testing.assert_close(batch[row, :t, :n], alone[0], rtol=1e-5, atol=1e-9)
        assert not batch[row, t:].any() and not batch[row, :, n:].any()
    if form == "exact":
        torch.testing.assert_close(batch[0, :20].sum(1), torch.ones(20))


def test_distances_regulation_means_and_rounding():
    a, b = torch.randn(2, 4, 3), torch.randn(2, 5, 3)
    torch.testing.assert_close(squared_distances(a, b), torch.cdist(a, b).square(), rtol=1e-4, atol=1e-4)
    states = torch.arange(6.0).view(1, 3, 2)
    assert regulate(states, torch.tensor([[2, 0, 1]]))[0, :, 0].tolist() == [0, 0, 4]
    assert token_of_frame(torch.tensor([[2, 0, 1]]), 5).tolist() == [[0, 0, 2, 2, 2]]
    assert token_means(torch.tensor([[3.0, 0.0, 8.0, 9.0]]), torch.tensor([[2, 0, 1]])).tolist() == [[3, 0, 8]]
    assert whole_frames(torch.tensor([0.5, 1.49, 2.5]), 1.0).tolist() == [1, 1, 3]


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


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5])
def test_dropout_keeps_the_mean_and_follows_the_seed(rate: float):
    x, takes = torch.ones(500, 401), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        takes.append(apply_dropout(x, rate))
    assert torch.equal(takes[0], takes[1]) and torch.equal(takes[0], takes[2]) == (rate == 0)
    assert float((takes[0] == 0).float().mean()) == pytest.approx(rate, abs=0.005)
    assert float(takes[0].mean()) == pytest.approx(1.0, abs=0.01)


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
