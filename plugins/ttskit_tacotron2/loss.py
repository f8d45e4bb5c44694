"""Losses of Tacotron 2: mel before and after the postnet, stop token, and the two aids to attention."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ttskit.interfaces import LossTerm
from ttskit.nn import length_mask
from ttskit_tacotron2.config import Tacotron2Options


def mel_term(predicted: Tensor, target: Tensor, mask: Tensor | None, kind: str) -> LossTerm:
    """Distance of mels (B, M, T) over real frames; mask (B, T), or None to count padding too."""
    difference = predicted.float() - target.float()
    cost = torch.zeros_like(difference)
    if "mse" in kind:
        cost = cost + difference.square()
    if "l1" in kind:
        cost = cost + difference.abs()
    if mask is None:
        return LossTerm(cost.sum(), float(cost.numel()))
    return LossTerm((cost * mask[:, None]).sum(), mask.sum() * predicted.shape[1])


def stop_term(logits: Tensor, last: Tensor, mask: Tensor | None, options: Tacotron2Options) -> LossTerm:
    """Binary cross-entropy of stop logits (B, steps); the target is 1 from step `last` (B,) on."""
    target = (torch.arange(logits.shape[1], device=logits.device)[None] >= last[:, None]).float()
    positive = logits.new_tensor(options.stop_positive_weight, dtype=torch.float32)
    cost = F.binary_cross_entropy_with_logits(logits.float(), target, pos_weight=positive, reduction="none")
    if mask is None:
        return LossTerm(cost.sum(), float(cost.numel()), options.stop_weight)
    return LossTerm((cost * mask).sum(), mask.sum(), options.stop_weight)


def guide(steps: Tensor, tokens: Tensor, size: tuple[int, int], sigma: float) -> Tensor:
    """Penalty of attention away from the diagonal (Tachibana et al. 2018, eq. 7): 1 − exp(−(n/N − t/T)² / 2σ²).

    Args:
        steps, tokens: (B,) real steps T and tokens N of each row.
        size: (steps, tokens) of the result, padding included.
        sigma: width of the band that goes unpunished, as a share of the sentence.

    Returns:
        (B, steps, tokens), 0 on padding.
    """
    t = torch.arange(size[0], device=steps.device)[None, :, None] / steps[:, None, None]
    n = torch.arange(size[1], device=steps.device)[None, None, :] / tokens[:, None, None]
    inside = length_mask(steps, size[0])[:, :, None] & length_mask(tokens, size[1])[:, None, :]
    return (1.0 - torch.exp(-(n - t).square() / (2.0 * sigma * sigma))) * inside


def guided_term(weights: Tensor, steps: Tensor, tokens: Tensor, options: Tacotron2Options) -> LossTerm:
    """Guided attention loss of attention (B, steps, N): its mean penalty over steps and tokens."""
    penalty = guide(steps, tokens, (weights.shape[1], weights.shape[2]), options.guided_attention_sigma)
    return LossTerm((weights.float() * penalty).sum(), (steps * tokens).sum(), options.guided_attention_weight)


def supervision_term(energies: Tensor, target: Tensor, hidden: Tensor, options: Tacotron2Options) -> LossTerm:
    """Cross-entropy of attention against that of durations, per step.

    Args:
        energies: (B, steps, N), -inf on padding.
        target: (B, steps, N) rows that sum to 1, or to 0 on steps that do not count.
        hidden: (B, N) True on padding.
    """
    logs = torch.log_softmax(energies.float(), 2).masked_fill(hidden[:, None], 0.0)
    return LossTerm(-(target * logs).sum(), target.sum(), options.attention_supervision_weight)
