"""Search, losses and priors of monotonic alignments against all paths, one by one, and exact fractions."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ttskit.nn import (
    beta_binomial_prior,
    binarization_loss,
    forward_sum_loss,
    interpolated_beta_binomial_prior,
    length_mask,
    log_beta_binomial_prior,
    monotonic_durations,
    monotonic_path,
)
from ttskit.nn.alignment import _search_numpy, _search_torch

EPS = torch.finfo(torch.float32).eps
TOKENS, FRAMES = torch.tensor([5, 4, 3, 1, 2]), torch.tensor([9, 8, 7, 4, 2])


@cache
def every_path(tokens: int, frames: int, whole: bool = True) -> list[tuple[int, ...]]:
    """All ways from the first token (`whole`: to the last) that move by one token at most."""
    steps = itertools.product((0, 1), repeat=frames - 1)
    paths = [tuple(itertools.accumulate(moves, initial=0)) for moves in steps]
    return [path for path in paths if (path[-1] == tokens - 1 if whole else path[-1] < tokens)]


def total(scores: Tensor, path: tuple[int, ...]) -> float:
    """Sum of scores (T, N) along a path, in double."""
    return float(sum(scores[t, n].double() for t, n in enumerate(path)))


def noisy(seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Scores (5, 9, 5), padding full of noise."""
    return torch.randn(5, 9, 5, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_path_is_the_best_of_all(dtype: torch.dtype):
    scores = noisy(0, dtype)
    found, durations = monotonic_path(scores, TOKENS, FRAMES), monotonic_durations(scores, TOKENS, FRAMES)
    assert found.shape == (5, 9) and durations.shape == (5, 5)
    for row, (n, t) in enumerate(zip(TOKENS.tolist(), FRAMES.tolist(), strict=True)):
        best = max(every_path(n, t), key=lambda path: total(scores[row], path))
        assert tuple(found[row, :t].tolist()) == best
        assert found[row, t:].tolist() == [n - 1] * (9 - t)
        assert durations[row].tolist() == [best.count(token) for token in range(5)]


@pytest.mark.parametrize("ties", ["move", "stay"])
def test_between_equal_ways_it_moves_or_stays(ties: str):
    scores = noisy(1).round()  # rounded: many paths have the same sum
    found = monotonic_path(scores, TOKENS, FRAMES, ties=ties)
    several = 0
    for row, (n, t) in enumerate(zip(TOKENS.tolist(), FRAMES.tolist(), strict=True)):
        sums = {path: total(scores[row], path) for path in every_path(n, t)}
        best = [path for path, value in sums.items() if value == max(sums.values())]
        several += len(best) > 1
        # Read from its end, "move" goes down as soon as it can, "stay" as late as it can.
        choice = (min if ties == "move" else max)(best, key=lambda path: path[::-1])
        assert tuple(found[row, :t].tolist()) == choice
    assert several >= 2


def test_with_fewer_frames_than_tokens_it_ends_on_the_last_or_where_it_is_best():
    scores, frames, tokens = noisy(2), torch.full((5,), 3), torch.full((5,), 5)
    assert monotonic_path(scores, tokens, frames)[:, :3].tolist() == [[2, 3, 4]] * 5
    found = monotonic_path(scores, tokens, frames, end="best")
    for row in range(5):
        best = max(every_path(5, 3, whole=False), key=lambda path: total(scores[row], path))
        assert tuple(found[row, :3].tolist()) == best
    assert monotonic_durations(scores, tokens, frames).sum(1).tolist() == [3] * 5


@pytest.mark.parametrize("stays", [False, True])
@pytest.mark.parametrize("best_end", [False, True])
def test_both_backends_find_the_same(stays: bool, best_end: bool):
    scores = torch.randn(5, 30, 11, generator=torch.Generator().manual_seed(1)).round()
    tokens, frames = torch.tensor([11, 9, 4, 1, 11]), torch.tensor([30, 28, 30, 12, 6])
    ours = _search_torch(scores, tokens, frames, stays, best_end)
    theirs = _search_numpy(scores.numpy(), tokens.numpy(), frames.numpy(), stays, best_end)
    assert torch.equal(ours, torch.from_numpy(theirs))


@cache
def labellings(tokens: int, frames: int) -> list[tuple[int, ...]]:
    """What each frame may be, 0 the blank and n the n-th token, so that the tokens come in their order, each at least once."""
    every = itertools.product(range(tokens + 1), repeat=frames)
    return [p for p in every if [k for k, _ in itertools.groupby(p) if k] == list(range(1, tokens + 1))]


def direct_forward_sum(scores: Tensor, n: int, t: int, blank: float) -> Tensor:
    """Per token, by adding up every labelling of scores (T, N), in double."""
    with_blank = F.pad(scores[:t, :n], (1, 0), value=blank).log_softmax(1)
    sums = [with_blank[torch.arange(t), torch.tensor(labels)].sum() for labels in labellings(n, t)]
    return -torch.stack(sums).logsumexp(0) / n


@pytest.mark.parametrize("blank", [-1.0, -60.0])
def test_forward_sum_adds_up_all_alignments(blank: float):
    """Values and gradients; what lies on padding takes no part, be it noise or -inf."""
    tokens, frames = torch.tensor([3, 2, 1, 3]), torch.tensor([6, 5, 3, 2])
    noise = torch.randn(4, 6, 3, generator=torch.Generator().manual_seed(3))
    outside = ~length_mask(tokens, 3)[:, None].expand_as(noise)
    for padding in (7.0, float("-inf")):
        scores = noise.masked_fill(outside, padding).requires_grad_()
        value = forward_sum_loss(scores, tokens, frames, blank)
        (gradient,) = torch.autograd.grad(value.sum(), scores)
        assert value[3] == 0.0 and not gradient[3].any()  # two frames cannot hold three tokens
        for row in range(3):
            exact = noise[row].double().requires_grad_()
            n, t = int(tokens[row]), int(frames[row])
            expected = direct_forward_sum(exact, n, t, blank)
            (slope,) = torch.autograd.grad(expected, exact)
            # Each of t steps adds numbers no larger than the sum itself, rounded to fp32.
            bound = 4 * t * EPS * max(1.0, n * float(expected.detach()))
            assert abs(float(value[row].detach()) - float(expected.detach())) <= bound
            torch.testing.assert_close(gradient[row].double(), slope, rtol=0, atol=bound)


def test_binarization_is_minus_log_on_the_path():
    soft = torch.rand(2, 4, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    soft[0, 1, 2] = 0.0  # counts as 1e-12
    path, real = torch.tensor([[0, 2, 2, 2], [0, 1, 1, 1]]), length_mask(torch.tensor([4, 2]))
    terms = [-math.log(max(float(soft[b, t, path[b, t]]), 1e-12)) for b in range(2) for t in range(4) if real[b, t]]
    assert float(binarization_loss(soft.log(), path, real)) == pytest.approx(sum(terms), rel=1e-7)


def exact_beta_binomial(k: int, n: int, a: int, b: int) -> Fraction:
    """P(k) = C(n, k) B(k + a, n - k + b) / B(a, b), exactly; B(x, y) = (x - 1)! (y - 1)! / (x + y - 1)!."""

    def beta(x: int, y: int) -> Fraction:
        return Fraction(math.factorial(x - 1) * math.factorial(y - 1), math.factorial(x + y - 1))

    return math.comb(n, k) * beta(k + a, n - k + b) / beta(a, b)


@pytest.mark.parametrize("support", ["full", "dropped"])
def test_the_prior_is_the_beta_binomial_distribution(support: str):
    tokens, frames = torch.tensor([7, 3, 1]), torch.tensor([20, 31, 1])
    prior = beta_binomial_prior(tokens, frames, (40, 9), support)
    log = log_beta_binomial_prior(tokens, frames, (40, 9), support)
    for row, (n, t) in enumerate(((7, 20), (3, 31), (1, 1))):
        places = n - 1 if support == "full" else n
        exact = [[exact_beta_binomial(k, places, i, t - i + 1) for k in range(n)] for i in range(1, t + 1)]
        assert all(sum(line) == 1 for line in exact) == (support == "full")
        expected = torch.tensor([[float(p) for p in line] for line in exact], dtype=torch.float64)
        torch.testing.assert_close(prior[row, :t, :n].double(), expected, rtol=EPS, atol=0)
        torch.testing.assert_close(log[row, :t, :n].double(), expected.log(), rtol=2 * EPS, atol=EPS)
        for value in (prior, log):
            assert not value[row, t:].any() and not value[row, :, n:].any()


def test_the_log_of_the_prior_stays_finite_where_the_prior_is_too_small():
    n, t = 300, 2000
    sizes = torch.tensor([n]), torch.tensor([t])
    log = log_beta_binomial_prior(*sizes)
    assert bool(torch.isfinite(log).all()) and float(beta_binomial_prior(*sizes)[0, 0, -1]) == 0.0
    exact = exact_beta_binomial(n - 1, n - 1, 1, t)
    expected = math.log(exact.numerator) - math.log(exact.denominator)
    assert float(log[0, 0, -1]) == pytest.approx(expected, rel=2 * EPS)


@pytest.mark.parametrize("support", ["full", "dropped"])
def test_the_interpolated_prior_is_a_stretched_one_of_rounded_size(support: str):
    """With the roles swapped: for each token a distribution over frames."""
    tokens, frames = torch.tensor([7, 13, 34]), torch.tensor([20, 131, 174])
    prior = interpolated_beta_binomial_prior(tokens, frames, (180, 40), support)
    for row, (n, t, columns, rows) in enumerate(((7, 20, 10, 50), (13, 131, 10, 150), (34, 174, 40, 200))):
        places = rows - 1 if support == "full" else rows
        small = [
            [float(exact_beta_binomial(k, places, i, columns - i + 1)) for i in range(1, columns + 1)] for k in range(rows)
        ]
        grid = torch.tensor(small, dtype=torch.float64)[None, None]
        expected = F.interpolate(grid, (t, n), mode="bilinear", align_corners=True)[0, 0]
        torch.testing.assert_close(prior[row, :t, :n].double(), expected, rtol=2 * EPS, atol=1e-12)
        assert not prior[row, t:].any() and not prior[row, :, n:].any()


def test_a_prior_in_a_batch_is_the_prior_alone():
    tokens, frames = torch.tensor([7, 3, 1]), torch.tensor([20, 31, 1])
    for prior in (beta_binomial_prior, log_beta_binomial_prior, interpolated_beta_binomial_prior):
        whole = prior(tokens, frames)
        for row, (n, t) in enumerate(((7, 20), (3, 31), (1, 1))):
            assert torch.equal(whole[row, :t, :n], prior(tokens[row : row + 1], frames[row : row + 1])[0])
