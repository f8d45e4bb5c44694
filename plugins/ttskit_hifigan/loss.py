"""HiFi-GAN's objective (paper, section 2.4): its terms with their weights; the losses themselves are in `ttskit.nn`.

Every loss is a mean over equally long segments, so its sum over the batch and the batch's size
make a `LossTerm` with which several processes agree with one.
"""

from __future__ import annotations

from torch import Tensor, nn

from ttskit.interfaces.trainable import Losses, LossTerm
from ttskit.nn import discriminator_loss, generator_losses, multi_resolution_stft_loss


def discriminator_losses(discriminators: dict[str, nn.Module], audio: Tensor, synthetic: Tensor) -> Losses:
    """What the discriminators minimise; audio and synthetic (B, 1, S), the latter detached."""
    rows = audio.shape[0]
    return Losses({name: _term(discriminator_loss(d, audio, synthetic), rows) for name, d in discriminators.items()})


def spectral_terms(
    audio: Tensor, synthetic: Tensor, mel_l1: Tensor, mel_weight: float, stft_weight: float, rate_hz: int
) -> dict[str, LossTerm]:
    """What the generator minimises by itself: mel L1, and a multi-resolution STFT loss if it has a weight."""
    rows = audio.shape[0]
    terms = {"mel": _term(mel_l1, rows, mel_weight)}
    if stft_weight:
        terms["stft"] = _term(multi_resolution_stft_loss(audio[:, 0], synthetic[:, 0], rate_hz), rows, stft_weight)
    return terms


def adversarial_terms(
    discriminators: dict[str, nn.Module], audio: Tensor, synthetic: Tensor, feature_weight: float
) -> dict[str, LossTerm]:
    """What the discriminators ask of the generator; call it inside `frozen`, so that they take no gradient from it."""
    rows = audio.shape[0]
    adversarial, features = generator_losses(discriminators.values(), audio, synthetic)
    return {"features": _term(features, rows, feature_weight), "adversarial": _term(adversarial, rows)}


def _term(mean: Tensor, rows: int, weight: float = 1.0) -> LossTerm:
    return LossTerm(mean * rows, rows, weight)
