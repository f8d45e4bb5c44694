"""GAN losses: values worked out by hand, and which gradients they let through."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ttskit.nn import (
    discriminator_loss,
    feature_matching_loss,
    frozen,
    generator_losses,
    least_squares_fake,
    least_squares_real,
)


class Judge(nn.Module):
    """Two parts: feature map w · x, score twice that; and feature map x, score x - w."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, audio):
        return [[self.weight * audio, 2 * self.weight * audio], [1.0 * audio, audio - self.weight]]


REAL, FAKE = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[0.0, 1.0]]])


def test_least_squares_by_hand():
    judged = [[torch.full((2, 3), 9.0), torch.tensor([[0.0, 3.0]])], [torch.tensor([[0.5]])]]
    assert least_squares_real(judged).tolist() == [(1 + 4) / 2, 0.25]
    assert least_squares_fake(judged).tolist() == [(0 + 9) / 2, 0.25]


def test_feature_matching_by_hand():
    """Each layer's mean, whatever its size; the score counts."""
    real = [[torch.zeros(2, 4), torch.zeros(1, 1)], [torch.ones(1, 2)]]
    fake = [[torch.full((2, 4), -0.5), torch.full((1, 1), 3.0)], [torch.tensor([[1.0, 0.0]])]]
    assert float(feature_matching_loss(real, fake)) == 0.5 + 3.0 + 0.5
    assert float(feature_matching_loss(real, real)) == 0.0
    with pytest.raises(ValueError, match="zip"):
        feature_matching_loss(real, fake[:1])


def test_what_each_player_minimises_by_hand():
    first, second = Judge(0.5), Judge(1.0)
    # scores of the first judge: (1, 2) and (0.5, 1.5) of the real, (0, 1) and (-0.5, 0.5) of the fake
    with torch.no_grad():
        judged = discriminator_loss(first, REAL, FAKE)
        adversarial, features = generator_losses([first, second], REAL, FAKE)
    assert float(judged) == pytest.approx(0.5 + 0.25 + 0.5 + 0.25)
    # scores of the fake: (0, 1), (-0.5, 0.5); (0, 2), (-1, 0)
    assert float(adversarial) == pytest.approx((1 + 0) / 2 + (2.25 + 0.25) / 2 + (1 + 1) / 2 + (4 + 1) / 2)
    assert float(features) == pytest.approx((0.5 + 1 + 1 + 1) + (1 + 2 + 1 + 1))


def test_the_generators_losses_teach_the_generator_alone():
    judge, fake = Judge(0.5), FAKE.clone().requires_grad_()
    real = REAL.clone().requires_grad_()
    with frozen(judge):
        sum(generator_losses([judge], real, fake)).backward()
    assert judge.weight.grad is None and real.grad is None and float(fake.grad.abs().sum()) > 0
    assert judge.weight.requires_grad
    discriminator_loss(judge, REAL, FAKE).backward()
    assert float(judge.weight.grad.abs()) > 0


def test_frozen_puts_back_what_it_found_even_after_an_error():
    judge, other = Judge(0.5), Judge(1.0).requires_grad_(False)
    with pytest.raises(KeyError), frozen(judge, other):
        assert not judge.weight.requires_grad
        raise KeyError
    assert judge.weight.requires_grad and not other.weight.requires_grad


def test_half_precision_scores_are_judged_in_float32():
    maps = [[torch.full((1, 3), 300.0, dtype=torch.float16)]]
    assert least_squares_fake(maps).dtype == torch.float32 and float(least_squares_fake(maps)) == 90_000  # fp16 ends at 65,504
