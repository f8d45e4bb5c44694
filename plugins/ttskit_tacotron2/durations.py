"""Durations from a Tacotron 2's attention: what FastPitch 1.0 was trained on (Łańcucki 2021, section 2.1)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ttskit.interfaces import AcousticBatch
from ttskit.training.alignment import monotonic_path


def attention_durations(alignment: Tensor, batch: AcousticBatch) -> Tensor:
    """Frames per token of a teacher-forced pass.

    FastPitch 1.0 counted, for each token, the frames whose attention is highest there; a stray frame then goes to a token
    elsewhere in the sentence. Here the frames are counted along the best path from first to last token that never goes
    back, so that durations stay in order; where the attention is sharp, both count the same.

    Args:
        alignment: attention per frame, (B, T, N).
        batch: what was spoken.

    Returns:
        (B, N) int64, each row sums to its frames, 0 on padding.
    """
    weights = alignment.detach().float().cpu().numpy()
    counts = np.zeros(batch.tokens.shape, dtype=np.int64)
    for row, (frames, tokens) in enumerate(zip(batch.mel_lengths.tolist(), batch.token_lengths.tolist(), strict=True)):
        path = monotonic_path(weights[row, :frames, :tokens])
        counts[row, :tokens] = np.bincount(path, minlength=tokens)
    return torch.from_numpy(counts).to(batch.tokens.device)
