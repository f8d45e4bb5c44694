"""Guided attention, attention from durations and back, windows and forward attention: against their formulas."""

from __future__ import annotations

import math

import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.nn import (
    attention_durations,
    attention_supervision_loss,
    duration_attention,
    forward_attention,
    guided_attention_loss,
    guided_attention_penalty,
    windowed_energies,
)
from ttskit.testing import tiny_batch, tiny_context


def test_the_penalty_is_zero_on_the_diagonal_and_on_padding_and_rises_beside_it():
    got = guided_attention_penalty(torch.tensor([4, 2]), torch.tensor([2, 1]), (4, 2), 0.2)
    assert float(got[0, 0, 0]) == 0.0 and float(got[0, 2, 1]) == 0.0
    assert float(got[0, 0, 1]) == pytest.approx(1 - math.exp(-(0.5**2) / 0.08))
    assert float(got[0, 3, 0]) == pytest.approx(1 - math.exp(-(0.75**2) / 0.08))
    assert float(got[1, 2:].abs().max()) == 0.0 and float(got[1, :, 1].abs().max()) == 0.0


def test_the_guided_loss_is_attention_times_penalty_over_real_pairs():
    torch.manual_seed(0)
    steps, tokens, sigma = [7, 5], [4, 3], 0.3
    attention = torch.softmax(torch.randn(2, 7, 4), 2)
    total, count = guided_attention_loss(attention, torch.tensor(steps), torch.tensor(tokens), sigma)
    want = 0.0
    for row in range(2):
        for t in range(steps[row]):
            for n in range(tokens[row]):
                off = n / tokens[row] - t / steps[row]
                want += float(attention[row, t, n]) * (1 - math.exp(-(off**2) / (2 * sigma**2)))
    assert float(total) == pytest.approx(want, rel=43 * 2**-23) and int(count) == 7 * 4 + 5 * 3
    assert float(guided_attention_loss(torch.eye(5)[None], torch.tensor([5]), torch.tensor([5]))[0]) == 0.0


@pytest.mark.parametrize("reduction", [1, 2, 3])
def test_attention_of_durations_is_each_frames_token(reduction: int):
    durations = torch.tensor([[3, 1, 2, 0, 5], [2, 4, 0, 0, 0]])
    steps = -(-11 // reduction)
    got = duration_attention(durations, steps, reduction)
    for row in range(2):
        frames = torch.repeat_interleave(torch.arange(5), durations[row])
        for step in range(steps):
            mine = frames[step * reduction : (step + 1) * reduction]
            share = torch.bincount(mine, minlength=5) / max(1, len(mine))
            torch.testing.assert_close(got[row, step], share, rtol=0, atol=2**-23)


def test_supervision_is_the_cross_entropy_of_the_steps_that_count():
    energies = torch.tensor([[[math.log(3.0), 0.0, -torch.inf]]])
    padding = torch.tensor([[False, False, True]])
    total, count = attention_supervision_loss(energies, torch.tensor([[[0.5, 0.5, 0.0]]]), padding)
    assert float(total) == pytest.approx(-0.5 * math.log(0.75) - 0.5 * math.log(0.25)) and float(count) == 1.0
    total, count = attention_supervision_loss(energies, torch.zeros(1, 1, 3), padding)
    assert float(total) == 0.0 and float(count) == 0.0


def test_the_window_lies_about_the_last_peak():
    energies = torch.zeros(1, 6)
    seen = windowed_energies(energies, torch.tensor([[0.0, 0, 1, 0, 0, 0]]), 1, 2) > -torch.inf
    assert seen.tolist() == [[False, True, True, True, True, False]]
    seen = windowed_energies(energies, torch.zeros(1, 6), 1, 2) > -torch.inf
    assert seen.tolist() == [[True, True, True, False, False, False]]  # before the first step


def test_forward_attention_is_the_recursion_of_the_paper():
    random = torch.Generator().manual_seed(1)
    attention = torch.softmax(torch.randn(5, 2, 4, generator=random, dtype=torch.float64), 2)
    previous, last = None, torch.tensor([[1.0, 0, 0, 0]] * 2, dtype=torch.float64)
    for weights in attention:
        want = torch.zeros(2, 4, dtype=torch.float64)
        for row in range(2):
            for n in range(4):
                before = last[row, n] + (last[row, n - 1] if n else 0.0)
                want[row, n] = (before + 1e-8) * weights[row, n]  # the floor keeps a lost attention from dividing by 0
        last = want / want.sum(1, keepdim=True)
        previous = forward_attention(weights, previous)
        torch.testing.assert_close(previous, last, rtol=1e-12, atol=0)
    even = torch.full((1, 4), 0.25)
    torch.testing.assert_close(forward_attention(even, None), torch.tensor([[0.5, 0.5, 0, 0]]), atol=1e-6, rtol=0)


CONTEXT = tiny_context(MelConfig(bands=8))


def sharp(batch) -> torch.Tensor:
    """Attention (B, T, N) that looks at the batch's own tokens, frame by frame."""
    weights = torch.full((len(batch.ids), batch.mel.shape[2], batch.tokens.shape[1]), 1e-3)
    for row in range(len(batch.ids)):
        path = torch.repeat_interleave(torch.arange(batch.tokens.shape[1]), batch.durations[row])
        weights[row, torch.arange(len(path)), path] = 1.0
    return weights / weights.sum(2, keepdim=True)


def durations_of(weights: torch.Tensor, batch) -> torch.Tensor:
    return attention_durations(weights, batch.token_lengths, batch.mel_lengths)


def test_a_sharp_attention_gives_its_counts_and_a_stray_frame_none():
    batch = tiny_batch(CONTEXT)
    weights = sharp(batch)
    assert torch.equal(durations_of(weights, batch), batch.durations)
    start = int(batch.durations[0, :3].sum()) + 1
    weights[0, start] = weights[0, -1]  # within the fourth token, a glance at the last one
    assert torch.equal(durations_of(weights, batch), batch.durations)
    argmax = torch.bincount(weights[0].argmax(1), minlength=9)
    assert not torch.equal(argmax, batch.durations[0])  # which is what counting maxima would give


def test_rows_are_whole_and_padding_has_nothing():
    batch = tiny_batch(CONTEXT)
    blurred = torch.softmax(torch.randn(sharp(batch).shape, generator=torch.Generator().manual_seed(1)), dim=2)
    durations = durations_of(blurred, batch)
    assert torch.equal(durations.sum(1), batch.mel_lengths) and durations.dtype == torch.int64
    for row, n in enumerate(batch.token_lengths.tolist()):
        assert not durations[row, n:].any() and (durations[row, :n] >= 1).all()


def test_attention_of_durations_gives_the_durations_back():
    durations = torch.tensor([[3, 1, 2, 4], [2, 5, 0, 0]])
    attention = duration_attention(durations, 10)
    assert torch.equal(attention_durations(attention, torch.tensor([4, 2]), durations.sum(1)), durations)
