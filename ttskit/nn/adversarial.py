"""The losses of a GAN vocoder's two players (Kong, Kim and Bae 2020, "HiFi-GAN", section 2.4).

A discriminator here is anything that gives, for audio (B, 1, S), a list of `Judged`: `MultiPeriodDiscriminator`, say. Every
loss is a mean over equally long segments, so that its mean times B, and B, make a `ttskit.interfaces.LossTerm`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

__all__ = [
    "Judged",
    "discriminator_loss",
    "feature_matching_loss",
    "frozen",
    "generator_losses",
    "least_squares_fake",
    "least_squares_real",
]

Judged = list[list[Tensor]]  # per discriminator its feature maps (B, C, …), the score last


def least_squares_real(judged: Judged) -> Tensor:
    """Squared distance of the scores from 1, a mean per discriminator (D,) (Mao et al. 2017, "LSGAN", equation 9).

    Of real audio for the discriminators; of synthetic audio for the generator.
    """
    return torch.stack([(1 - maps[-1].float()).square().mean() for maps in judged])


def least_squares_fake(judged: Judged) -> Tensor:
    """Squared distance of the scores from 0, a mean per discriminator (D,) (the same equation)."""
    return torch.stack([maps[-1].float().square().mean() for maps in judged])


def feature_matching_loss(real: Judged, fake: Judged) -> Tensor:
    """L1 distance of all feature maps, a mean in each layer, summed over layers and discriminators (scalar).

    Larsen et al. 2016, "Autoencoding beyond pixels"; as in Kong et al. the score counts as a layer.
    """
    pairs = [(a, b) for r, f in zip(real, fake, strict=True) for a, b in zip(r, f, strict=True)]
    return torch.stack([(a.float() - b.float()).abs().mean() for a, b in pairs]).sum()


def discriminator_loss(discriminator: nn.Module, audio: Tensor, synthetic: Tensor) -> Tensor:
    """What a discriminator minimises, summed over its parts (scalar); audio and synthetic (B, 1, S), the latter detached."""
    return least_squares_real(discriminator(audio)).sum() + least_squares_fake(discriminator(synthetic)).sum()


def generator_losses(discriminators: Iterable[nn.Module], audio: Tensor, synthetic: Tensor) -> tuple[Tensor, Tensor]:
    """What the discriminators ask of the generator: adversarial and feature-matching loss (scalars), summed over them.

    audio and synthetic (B, 1, S). Call it inside `frozen`, so that the discriminators take no gradient from it.
    """
    adversarial, features = [], []
    for discriminator in discriminators:
        with torch.no_grad():
            real = discriminator(audio)
        fake = discriminator(synthetic)
        adversarial.append(least_squares_real(fake).sum())
        features.append(feature_matching_loss(real, fake))
    return torch.stack(adversarial).sum(), torch.stack(features).sum()


@contextmanager
def frozen(*modules: nn.Module) -> Iterator[None]:
    """No gradient reaches the parameters of `modules` inside; activations still pass it on."""
    parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
    for p in parameters:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in parameters:
            p.requires_grad_(True)
