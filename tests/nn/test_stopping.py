"""Where rows end: by their stop token, at rest on the last token, at their limit; and what a missed stop costs."""

from __future__ import annotations

import math

import pytest
import torch

from ttskit.nn import StopRule, step_limits, stop_token_loss


def firing(*steps: int, size: int = 10) -> torch.Tensor:
    """Logits that fire at one step of each row."""
    value = torch.full((len(steps), size), -9.0)
    for row, step in enumerate(steps):
        if step < size:
            value[row, step] = 9.0
    return value


def ends(logits, peaks, limits, keep=True, rest=4):
    last = torch.full((len(logits),), 6)
    end = StopRule(keep_stop_step=keep, rest_steps=rest).endings(logits, torch.tensor(limits), peaks, last)
    return end.lengths.tolist(), end.finished.tolist(), end.ended.tolist()


def test_rows_end_by_their_stop_token_their_limit_or_not_yet():
    peaks = torch.zeros(4, 10, dtype=torch.long)
    assert ends(firing(3, 0, 99, 8), peaks, [9, 9, 5, 6]) == ([4, 1, 5, 6], [True, True, False, False], [3, 0, 4, 5])
    finished = [True, True, False, False]
    assert ends(firing(3, 0, 99, 8), peaks, [9, 9, 50, 6], keep=False) == ([3, 0, 50, 6], finished, [3, 0, 49, 5])


def test_rows_end_after_resting_on_the_last_token_without_a_break():
    peaks = torch.tensor([[0, 6, 6, 6, 5, 6, 6, 6, 6, 6], [6] * 10])
    assert ends(firing(99, 99), peaks, [50, 50]) == ([9, 4], [True, True], [8, 3])
    assert ends(firing(99, 99), peaks, [50, 50], keep=False)[0] == [9, 4]  # nothing fired, so there is no step to leave out


def test_without_a_rest_attention_is_not_asked_for():
    end = StopRule().endings(firing(2, 99), torch.tensor([20, 20]))
    assert end.lengths.tolist() == [3, 20] and not end.all_within(10) and end.all_within(20)


def one_row(logits, peaks, limit, last, rule) -> tuple[int, bool]:
    """The rule read out: step after step, one row."""
    rested = 0
    for step in range(limit):
        if step == len(logits):
            break
        rested = rested + 1 if peaks[step] == last else 0
        fires = 1 / (1 + math.exp(-logits[step])) > rule.threshold
        if fires:
            return step + (1 if rule.keep_stop_step else 0), True
        if rule.rest_steps and rested >= rule.rest_steps:
            return step + 1, True
    return limit, False


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("rest", [0, 2])
def test_a_batch_ends_as_the_rule_read_step_by_step(keep: bool, rest: int):
    random = torch.Generator().manual_seed(4)
    rows, size = 60, 12
    logits = torch.randn(rows, size, generator=random) - 1.5
    peaks = torch.randint(3, (rows, size), generator=random)
    limits, last = torch.randint(1, 20, (rows,), generator=random), torch.randint(3, (rows,), generator=random)
    rule = StopRule(0.6, keep, rest)
    end = rule.endings(logits, limits, peaks, last)
    for row in range(rows):
        want = one_row(logits[row].tolist(), peaks[row].tolist(), int(limits[row]), int(last[row]), rule)
        assert (int(end.lengths[row]), bool(end.finished[row])) == want
        again = StopRule(0.6, keep, rest).endings(*(part[row : row + 1] for part in (logits, limits, peaks, last)))
        assert int(again.lengths) == want[0]  # alone as in the batch


def test_limits_are_frames_by_token_and_a_floor_in_whole_steps():
    assert step_limits(torch.tensor([1, 10, 3]), 2.5, 4, 3).tolist() == [3, 10, 4]  # ⌈6.5/3⌉, ⌈29/3⌉, ⌈11.5/3⌉
    assert step_limits([0, 2], 0.0, 0).tolist() == [1, 1]  # at least one step


def test_the_loss_is_the_cross_entropy_of_one_from_the_last_step_on():
    random = torch.Generator().manual_seed(2)
    logits = torch.randn(3, 6, generator=random, dtype=torch.float64).float().requires_grad_()
    last, mask = torch.tensor([5, 2, 3]), torch.arange(6) <= torch.tensor([5, 2, 4])[:, None]
    total, count = stop_token_loss(logits, last, mask, 5.0)
    want, slopes = 0.0, torch.zeros(3, 6, dtype=torch.float64)
    for row in range(3):
        for step in range(6):
            if mask[row, step]:
                p = 1 / (1 + math.exp(-float(logits[row, step].detach())))
                positive = step >= int(last[row])
                want += -5 * math.log(p) if positive else -math.log(1 - p)
                slopes[row, step] = 5 * (p - 1) if positive else p
    (gradient,) = torch.autograd.grad(total, logits)
    # sums of 14 terms in single precision
    assert float(total.detach()) == pytest.approx(want, rel=14 * 2**-23) and float(count) == 14
    torch.testing.assert_close(gradient.double(), slopes, rtol=0, atol=5 * 2**-22)
    total, count = stop_token_loss(torch.zeros(2, 3), torch.tensor([2, 1]))
    assert float(total) == pytest.approx(6 * math.log(2)) and float(count) == 6
