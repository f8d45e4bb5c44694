"""Learned alignment of frames and tokens (Badlani et al. 2022, "One TTS Alignment to Rule Them All")."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit_fastpitch.config import AlignerOptions, PriorOptions
from ttskit_fastpitch.layers import Conv

PRIOR_FLOOR = 1e-8


class Aligner(nn.Module):
    """Distances between embedded tokens and embedded mel frames, as a distribution over tokens per frame."""

    def __init__(self, channels: int, bands: int, options: AlignerOptions) -> None:
        super().__init__()
        self.temperature = options.temperature
        self.key = nn.ModuleList([Conv(channels, 2 * channels, 3), Conv(2 * channels, options.channels, 1)])
        self.query = nn.ModuleList([Conv(bands, 2 * bands, 3), Conv(2 * bands, bands, 1), Conv(bands, options.channels, 1)])

    def forward(
        self, text: Tensor, mel: Tensor, mask: Tensor, frame_mask: Tensor, prior: Tensor | None, closed: bool
    ) -> tuple[Tensor, Tensor]:
        """Align.

        Args:
            text: (B, N, C) token embeddings.
            mel: (B, T, M).
            mask, frame_mask: (B, N, 1) and (B, T, 1), 1 where real.
            prior: (B, T, N) or None.
            closed: keep padding out of the convolutions and of the first softmax.

        Returns:
            Log scores (B, T, N): log-softmax plus log prior, before the padding mask; and their
            log-softmax over the real tokens, -inf on padding. Both fp32.
        """
        if closed:
            text, mel = text * mask, mel * frame_mask
        keys = self.key[1](F.relu(self.key[0](text)))
        queries = self.query[2](F.relu(self.query[1](F.relu(self.query[0](mel)))))
        padding = ~mask.transpose(1, 2).bool()
        with torch.autocast(mel.device.type, enabled=False):
            scores = -self.temperature * squared_distances(queries.float(), keys.float())
            if closed:
                scores = scores.masked_fill(padding, -1e4)
            scores = scores.log_softmax(dim=2)
            if prior is not None:
                scores = scores + torch.log(prior.float() + PRIOR_FLOOR)
            return scores, scores.masked_fill(padding, float("-inf")).log_softmax(dim=2)


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """|a_i - b_j|² of (B, T, C) and (B, N, C) → (B, T, N), without a (B, T, N, C) tensor."""
    cross = torch.baddbmm(b.square().sum(2)[:, None, :], a, b.transpose(1, 2), alpha=-2.0)
    return cross + a.square().sum(2)[:, :, None]


def _log_factorials(up_to: int, device: torch.device) -> Tensor:
    wide = torch.float32 if device.type == "mps" else torch.float64
    return torch.lgamma(torch.arange(1, up_to + 2, device=device, dtype=wide))


def _beta_binomial(k: Tensor, n: Tensor, a: Tensor, b: Tensor, table: Tensor) -> Tensor:
    """P(k) of BetaBinomial(n, a, b) for integers, 0 outside 0 … n; `table[i]` = log i!."""
    inside = (k >= 0) & (k <= n) & (a >= 1) & (b >= 1)
    k, rest = k.clamp_min(0), (n - k).clamp_min(0)
    a, b = a.clamp_min(1), b.clamp_min(1)
    log = (
        table[n]
        - table[k]
        - table[rest]
        + table[k + a - 1]
        + table[rest + b - 1]
        - table[n + a + b - 1]
        + table[a + b - 1]
        - table[a - 1]
        - table[b - 1]
    )
    return torch.where(inside, log.exp(), torch.zeros_like(log))


def prior_matrix(tokens: Tensor, frames: Tensor, options: PriorOptions, size: tuple[int, int] | None = None) -> Tensor:
    """Beta-binomial alignment prior, 0 on padding.

    Args:
        tokens, frames: (B,) int64 lengths.
        options: which of the published forms.
        size: (T, N) of the result; the longest lengths by default.

    Returns:
        (B, T, N) float32.
    """
    t, n = size if size is not None else (int(frames.max()), int(tokens.max()))
    device = tokens.device
    frame = torch.arange(t, device=device)[None, :, None]
    token = torch.arange(n, device=device)[None, None, :]
    tokens, frames = tokens[:, None, None], frames[:, None, None]
    short = 1 if options.support == "full" else 0
    real = (frame < frames) & (token < tokens)
    if options.form == "exact":
        table = _log_factorials(2 * (t + n) + 2, device)
        prior = _beta_binomial(token, tokens - short, frame + 1, frames - frame, table)
        return (prior * real).float()
    # Interpolated: a matrix of rounded size over (frame, token) with the roles swapped (for each token a distribution
    # over frames), stretched linearly with its corners on the corners.
    rows, columns = (_rounded(frames, options.round_frames), _rounded(tokens, options.round_tokens))
    table = _log_factorials(2 * (t + n + options.round_frames + options.round_tokens) + 2, device)
    y, y0 = _stretched(frame, frames, rows, table.dtype)
    x, x0 = _stretched(token, tokens, columns, table.dtype)

    def corner(row: Tensor, column: Tensor) -> Tensor:
        row, column = torch.minimum(row, rows - 1), torch.minimum(column, columns - 1)
        return _beta_binomial(row, rows - short, column + 1, columns - column, table)

    upper = corner(y0, x0) * (1 - x) + corner(y0, x0 + 1) * x
    lower = corner(y0 + 1, x0) * (1 - x) + corner(y0 + 1, x0 + 1) * x
    return ((upper * (1 - y) + lower * y) * real).float()


def _rounded(length: Tensor, to: int) -> Tensor:
    """Nearest multiple of `to` of length + 1 (a half to the even one), at least one multiple."""
    return torch.round((length + 1) / to).long().clamp_min(1) * to


def _stretched(index: Tensor, size: Tensor, source: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Where sample `index` of `size` lies among `source` samples: share of the way to the next, and the sample before it."""
    position = index.to(dtype) * (source - 1) / (size - 1).clamp_min(1)
    position = torch.minimum(position, (source - 1).to(dtype))
    before = position.floor()
    return position - before, before.long()


def monotonic_path(log_scores: Tensor, tokens: Tensor, frames: Tensor) -> Tensor:
    """Frames per token of the best monotonic alignment (Viterbi; Badlani et al. 2022, section 3.3).

    The path starts on the first token, ends on the last, moves by at most one token per frame (so every
    token gets a frame if there are enough) and, between equals, comes from the previous token. All rows
    advance together: the only loop is over frames.

    Args:
        log_scores: (B, T, N), -inf on padded tokens.
        tokens, frames: (B,) int64 lengths.

    Returns:
        (B, N) int64; each row sums to its frames.
    """
    if log_scores.device.type == "cpu":
        path = torch.from_numpy(_viterbi_numpy(log_scores.detach().numpy(), tokens.numpy(), frames.numpy()))
    else:
        path = _viterbi_torch(log_scores.detach(), tokens, frames)
    real = torch.arange(path.shape[1], device=path.device)[None] < frames[:, None]
    counts = torch.zeros(log_scores.shape[0], log_scores.shape[2], dtype=torch.int64, device=path.device)
    return counts.scatter_add_(1, path, real.long())


def _viterbi_numpy(scores: np.ndarray, tokens: np.ndarray, frames: np.ndarray) -> np.ndarray:
    batch, length, _ = scores.shape
    scores = np.ascontiguousarray(scores.transpose(1, 0, 2))
    moved = np.zeros(scores.shape, dtype=bool)  # whether the best way here comes from the previous token
    best = np.full((batch, scores.shape[2] + 1), -np.inf, dtype=scores.dtype)  # column 0: before the first token
    best[:, 1] = scores[0, :, 0]
    for t in range(1, length):
        stay, move = best[:, 1:], best[:, :-1]
        np.greater_equal(move, stay, out=moved[t])
        best[:, 1:] = np.maximum(move, stay) + scores[t]
    moved[:, :, 0] = False
    rows = np.arange(batch)
    token = tokens - 1
    path = np.empty((length, batch), dtype=np.int64)
    for t in range(length - 1, -1, -1):
        path[t] = token
        token = token - (moved[t, rows, token] & (t < frames))
    return path.T.copy()


def _viterbi_torch(scores: Tensor, tokens: Tensor, frames: Tensor) -> Tensor:
    batch, length, size = scores.shape
    moved = torch.zeros(length, batch, size, dtype=torch.bool, device=scores.device)
    best = scores.new_full((batch, size + 1), float("-inf"))
    best[:, 1] = scores[:, 0, 0]
    for t in range(1, length):
        torch.ge(best[:, :-1], best[:, 1:], out=moved[t])
        best[:, 1:] = torch.maximum(best[:, :-1], best[:, 1:]) + scores[:, t]
    moved[:, :, 0] = False
    moved &= (torch.arange(length, device=scores.device)[:, None] < frames[None])[:, :, None]
    token = (tokens - 1)[:, None]
    path = torch.empty(batch, length, dtype=torch.int64, device=scores.device)
    for t in range(length - 1, -1, -1):
        path[:, t] = token[:, 0]
        token = token - moved[t].gather(1, token).long()
    return path
