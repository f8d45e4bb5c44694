"""HiFi-GAN's losses (paper, section 2.4): least squares, feature matching, mel.

Every loss is a mean over equally long segments, so its sum over the batch and the batch's size
make a `LossTerm` with which several processes agree with one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from ttskit.audio.config import MelConfig
from ttskit.interfaces.trainable import Losses, LossTerm

Judged = list[list[Tensor]]  # per discriminator its feature maps, the score last


def loss_mel(mel: MelConfig) -> MelConfig:
    """The mel of the loss: up to Nyquist, so that nothing above the model's own bands goes unheard.

    Frames lie within the segment (the authors' placement), and the root is guarded, for its gradient.
    """
    centre = min(mel.hop_samples // 2, mel.fft_samples // 2)
    return replace(mel, f_max_hz=mel.sample_rate_hz / 2, first_frame_centre_samples=centre, edge_padding="reflect",
                   magnitude_guard=1e-9)


def real_loss(judged: Judged) -> Tensor:
    """Least squares towards 1, per discriminator (D,): real audio for the discriminators, synthetic for the generator."""
    return torch.stack([(1 - maps[-1].float()).square().mean() for maps in judged])


def fake_loss(judged: Judged) -> Tensor:
    """Least squares towards 0, per discriminator (D,)."""
    return torch.stack([maps[-1].float().square().mean() for maps in judged])


def feature_loss(real: Judged, fake: Judged) -> Tensor:
    """L1 distance of all feature maps, a mean in each layer, summed over layers and discriminators (scalar)."""
    pairs = [(a, b) for r, f in zip(real, fake, strict=True) for a, b in zip(r, f, strict=True)]
    return torch.stack([(a.float() - b.float()).abs().mean() for a, b in pairs]).sum()


def discriminator_losses(discriminators: dict[str, nn.Module], audio: Tensor, synthetic: Tensor) -> Losses:
    """What the discriminators minimise; audio and synthetic (B, 1, S), the latter detached."""
    terms = {}
    for name, judge in discriminators.items():
        loss = real_loss(judge(audio)).sum() + fake_loss(judge(synthetic)).sum()
        terms[name] = _term(loss, audio.shape[0])
    return Losses(terms)


def generator_losses(discriminators: dict[str, nn.Module], audio: Tensor, synthetic: Tensor, mel_l1: Tensor,
                     feature_weight: float, mel_weight: float) -> Losses:
    """What the generator minimises; call it inside `frozen`, so that the discriminators take no gradient from it."""
    adversarial, features = [], []
    for judge in discriminators.values():
        with torch.no_grad():
            real = judge(audio)
        fake = judge(synthetic)
        adversarial.append(real_loss(fake).sum())
        features.append(feature_loss(real, fake))
    rows = audio.shape[0]
    return Losses({
        "mel": _term(mel_l1, rows, mel_weight),
        "features": _term(torch.stack(features).sum(), rows, feature_weight),
        "adversarial": _term(torch.stack(adversarial).sum(), rows),
    })


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


def _term(mean: Tensor, rows: int, weight: float = 1.0) -> LossTerm:
    return LossTerm(mean * rows, rows, weight)
