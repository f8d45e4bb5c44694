"""Length regulation against plain loops."""

from __future__ import annotations

import pytest
import torch

from ttskit.nn import regulate, token_means, token_of_frame, whole_frames

DURATIONS = torch.tensor([[2, 0, 3, 1], [0, 4, 0, 0], [0, 0, 0, 0]])


def test_a_half_rounds_up_and_pace_divides():
    assert whole_frames(torch.tensor([0.0, 0.49, 0.5, 1.49, 2.5, 3.5])).tolist() == [0, 0, 1, 1, 3, 4]
    assert whole_frames(torch.tensor([3.0, 5.0]), 2.0).tolist() == [2, 3]
    assert whole_frames(torch.tensor([[3.0, 5.0]]), torch.tensor([[2.0, 0.5]])).tolist() == [[2, 10]]


def test_each_frame_belongs_to_the_token_that_lasts_then():
    assert token_of_frame(DURATIONS, 7).tolist() == [[0, 0, 2, 2, 2, 3, 3], [1, 1, 1, 1, 3, 3, 3], [3] * 7]


@pytest.mark.parametrize("frames", [None, 3, 8])
def test_states_are_repeated_and_the_rest_is_zero(frames: int | None):
    hidden = torch.randn(3, 4, 5, dtype=torch.float64, requires_grad=True)
    out = regulate(hidden, DURATIONS, frames)
    length = 6 if frames is None else frames
    expected = torch.zeros(3, length, 5, dtype=torch.float64)
    taken = torch.zeros(3, 4, dtype=torch.float64)  # how many of the result's frames each token has
    for row in range(3):
        repeated = [token for token, times in enumerate(DURATIONS[row].tolist()) for _ in range(times)][:length]
        for frame, token in enumerate(repeated):
            expected[row, frame] = hidden[row, token].detach()
            taken[row, token] += 1
    assert torch.equal(out.detach(), expected)
    out.sum().backward()
    assert torch.equal(hidden.grad, taken[:, :, None].expand(-1, -1, 5))


@pytest.mark.parametrize("channels", [None, 2])
def test_means_are_over_frames_that_are_not_zero(channels: int | None):
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(3, *([] if channels is None else [channels]), 8, generator=generator)
    values = torch.where(torch.rand(values.shape, generator=generator) < 0.3, torch.zeros(()), values)
    made = token_means(values, DURATIONS)
    several = values if channels else values[:, None]
    expected = torch.zeros(3, several.shape[1], 4, dtype=torch.float64)
    for row in range(3):
        start = 0
        for token, times in enumerate(DURATIONS[row].tolist()):
            for channel in range(several.shape[1]):
                heard = [float(v) for v in several[row, channel, start : start + times] if v != 0]
                expected[row, channel, token] = sum(heard) / max(1, len(heard))
            start += times
    torch.testing.assert_close(
        made.double(), expected if channels else expected[:, 0], rtol=torch.finfo(torch.float32).eps, atol=0
    )


def test_a_long_token_loses_nothing_in_its_mean():
    """A sum in fp32 over this many frames would be off by more than a rounding."""
    values = torch.full((1, 200_000), 220.1)
    assert torch.equal(token_means(values, torch.tensor([[200_000]])), values[:, :1])
