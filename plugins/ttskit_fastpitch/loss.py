"""FastPitch's loss terms, each as numerator and denominator."""

from __future__ import annotations

import torch
from torch import Tensor

from ttskit.interfaces import AcousticBatch, Losses, LossTerm, Outputs, TrainState
from ttskit.nn import binarization_loss, forward_sum_loss
from ttskit_fastpitch.config import FastPitchOptions, LossOptions


def binarization_weight(options: LossOptions, state: TrainState) -> float:
    """Weight of the binarisation loss: 0 before its start, then a linear ramp."""
    now = state.progress if options.binarization_unit == "progress" else float(state.epoch + 1)
    return options.binarization * min(1.0, max(0.0, (now - options.binarization_start) / options.binarization_ramp))


def fastpitch_loss(outputs: Outputs, batch: AcousticBatch, state: TrainState, options: FastPitchOptions) -> Losses:
    """All terms, in fp32. Errors of log duration, pitch and energy are squared, and so is that of mel by default."""
    with torch.autocast(batch.mel.device.type, enabled=False):
        return _terms(outputs, batch, state, options)


def _distance(difference: Tensor, kind: str) -> Tensor:
    if kind == "mse":
        return difference.square()
    return difference.abs() if kind == "l1" else difference.square() + difference.abs()


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
    error = _distance(outputs.mel.float() - batch.mel, weights.mel_distance) * counted
    terms = {
        "mel": LossTerm(error.sum(), mel_count, weights.mel),
        "duration": per_token(extra["log_durations"], torch.log(extra["durations"].float() + 1), weights.duration),
    }
    if "pitch" in extra:
        terms["pitch"] = per_token(extra["pitch"], extra["pitch_target"], weights.pitch)
    if "energy" in extra:
        terms["energy"] = per_token(extra["energy"], extra["energy_target"], weights.energy)
    if "log_scores" in extra:
        rows = forward_sum_loss(extra["log_scores"], batch.token_lengths, batch.mel_lengths, options.aligner.blank_logit)
        terms["forward_sum"] = LossTerm(rows.sum(), float(rows.shape[0]), weights.forward_sum)
        hard = binarization_loss(extra["log_soft"], extra["token_of_frame"], frame_mask[:, :, 0])
        terms["binarization"] = LossTerm(hard, batch.mel_lengths.sum().float(), binarization_weight(weights, state))
    return Losses(terms)
