"""Batch statistics of real positions, and the running ones that speaking uses."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ttskit.nn import MaskedBatchNorm1d


@pytest.mark.parametrize("momentum", [0.1, 1.0, None])
@pytest.mark.parametrize("masked", [False, True])
def test_running_statistics_are_torchs_on_the_real_positions(momentum, masked):
    """Planted: the biased variance of a small batch, which evaluation alone would have shown."""
    torch.manual_seed(0)
    ours, plain = MaskedBatchNorm1d(4, momentum=momentum), nn.BatchNorm1d(4, momentum=momentum)
    for lengths in ((5, 2), (3, 3), (1, 2)):  # few positions: the two variances differ by a tenth and more
        x = torch.randn(2, 4, max(lengths)) * 3 + 1
        mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
        if not masked:
            mask = torch.ones_like(mask)
        ours(torch.where(mask[:, None], x, torch.tensor(99.0)), mask if masked else None)
        plain(x.transpose(1, 2)[mask])
    torch.testing.assert_close(ours.running_mean, plain.running_mean)
    torch.testing.assert_close(ours.running_var, plain.running_var)
    assert ours.num_batches_tracked == plain.num_batches_tracked


def test_one_position_has_no_spread_and_moves_to_no_infinity():
    norm = MaskedBatchNorm1d(3)
    out = norm(torch.ones(1, 3, 2), torch.tensor([[True, False]]))
    assert torch.isfinite(out).all() and torch.isfinite(norm.running_var).all()
