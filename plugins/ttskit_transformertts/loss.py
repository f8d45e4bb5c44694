"""What Transformer-TTS learns from: mels, the stop token (Li et al. 2019, section 3.7), and the aids to attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ttskit.interfaces import LossTerm
from ttskit.nn import (
    attention_supervision_loss,
    forward_sum_loss,
    guided_attention_penalty,
    length_mask,
    stop_token_loss,
)
from ttskit_transformertts.config import TransformerTTSOptions

__all__ = ["losses", "mel_term"]


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


def losses(made: Mapping[str, Any], steps: Tensor, options: TransformerTTSOptions, progress: float) -> dict[str, LossTerm]:
    """Every term that the options switch on.

    Args:
        made: `extra` of `TransformerTTS.forward`.
        steps: (B,) real decoder steps.
        options: the model's.
        progress: share of training done.
    """
    frames, size = steps * options.reduction, made["target"].shape[2]
    mask = length_mask(frames, size) if options.padding == "masked" or options.mask_loss else None
    stop = stop_token_loss(made["gate"], frames - 1, mask, options.stop_positive_weight)
    terms = {
        "mel": mel_term(made["before"], made["target"], mask, options.mel_loss),
        "mel_postnet": mel_term(made["after"], made["target"], mask, options.mel_loss),
        "stop": LossTerm(*stop, options.stop_weight),
    }
    energies, weights, tokens = made["energies"], made["weights"], made["text_lengths"]
    heads, place = weights.shape[1], (weights.shape[2], weights.shape[3])
    if options.guided_attention_weight > 0 and progress <= options.guided_attention_until:
        penalty = guided_attention_penalty(steps, tokens, place, options.guided_attention_sigma)[:, None]
        guided = (weights.float() * penalty).sum(), (steps * tokens).sum() * heads
        terms["guided_attention"] = LossTerm(*guided, options.guided_attention_weight)
    if options.attention_supervision_weight > 0 and made["durations"] is not None:
        given, padding = (part.repeat_interleave(heads, 0) for part in (made["durations"], ~length_mask(tokens, place[1])))
        supervised = attention_supervision_loss(energies.flatten(0, 1), given, padding)
        terms["attention"] = LossTerm(*supervised, options.attention_supervision_weight)
    if options.forward_sum_weight > 0:
        each = tokens.repeat_interleave(heads), steps.repeat_interleave(heads)
        rows = forward_sum_loss(energies.flatten(0, 1), each[0], each[1])
        terms["forward_sum"] = LossTerm(rows.sum(), float(len(rows)), options.forward_sum_weight)
    return terms
