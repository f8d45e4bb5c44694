"""FastPitch's loss terms, each as numerator and denominator."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ttskit.interfaces import AcousticBatch, Losses, LossTerm, Outputs, TrainState
from ttskit_fastpitch.config import FastPitchOptions, LossOptions

FAR = -1e15  # a finite stand-in for -inf: the same loss, finite gradients


def forward_sum(log_scores: Tensor, tokens: Tensor, frames: Tensor, blank_logit: float = -1.0) -> Tensor:
    """Negative log likelihood of all monotonic alignments, per token (Badlani et al. 2022, equation 3), by CTC.

    Args:
        log_scores: (B, T, N) unnormalised log scores; what lies on padding does not matter.
        tokens, frames: (B,) int64 lengths.
        blank_logit: score of the blank that is put before the tokens.

    Returns:
        (B,); 0 for a row with fewer frames than tokens.
    """
    padding = torch.arange(log_scores.shape[2], device=log_scores.device)[None] >= tokens[:, None]
    scores = log_scores.float().masked_fill(padding[:, None], FAR)
    scores = F.pad(scores, (1, 0), value=blank_logit).log_softmax(dim=2)
    targets = torch.arange(1, scores.shape[2], device=scores.device).expand(scores.shape[0], -1)
    each = F.ctc_loss(scores.transpose(0, 1), targets, frames, tokens, reduction="none", zero_infinity=True)
    return each / tokens


def binarization(log_soft: Tensor, token_of_frame: Tensor, real: Tensor) -> Tensor:
    """Sum over real frames of -log of the soft alignment on the hard path (Badlani et al. 2022, equation 6).

    Args:
        log_soft: (B, T, N) log probabilities.
        token_of_frame: (B, T) the hard path.
        real: (B, T) bool.
    """
    on_path = log_soft.gather(2, token_of_frame[:, :, None])[:, :, 0]
    return -on_path.clamp_min(-27.631021).masked_fill(~real, 0.0).sum()  # log 1e-12


def binarization_weight(options: LossOptions, state: TrainState) -> float:
    """Weight of the binarisation loss: 0 before its start, then a linear ramp."""
    now = state.progress if options.binarization_unit == "progress" else float(state.epoch + 1)
    return options.binarization * min(1.0, max(0.0, (now - options.binarization_start) / options.binarization_ramp))


def fastpitch_loss(outputs: Outputs, batch: AcousticBatch, state: TrainState, options: FastPitchOptions) -> Losses:
    """All terms, in fp32. Errors of mel, log duration, pitch and energy are squared."""
    with torch.autocast(batch.mel.device.type, enabled=False):
        return _terms(outputs, batch, state, options)


def _terms(outputs: Outputs, batch: AcousticBatch, state: TrainState, options: FastPitchOptions) -> Losses:
    extra, weights = outputs.extra, options.loss
    frame_mask = extra["frame_mask"].bool()  # (B, T, 1)
    token_mask = extra["token_mask"][:, :, 0].float()
    token_count = batch.token_lengths.sum().float()

    def per_token(predicted: Tensor, target: Tensor, weight: float) -> LossTerm:
        return LossTerm(((predicted.float() - target).square() * token_mask).sum(), token_count, weight)

    if options.padding == "reference":  # upstream counts the entries whose target is not exactly 0
        counted = (batch.mel != 0).float()
        mel_count = counted.sum()
    else:
        counted = frame_mask.transpose(1, 2).float()
        mel_count = batch.mel_lengths.sum().float() * batch.mel.shape[1]
    error = (outputs.mel.float() - batch.mel).square() * counted
    terms = {
        "mel": LossTerm(error.sum(), mel_count, weights.mel),
        "duration": per_token(extra["log_durations"], torch.log(extra["durations"].float() + 1), weights.duration),
    }
    if "pitch" in extra:
        terms["pitch"] = per_token(extra["pitch"], extra["pitch_target"], weights.pitch)
    if "energy" in extra:
        terms["energy"] = per_token(extra["energy"], extra["energy_target"], weights.energy)
    if "log_scores" in extra:
        rows = forward_sum(extra["log_scores"], batch.token_lengths, batch.mel_lengths, options.aligner.blank_logit)
        terms["forward_sum"] = LossTerm(rows.sum(), float(rows.shape[0]), weights.forward_sum)
        hard = binarization(extra["log_soft"], extra["token_of_frame"], frame_mask[:, :, 0])
        terms["binarization"] = LossTerm(hard, batch.mel_lengths.sum().float(), binarization_weight(weights, state))
    return Losses(terms)
