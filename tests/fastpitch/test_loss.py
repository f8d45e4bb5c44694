"""The loss terms by hand: what stands on padding counts nowhere, whatever it is."""

from __future__ import annotations

import math

import pytest
import torch

from ttskit.interfaces import AcousticBatch, Outputs, TrainState
from ttskit_fastpitch.config import FastPitchOptions
from ttskit_fastpitch.loss import fastpitch_loss

TOKENS, FRAMES = torch.tensor([3, 2]), torch.tensor([4, 3])
STRAY = 50.0  # on padding


def padded(values: list[list[float]]) -> torch.Tensor:
    width = max(map(len, values))
    return torch.tensor([row + [STRAY] * (width - len(row)) for row in values])


def test_terms_are_means_of_squares_over_tokens_and_frames():
    mel = torch.zeros(2, 2, 4)
    said = torch.ones(2, 2, 4) * 3.0
    said[1, :, 3] = STRAY
    batch = AcousticBatch(
        ("a", "b"), torch.zeros(2, 3, dtype=torch.long), TOKENS, mel, FRAMES, torch.zeros(2, dtype=torch.long)
    )
    extra = {
        "token_mask": (torch.arange(3) < TOKENS[:, None])[:, :, None],
        "frame_mask": (torch.arange(4) < FRAMES[:, None])[:, :, None],
        "log_durations": padded([[math.log(2), math.log(3), 0.0], [math.log(4), 1.0]]),
        "durations": torch.tensor([[1, 2, 0], [3, 0, 0]]),
        "pitch": padded([[1.0, 2.0, 3.0], [0.0, 0.0]]),
        "pitch_target": padded([[1.0, 0.0, 3.0], [1.0, 0.0]]) * 1.0,
    }
    extra["pitch_target"][1, 2] = -STRAY
    outputs = Outputs(said, FRAMES, extra=extra)
    losses = fastpitch_loss(outputs, batch, TrainState(0, 0, 10), FastPitchOptions())
    for kind, expected in (("mse", 9.0), ("l1", 3.0), ("mse+l1", 12.0)):
        options = FastPitchOptions(loss={"mel_distance": kind})
        assert float(fastpitch_loss(outputs, batch, TrainState(0, 0, 10), options).terms["mel"].mean) == pytest.approx(expected)
    terms = losses.terms
    assert set(terms) == {"mel", "duration", "pitch"}
    assert float(terms["mel"].mean) == pytest.approx(9.0)
    assert float(terms["duration"].mean) == pytest.approx(1 / 5)  # log(d + 1) is right for all but the last token
    assert float(terms["pitch"].mean) == pytest.approx((4 + 1) / 5)
