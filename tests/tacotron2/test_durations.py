"""Durations along the attention: in order, whole, and equal to FastPitch 1.0's counts where the attention is sharp."""

from __future__ import annotations

import torch

from ttskit.audio.config import MelConfig
from ttskit.testing import tiny_batch, tiny_context
from ttskit_tacotron2.durations import attention_durations

CONTEXT = tiny_context(MelConfig(bands=8))


def sharp(batch) -> torch.Tensor:
    """Attention (B, T, N) that looks at the batch's own tokens, frame by frame."""
    weights = torch.full((len(batch.ids), batch.mel.shape[2], batch.tokens.shape[1]), 1e-3)
    for row in range(len(batch.ids)):
        path = torch.repeat_interleave(torch.arange(batch.tokens.shape[1]), batch.durations[row])
        weights[row, torch.arange(len(path)), path] = 1.0
    return weights / weights.sum(2, keepdim=True)


def test_a_sharp_attention_gives_its_counts_and_a_stray_frame_none():
    batch = tiny_batch(CONTEXT)
    weights = sharp(batch)
    assert torch.equal(attention_durations(weights, batch), batch.durations)
    start = int(batch.durations[0, :3].sum()) + 1
    weights[0, start] = weights[0, -1]  # within the fourth token, a glance at the last one
    assert torch.equal(attention_durations(weights, batch), batch.durations)
    argmax = torch.bincount(weights[0].argmax(1), minlength=9)
    assert not torch.equal(argmax, batch.durations[0])  # which is what counting maxima would give


def test_rows_are_whole_and_padding_has_nothing():
    batch = tiny_batch(CONTEXT)
    blurred = torch.softmax(torch.randn(sharp(batch).shape, generator=torch.Generator().manual_seed(1)), dim=2)
    durations = attention_durations(blurred, batch)
    assert torch.equal(durations.sum(1), batch.mel_lengths) and durations.dtype == torch.int64
    for row, n in enumerate(batch.token_lengths.tolist()):
        assert not durations[row, n:].any() and (durations[row, :n] >= 1).all()
