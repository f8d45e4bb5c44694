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
    return replace(
        mel, f_max_hz=mel.sample_rate_hz / 2, first_frame_centre_samples=centre, edge_padding="reflect", magnitude_guard=1e-9
    )


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


def spectral_terms(
    audio: Tensor, synthetic: Tensor, mel_l1: Tensor, mel_weight: float, stft_weight: float, rate_hz: int
) -> dict[str, LossTerm]:
    """What the generator minimises by itself: mel L1, and a multi-resolution STFT loss if it has a weight."""
    rows = audio.shape[0]
    terms = {"mel": _term(mel_l1, rows, mel_weight)}
    if stft_weight:
        terms["stft"] = _term(multi_resolution_stft(audio[:, 0], synthetic[:, 0], rate_hz), rows, stft_weight)
    return terms


def adversarial_terms(
    discriminators: dict[str, nn.Module], audio: Tensor, synthetic: Tensor, feature_weight: float
) -> dict[str, LossTerm]:
    """What the discriminators ask of the generator; call it inside `frozen`, so that they take no gradient from it."""
    adversarial, features = [], []
    for judge in discriminators.values():
        with torch.no_grad():
            real = judge(audio)
        fake = judge(synthetic)
        adversarial.append(real_loss(fake).sum())
        features.append(feature_loss(real, fake))
    rows = audio.shape[0]
    return {
        "features": _term(torch.stack(features).sum(), rows, feature_weight),
        "adversarial": _term(torch.stack(adversarial).sum(), rows),
    }


# Window, hop and transform length of Yamamoto, Song and Kim (2020), "Parallel WaveGAN", table 1, as seconds at their 24 kHz.
_RESOLUTIONS_S = ((0.025, 0.005), (0.05, 0.01), (0.01, 0.002))


def multi_resolution_stft(audio: Tensor, synthetic: Tensor, rate_hz: int) -> Tensor:
    """Spectral convergence plus L1 of log magnitudes, a mean over three resolutions (the same paper, section 2.2; scalar).

    audio and synthetic (B, S). Each row weighs alike, so that the loss of a batch is the mean of its rows.
    """
    losses = []
    for window_s, hop_s in _RESOLUTIONS_S:
        window, hop = round(window_s * rate_hz), max(1, round(hop_s * rate_hz))
        transform = 1 << (window - 1).bit_length()
        taper = torch.hann_window(window, device=audio.device)

        def magnitude(x: Tensor, transform=transform, window=window, hop=hop, taper=taper) -> Tensor:
            spectrum = torch.stft(x.float(), transform, hop, window, taper, pad_mode="constant", return_complex=True)
            # Guarded for its gradient, and so that digital silence does not rule the logarithm.
            return (spectrum.real.square() + spectrum.imag.square()).clamp_min(1e-7).sqrt()

        with torch.autocast(audio.device.type, enabled=False):
            wanted, made = magnitude(audio), magnitude(synthetic)
            convergence = (wanted - made).flatten(1).norm(dim=1) / wanted.flatten(1).norm(dim=1)
            losses.append(convergence.mean() + (wanted.log() - made.log()).abs().mean())
    return torch.stack(losses).mean()


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
