"""The alignment-learning framework on Tacotron 2's own attention (Badlani et al. 2022, sections 2.1 and 2.2).

The forward-sum loss makes the attention's energies likely under all monotonic alignments together; the prior
makes those near the diagonal likely first. Neither needs an aligner. A token takes one decoder step at least,
so sentences with fewer steps than tokens teach nothing: r must leave more steps than tokens.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ttskit.interfaces import LossTerm
from ttskit.nn import length_mask

BLANK = -1.0  # score of CTC's blank beside the energies, as published
FAR = -1e9  # a finite stand-in for -inf: the same loss, finite gradients


def log_prior(steps: Tensor, tokens: Tensor, size: tuple[int, int]) -> Tensor:
    """Log of the beta-binomial prior: at step t of T, token n − 1 of N has P(n − 1) under BetaBinomial(N − 1, t, T − t + 1).

    Args:
        steps, tokens: (B,) int64 real steps T and tokens N of each row.
        size: (steps, tokens) of the result, padding included.

    Returns:
        (B, steps, tokens) float32, 0 on padding.
    """
    device = steps.device
    table = torch.lgamma(torch.arange(1, 2 * (size[0] + size[1]) + 2, device=device, dtype=torch.float32))  # [i] = log i!
    real = length_mask(steps, size[0])[:, :, None] & length_mask(tokens, size[1])[:, None, :]
    last = (tokens - 1)[:, None, None]
    k = torch.arange(size[1], device=device)[None, None, :].minimum(last)
    a = (torch.arange(size[0], device=device)[None, :, None] + 1).minimum(steps[:, None, None])
    b = steps[:, None, None] - a + 1
    log = (
        table[last]
        - table[k]
        - table[last - k]
        + table[k + a - 1]
        + table[last - k + b - 1]
        - table[last + a + b - 1]
        + table[a + b - 1]
        - table[a - 1]
        - table[b - 1]
    )
    return torch.where(real, log, torch.zeros_like(log))


def forward_sum_term(energies: Tensor, steps: Tensor, tokens: Tensor, weight: float) -> LossTerm:
    """Negative log likelihood of all monotonic alignments per token, mean over sentences (equation 3, by CTC).

    Args:
        energies: (B, steps, N) with the prior if there is one, -inf on padding.
        steps, tokens: (B,) int64 lengths.
        weight: of the term.
    """
    padding = ~length_mask(tokens, energies.shape[2])
    scores = energies.float().masked_fill(padding[:, None], FAR)
    scores = F.pad(scores, (1, 0), value=BLANK).log_softmax(2)
    targets = torch.arange(1, scores.shape[2], device=scores.device).expand(scores.shape[0], -1)
    rows = F.ctc_loss(scores.transpose(0, 1), targets, steps, tokens, reduction="none", zero_infinity=True)
    return LossTerm((rows / tokens).sum(), float(len(rows)), weight)
